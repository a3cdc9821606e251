// Golden vectors: test/vectors/*.json, each a list of calls that both engines answer alike.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../vectors')

/** One call of an exported function. */
export interface Vector {
  name: string
  /** The exported function, e.g. `imageEmbed`. */
  call: string
  /** Its arguments: texts and numbers as they are, objects as JSON text, and bytes as described by `Bytes`. */
  args: unknown[]
  /** What the answer must hold at least (parsed when it is JSON). */
  expect?: unknown
  /** The code of the error that it must throw instead. */
  error?: string
}

/** Bytes in a vector: `{"hex": "…"}`, `{"base64": "…"}`, a picture: `{"picture": "photo"|"flat", "image": {…}}`, or a
 * sound: `{"sound": "voice"|"silence", "rate": …, "seconds": …}`. */
export type Bytes = { hex: string } | { base64: string } | { picture: 'photo' | 'flat'; image: Image } | { sound: 'voice' | 'silence'; rate: number; seconds: number }

interface Image {
  width: number
  height: number
  channels: number
  depth: number
}

/** The vectors of every file, file by file. */
export function vectors(): { file: string; vectors: Vector[] }[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, vectors: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Vector[] }))
}

/** A fresh copy of the arguments: each engine changes its own samples. */
export function argumentsOf(vector: Vector): unknown[] {
  return vector.args.map((arg) => {
    if (typeof arg !== 'object' || arg === null) return arg
    if ('hex' in arg || 'base64' in arg || 'picture' in arg || 'sound' in arg) return bytesOf(arg as Bytes)
    return JSON.stringify(arg)
  })
}

function bytesOf(bytes: Bytes): Uint8Array {
  if ('hex' in bytes) return new Uint8Array(Buffer.from(bytes.hex, 'hex'))
  if ('base64' in bytes) return new Uint8Array(Buffer.from(bytes.base64, 'base64'))
  if ('sound' in bytes) {
    const samples = bytes.sound === 'voice' ? voice(bytes.rate, bytes.seconds) : new Float32Array(bytes.rate * bytes.seconds)
    return new Uint8Array(samples.buffer)
  }
  return picture(bytes.picture, bytes.image)
}

/**
 * Interleaved samples of a picture made from integers only, the same on every machine: `flat` is one grey,
 * `photo` has slopes, edges and grain. 16-bit samples are little-endian.
 */
export function picture(kind: 'photo' | 'flat', { width, height, channels, depth }: Image): Uint8Array {
  const samples = new Uint8Array(width * height * channels * (depth / 8))
  let noise = 0x2545f491
  for (let at = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < channels; channel++) {
        noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0
        const slope = 40 + ((x * 3 + y * 2 + channel * 17) >> 4) % 120
        const edge = ((x >> 5) ^ (y >> 6)) & 1 ? 48 : 0
        const alpha = (channels === 2 || channels === 4) && channel === channels - 1
        const value = alpha ? 255 : kind === 'flat' ? 128 : slope + edge + (noise >>> 28)
        if (depth === 16) samples[at++] = noise >>> 24
        samples[at++] = value
      }
  return samples
}

/**
 * Mono samples of something like a voice, from integers and the four operations only, so that they are the same on every
 * machine: pulses of changing pitch through two changing resonances, syllables, breath.
 */
export function voice(rate: number, seconds: number): Float32Array {
  let noise = 0x2545f491
  let phase = 0
  const memory = [0, 0, 0, 0]
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, at) => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0
    const wave = (period: number): number => Math.abs(((at / rate / period) % 1) * 2 - 1)
    phase += (110 + 60 * wave(0.9) + 25 * wave(0.31)) / rate
    const pulse = phase >= 1 ? 1 : 0
    phase -= pulse
    const syllable = wave(0.27) * wave(0.27)
    let value = pulse * syllable + (noise / 4294967296 - 0.5) * (0.02 + 0.06 * wave(0.43))
    // Two resonances of two poles each, at frequencies that move.
    for (const [index, place] of [1.9 - 0.25 * wave(0.5), 0.9 + 0.5 * wave(0.7)].entries()) {
      const out = value + 0.96 * place * memory[2 * index]! - 0.9216 * memory[2 * index + 1]!
      memory[2 * index + 1] = memory[2 * index]!
      memory[2 * index] = out
      value = out
    }
    return Math.fround(value * 0.02)
  })
}
