// Animations made by rule, of every kind that is marked.
import sharp from 'sharp'
import { joinApng } from '../../src/media/apng.js'
import { made } from './pictures.js'

export const KINDS = ['gif', 'webp', 'png'] as const
export const WIDTH = 320
export const HEIGHT = 280
/** Milliseconds of each frame. */
export const DELAYS = [120, 60, 200, 80, 100]

/** RGBA samples of the frames: a made picture that moves, with a transparent corner. */
export function frames(count = DELAYS.length): Buffer[] {
  const wide = made(WIDTH + 8 * count, HEIGHT)
  return Array.from({ length: count }, (_, frame) => {
    const out = Buffer.alloc(WIDTH * HEIGHT * 4, 255)
    for (let y = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        const [to, from] = [(y * WIDTH + x) * 4, (y * wide.width + x + 8 * frame) * 3]
        for (let channel = 0; channel < 3; channel++) out[to + channel] = wide.samples[from + channel]!
        if (x < 40 && y < 40) out[to + 3] = 0
      }
    return out
  })
}

const cache = new Map<string, Promise<Buffer>>()
/** The animation of the frames above, made once a kind (a GIF's palettes take their time). */
export function usual(kind: (typeof KINDS)[number]): Promise<Buffer> {
  const known = cache.get(kind) ?? animation(kind, frames())
  cache.set(kind, known)
  return known
}

/** These frames as a file that is shown three times. */
export async function animation(kind: (typeof KINDS)[number], pictures: Buffer[]): Promise<Buffer> {
  const delay = pictures.map((_, at) => DELAYS[at % DELAYS.length]!)
  if (kind === 'png') {
    const pngs = await Promise.all(pictures.map((data) => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } }).png().toBuffer()))
    return joinApng(pngs, delay.map((one) => [one, 1000] as const), 3, false)
  }
  const stack = sharp(Buffer.concat(pictures), { raw: { width: WIDTH, height: HEIGHT * pictures.length, channels: 4, pageHeight: HEIGHT } })
  return kind === 'gif' ? stack.gif({ delay, loop: 3 }).toBuffer() : stack.webp({ delay, loop: 3, quality: 85 }).toBuffer()
}
