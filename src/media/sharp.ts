// Pixels by sharp (libvips). Samples stay in the file's own RGB or grey space, so that the ICC profile, which the core
// carries over, still fits them.
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { FileInfo } from '../engine/engine.js'
import { CountermarkError, messageOf } from '../errors.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Finding, Picture } from '../types.js'
import type { Codec, Decoded } from './codec.js'
import { DECODED, typeOfBytes } from './kind.js'

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
export const sharpCodec: Codec = { decode, encode, xmp }

async function decode(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Decoded> {
  const type = typeOfBytes(bytes)
  if (type === undefined || !DECODED.includes(type)) throw new CountermarkError('ERR_UNSUPPORTED', 'This is not a picture of a kind that is read (JPEG, PNG, WebP, AVIF, GIF, TIFF).')
  const sharp = await loadSharp()
  const options: SharpOptions = { limitInputPixels: limits.pixels, failOn: 'error', autoOrient: false, pages: 1 }
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

function encoderOf(raw: Sharp, source: FileInfo): Sharp {
  const quality = Math.min(100, Math.max(1, Math.round(source.quality ?? 90)))
  switch (source.type) {
    case 'image/jpeg':
      // libvips knows these two; anything between keeps all of its colour.
      return raw.jpeg({ quality, chromaSubsampling: source.subsampling === '4:2:0' ? '4:2:0' : '4:4:4', progressive: source.progressive === true })
    case 'image/png':
      return raw.png({ compressionLevel: 6, adaptiveFiltering: true, palette: false, progressive: source.progressive === true })
    case 'image/webp':
      return source.lossless ? raw.webp({ lossless: true, exact: true }) : raw.webp({ quality, alphaQuality: 100 })
    default:
      throw new CountermarkError('ERR_UNSUPPORTED', `Files of type ${source.type} are not written.`, { remedy: 'Convert the picture to JPEG, PNG or WebP first.' })
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
  return header.xmp?.toString('utf8')
}

/** libvips' messages as our codes. */
async function vips<T>(type: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof CountermarkError) throw thrown
    const said = messageOf(thrown).split('\n')[0] ?? ''
    if (/exceeds pixel limit|exceeds.*channel limit/i.test(said))
      throw new CountermarkError('ERR_LIMIT', 'The picture declares more pixels than the limit allows.', { cause: thrown, remedy: 'Raise limits.pixels if you trust the file and have the memory.' })
    if (/timeout/i.test(said)) throw new CountermarkError('ERR_LIMIT', 'The picture took longer than the limit allows.', { cause: thrown, remedy: 'Raise limits.seconds.' })
    if (/unsupported|not supported|No decoding plugin|unknown codec/i.test(said))
      throw new CountermarkError('ERR_UNSUPPORTED', `sharp on this machine does not handle this ${type} file: ${said}.`, { cause: thrown })
    throw new CountermarkError('ERR_BROKEN', `The ${type} file could not be decoded: ${said}.`, { cause: thrown })
  }
}
