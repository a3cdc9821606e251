// Pixels by sharp (libvips). Samples stay in the file's own RGB or grey space, so that the ICC profile, which the core
// carries over, still fits them.
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { FileInfo } from '../engine/engine.js'
import { CountermarkError, messageOf } from '../errors.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Finding, Picture } from '../types.js'
import { dispose, isApng, joinApng, lay, pngOf, splitApng, type Apng, type ApngFrame } from './apng.js'
import type { Animation, Codec, Decoded } from './codec.js'
import { DECODED, typeOfBytes } from './kind.js'
import { withDurations } from './webp.js'

type SharpModule = typeof import('sharp').default

let loading: Promise<SharpModule> | undefined

/** sharp, loaded on first use. ERR_MISSING where it is not installed or does not load on this machine. */
export function loadSharp(): Promise<SharpModule> {
  loading ??= import('sharp').then(
    (loaded) => loaded.default,
    (thrown: unknown) => {
      loading = undefined
      throw new CountermarkError('ERR_MISSING', `sharp could not be loaded: ${messageOf(thrown).split('\n')[0]}`, {
        remedy: 'Install it: npm install sharp. Metadata-only marking works without it.',
        cause: thrown,
      })
    },
  )
  return loading
}

/** The codec by sharp. */
export const sharpCodec: Codec = { decode, decodeAll, encode, encodeAll, xmp }

async function decode(bytes: Uint8Array, limits: Limits, deadline: Deadline, frame = 0): Promise<Decoded> {
  const type = typeOfBytes(bytes)
  if (type === undefined || !DECODED.includes(type)) throw new CountermarkError('ERR_UNSUPPORTED', 'This is not a picture of a kind that is read (JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF).')
  if (type === 'image/png' && isApng(bytes)) return apngFrame(bytes, limits, deadline, frame)
  const sharp = await loadSharp()
  const options: SharpOptions = { limitInputPixels: limits.pixels, failOn: 'error', autoOrient: false, page: frame, pages: 1 }
  const header = await deadline.within(vips(type, () => sharp(bytes, options).metadata()))
  // A stack of frames: `pages: 1` reads one.
  checkPixels(header.width, header.pageHeight ?? header.height, limits)

  const converted = header.space === 'cmyk' || header.space === 'lab' || header.space === 'xyz'
  const deep = header.depth === 'ushort' || header.depth === 'short'
  const grey = header.space === 'b-w' || header.space === 'grey16'
  // sharp gives 8-bit grey with alpha as grey alone; as RGBA all of it comes.
  const spread = grey && !deep && header.hasAlpha
  const space = grey && !spread ? (deep ? 'grey16' : 'b-w') : deep ? 'rgb16' : 'srgb'
  const pipeline = sharp(bytes, { ...options, ignoreIcc: !converted })
    .toColourspace(space)
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .timeout({ seconds: deadline.secondsLeft })
  const { data, info } = await deadline.within(vips(type, () => pipeline.toBuffer({ resolveWithObject: true })))
  const channels = spread ? 2 : (info.channels as number)
  if (channels < 1 || channels > 4)
    throw new CountermarkError('ERR_UNSUPPORTED', `The picture has ${channels} channels; 1 to 4 are handled.`)

  const findings: Finding[] = []
  if (converted)
    findings.push({ rule: 'I6', severity: 'warning', message: `The picture was in ${header.space === 'cmyk' ? 'CMYK' : header.space}; it is handled, and marked, as sRGB.` })
  return {
    picture: {
      samples: spread ? greyAndAlpha(data) : data,
      width: info.width,
      height: info.height,
      channels: channels as Picture['channels'],
      depth: deep ? 16 : 8,
      orientation: header.orientation ?? 1,
    },
    type: mimeOf(header, type),
    frames: header.pages ?? 1,
    converted,
    // HEIF turns its pictures by its own boxes, which the decoder obeys.
    turned: header.format === 'heif',
    findings,
  }
}

async function decodeAll(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Animation> {
  const type = typeOfBytes(bytes) ?? ''
  if (type === 'image/png') return wholeApng(bytes, limits, deadline)
  const sharp = await loadSharp()
  const options: SharpOptions = { limitInputPixels: limits.pixels, failOn: 'error', animated: true, ignoreIcc: true }
  const header = await deadline.within(vips(type, () => sharp(bytes, { ...options, limitInputPixels: false }).metadata()))
  const pages = header.pages ?? 1
  const height = header.pageHeight ?? header.height
  checkFrames(header.width, height, pages, limits)
  const pipeline = sharp(bytes, options).toColourspace('srgb').raw({ depth: 'uchar' }).timeout({ seconds: deadline.secondsLeft })
  const { data: stack, info } = await deadline.within(vips(type, () => pipeline.toBuffer({ resolveWithObject: true })))
  const channels = info.channels as 3 | 4
  const size = info.width * height * channels
  const pictures = Array.from({ length: pages }, (_, page): Picture => ({
    samples: stack.subarray(page * size, (page + 1) * size), width: info.width, height, channels, depth: 8, orientation: header.orientation ?? 1,
  }))
  const delays = pictures.map((_, page) => [header.delay?.[page] ?? 100, 1000] as const)
  return { pictures, delays, loop: header.loop ?? 0, still: false, stack }
}

/** The frames together: they are held in memory at once. */
function checkFrames(width: number, height: number, frames: number, limits: Limits): void {
  checkPixels(width, height, limits)
  if (width * height * frames > limits.pixels)
    throw new CountermarkError('ERR_LIMIT', `The animation's ${frames} frames have ${width * height * frames} pixels together; the limit is ${limits.pixels}.`, { remedy: 'Raise limits.pixels (--max-pixels) if you trust the file and have the memory.' })
}

/** RGBA samples of each frame as it is shown, one after another, from frame `first`; `depth` is the file's. */
async function* composed(apng: Apng, first: number, limits: Limits, deadline: Deadline): AsyncGenerator<Picture> {
  const shape = { width: apng.width, height: apng.height, channels: 4 as const }
  let canvas: Uint8Array | undefined
  // A frame that replaces everything needs nothing of what was before it.
  let from = first
  while (from > 0 && !covers(apng, apng.frames[from])) from--
  for (const [index, frame] of apng.frames.entries()) {
    if (index < from) continue
    const { samples, depth } = await rgba(frame, limits, deadline)
    canvas ??= new Uint8Array(apng.width * apng.height * (depth >> 1))
    const before = frame.dispose === 2 ? new Uint8Array(canvas) : undefined
    lay(canvas, apng.width, depth, frame, samples)
    if (index >= first) yield { ...shape, samples: new Uint8Array(canvas), depth }
    dispose(canvas, apng.width, depth, frame, before)
  }
}

function covers({ width, height }: Apng, frame: ApngFrame | undefined): boolean {
  return frame?.width === width && frame.height === height && frame.blend === 0 && frame.dispose !== 2
}

async function rgba(frame: ApngFrame, limits: Limits, deadline: Deadline): Promise<{ samples: Uint8Array; depth: 8 | 16 }> {
  const sharp = await loadSharp()
  const png = pngOf(frame)
  // Depth of the header: IHDR's body starts behind signature, length and name.
  const depth = png[24] === 16 ? 16 : 8
  const pipeline = sharp(png, { limitInputPixels: limits.pixels, failOn: 'error', ignoreIcc: true })
    .toColourspace(depth === 16 ? 'rgb16' : 'srgb').ensureAlpha().raw({ depth: depth === 16 ? 'ushort' : 'uchar' }).timeout({ seconds: deadline.secondsLeft })
  return { samples: await deadline.within(vips('image/png', () => pipeline.toBuffer())), depth }
}

async function apngFrame(bytes: Uint8Array, limits: Limits, deadline: Deadline, wanted: number): Promise<Decoded> {
  const apng = splitApng(bytes)
  checkPixels(apng.width, apng.height, limits)
  for await (const picture of composed(apng, wanted, limits, deadline))
    return { picture, type: 'image/png', frames: apng.frames.length, converted: false, turned: false, findings: [] }
  throw new CountermarkError('ERR_PARAMETER', `The animation has ${apng.frames.length} frames; there is no frame ${wanted}.`)
}

async function wholeApng(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Animation> {
  const apng = splitApng(bytes)
  checkFrames(apng.width, apng.height, apng.frames.length + (apng.still ? 1 : 0), limits)
  const pictures: Picture[] = []
  if (apng.still) pictures.push({ ...(await rgba(apng.still, limits, deadline)), width: apng.width, height: apng.height, channels: 4 })
  for await (const picture of composed(apng, 0, limits, deadline)) pictures.push(picture)
  return { pictures, delays: apng.frames.map(({ delay }) => delay), loop: apng.plays, still: apng.still !== undefined }
}

function greyAndAlpha(rgba: Uint8Array): Uint8Array {
  const samples = new Uint8Array(rgba.length / 2)
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 2) {
    samples[to] = rgba[from] ?? 0
    samples[to + 1] = rgba[from + 3] ?? 0
  }
  return samples
}

function mimeOf(header: Metadata, type: string): string {
  if (header.format !== 'heif') return type
  return header.compression === 'av1' ? 'image/avif' : 'image/heic'
}

async function encode(picture: Picture, source: FileInfo, deadline: Deadline): Promise<Uint8Array> {
  const sharp = await loadSharp()
  const { width, height, channels, depth } = picture
  const samples = depth === 16 ? wide(picture.samples) : picture.samples
  const grey = channels < 3
  const raw = sharp(samples, { raw: { width, height, channels }, limitInputPixels: false })
    .toColourspace(depth === 16 ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb')
    .timeout({ seconds: deadline.secondsLeft })
  return deadline.within(vips(source.type, () => encoderOf(raw, source).toBuffer()))
}

async function encodeAll(animation: Animation, source: FileInfo, deadline: Deadline): Promise<Uint8Array> {
  const { pictures, delays, loop, still, stack } = animation
  if (source.type === 'image/png') {
    const pngs: Uint8Array[] = []
    for (const picture of pictures) pngs.push(await encode(picture, { ...source, progressive: false }, deadline))
    return joinApng(pngs, delays, loop, still)
  }
  const [first] = pictures
  if (first === undefined || stack === undefined) throw new CountermarkError('ERR_INTERNAL', 'An animation without frames was to be encoded.')
  const sharp = await loadSharp()
  const { width, height, channels } = first
  const raw = sharp(stack, { raw: { width, height: height * pictures.length, channels, pageHeight: height }, limitInputPixels: false })
    .timeout({ seconds: deadline.secondsLeft })
  const timing = { loop, delay: delays.map(([numerator, denominator]) => Math.round((numerator * 1000) / denominator)) }
  const encoded = await deadline.within(vips(source.type, () => encoderOf(raw, source, timing).toBuffer()))
  return source.type === 'image/webp' ? withDurations(encoded, timing.delay) : encoded
}

function encoderOf(raw: Sharp, source: FileInfo, timing: { loop?: number; delay?: number[] } = {}): Sharp {
  const quality = Math.min(100, Math.max(1, Math.round(source.quality ?? 90)))
  switch (source.type) {
    case 'image/jpeg':
      // libvips knows these two; anything between keeps all of its colour.
      return raw.jpeg({ quality, chromaSubsampling: source.subsampling === '4:2:0' ? '4:2:0' : '4:4:4', progressive: source.progressive === true })
    case 'image/png':
      return raw.png({ compressionLevel: 6, adaptiveFiltering: true, palette: false, progressive: source.progressive === true })
    case 'image/webp':
      return raw.webp({ ...timing, ...(source.lossless ? { lossless: true, exact: true } : { quality, alphaQuality: 100 }) })
    case 'image/gif':
      // A frame that equals the one before it stays a frame, so that frames are counted as they were. Four levels between
      // frames are not seen, and the file is half as large where they are left as they were.
      return raw.gif({ ...timing, keepDuplicateFrames: true, interFrameMaxError: 4 })
    case 'image/tiff':
      return raw.tiff({ compression: 'deflate', predictor: 'horizontal' })
    default:
      throw new CountermarkError('ERR_UNSUPPORTED', `Files of type ${source.type} are not written.`, { remedy: 'Convert the picture to JPEG, PNG, WebP, GIF or TIFF first.' })
  }
}

/** 16-bit samples as sharp takes them. The platform is little-endian wherever sharp is built. */
function wide(samples: Uint8Array): Uint16Array {
  const aligned = samples.byteOffset % 2 === 0 ? samples : new Uint8Array(samples)
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1)
}

async function xmp(bytes: Uint8Array): Promise<string | undefined> {
  const sharp = await loadSharp()
  const header = await sharp(bytes, { limitInputPixels: false, failOn: 'none', pages: 1 }).metadata()
  if (header.format === 'gif') return gifPacket(bytes)
  return header.xmp?.toString('utf8')
}

/** libvips reads no XMP in a GIF: the packet is looked for by its identifier, which knows nothing of the core's blocks. */
function gifPacket(bytes: Uint8Array): string | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = file.indexOf('!\xff\x0bXMP DataXMP', 0, 'latin1')
  const end = start < 0 ? -1 : file.indexOf('\x01\xff\xfe\xfd', start, 'latin1')
  return end < 0 ? undefined : file.toString('utf8', start + 14, end)
}

/** libvips' messages as our codes. */
async function vips<T>(type: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof CountermarkError) throw thrown
    const said = messageOf(thrown).split('\n')[0] ?? ''
    if (/exceeds pixel limit|exceeds.*channel limit/i.test(said))
      throw new CountermarkError('ERR_LIMIT', 'The picture declares more pixels than the limit allows.', { cause: thrown, remedy: 'Raise limits.pixels (--max-pixels) if you trust the file and have the memory.' })
    if (/timeout/i.test(said)) throw new CountermarkError('ERR_LIMIT', 'The picture took longer than the limit allows.', { cause: thrown, remedy: 'Raise limits.seconds (--timeout).' })
    if (/unsupported|not supported|No decoding plugin|unknown codec/i.test(said))
      throw new CountermarkError('ERR_UNSUPPORTED', `sharp on this machine does not handle this ${type} file: ${said}.`, { cause: thrown })
    throw new CountermarkError('ERR_BROKEN', `The ${type} file could not be decoded: ${said}.`, { cause: thrown })
  }
}
