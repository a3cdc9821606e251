// Animations: every frame is labelled and watermarked, what makes them move stays, and any frame tells.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { nativeEngine } from '../src/engine/native.js'
import { image, mark, verify, type LabelEvidence, type MarkOptions, type MarkResult, type VerifyResult, type WatermarkEvidence } from '../src/index.js'
import { Deadline, DEFAULT_LIMITS } from '../src/limits.js'
import { isApng, joinApng, splitApng } from '../src/media/apng.js'
import { sharpCodec } from '../src/media/sharp.js'
import { animation, DELAYS, frames, HEIGHT, KINDS, usual, WIDTH } from './support/animations.js'
import { folder } from './support/command.js'
import { media, testOnMedia } from './support/media.js'
import { made, pipeline } from './support/pictures.js'
import { program } from './support/programs.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const satisfies MarkOptions
const PUBLIC = { keys: ['public'] }
const all = (bytes: Uint8Array) => sharpCodec.decodeAll(bytes, { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS))
const watermark = ({ evidence }: VerifyResult): WatermarkEvidence => evidence.find((one): one is WatermarkEvidence => one.kind === 'watermark')!
const label = ({ evidence }: VerifyResult): LabelEvidence => evidence.find((one): one is LabelEvidence => one.kind === 'label')!
const failing = (call: Promise<unknown>): Promise<{ code: string; message: string; remedy?: string }> =>
  call.then(() => { throw new Error('the call was expected to fail') }, (thrown) => thrown as never)

describe.each(KINDS)('%s', (kind) => {
  let marking: Promise<MarkResult<Buffer>> | undefined
  const marked = async (): Promise<MarkResult<Buffer>> => (marking ??= mark(await usual(kind), COMMON))
  test('every frame gets label and watermark; times, rounds and transparency stay', async () => {
    const source = await usual(kind)
    const result = await marked()
    expect(result).toMatchObject({
      type: `image/${kind}`, status: 'done', verdict: 'compliant', findings: [], label: { drawn: true },
      watermark: { embedded: true, bits: 32, frames: { marked: DELAYS.length, checked: DELAYS.length, read: DELAYS.length } },
    })
    const [before, after] = [await all(source), await all(result.output)]
    expect([after.pictures.length, after.loop, after.delays.map(([a, b]) => (a * 1000) / b)]).toEqual([DELAYS.length, 3, DELAYS])
    const { x, y, width, height } = result.label.box!
    for (const [at, picture] of after.pictures.entries()) {
      const [found] = await image.detect(picture, { effort: 'direct' })
      expect([at, found!.payload]).toEqual([at, result.payload.slice(0, 8)])
      expect((await image.findLabel(picture, [['AI生成']])).found, `label of frame ${at}`).toBe(true)
      expect([picture.samples[3], picture.samples[(100 * WIDTH + 100) * 4 + 3]]).toEqual([0, 255])
      // It stands still: the same pixels in all frames (but for what the encoder does to them).
      const inside = ((y + (height >> 1)) * WIDTH + x + (width >> 1)) * 4
      expect(Math.abs(picture.samples[inside]! - after.pictures[0]!.samples[inside]!)).toBeLessThan(24)
      // What is no label is the frame that it was, and no other.
      const distance = (other: Uint8Array): number => {
        let sum = 0
        for (let i = 60 * WIDTH * 4; i < 200 * WIDTH * 4; i += 4) sum += Math.abs(other[i]! - picture.samples[i]!)
        return sum / (140 * WIDTH)
      }
      expect(distance(before.pictures[at]!.samples)).toBeLessThan(8)
      expect(distance(before.pictures[(at + 2) % DELAYS.length]!.samples)).toBeGreaterThan(10)
    }
  })
  test('verify finds it, says in which frame, and takes the frames into the p-value', async () => {
    const { output, payload } = await marked()
    const seen = await verify(output, PUBLIC)
    expect([seen.verdict, seen.state]).toEqual(['compliant', 'confirmed'])
    expect(watermark(seen)).toMatchObject({ found: true, frame: 0, payload: payload.slice(0, 8), matchesMetadata: true })
    expect(label(seen)).toMatchObject({ found: true, frame: 0 })
    // As verify does, it asks for the content that the metadata names, which takes its part of the accepted chance.
    const asked = { expect: [await image.payloadOf('Example-Lab', 'c-1', 128)] }
    const [alone] = await image.detect((await sharpCodec.decode(output, { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS))).picture, asked)
    expect(watermark(seen).pValue! / alone!.pValue!).toBeCloseTo(DELAYS.length, 5)
  })
  test('a mark in one later frame is found there', async () => {
    const pictures = frames()
    const payload = await image.payloadOf('Example-Lab', 'c-1', 64)
    await image.embed({ samples: pictures[3]!, width: WIDTH, height: HEIGHT, channels: 4, depth: 8 }, { payload })
    const seen = await verify(await animation(kind, pictures), { ...PUBLIC, expect: { provider: 'Example-Lab', produceId: 'c-1' }, effort: 'direct' })
    expect(watermark(seen)).toMatchObject({ found: true, frame: 3, matchesExpected: true })
  })
  test('without a mark: not found where every frame was looked at, else cannot tell, with how many were', async () => {
    const few = await verify(await usual(kind), { ...PUBLIC, effort: 'direct' })
    expect([few.verdict, few.findings.some(({ rule }) => rule === 'P2')]).toEqual(['not found', false])
    const many = await verify(await animation(kind, frames(12)), { ...PUBLIC, effort: 'direct' })
    expect(many.verdict).toBe('cannot tell')
    expect(many.findings).toContainEqual(expect.objectContaining({ rule: 'P2', message: '8 of the animation\'s 12 frames were looked at.' }))
  })
  test('marked again it stays as it is', async () => {
    const first = await marked()
    const again = await mark(first.output, { provider: COMMON.provider, key: 'public' })
    expect(again).toMatchObject({ status: 'kept', produceId: 'c-1', watermark: { embedded: false, reason: 'it is there already' }, label: { drawn: false } })
    expect(again.output.equals(first.output)).toBe(true)
  })
  test('metadata alone leaves every byte of the frames', async () => {
    const source = await usual(kind)
    const { output, verdict } = await mark(source, { ...COMMON, metadataOnly: true })
    expect(verdict).toBe('cannot tell')
    const [before, after] = [await all(source), await all(output)]
    expect(after.pictures.map(({ samples }) => Buffer.from(samples).toString('base64').length)).toEqual(before.pictures.map(({ samples }) => Buffer.from(samples).toString('base64').length))
    for (const [at, { samples }] of after.pictures.entries()) expect(Buffer.from(samples).equals(Buffer.from(before.pictures[at]!.samples))).toBe(true)
    // One piece was put in, and nothing else is different (WebP: but for its size and flags).
    let same = 0
    while (same < source.length && source[source.length - 1 - same] === output[output.length - 1 - same]) same++
    expect(same).toBeGreaterThan(kind === 'webp' ? 0 : source.length * 0.9)
  })
  test('more pixels in all frames than the limit allows', async () => {
    const source = await usual(kind)
    expect(await failing(mark(source, { ...COMMON, limits: { pixels: WIDTH * HEIGHT * 3 } }))).toMatchObject({ code: 'ERR_LIMIT', message: expect.stringContaining('5 frames') })
    expect((await mark(source, { ...COMMON, metadataOnly: true, limits: { pixels: WIDTH * HEIGHT } })).status).toBe('done')
  })
})

describe('a GIF', () => {
  test('that stands still', async () => {
    const [picture] = frames(1)
    const still = await sharp(picture!, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } }).gif().toBuffer()
    const result = await mark(still, COMMON)
    expect(result).toMatchObject({ verdict: 'compliant', watermark: { embedded: true, bits: 32 }, label: { drawn: true } })
    expect('frames' in result.watermark).toBe(false)
    const seen = await verify(result.output, PUBLIC)
    expect([seen.verdict, 'frame' in watermark(seen)]).toEqual(['compliant', false])
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'metadata', format: 'aigc', location: 'application extension XMP' }))
  })
  // ExifReader and exifr read no XMP in GIFs.
  test.skipIf(program('exiftool') === undefined)('is read by ExifTool, which finds nothing to complain about', async () => {
    const { output, record } = await mark(await usual('gif'), COMMON)
    const path = join(folder(), 'a.gif')
    writeFileSync(path, output)
    const [said] = JSON.parse(execFileSync('exiftool', ['-j', '-G1', '-a', '-validate', '-warning', '-error', '-XMP:all', '-FrameCount', path], { encoding: 'utf8' })) as { [name: string]: unknown }[]
    expect([said!['XMP-TC260:Aigc'], said!['ExifTool:Validate'], said!['GIF:FrameCount']]).toEqual([JSON.stringify(record), 'OK', DELAYS.length])
  })
  // Quantised to a palette and dithered, frame by frame; what is left is counted, not supposed.
  test('of few colours keeps the mark in every frame', async () => {
    const payload = (await image.payloadOf('Example-Lab', 'c-1', 64)).slice(0, 8)
    for (const colours of [64, 16]) {
      const pictures = frames()
      for (const samples of pictures) await image.embed({ samples, width: WIDTH, height: HEIGHT, channels: 4, depth: 8 }, { payload: await image.payloadOf('Example-Lab', 'c-1', 64) })
      const gif = await sharp(Buffer.concat(pictures), { raw: { width: WIDTH, height: HEIGHT * pictures.length, channels: 4, pageHeight: HEIGHT } }).gif({ colours, delay: DELAYS }).toBuffer()
      const read = await Promise.all((await all(gif)).pictures.map(async (picture) => (await image.detect(picture, { effort: 'direct' }))[0]!.payload === payload))
      expect([colours, read.filter(Boolean).length]).toEqual([colours, DELAYS.length])
    }
  })
})

describe('an animated PNG', () => {
  const small = async (value: number, width: number, height: number, alpha = 255): Promise<Buffer> =>
    sharp(Buffer.from(Array.from({ length: width * height }, () => [value, value, value, alpha]).flat()), { raw: { width, height, channels: 4 } }).png().toBuffer()

  /** The control fields of frame `at` overwritten: place, disposal, blending. Checksums are written anew. */
  function controlled(apng: Buffer, frames: { png: Buffer; x: number; y: number; dispose: number; blend: number }[], width: number, height: number): Buffer {
    const parts = splitApng(apng)
    for (const [at, { png, x, y, dispose, blend }] of frames.entries()) {
      const size = { width: png.readUInt32BE(16), height: png.readUInt32BE(20) }
      parts.frames[at] = { ...parts.frames[at]!, ...size, x, y, dispose, blend, chunks: [png.subarray(0, png.length - 12)] }
    }
    return writeApng(parts.frames, width, height)
  }
  test('is shown as its frames say: parts, disposal, blending', async () => {
    const [white, red] = [await small(255, 4, 4), await small(100, 2, 2)]
    const base = joinApng([white, white, white, white], [[1, 10], [1, 10], [1, 10], [1, 10]], 0, false)
    const half = await small(0, 2, 2, 128)
    const file = controlled(base, [
      { png: white, x: 0, y: 0, dispose: 0, blend: 0 }, { png: red, x: 1, y: 1, dispose: 2, blend: 0 },
      { png: half, x: 0, y: 0, dispose: 1, blend: 1 }, { png: red, x: 2, y: 2, dispose: 0, blend: 1 },
    ], 4, 4)
    const { pictures } = await all(file)
    const grey = (frame: number, x: number, y: number): number[] => { const at = (y * 4 + x) * 4; return [pictures[frame]!.samples[at]!, pictures[frame]!.samples[at + 3]!] }
    expect(pictures.length).toBe(4)
    expect([grey(0, 1, 1), grey(1, 1, 1), grey(1, 0, 0)]).toEqual([[255, 255], [100, 255], [255, 255]])
    // Frame 1 was undone; half-transparent black over white.
    expect([grey(2, 1, 1), grey(2, 0, 0), grey(2, 3, 3)]).toEqual([[127, 255], [127, 255], [255, 255]])
    // Frame 2 was cleared.
    expect([grey(3, 0, 0), grey(3, 1, 1), grey(3, 3, 3), grey(3, 3, 0)]).toEqual([[0, 0], [0, 0], [100, 255], [255, 255]])
    // A single frame, without those before it, is the same.
    for (const at of [0, 1, 2, 3])
      expect(Buffer.from((await sharpCodec.decode(file, { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS), at)).picture.samples).equals(Buffer.from(pictures[at]!.samples))).toBe(true)
  })
  test('of 16 bits stays one', async () => {
    const deep = made(WIDTH, HEIGHT, 4, 16)
    const pngs = await Promise.all([0, 1].map(() => pipeline(deep).png().toBuffer()))
    const { output, watermark: report, verdict } = await mark(joinApng(pngs, [[1, 25], [1, 25]], 2, false), COMMON)
    expect([verdict, report.frames]).toEqual(['compliant', { marked: 2, checked: 2, read: 2 }])
    const { pictures, loop } = await all(output)
    expect([pictures.map(({ depth }) => depth), loop, (await sharp(output).metadata()).depth]).toEqual([[16, 16], 2, 'ushort'])
  })
  test('whose still picture is no frame: that is marked too', async () => {
    const pngs = await Promise.all(frames(3).map((data) => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } }).png().toBuffer()))
    const source = joinApng(pngs, [[1, 30], [1, 30]], 0, true)
    const { output, watermark: report } = await mark(source, COMMON)
    expect(report).toMatchObject({ frames: { marked: 3, checked: 2, read: 2 } })
    expect(isApng(output)).toBe(true)
    const { still, frames: two, plays } = splitApng(output)
    expect([still !== undefined, two.map(({ delay }) => delay), plays]).toEqual([true, [[1, 30], [1, 30]], 0])
    // libvips reads the still picture only.
    const { data, info } = await sharp(output).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    expect((await image.detect({ samples: data, width: info.width, height: info.height, channels: info.channels as 4, depth: 8 }, { effort: 'direct' }))[0]!.found).toBe(true)
  })
  test('that contradicts itself is broken', async () => {
    const source = await animation('png', frames(2))
    const lie = Buffer.from(source)
    const control = lie.indexOf('acTL')
    lie.writeUInt32BE(3, control + 4)
    lie.writeUInt32BE(crc32(lie.subarray(control, control + 12)), control + 12)
    expect(await failing(mark(lie, COMMON))).toMatchObject({ code: 'ERR_BROKEN' })
  })
})

testOnMedia.each(['anim-ball.apng.png', 'anim-pillow-42frames.webp'])('%s keeps its frames and their times', async (name) => {
  const source = readFileSync(join(media!, 'image', name))
  const [{ output, label: drawn }, before] = [await mark(source, COMMON), await all(source)]
  const after = await all(output)
  expect([drawn.drawn, after.delays, after.loop]).toEqual([true, before.delays, before.loop])
  expect(nativeEngine().fileInspect(output).animated).toBe(true)
})

/** An APNG of frames with their own places, written here: the reader is what is tested. */
function writeApng(frames: ReturnType<typeof splitApng>['frames'], width: number, height: number): Buffer {
  const chunk = (name: string, body: Buffer): Buffer => {
    const out = Buffer.concat([Buffer.alloc(4), Buffer.from(name, 'latin1'), body, Buffer.alloc(4)])
    out.writeUInt32BE(body.length, 0)
    out.writeUInt32BE(crc32(out.subarray(4, -4)), out.length - 4)
    return out
  }
  const first = frames[0]!.chunks[0]!
  const head = Buffer.from(first.subarray(16, 29))
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  const control = Buffer.alloc(8)
  control.writeUInt32BE(frames.length, 0)
  const out = [first.subarray(0, 8), chunk('IHDR', head), chunk('acTL', control)]
  let number = 0
  for (const [at, frame] of frames.entries()) {
    const body = Buffer.alloc(26)
    for (const [place, value] of [[0, number++], [4, frame.width], [8, frame.height], [12, frame.x], [16, frame.y]] as const) body.writeUInt32BE(value, place)
    body.writeUInt16BE(1, 20)
    body.writeUInt16BE(10, 22)
    body[24] = frame.dispose
    body[25] = frame.blend
    out.push(chunk('fcTL', body))
    const png = frame.chunks[0]!
    for (let from = 8; from < png.length; from += 12 + png.readUInt32BE(from)) {
      if (png.toString('latin1', from + 4, from + 8) !== 'IDAT') continue
      const data = png.subarray(from + 8, from + 8 + png.readUInt32BE(from))
      const sequence = Buffer.alloc(4)
      if (at > 0) sequence.writeUInt32BE(number++, 0)
      out.push(at === 0 ? chunk('IDAT', data) : chunk('fdAT', Buffer.concat([sequence, data])))
    }
  }
  return Buffer.concat([...out, chunk('IEND', Buffer.alloc(0))])
}
