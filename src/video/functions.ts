// The functions on frames, over whichever engine is loaded.
import type { Embedder, Engine } from '../engine/engine.js'
import { detector, embedder, frameStream, type FrameStream, type LabelTimes, type VideoDetectOptions, type VideoDetector, type VideoEmbedOptions } from './video.js'

/** Work on the frames of one film, without files: planes of luma and colour one after the other, as ffmpeg's `rawvideo` gives them. */
export interface VideoFunctions {
  /** State of marking one film: `frame` changes its samples in place, in order, one at a time. Default: the public key. */
  embedder(options: VideoEmbedOptions): Promise<Embedder>
  /** State of looking at one film, in the order in which its frames are shown. Default: the public key, full search. */
  detector(options: VideoDetectOptions): Promise<VideoDetector>
  /**
   * Labels and watermarks frames as they come, each with the second in which it is shown. `times`: when the label is there, as in
   * `label.during` and `label.seconds` of `mark`; `length`: seconds of the film, which only a label at its end needs.
   */
  stream(options: VideoEmbedOptions & { times?: Partial<LabelTimes>; length?: number }): Promise<FrameStream>
  /** First 32, 40, 64 or 128 bits of the hash of ContentProducer and ProduceID, hexadecimal: what a watermark carries. */
  payloadOf(producer: string, produceId: string, bits?: 32 | 40 | 64 | 128): Promise<string>
}

/** The functions, with an engine that is loaded by the first call. */
export function videoFunctions(load: () => Promise<Engine>): VideoFunctions {
  return {
    embedder: async (options) => embedder(await load(), options),
    detector: async (options) => detector(await load(), options),
    stream: async (options) => frameStream(await load(), options),
    payloadOf: async (producer, produceId, bits = 64) => (await load()).payloadOf(producer, produceId, bits),
  }
}
