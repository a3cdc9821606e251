// A film as `verify` sees it in Node: its pictures and every track of its sound.
import type { Engine } from '../engine/engine.js'
import { fromEngine } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import { withFilm } from '../media/film.js'
import type { Finding } from '../types.js'
import type { FilmReader } from './evidence.js'
import { complaints, listen } from './listen.js'
import { watch } from './watch.js'

/** Stretches of sound, a minute each, that are listened to: where the pictures have told already whose the film is, and else. */
const FEW = 1
const MOST = 10

/** Reads films by ffmpeg. Errors: ERR_MISSING without it, ERR_BROKEN, ERR_UNSUPPORTED, ERR_LIMIT. */
export function filmReader(engine: Engine, ffmpeg: string | undefined, limits: Limits, deadline: Deadline): FilmReader {
  return (source, { keys, effort, texts }) => withFilm(source, ffmpeg, limits, deadline, async (film) => {
    const seen = await watch(engine, film, { keys, effort, texts, much: 'most' }, deadline)
    const read = seen.marks.some(({ found, payload }) => found && payload !== undefined)
    const findings: Finding[] = [...seen.findings]
    const sounds = []
    for (const [at, track] of film.sounds.entries()) {
      try {
        const heard = await listen(engine, track, track.blocks(), { keys, effort: read ? 'direct' : effort, most: read ? FEW : MOST }, deadline)
        sounds.push(heard)
        findings.push(...complaints(track))
      } catch (thrown) {
        const error = fromEngine(thrown)
        if (error.code !== 'ERR_BROKEN' && error.code !== 'ERR_UNSUPPORTED') throw error
        findings.push({ rule: 'P2', severity: 'warning', message: `The film's sound track ${at} could not be decoded: ${error.message}` })
      }
    }
    return { ...seen, sounds, findings }
  })
}
