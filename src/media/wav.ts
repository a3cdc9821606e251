// WAV, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088): samples read and written, every other chunk kept as it is. Runs
// anywhere; nothing here knows where the bytes lie.
import { CountermarkError } from '../errors.js'

/** Gives bytes of a file; fewer at its end. */
export type ReadAt = (at: number, count: number) => Promise<Uint8Array>

/** The samples of a WAV. */
export interface WavForm {
  rate: number
  channels: number
  /** Bits of one sample. */
  bits: 8 | 16 | 24 | 32 | 64
  float: boolean
  /** Where the samples lie; the last frame may be cut. */
  data: { start: number; end: number }
  /** Where what follows them begins. */
  tail: number
  /** Where the file's own structure ends: what follows is no chunk of it. */
  end: number
  /** Where the counts of frames stand, in `fact` and `ds64`. */
  fact?: number
  long?: { size: number; data: number; frames: number }
}

const broken = (why: string, offset: number): CountermarkError => new CountermarkError('ERR_BROKEN', `The WAV contradicts itself: ${why}.`, { offset, remedy: 'Get an undamaged copy of the file.' })
const OPEN = 0xffffffff
/** Programs that write to a pipe put a number there that no file reaches: sox, espeak-ng and others. */
const BEYOND = 0x7ffff000

/** Whether that is no length but the sign that nobody knew it. `stated`: of the whole file. */
export function isOpen(size: number, stated: number, left: number): boolean {
  return size === OPEN || (size >= BEYOND && size > left) || (size === 0 && (stated === OPEN || stated === 0))
}

/** Reads the header. `length`: bytes of the file, where known; a stream's writer may have left the sizes open. */
export async function wavForm(read: ReadAt, length: number): Promise<WavForm> {
  const head = viewOf(await read(0, 12))
  if (head.byteLength < 12) throw broken('it ends inside its header', head.byteLength)
  const riff = tagAt(head, 0)
  const stated = head.getUint32(4, true)
  let end = riff !== 'RIFF' || stated === OPEN || stated === 0 ? length : Math.min(length, stated + 8)
  let form: Omit<WavForm, 'data' | 'tail' | 'end'> | undefined
  let fact: number | undefined
  let long: WavForm['long']
  let true64: number | undefined
  for (let at = 12; at + 8 <= length;) {
    const chunk = viewOf(await read(at, 48))
    if (chunk.byteLength < 8) break
    const name = tagAt(chunk, 0)
    let size = chunk.getUint32(4, true)
    if (name === 'ds64' && chunk.byteLength >= 36) {
      end = Math.min(length, Number(chunk.getBigUint64(8, true)) + 8)
      true64 = Number(chunk.getBigUint64(16, true))
      long = { size: at + 8, data: at + 16, frames: at + 24 }
    } else if (name === 'fact') fact = at + 8
    else if (name === 'fmt ') form = formOf(chunk, at)
    else if (name === 'data') {
      if (form === undefined) throw broken('its samples stand before their form', at)
      const start = at + 8
      if (isOpen(size, stated, length - start)) size = true64 ?? length - start
      if (start + size > length) throw broken('it is cut off inside its samples', length)
      return { ...form, data: { start, end: start + size }, tail: Math.min(length, start + size + (size % 2)), end: Math.max(end, start + size), ...(fact === undefined ? {} : { fact }), ...(long === undefined ? {} : { long }) }
    }
    at += 8 + size + (size % 2)
  }
  throw broken('it holds no samples', Math.min(end, length))
}

function formOf(chunk: DataView, at: number): Omit<WavForm, 'data' | 'tail' | 'end'> {
  if (chunk.byteLength < 24) throw broken('the form of its samples is cut off', at)
  const extended = chunk.getUint16(8, true) === 0xfffe && chunk.byteLength >= 34
  const tag = extended ? chunk.getUint16(32, true) : chunk.getUint16(8, true)
  const [channels, rate, block, bits] = [chunk.getUint16(10, true), chunk.getUint32(12, true), chunk.getUint16(20, true), chunk.getUint16(22, true)]
  // Samples lie in whole bytes, at the upper end of them.
  const bytes = channels === 0 ? 0 : block / channels
  const float = tag === 3
  const known = (tag === 1 && [1, 2, 3, 4].includes(bytes)) || (float && [4, 8].includes(bytes))
  if (!known) throw new CountermarkError('ERR_UNSUPPORTED', `The WAV holds samples of form ${tag} with ${bits} bits; whole numbers of 8 to 32 bits and floating-point numbers are read.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert it first.' })
  if (channels < 1 || channels > 8 || rate < 8000 || rate > 192_000)
    throw new CountermarkError('ERR_UNSUPPORTED', `The WAV has ${channels} channels of ${rate} samples a second; 1 to 8 of 8000 to 192000 are handled.`)
  return { rate, channels, bits: (bytes * 8) as WavForm['bits'], float }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function tagAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}

/** Stored samples as numbers, full scale 1. */
export function wavSamples(bytes: Uint8Array, { bits, float }: Pick<WavForm, 'bits' | 'float'>): Float32Array {
  const view = viewOf(bytes)
  const size = bits >> 3
  const samples = new Float32Array(Math.floor(bytes.byteLength / size))
  for (let at = 0, place = 0; at < samples.length; at++, place += size)
    samples[at] =
      float ? (bits === 64 ? view.getFloat64(place, true) : view.getFloat32(place, true))
      : bits === 16 ? view.getInt16(place, true) / 0x8000
      : bits === 24 ? (view.getUint16(place, true) | (view.getInt8(place + 2) << 16)) / 0x800000
      : bits === 32 ? view.getInt32(place, true) / 0x80000000
      : (view.getUint8(place) - 128) / 128
  return samples
}

/** Numbers as stored samples; what came from `wavSamples` of up to 24 bits comes out as it was. Beyond full scale it is cut. */
export function wavBytes(samples: Float32Array, { bits, float }: Pick<WavForm, 'bits' | 'float'>): Uint8Array {
  const size = bits >> 3
  const bytes = new Uint8Array(samples.length * size)
  const view = viewOf(bytes)
  const scale = 2 ** (bits - 1)
  for (let at = 0, place = 0; at < samples.length; at++, place += size) {
    const sample = samples[at] ?? 0
    if (float) {
      if (bits === 64) view.setFloat64(place, sample, true)
      else view.setFloat32(place, sample, true)
      continue
    }
    const value = Math.max(-scale, Math.min(scale - 1, Math.round(sample * scale))) || 0
    if (bits === 16) view.setInt16(place, value, true)
    else if (bits === 24) {
      view.setUint16(place, value & 0xffff, true)
      view.setInt8(place + 2, value >> 16)
    } else if (bits === 32) view.setInt32(place, value, true)
    else view.setUint8(place, value + 128)
  }
  return bytes
}

/** A header of a WAV of its own: 44 bytes, or 58 for floating-point numbers. Without `frames` the sizes stay open. */
export function wavHeader({ rate, channels, bits, float }: Pick<WavForm, 'rate' | 'channels' | 'bits' | 'float'>, frames?: number): Uint8Array {
  const bytes = new Uint8Array(float ? 58 : 44)
  const view = viewOf(bytes)
  const put = (text: string, at: number): void => bytes.set([...text].map((letter) => letter.charCodeAt(0)), at)
  const block = channels * (bits >> 3)
  const size = frames === undefined ? OPEN : frames * block
  put('RIFF', 0)
  view.setUint32(4, frames === undefined ? OPEN : bytes.length - 8 + size + (size % 2), true)
  put('WAVEfmt ', 8)
  view.setUint32(16, float ? 18 : 16, true)
  view.setUint16(20, float ? 3 : 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * block, true)
  view.setUint16(32, block, true)
  view.setUint16(34, bits, true)
  if (float) {
    put('fact', 38)
    view.setUint32(42, 4, true)
    view.setUint32(46, frames ?? OPEN, true)
  }
  put('data', bytes.length - 8)
  view.setUint32(bytes.length - 4, size, true)
  return bytes
}

/**
 * The patches that fit the source's bytes before and behind its samples to `size` bytes of new ones: offset and little-endian
 * number. ERR_LIMIT where a plain WAV would pass 4 GiB.
 */
export function wavSizes(form: WavForm, size: number): { at: number; value: number; bytes: 4 | 8 }[] {
  const old = form.data.end - form.data.start
  const total = form.data.start + size + (size % 2) + Math.max(0, form.end - form.data.start - old - (old % 2)) - 8
  const frames = size / (form.channels * (form.bits >> 3))
  const fact = form.fact === undefined ? [] : [{ at: form.fact, value: Math.min(frames, OPEN), bytes: 4 as const }]
  if (form.long !== undefined)
    return [{ at: form.long.size, value: total, bytes: 8 }, { at: form.long.data, value: size, bytes: 8 }, { at: form.long.frames, value: frames, bytes: 8 }, ...fact]
  if (total > OPEN - 1) throw new CountermarkError('ERR_LIMIT', 'The marked WAV would pass 4 GiB, which its header cannot say.', { remedy: 'Convert it to RF64 first.' })
  return [{ at: 4, value: total, bytes: 4 }, { at: form.data.start - 4, value: size, bytes: 4 }, ...fact]
}
