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

/** Bytes in a vector: `{"hex": "…"}`, `{"base64": "…"}`, or a picture: `{"picture": "photo"|"flat", "image": {…}}`. */
export type Bytes = { hex: string } | { base64: string } | { picture: 'photo' | 'flat'; image: Image }

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
    if ('hex' in arg || 'base64' in arg || 'picture' in arg) return bytesOf(arg as Bytes)
    return JSON.stringify(arg)
  })
}

function bytesOf(bytes: Bytes): Uint8Array {
  if ('hex' in bytes) return new Uint8Array(Buffer.from(bytes.hex, 'hex'))
  if ('base64' in bytes) return new Uint8Array(Buffer.from(bytes.base64, 'base64'))
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
