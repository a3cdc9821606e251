// What the detectors see in a film: a part of its frames, from the start, until enough was read.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { framesOf, type Excerpt, type Film } from '../media/film.js'
import type { Effort, Finding, Key, VideoLabelEvidence, VideoWatermarkEvidence } from '../types.js'
import { detector, type VideoDetector } from '../video/video.js'

/** What was seen. */
export interface Watched {
  /** One a key, in their order. */
  marks: VideoWatermarkEvidence[]
  label?: VideoLabelEvidence
  frames: number
  /** Every part of the film was looked at, be it not every frame. */
  whole: boolean
  findings: Finding[]
}

/** What is looked for. `much`: `glance` ends after two seconds, `enough` once every key was read, `most` not before ten seconds. */
export interface WatchOptions { keys: Key[]; effort: Effort; texts: readonly (readonly string[])[]; much: 'glance' | 'enough' | 'most' }

/** Seconds in which a label has to be there; up to which many frames are looked at; and up to which more than key frames are. */
const LABEL = 2
const CLOSELY = 10
const STEADILY = 60

/** Frames a second: in the parts above, and of the key frames behind them at most. */
const PARTS: readonly (Excerpt & { until: number })[] = [
  { until: CLOSELY, skip: 'noref', every: 0.115 },
  { until: STEADILY, from: CLOSELY, skip: 'noref', every: 0.24 },
  { until: Infinity, from: STEADILY, skip: 'nokey', every: 0.9 },
]

/** Looks at a film. ERR_BROKEN where it gives no frame. */
export async function watch(engine: Engine, film: Film, { keys, effort, texts, much }: WatchOptions, deadline: Deadline): Promise<Watched> {
  const square = film.display.aspect === 1
  const wordings = texts.map((lines) => [...lines])
  const options = { ...film.frames, display: { rotation: film.display.rotation }, effort }
  // One a key: where one was read, nobody waits for the others.
  const states: VideoDetector[] = keys.map((key, at) => detector(engine, { ...options, keys: [key], ...(at === 0 && square ? { texts: wordings } : {}) }))
  if (keys.length === 0 && square && texts.length > 0) states.push(detector(engine, { ...options, keys: [], texts: wordings }))
  const findings: Finding[] = []
  const read = new Set<number>()
  let first: number | undefined
  let last = -1
  let frames = 0
  const enough = (second: number): boolean => {
    const labelled = texts.length === 0 || !square || second >= LABEL
    if (much === 'glance' ? second >= LABEL : keys.length === 0 && labelled) return true
    return labelled && read.size > 0 && (much === 'most' ? second >= CLOSELY : read.size === keys.length)
  }
  let done = states.length === 0
  for (const { until, ...part } of PARTS) {
    if (done || (part.from !== undefined && film.seconds !== undefined && film.seconds <= part.from)) break
    const seen = framesOf(film, deadline, part)
    for await (const { samples, nanos } of seen.frames) {
      first ??= nanos
      const second = (nanos - first) / 1e9
      if (second <= last) continue
      if (second >= until) break
      last = second
      frames += 1
      await deadline.within(Promise.all(states.map(async (state, at) => {
        if (await state.frame(samples, second, part.skip === 'nokey' || frames === 1)) read.add(at)
      })))
      done = enough(second)
      if (done) break
    }
    if (seen.said() !== '') findings.push({ rule: 'P2', severity: 'warning', message: `The decoder complained of the film, a part of which may be damaged: ${seen.said()}` })
  }
  if (states.length > 0 && frames === 0) throw new CountermarkError('ERR_BROKEN', `ffmpeg finds no frame in this ${film.type} file that it can decode.`, { remedy: 'Get an undamaged copy of the file.' })
  const all = await deadline.within(Promise.all(states.map((state) => state.finish())))
  const label = square ? all.find((one) => one.label !== undefined)?.label : texts.length === 0 ? undefined : await shownLabel(engine, film, wordings, deadline)
  return {
    marks: all.flatMap(({ marks }) => marks).slice(0, keys.length), ...(label === undefined ? {} : { label }), frames, findings,
    whole: !done && (film.seconds ?? last) <= STEADILY && findings.length === 0,
  }
}

/** The label of a film whose pixels are no squares: looked for in frames as they are shown. */
async function shownLabel(engine: Engine, film: Film, texts: string[][], deadline: Deadline): Promise<VideoLabelEvidence | undefined> {
  const { aspect, rotation } = film.display
  const { width, height } = film.frames
  const size = aspect >= 1 ? { width: Math.round(width * aspect), height } : { width, height: Math.round(height / aspect) }
  const state = detector(engine, { ...film.frames, ...size, display: { rotation }, keys: [], effort: 'direct', texts })
  let first: number | undefined
  for await (const { samples, nanos } of framesOf(film, deadline, { skip: 'noref', every: 0.115, shown: true }).frames) {
    first ??= nanos
    const second = (nanos - first) / 1e9
    if (second >= LABEL) break
    await deadline.within(state.frame(samples, second))
  }
  return (await deadline.within(state.finish())).label
}
