// One modality's work on frames: settings and defaults, times of the label, streams of frames; no files.
import type { Detector, Display, Embedder, Engine, Frames, VideoEmbedReport, VideoReport } from '../engine/engine.js'
import { keyOf, keysOf } from '../engine/keys.js'
import { CountermarkError } from '../errors.js'
import type { Effort, Key, LabelDuring, LabelPosition, Quality, VideoLabelEvidence, VideoWatermarkEvidence } from '../types.js'

/** When a film's label is shown. */
export interface LabelTimes { during: LabelDuring; seconds: number }

/** GB 45438-2025, 5.4: at least this long at normal speed. */
export const LEAST_SECONDS = 2
/** With a margin, for players that leave out the first frames. */
const SECONDS = 3

/** The times that are asked for, or the default ones. ERR_PARAMETER for what they cannot be. */
export function labelTimes({ during = 'start', seconds = SECONDS }: Partial<LabelTimes> = {}): LabelTimes {
  if (during !== 'start' && during !== 'ends' && during !== 'whole') throw new CountermarkError('ERR_PARAMETER', `The label of a film is shown during start, ends or whole, not ${String(during)}.`)
  if (typeof seconds !== 'number' || !(seconds >= LEAST_SECONDS)) throw new CountermarkError('ERR_PARAMETER', `The label of a film is shown for at least ${LEAST_SECONDS} seconds, not ${String(seconds)}.`)
  return { during, seconds }
}

/** Whether a frame at `second` shows the label. `length`: seconds of the film; a film whose length nobody knows has no last seconds. */
export function isLabelled({ during, seconds }: LabelTimes, second: number, length?: number): boolean {
  return during === 'whole' || second < seconds || (during === 'ends' && length !== undefined && second >= length - seconds)
}

/** What both directions need to know of the frames. */
export interface FramesOptions extends Frames { display?: Display }

/** Options of marking frames. */
export interface VideoEmbedOptions extends FramesOptions {
  /** 16 or 32 hexadecimal digits, e.g. from `payloadOf`. */
  payload: string
  key?: Key
  quality?: Quality
  /** False: only the label is drawn. */
  watermark?: boolean
  label?: { text: string[]; position?: LabelPosition; ratio?: number; font?: Uint8Array }
}

/** State of marking one film. Its frames are marked in place, in order, one at a time. */
export function embedder(engine: Engine, { payload, key = 'public', quality = 'standard', watermark = true, label, display, ...video }: VideoEmbedOptions): Embedder {
  if (!['standard', 'high', 'robust'].includes(quality)) throw new CountermarkError('ERR_PARAMETER', `quality is standard, high or robust, not ${String(quality)}.`)
  if (typeof payload !== 'string' || !/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(payload)) throw new CountermarkError('ERR_PARAMETER', 'payload must be 16 or 32 hexadecimal digits.')
  const { font = new Uint8Array(), ...drawn } = label ?? {}
  return engine.videoEmbedder(font, {
    video, key: keyOf(key), payload: payload.toLowerCase(), quality, watermark, ...(display === undefined ? {} : { display }), ...(label === undefined ? {} : { label: drawn as { text: string[] } }),
  })
}

/** Options of looking at frames. */
export interface VideoDetectOptions extends FramesOptions {
  /** Default: the public key. */
  keys?: Key[]
  /** How hard to search once the last frame was seen. Default `full`. */
  effort?: Effort
  /** Wordings of labels that are looked for in the first two seconds. */
  texts?: string[][]
}

/** What was found in frames: one finding a key, and of the label where wordings were given. */
export interface VideoFindings { marks: VideoWatermarkEvidence[]; label?: VideoLabelEvidence; frames: number }

/** Looks at the frames of one film, in the order in which they are shown. */
export interface VideoDetector {
  /** True once every key's payload was read: further frames only say where else the marks are. `fresh`: a key frame. */
  frame(samples: Uint8Array, seconds: number, fresh?: boolean): Promise<boolean>
  finish(): Promise<VideoFindings>
}

/** State of looking at one film. */
export function detector(engine: Engine, { keys = ['public'], effort = 'full', texts, display, ...video }: VideoDetectOptions): VideoDetector {
  if (!['direct', 'scan', 'full'].includes(effort)) throw new CountermarkError('ERR_PARAMETER', `effort is direct, scan or full, not ${String(effort)}.`)
  const state: Detector = engine.videoDetector({ video, keys: keysOf(keys), effort, ...(display === undefined ? {} : { display }), ...(texts === undefined ? {} : { texts }) })
  let looked = 0
  return {
    frame: (samples, seconds, fresh = false) => {
      looked = seconds
      return state.frame(samples, seconds, fresh)
    },
    finish: async () => findingsOf(await state.finish(), looked),
  }
}

function findingsOf({ evidence, label, frames }: VideoReport, looked: number): VideoFindings {
  return {
    frames,
    marks: evidence.map(({ keyId, modality: _, where, ...rest }) => ({
      ...rest, modality: 'video', key: keyId, ...(where === undefined ? {} : { where: { transform: where.transform, spans: where.stretches, looked: Math.round(looked * 100) / 100 } }),
    })),
    ...(label === undefined ? {} : { label: labelOf(label) }),
  }
}

function labelOf({ pValue: _, modality: __, ...rest }: NonNullable<VideoReport['label']>): VideoLabelEvidence {
  return { ...rest, modality: 'video' }
}

/** A frame of a stream: planes one after the other, and when it is shown, in seconds. */
export interface TimedFrame { samples: Uint8Array; seconds: number }

/** A pair of streams over frames. */
export interface FrameStream {
  readable: ReadableStream<TimedFrame>
  writable: WritableStream<TimedFrame>
  /** Settles when the stream has ended; rejects where it failed. */
  report: Promise<VideoEmbedReport>
}

/** Labels and watermarks frames as they come. Their samples are changed in place and passed on. */
export function frameStream(engine: Engine, { times, length, ...options }: VideoEmbedOptions & { times?: Partial<LabelTimes>; length?: number }): FrameStream {
  const state = embedder(engine, options)
  const shown = labelTimes(times)
  let first: number | undefined
  let settle: { done(report: VideoEmbedReport): void; failed(why: unknown): void }
  const report = new Promise<VideoEmbedReport>((done, failed) => { settle = { done, failed } })
  // Whoever does not ask for it is told by the stream itself.
  report.catch(() => {})
  // `cancel` is told of an abort at either end, by browsers and by Node from 21.5; the compiler's library does not know it yet.
  const transformer: Transformer<TimedFrame, TimedFrame> & { cancel(why: unknown): void } = {
    transform: async (frame, controller) => {
      try {
        first ??= frame.seconds
        await state.frame(frame.samples, options.label !== undefined && isLabelled(shown, frame.seconds - first, length))
        controller.enqueue(frame)
      } catch (thrown) {
        settle.failed(thrown)
        throw thrown
      }
    },
    flush: () => settle.done(state.report()),
    cancel: (why) => settle.failed(why),
  }
  const { readable, writable } = new TransformStream<TimedFrame, TimedFrame>(transformer)
  return { readable, writable, report }
}
