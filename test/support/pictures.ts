// Pictures made by rule: the same on every machine, with the smooth shapes and the grain of a photograph.
import sharp, { type Sharp } from 'sharp'
import type { Picture } from '../../src/types.js'

/** Samples of a made picture. */
export function made(width: number, height: number, channels: 1 | 2 | 3 | 4 = 3, depth: 8 | 16 = 8): Picture {
  const samples = new Uint8Array(width * height * channels * (depth / 8))
  const view = new DataView(samples.buffer)
  let seed = 7
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < channels; channel++, at++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        const alpha = (channels === 2 || channels === 4) && channel === channels - 1
        const shape = Math.sin(x / 31 + channel) * Math.cos(y / 23 - channel) + 0.4 * Math.sin((x * x + y * y) / 9000)
        const value = alpha ? (x > width / 8 ? 1 : 0.5) : Math.min(1, Math.max(0, 0.5 + 0.25 * shape + ((seed >>> 16) / 65536 - 0.5) * 0.1))
        if (depth === 16) view.setUint16(2 * at, Math.round(value * 65535), true)
        else samples[at] = Math.round(value * 255)
      }
  return { samples, width, height, channels, depth }
}

/** A made picture as sharp takes it, ready to be encoded. */
export function pipeline({ samples, width, height, channels, depth }: Picture): Sharp {
  const data = depth === 16 ? new Uint16Array(samples.buffer, samples.byteOffset, samples.byteLength / 2) : samples
  const grey = channels < 3
  return sharp(data, { raw: { width, height, channels } }).toColourspace(depth === 16 ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb')
}

/** A made photograph of 768 x 640 as a file. */
export function photograph(kind: 'jpeg' | 'png' | 'webp' = 'png'): Promise<Buffer> {
  const raw = pipeline(made(768, 640))
  return (kind === 'jpeg' ? raw.jpeg({ quality: 90 }) : kind === 'webp' ? raw.webp({ quality: 90 }) : raw.png()).toBuffer()
}
