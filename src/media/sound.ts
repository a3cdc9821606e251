// Sound files in Node: samples in and out, piece by piece. WAV by ourselves, everything else by ffmpeg.
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SoundFormat } from '../engine/engine.js'
import { CountermarkError, fromSystem } from '../errors.js'
import type { Deadline } from '../limits.js'
import { factsOf, ffmpegProgram, lastOf, pieces, readingOf, run, type TrackFacts } from './ffmpeg.js'
import { temporaryFolder } from './temporary.js'
import { wavBytes, wavForm, wavSamples, wavSizes, type ReadAt, type WavForm } from './wav.js'
import { xingSeconds } from './xing.js'

/** A sound file: on disk, or in memory. */
export type SoundFile = { type: string } & ({ path: string } | { bytes: Uint8Array })

/** The first sound track of a file. */
export interface Track {
  rate: number
  channels: number
  /** As ffmpeg calls it; `wav` of a WAV that we read ourselves. */
  codec: string
  /** Samples are stored exactly. */
  lossless: boolean
  bitrate?: number
  /** Its samples from the start, whole frames a piece, interleaved; each call reads them anew. */
  blocks(): AsyncIterable<Float32Array>
  /** Further tracks of the file, and its chapters: what is coded anew has the first track of sound only. */
  others?: number
  chapters?: number
  /** What the decoder complained of while it read the samples the last time. */
  complaint?(): string | undefined
}

/** Reads sound. Errors: ERR_BROKEN, ERR_UNSUPPORTED, ERR_MISSING, ERR_LIMIT. */
export interface SoundDecoder {
  /** `as`: other rate and channels than the file's own, which only ffmpeg makes. */
  open(file: SoundFile, deadline: Deadline, as?: SoundFormat): Promise<Track>
}

/** Reads and writes sound. */
export interface SoundCodec extends SoundDecoder {
  /**
   * Codes samples as those of `file` are: codec, bitrate, depth, rate, channels; its tags and cover come along as far as the
   * writer knows them. Gives the bytes, or writes them to `target`, where nothing is yet.
   */
  encode(file: SoundFile, track: Track, seconds: number, blocks: () => AsyncIterable<Float32Array>, deadline: Deadline, target?: string): Promise<Uint8Array | undefined>
}

/** The codec of Node. `ffmpeg`: the program, where the caller names one. */
export function soundCodec(ffmpeg?: string): SoundCodec {
  return {
    open: async (file, deadline, as) => {
      const own = file.type === 'audio/wav' ? await openWav(file) : undefined
      return own !== undefined && (as === undefined || (as.rate === own.rate && as.channels === own.channels)) ? own : openOther(file, ffmpeg, deadline, as)
    },
    encode: async (file, track, seconds, blocks, deadline, target) =>
      file.type === 'audio/wav' ? encodeWav(file, blocks, deadline, target) : encodeOther(file, track, seconds, blocks, ffmpegProgram(ffmpeg).path, deadline, target),
  }
}

/** Frames of one piece. */
const PIECE = 1 << 15

async function* wavBlocks(file: SoundFile, form: WavForm): AsyncGenerator<Float32Array> {
  const frame = form.channels * (form.bits >> 3)
  const { read, close } = await reader(file)
  try {
    const end = form.data.end - ((form.data.end - form.data.start) % frame)
    for (let at = form.data.start; at < end; at += PIECE * frame) {
      const bytes = await read(at, Math.min(PIECE * frame, end - at))
      yield wavSamples(bytes, form)
    }
  } finally {
    await close()
  }
}

/** Bytes of a file, wherever it lies. */
async function reader(file: SoundFile): Promise<{ read: ReadAt; length: number; close(): Promise<void> }> {
  if ('bytes' in file) return { read: async (at, count) => file.bytes.subarray(at, at + count), length: file.bytes.byteLength, close: async () => {} }
  try {
    const handle = await open(file.path, 'r')
    return {
      length: (await handle.stat()).size,
      read: async (at, count) => {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(count), 0, count, at)
        return buffer.subarray(0, bytesRead)
      },
      close: () => handle.close(),
    }
  } catch (thrown) {
    throw fromSystem(thrown, file.path)
  }
}

async function formOf(file: SoundFile): Promise<WavForm> {
  const { read, length, close } = await reader(file)
  try {
    return await wavForm(read, length)
  } finally {
    await close()
  }
}

async function openWav(file: SoundFile): Promise<Track> {
  const form = await formOf(file)
  return { rate: form.rate, channels: form.channels, codec: 'wav', lossless: true, blocks: () => wavBlocks(file, form) }
}

async function encodeWav(file: SoundFile, blocks: () => AsyncIterable<Float32Array>, deadline: Deadline, target?: string): Promise<Uint8Array | undefined> {
  const form = await formOf(file)
  const { read, length, close } = await reader(file)
  const out = target === undefined ? inMemory() : await onDisk(target)
  try {
    await out.write(await read(0, form.data.start))
    let size = 0
    for await (const block of blocks()) {
      deadline.check()
      const bytes = wavBytes(block, form)
      size += bytes.byteLength
      await out.write(bytes)
    }
    const sizes = wavSizes(form, size)
    if (size % 2 === 1) await out.write(new Uint8Array(1))
    for (let at = form.tail; at < length; at += 1 << 20) await out.write(await read(at, Math.min(1 << 20, length - at)))
    for (const { at, value, bytes } of sizes) {
      const number = new DataView(new ArrayBuffer(8))
      number.setBigUint64(0, BigInt(value), true)
      await out.patch(new Uint8Array(number.buffer, 0, bytes), at)
    }
    return await out.done()
  } finally {
    await out.close()
    await close()
  }
}

interface Out {
  write(bytes: Uint8Array): Promise<void>
  patch(bytes: Uint8Array, at: number): Promise<void>
  done(): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

function inMemory(): Out {
  const parts: Uint8Array[] = []
  let whole: Buffer | undefined
  return {
    write: async (bytes) => void parts.push(bytes),
    patch: async (bytes, at) => void (whole ??= Buffer.concat(parts)).set(bytes, at),
    done: async () => whole ?? Buffer.concat(parts),
    close: async () => {},
  }
}

async function onDisk(path: string): Promise<Out> {
  try {
    const handle = await open(path, 'wx')
    return {
      write: async (bytes) => void (await handle.write(bytes)),
      patch: async (bytes, at) => void (await handle.write(bytes, 0, bytes.byteLength, at)),
      done: async () => undefined,
      close: () => handle.close(),
    }
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}

const LOSSLESS = /^(flac|alac|pcm_|wavpack|tta)/

async function openOther(file: SoundFile, asked: string | undefined, deadline: Deadline, as?: SoundFormat): Promise<Track> {
  const program = ffmpegProgram(asked).path
  // A reader of MP4 must go back and forth, which it cannot in a pipe.
  const found = await placed(file, deadline, (path) => factsOf(program, file.type, deadline, path === undefined && 'bytes' in file ? { bytes: file.bytes } : { path: path ?? '' }))
  const facts = { ...found, ...as }
  if (facts.rate < 8000 || facts.rate > 192_000 || facts.channels > 8)
    throw new CountermarkError('ERR_UNSUPPORTED', `The sound has ${facts.channels} channels of ${facts.rate} samples a second; 1 to 8 of 8000 to 192000 are handled.`)
  let said = ''
  async function* blocks(): AsyncGenerator<Float32Array> {
    let frames = 0
    for await (const block of decoded(program, file, facts, { map: '0:a:0' }, deadline, (text) => { said = text })) {
      frames += block.length / facts.channels
      yield block
    }
    if (said === '' && file.type === 'audio/mpeg') said = await shortness(file, frames / facts.rate)
  }
  return { ...trackOf(facts), blocks, complaint: () => (said === '' ? undefined : said) }
}

/** Seconds by which an MP3 may end before what its header counts: more than an encoder's delay and padding. */
const SHORT = 0.5

/** An MP3 that ends too early is decoded without complaint: what is to be said of it. */
async function shortness(file: SoundFile, heard: number): Promise<string> {
  const { read, close } = await reader(file)
  try {
    const counted = await xingSeconds(read)
    return counted === undefined || counted - heard <= SHORT ? '' : `its header counts ${counted.toFixed(1)} seconds, its samples end at ${heard.toFixed(1)}`
  } finally {
    await close()
  }
}

export function trackOf({ rate, channels, codec, bitrate, others, chapters }: TrackFacts): Omit<Track, 'blocks'> {
  return { rate, channels, codec, others, chapters, lossless: LOSSLESS.test(codec), ...(bitrate === undefined ? {} : { bitrate }) }
}

/**
 * The samples of one track, which ffmpeg's `map` names; `complain` gets what the decoder said, once it is done. With `start`, in
 * seconds of the file's clock, they begin there and gaps between them are filled with silence.
 */
export async function* decoded(program: string, file: SoundFile, { channels, rate }: SoundFormat, { map, start }: { map: string; start?: number }, deadline: Deadline, complain: (said: string) => void): AsyncGenerator<Float32Array> {
  const folder = 'path' in file || !SEEKS.test(file.type) ? undefined : await folderFor(file)
  try {
    const path = 'path' in file ? file.path : folder?.path
    // Rate and channels are said again, so that a stream that changes them half-way stays one sound.
    const args = ['-nostdin', '-hide_banner', '-v', 'error', ...(start === undefined ? [] : ['-copyts']), ...readingOf(file.type, path), '-map', map, ...(start === undefined ? [] : ['-af', `aresample=async=1:first_pts=${Math.round(start * rate)}`]), '-ar', String(rate), '-ac', String(channels), '-c:a', 'pcm_f32le', '-f', 'f32le', 'pipe:1']
    const { output, said } = run(program, args, deadline, ...(path === undefined && 'bytes' in file ? [pieces(file.bytes)] : []))
    yield* framed(output, channels * 4)
    complain(said() === '' ? '' : lastOf(said()))
  } finally {
    await folder?.drop()
  }
}

/** Bytes of 32-bit numbers as whole frames. */
export async function* framed(bytes: AsyncIterable<Uint8Array>, frame: number): AsyncGenerator<Float32Array> {
  let rest: Uint8Array = new Uint8Array()
  for await (const part of bytes) {
    const all = rest.byteLength === 0 ? part : Buffer.concat([rest, part])
    const whole = all.byteLength - (all.byteLength % frame)
    // Copied: a piece of a pipe may begin where no 32-bit number can, and `slice` of a Buffer is a view of a pool that others share.
    if (whole > 0) yield new Float32Array(new Uint8Array(all.subarray(0, whole)).buffer)
    rest = all.subarray(whole)
  }
}

/** Kinds that a reader or writer cannot handle in one direction. */
const SEEKS = /^(audio|video)\/(mp4|quicktime|3gpp)$/

/** A folder that only we can enter, with the file's bytes where a path is needed. */
export async function folderFor(file: SoundFile): Promise<{ path: string; made: string; drop(): Promise<void> }> {
  const made = await temporaryFolder()
  const drop = (): Promise<void> => rm(made, { recursive: true, force: true })
  if ('path' in file) return { path: file.path, made, drop }
  const path = join(made, 'source')
  try {
    await writeFile(path, file.bytes)
  } catch (thrown) {
    await drop()
    throw fromSystem(thrown, path)
  }
  return { path, made, drop }
}

async function placed<T>(file: SoundFile, deadline: Deadline, work: (path: string | undefined) => Promise<T>): Promise<T> {
  const folder = 'path' in file || !SEEKS.test(file.type) ? undefined : await folderFor(file)
  try {
    return await deadline.within(work('path' in file ? file.path : folder?.path))
  } finally {
    await folder?.drop()
  }
}

/** Names of ffmpeg's writers. */
const WRITERS: { readonly [type: string]: string } = {
  'audio/flac': 'flac', 'audio/mpeg': 'mp3', 'audio/ogg': 'ogg', 'audio/mp4': 'ipod', 'audio/aac': 'adts', 'audio/webm': 'webm', 'audio/matroska': 'matroska', 'audio/aiff': 'aiff',
}

/** The encoder of each codec; the settings that keep what the source has. */
export function encoderOf({ codec, channels }: Track, bits: number | undefined, bitrate: number): string[] {
  const rate = (least: number, most: number): string[] => ['-b:a', String(Math.round(Math.min(most * channels, Math.max(least * channels, bitrate))))]
  switch (codec) {
    case 'mp3': return ['-c:a', 'libmp3lame', ...rate(8_000, 320_000)]
    case 'vorbis': return ['-c:a', 'libvorbis', ...rate(16_000, 250_000)]
    case 'opus': return ['-c:a', 'libopus', ...rate(6_000, 256_000)]
    // These have a few rates for all channels together.
    case 'ac3': case 'eac3': case 'mp2': return ['-c:a', codec, '-b:a', String(bitrate > 384_000 && codec !== 'mp2' ? 640_000 : bitrate > 192_000 ? 384_000 : 192_000)]
    case 'aac': return ['-c:a', 'aac', ...rate(16_000, 288_000)]
    case 'flac': return ['-c:a', 'flac', ...depth(bits)]
    case 'alac': return ['-c:a', 'alac', '-sample_fmt', (bits ?? 16) > 16 ? 's32p' : 's16p']
    default:
      if (codec.startsWith('pcm_')) return ['-c:a', codec]
      throw new CountermarkError('ERR_UNSUPPORTED', `Sound coded as ${codec} is read, and not written.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert it first.' })
  }
}

function depth(bits = 16): string[] {
  return bits > 16 ? ['-sample_fmt', 's32', '-bits_per_raw_sample', String(Math.min(24, bits))] : ['-sample_fmt', 's16']
}

async function encodeOther(
  file: SoundFile, track: Track, seconds: number, blocks: () => AsyncIterable<Float32Array>, program: string, deadline: Deadline, target?: string,
): Promise<Uint8Array | undefined> {
  const writer = WRITERS[file.type]
  if (writer === undefined) throw new CountermarkError('ERR_UNSUPPORTED', `Sound in files of type ${file.type} is not coded anew.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert it first.' })
  const folder = await folderFor(file)
  try {
    const facts = await factsOf(program, file.type, deadline, { path: folder.path })
    const size = (await stat(folder.path)).size
    const encoder = encoderOf(track, facts.bits, track.bitrate ?? (size * 8) / Math.max(0.1, seconds))
    // Most writers go back to what they wrote first (lengths, checksums, the place of the last sample): a file, not a pipe.
    const written = target ?? join(folder.made, 'coded')
    const cover = facts.cover && writer !== 'ogg' && writer !== 'adts' && writer !== 'webm' ? ['-map', '1:v?', '-c:v', 'copy', '-disposition:v', 'attached_pic'] : []
    const args = [
      '-nostdin', '-hide_banner', '-v', 'error', '-n', '-protocol_whitelist', 'pipe', '-f', 'f32le', '-ar', String(track.rate), '-ac', String(track.channels), '-i', 'pipe:0',
      ...readingOf(file.type, folder.path), '-map', '0:a:0', ...cover, '-map_metadata', '1', '-map_metadata:s:a:0', '1:s:a:0', '-map_chapters', '-1',
      ...encoder, '-fflags', '+bitexact', ...(writer === 'aiff' ? ['-write_id3v2', '1'] : []), '-f', writer, `file:${written}`,
    ]
    for await (const _ of run(program, args, deadline, raw(blocks())).output);
    return target === undefined ? await readFile(written) : undefined
  } finally {
    await folder.drop()
  }
}

/** Samples as the bytes that ffmpeg's reader `f32le` takes. */
export async function* raw(blocks: AsyncIterable<Float32Array>): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) if (block.length > 0) yield new Uint8Array(block.buffer, block.byteOffset, block.byteLength)
}
