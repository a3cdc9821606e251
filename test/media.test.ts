// Pixels in and out: samples as they are in the file, encoded again in the same kind.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { FileInfo } from '../src/engine/engine.js'
import { Deadline, DEFAULT_LIMITS } from '../src/limits.js'
import { typeOfBytes } from '../src/media/kind.js'
import { sharpCodec } from '../src/media/sharp.js'
import { media, testOnMedia } from './support/media.js'
import { made, photograph, pipeline } from './support/pictures.js'
import { program } from './support/programs.js'

const deadline = (): Deadline => new Deadline(DEFAULT_LIMITS)
const decode = (bytes: Uint8Array): ReturnType<typeof sharpCodec.decode> => sharpCodec.decode(bytes, { ...DEFAULT_LIMITS }, deadline())
const info = (more: Partial<FileInfo>): FileInfo => ({ type: 'image/png', lossless: true, ...more }) as FileInfo

describe('lossless kinds give back every sample', () => {
  test.each([[1, 8], [2, 8], [3, 8], [4, 8], [1, 16], [3, 16], [4, 16]] as const)('PNG with %i channels of %i bits', async (channels, depth) => {
    const picture = made(97, 61, channels, depth)
    const { picture: first } = await decode(await pipeline(picture).png().toBuffer())
    expect([first.channels, first.depth]).toEqual([channels, depth])
    expect(Buffer.from(first.samples).equals(Buffer.from(picture.samples))).toBe(true)
    const again = await decode(await sharpCodec.encode(picture, info({}), deadline()))
    expect(Buffer.from(again.picture.samples).equals(Buffer.from(picture.samples))).toBe(true)
  })
  test('WebP without loss, colour below transparent pixels included', async () => {
    const picture = made(97, 61, 4)
    picture.samples[3] = 0
    const again = await decode(await sharpCodec.encode(picture, info({ type: 'image/webp' }), deadline()))
    expect(Buffer.from(again.picture.samples).equals(Buffer.from(picture.samples))).toBe(true)
  })
})

describe('JPEG keeps its form', () => {
  test.each([['4:2:0', '4:2:0'], ['4:4:4', '4:4:4'], ['4:2:2', '4:4:4']])('subsampling %s', async (subsampling, expected) => {
    const bytes = await sharpCodec.encode(made(64, 64), info({ type: 'image/jpeg', lossless: false, quality: 83, subsampling, progressive: true }), deadline())
    const header = await sharp(bytes).metadata()
    expect([header.chromaSubsampling, header.isProgressive]).toEqual([expected, true])
    // The first quantiser of quality 83 in the IJG tables: 16 x 34 / 100, rounded.
    const table = Buffer.from(bytes).indexOf(Buffer.from([0xff, 0xdb]))
    expect(bytes[table + 5]).toBe(5)
  })
  test('grey stays grey', async () => {
    const bytes = await sharpCodec.encode(made(64, 64, 1), info({ type: 'image/jpeg', lossless: false, quality: 90 }), deadline())
    expect((await sharp(bytes).metadata()).channels).toBe(1)
  })
})

testOnMedia('samples with an ICC profile are not converted', async (context) => {
  context.skip(program('ffmpeg') === undefined)
  for (const name of ['photo-16bit-alpha-adobergb.png', 'photo-alpha-tulips.png']) {
    const path = join(media!, 'image', name)
    const { picture } = await decode(readFileSync(path))
    // ffmpeg knows nothing of ICC profiles: it gives the samples of the file.
    const format = picture.depth === 16 ? 'rgba64le' : 'rgba'
    const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', format, '-'], { maxBuffer: 1 << 28 })
    expect(raw.equals(Buffer.from(picture.samples)), name).toBe(true)
  }
})

testOnMedia('CMYK is converted to sRGB and says so', async () => {
  const { picture, converted, findings } = await decode(readFileSync(join(media!, 'image/photo-cmyk-swop-icc.jpg')))
  expect([picture.channels, converted, findings[0]?.rule, findings[0]?.severity]).toEqual([3, true, 'I6', 'warning'])
})

describe('limits', () => {
  test('pixels, before decoding', async () => {
    await expect(sharpCodec.decode(await photograph(), { ...DEFAULT_LIMITS, pixels: 1000 }, deadline())).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })
  test('what looks like a picture to the decoder but not to us is refused', async () => {
    await expect(decode(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
  test('time and signal', async () => {
    const late = new Deadline({ ...DEFAULT_LIMITS, seconds: 0.01 })
    await expect(late.within(new Promise(() => {}))).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    const stop = new AbortController()
    const waiting = new Deadline(DEFAULT_LIMITS, stop.signal).within(new Promise(() => {}))
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
  })
})

test('kinds by their bytes', async () => {
  for (const kind of ['jpeg', 'png', 'webp'] as const) expect(typeOfBytes(await photograph(kind))).toBe(`image/${kind}`)
  expect(typeOfBytes(new Uint8Array())).toBeUndefined()
  expect(typeOfBytes(Buffer.from('RIFF____CDXA'))).toBeUndefined()
  expect(['RIFF____WAVE', 'RF64____WAVE', 'RIFF____AVI ', 'FORM____AIFC', 'FLV\x01'].map((text) => typeOfBytes(Buffer.from(text)))).toEqual(['audio/wav', 'audio/wav', 'video/x-msvideo', 'audio/aiff', 'video/x-flv'])
  expect(['\x1aE\xdf\xa3\x87\x42\x82\x84webm', '\x1aE\xdf\xa3\x8b\x42\x82\x88matroska'].map((text) => typeOfBytes(Buffer.from(text, 'latin1')))).toEqual(['video/webm', 'video/matroska'])
  expect(typeOfBytes(Buffer.from('\0\0\0\x10ftyp'))).toBeUndefined()
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
  const id3 = (length: number): string => `ID3\x04\0\0\0\0${String.fromCharCode(length >> 7, length & 127)}`
  const sounds: [string, string | undefined][] = [
    ['\xff\xfb\x90\x64', 'audio/mpeg'], ['\xff\xf1\x50\x40', 'audio/aac'], ['OggS\0\x02', 'audio/ogg'], ['fLaC\0', 'audio/flac'], [`${id3(300)}\0`, 'audio/mpeg'],
    [`${id3(200)}${'\0'.repeat(200)}fLaC`, 'audio/flac'], [`${id3(0)}${id3(2)}\0\0\xff\xf1\x50\x40`, 'audio/aac'],
    // A mark of UTF-16, layer II, and a bit rate and sampling rates that do not exist.
    ['\xff\xfeh\0', undefined], ['\xff\xfd\x90\x64', undefined], ['\xff\xfb\xf0\x64', undefined], ['\xff\xfb\x9c\x64', undefined], ['\xff\xf1\x7c\x40', undefined],
  ]
  for (const [text, type] of sounds) expect(typeOfBytes(bytes(text)), JSON.stringify(text)).toBe(type)
  expect(typeOfBytes(Buffer.from('\0\0\0\x1cftyp3gp4\0\0\0\0isom3gp4M4A '))).toBe('audio/mp4')
  expect(typeOfBytes(Buffer.from('\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4'))).toBe('video/3gpp')
  expect(typeOfBytes(Buffer.from('\0\0\0\x1cftypM4V \0\0\0\0M4V M4A mp42'))).toBe('video/mp4')
})
