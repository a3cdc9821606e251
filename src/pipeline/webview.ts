// A film as the verifier of web pages sees it: a part of its frames, from the start, until enough was read; and its sound.
import type { Engine, Detector, VideoReport } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import { openFilm, type WebFilm, type WebPart } from '../media/webfilm.js'
import type { Finding } from '../types.js'
import type { FilmReader, FilmSeen } from './evidence.js'
import { listen } from './listen.js'

/** Seconds that are looked at in any case, and up to which more than key frames are. */
const CLOSELY = 10
const STEADILY = 60
/** Seconds of a film behind its last frame that are no sign of damage: the last frame's own time, and sound that is longer. */
const TAIL = 1

const PARTS: readonly WebPart[] = [
  { from: 0, until: CLOSELY, every: 0.115 },
  { from: CLOSELY, until: STEADILY, every: 0.24 },
  { from: STEADILY, until: Infinity, every: 0.9, keys: true },
]

type Asked = Parameters<FilmReader>[1]

/** Reads films by the browser's decoders. Errors: those of `openFilm`; ERR_BROKEN where it gives no frame. */
export function webFilmReader(engine: Engine, limits: Limits, deadline: Deadline): FilmReader {
  return async (source, asked) => {
    if (!('bytes' in source)) throw new CountermarkError('ERR_UNSUPPORTED', 'A browser reads no paths.')
    const film = await openFilm(source.bytes, source.type, limits, deadline)
    try {
      const seen = await watch(engine, film, source.type, asked, deadline)
      const read = seen.marks.some(({ payload }) => payload !== undefined)
      const sounds: FilmSeen['sounds'] = []
      const findings: Finding[] = [...seen.findings]
      for (const [at, track] of film.sounds.entries())
        try {
          // Where the pictures have told already whose the film is, a minute of sound is enough.
          sounds.push(await listen(engine, track, track.blocks(), { keys: asked.keys, effort: read ? 'direct' : asked.effort, ...(read ? { most: 1 } : {}) }, deadline))
        } catch (thrown) {
          const error = fromEngine(thrown)
          if (error.code !== 'ERR_BROKEN' && error.code !== 'ERR_UNSUPPORTED') throw error
          findings.push({ rule: 'P2', severity: 'warning', message: `The film's sound track ${at} could not be decoded: ${error.message}` })
        }
      return { ...seen, sounds, findings }
    } finally {
      film.close()
    }
  }
}

async function watch(engine: Engine, film: WebFilm, type: string, { keys, effort, texts }: Asked, deadline: Deadline): Promise<Omit<FilmSeen, 'sounds'>> {
  // The first frame tells how frames lie.
  let state: Detector | undefined
  let [last, done] = [0, false]
  for (const part of PARTS) {
    if (done || film.seconds <= part.from) break
    for await (const { frames, samples, seconds } of film.part(part, deadline)) {
      const first = state === undefined
      state ??= engine.videoDetector({ video: frames, keys, effort, display: { rotation: film.rotation }, ...(film.square ? { texts: texts.map((lines) => [...lines]) } : {}) })
      last = seconds
      const read = await deadline.within(state.frame(samples, seconds, first || part.keys === true))
      done = read && seconds >= CLOSELY
      if (done) break
    }
  }
  if (state === undefined) throw new CountermarkError('ERR_BROKEN', `The browser finds no frame in this ${type} file that it can decode.`, { remedy: 'Get an undamaged copy of the file.' })
  const report = await deadline.within(state.finish())
  // A decoder of the browser says nothing of packets that are not there.
  const until = Math.min(film.seconds, STEADILY)
  const short = !done && last < until - TAIL
  const findings: Finding[] = short ? [{ rule: 'P2', severity: 'warning', message: `The film says that it has ${film.seconds.toFixed(1)} seconds; its frames end at ${last.toFixed(1)}.` }] : []
  return { ...findingsOf(report, last), findings, whole: !done && !short && film.seconds <= STEADILY }
}

function findingsOf({ evidence, label }: VideoReport, last: number): Pick<FilmSeen, 'marks' | 'label'> {
  const looked = Math.round(last * 100) / 100
  return {
    marks: evidence.map(({ keyId, modality: _modality, where, ...rest }) => ({
      ...rest, modality: 'video', key: keyId, ...(where === undefined ? {} : { where: { transform: where.transform, spans: where.stretches, looked } }),
    })),
    ...(label === undefined ? {} : { label: { ...label, modality: 'video' } }),
  }
}
