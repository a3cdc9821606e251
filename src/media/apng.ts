// Animated PNG (PNG third edition, chapters 11.3 and 12), which libvips neither reads nor writes: frames are taken out as
// pictures of their own, and pictures are put together as frames. No pixel is decoded here; the core has checked the
// chunks before.
import { crc32 } from 'node:zlib'
import { CountermarkError } from '../errors.js'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Chunks that each frame needs beside its own samples. */
const SHARED: ReadonlySet<string> = new Set(['PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT'])

/** One frame as it is stored: a part of the canvas. */
export interface ApngFrame {
  x: number
  y: number
  width: number
  height: number
  /** Seconds that it is shown, as numerator and denominator. */
  delay: [number, number]
  /** What happens to its place before the next frame: 0 stays, 1 is cleared, 2 is as before it. */
  dispose: number
  /** 0 replaces what is there, 1 is laid over it. */
  blend: number
  /** A PNG of its own, chunk by chunk. */
  chunks: Buffer[]
}

/** The parts of an animated PNG. */
export interface Apng {
  width: number
  height: number
  /** 0 is for ever. */
  plays: number
  frames: ApngFrame[]
  /** The picture for readers that know no animations, where it is not the first frame. */
  still?: ApngFrame
}

interface Chunk { name: string; body: Buffer; whole: Buffer }

function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = SIGNATURE.length; at + 12 <= file.length;) {
    const end = at + 12 + file.readUInt32BE(at)
    const name = file.toString('latin1', at + 4, at + 8)
    if (end > file.length) throw broken(`the chunk ${name} is cut off`, at)
    yield { name, body: file.subarray(at + 8, end - 4), whole: file.subarray(at, end) }
    if (name === 'IEND') return
    at = end
  }
  throw broken('it ends before its IEND chunk', bytes.length)
}

function broken(why: string, offset?: number): CountermarkError {
  return new CountermarkError('ERR_BROKEN', `The animated PNG contradicts itself: ${why}.`, offset === undefined ? {} : { offset })
}

/** True for a PNG with an animation: acTL stands before the first IDAT. */
export function isApng(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return false
  for (let at = SIGNATURE.length; at + 12 <= file.length; at += 12 + file.readUInt32BE(at)) {
    const name = file.toString('latin1', at + 4, at + 8)
    if (name === 'acTL') return true
    if (name === 'IDAT' || name === 'IEND') return false
  }
  return false
}

/** Takes an animated PNG apart. ERR_BROKEN where its frames contradict its header. */
export function splitApng(bytes: Uint8Array): Apng {
  let head: Buffer | undefined
  const shared: Buffer[] = []
  let apng: Apng | undefined
  let frame: ApngFrame | undefined
  let announced = 0
  for (const { name, body, whole } of chunksOf(bytes)) {
    if (name === 'IHDR' && body.length === 13) head = body
    else if (head === undefined) throw broken('it does not start with its header')
    else if (name === 'acTL' && body.length === 8) {
      announced = body.readUInt32BE(0)
      apng = { width: head.readUInt32BE(0), height: head.readUInt32BE(4), plays: body.readUInt32BE(4), frames: [] }
    } else if (name === 'fcTL' && body.length === 26) {
      if (apng === undefined) throw broken('a frame stands before the animation\'s header')
      frame = frameOf(body, apng, head, shared)
      apng.frames.push(frame)
    } else if (name === 'IDAT') {
      if (apng !== undefined && frame === undefined) {
        frame = { x: 0, y: 0, width: apng.width, height: apng.height, delay: [0, 100], dispose: 0, blend: 0, chunks: opening(head, apng.width, apng.height, shared) }
        apng.still = frame
      }
      frame?.chunks.push(whole)
    } else if (name === 'fdAT' && body.length >= 4) {
      if (frame === undefined || frame === apng?.still) throw broken('samples stand before their frame')
      frame.chunks.push(chunk('IDAT', body.subarray(4)))
    } else if (SHARED.has(name)) shared.push(whole)
  }
  if (apng === undefined || apng.frames.length === 0 || apng.frames.length !== announced) throw broken('the number of its frames is not the one that it names')
  return apng
}

function frameOf(body: Buffer, canvas: Apng, head: Buffer, shared: Buffer[]): ApngFrame {
  const [width, height, x, y] = [body.readUInt32BE(4), body.readUInt32BE(8), body.readUInt32BE(12), body.readUInt32BE(16)]
  if (width === 0 || height === 0 || x + width > canvas.width || y + height > canvas.height) throw broken('a frame lies outside the picture')
  // The first frame has nothing to go back to.
  const dispose = body[24] === 2 && canvas.frames.length === 0 ? 1 : body[24] ?? 0
  return {
    width, height, x, y, delay: [body.readUInt16BE(20), body.readUInt16BE(22) || 100], dispose, blend: body[25] ?? 0,
    chunks: opening(head, width, height, shared),
  }
}

function opening(head: Buffer, width: number, height: number, shared: Buffer[]): Buffer[] {
  const own = Buffer.from(head)
  own.writeUInt32BE(width, 0)
  own.writeUInt32BE(height, 4)
  return [SIGNATURE, chunk('IHDR', own), ...shared]
}

/** The frame as a PNG file. */
export function pngOf({ chunks }: ApngFrame): Buffer {
  return Buffer.concat([...chunks, chunk('IEND', Buffer.alloc(0))])
}

function chunk(name: string, body: Buffer): Buffer {
  const out = Buffer.alloc(12 + body.length)
  out.writeUInt32BE(body.length, 0)
  out.write(name, 4, 'latin1')
  body.copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length)
  return out
}

/**
 * An animated PNG of PNGs that cover the whole canvas and are coded alike. `still`: the first of them is the picture for
 * readers that know no animations, and no frame.
 */
export function joinApng(pngs: readonly Uint8Array[], delays: readonly (readonly [number, number])[], plays: number, still: boolean): Buffer {
  const out: Buffer[] = []
  let number = 0
  for (const [index, png] of pngs.entries()) {
    const chunks = [...chunksOf(png)]
    const head = chunks[0]
    if (head === undefined) throw broken('a frame is empty')
    if (index === 0) {
      const control = Buffer.alloc(8)
      control.writeUInt32BE(pngs.length - (still ? 1 : 0), 0)
      control.writeUInt32BE(plays, 4)
      // What the encoder says beside the samples (pixel density) holds for all frames.
      out.push(SIGNATURE, ...chunks.filter(({ name }) => name !== 'IDAT' && name !== 'IEND').map(({ whole }) => whole), chunk('acTL', control))
    }
    if (!(still && index === 0)) {
      const control = Buffer.alloc(26)
      control.writeUInt32BE(number++, 0)
      head.body.copy(control, 4, 0, 8)
      const [numerator, denominator] = delays[still ? index - 1 : index] ?? [0, 100]
      control.writeUInt16BE(numerator, 20)
      control.writeUInt16BE(denominator, 22)
      out.push(chunk('fcTL', control))
    }
    for (const { name, body, whole } of chunks) {
      if (name !== 'IDAT') continue
      if (index === 0) out.push(whole)
      else {
        const sequence = Buffer.alloc(4)
        sequence.writeUInt32BE(number++, 0)
        out.push(chunk('fdAT', Buffer.concat([sequence, body])))
      }
    }
  }
  return Buffer.concat([...out, chunk('IEND', Buffer.alloc(0))])
}

/**
 * Lays a frame over a canvas of RGBA samples in place (PNG third edition, 13.14): alpha is not premultiplied. `samples`
 * and `canvas` hold `depth` bits a sample, 16 as little-endian pairs.
 */
export function lay(canvas: Uint8Array, canvasWidth: number, depth: 8 | 16, frame: ApngFrame, samples: Uint8Array): void {
  const bytes = depth >> 1
  const row = frame.width * bytes
  for (let y = 0; y < frame.height; y++) {
    const from = samples.subarray(y * row, (y + 1) * row)
    const start = ((frame.y + y) * canvasWidth + frame.x) * bytes
    const to = canvas.subarray(start, start + row)
    if (frame.blend === 0) to.set(from)
    else for (let x = 0; x < row; x += bytes) over(to.subarray(x, x + bytes), from.subarray(x, x + bytes), depth)
  }
}

function over(to: Uint8Array, from: Uint8Array, depth: 8 | 16): void {
  const full = depth === 8 ? 255 : 65535
  const at = (pixel: Uint8Array, channel: number): number => depth === 8 ? pixel[channel] ?? 0 : (pixel[2 * channel] ?? 0) | ((pixel[2 * channel + 1] ?? 0) << 8)
  const upper = at(from, 3)
  if (upper === 0) return
  const lower = at(to, 3)
  if (upper === full || lower === 0) return to.set(from)
  const under = (lower * (full - upper)) / full
  const alpha = upper + under
  for (let channel = 0; channel < 4; channel++) {
    const value = Math.round(channel === 3 ? alpha : (at(from, channel) * upper + at(to, channel) * under) / alpha)
    if (depth === 8) to[channel] = value
    else {
      to[2 * channel] = value & 255
      to[2 * channel + 1] = value >> 8
    }
  }
}

/** Clears the frame's place, or puts back what was there. */
export function dispose(canvas: Uint8Array, canvasWidth: number, depth: 8 | 16, frame: ApngFrame, before: Uint8Array | undefined): void {
  if (frame.dispose === 0) return
  if (frame.dispose === 2 && before !== undefined) return canvas.set(before)
  const bytes = depth >> 1
  for (let y = 0; y < frame.height; y++) {
    const start = ((frame.y + y) * canvasWidth + frame.x) * bytes
    canvas.fill(0, start, start + frame.width * bytes)
  }
}
