// A sound that comes in pieces: the label between two of its frames, the watermark over all, never more held than a moment.
import type { AudioEmbedder } from '../engine/engine.js'

/** Pieces of interleaved samples, whole frames each. */
export type Pieces = AsyncIterable<Float32Array>

/** Where a clip goes, and what makes it once its neighbours are known. */
export interface Insertion {
  /** Frames before it; Infinity: behind the last. */
  at: number
  make(before?: number[], after?: number[]): Float32Array
}

/** The pieces with the clip at its place. The samples are the same ones. */
export async function* clipAt(pieces: Pieces, channels: number, { at, make }: Insertion): AsyncGenerator<Float32Array> {
  let frames = 0
  let done = false
  let last: number[] | undefined
  for await (const piece of pieces) {
    const count = piece.length / channels
    if (count === 0) continue
    if (!done && at < frames + count) {
      const cut = (at - frames) * channels
      const before = cut > 0 ? [...piece.subarray(cut - channels, cut)] : last
      if (cut > 0) yield piece.subarray(0, cut)
      yield make(before, [...piece.subarray(cut, cut + channels)])
      yield piece.subarray(cut)
      done = true
    } else yield piece
    frames += count
    last = [...piece.subarray(piece.length - channels)]
  }
  if (!done) yield make(last)
}

/** The pieces with the watermark. */
export async function* embedded(pieces: Pieces, embedder: AudioEmbedder): AsyncGenerator<Float32Array> {
  for await (const piece of pieces) {
    const ready = embedder.push(piece)
    if (ready.length > 0) yield ready
  }
  const rest = embedder.finish()
  if (rest.length > 0) yield rest
}

/** The pieces as they are, each shown to `look` first. */
export async function* watched(pieces: Pieces, look: (piece: Float32Array) => void): AsyncGenerator<Float32Array> {
  for await (const piece of pieces) {
    look(piece)
    yield piece
  }
}

/** One stretch of a sound. */
export interface Stretch {
  samples: Float32Array
  /** Seconds from the start of the sound. */
  start: number
  /** True where the sound ends with it. */
  last: boolean
}

/** The pieces as stretches of `seconds`, each beginning `overlap` seconds before the one before it has ended. */
export async function* stretches(pieces: Pieces, { rate, channels }: { rate: number; channels: number }, seconds: number, overlap: number): AsyncGenerator<Stretch> {
  const whole = Math.round(seconds * rate) * channels
  const kept = Math.round(overlap * rate) * channels
  let held = new Float32Array(whole)
  let filled = 0
  let start = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      // A full stretch is given only when something follows, so that the last one is known as such.
      if (filled === whole) {
        yield { samples: held, start: start / channels / rate, last: false }
        const next = new Float32Array(whole)
        next.set(held.subarray(whole - kept))
        start += whole - kept
        held = next
        filled = kept
      }
      const count = Math.min(whole - filled, piece.length - at)
      held.set(piece.subarray(at, at + count), filled)
      filled += count
      at += count
    }
  }
  yield { samples: held.slice(0, filled), start: start / channels / rate, last: true }
}
