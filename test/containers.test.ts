// The bytes of files: what is written is read by programs of others, what was there before stays, and a file that is cut
// anywhere is told, never misread.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import exifr from 'exifr'
import ExifReader from 'exifreader'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { mark, verify, type MarkOptions } from '../src/index.js'
import { folder } from './support/command.js'
import { media, testOnMedia } from './support/media.js'
import { made, photograph, pipeline } from './support/pictures.js'
import { program } from './support/programs.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const satisfies MarkOptions
const KINDS = ['jpeg', 'png', 'webp'] as const
const TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
const RECORD = { Label: '1', ContentProducer: 'Example-Lab', ProduceID: 'c-1', ReservedCode1: '', ContentPropagator: 'Example-Lab', PropagateID: 'c-1', ReservedCode2: '' }
/** GB 45438-2025 Annex E, in the order of the standard. */
const JSON_TEXT = JSON.stringify(RECORD)
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(Buffer.from(b))
const file = (name: string): Buffer => readFileSync(join(media!, 'image', name))

describe.each([['marked', {}], ['labelled in the metadata only', { metadataOnly: true }]])('%s files are read by others', (_, options) => {
  // exifr does not know WebP.
  test.each(['jpeg', 'png'] as const)('%s by exifr', async (kind) => {
    const { output } = await mark(await photograph(kind), { ...COMMON, ...options })
    const read = (await exifr.parse(output, { xmp: true, tiff: false, mergeOutput: false } as never)) as Record<string, Record<string, { value: string }>>
    expect([read['TC260']!['AIGC']!.value, read['Iptc4xmpExt']!['DigitalSourceType']!.value]).toEqual([JSON_TEXT, TYPE])
  })
  test.each(KINDS)('%s by ExifReader', async (kind) => {
    const { output } = await mark(await photograph(kind), { ...COMMON, ...options })
    const { xmp } = ExifReader.load(output, { expanded: true }) as { xmp?: Record<string, { value: string }> }
    expect([xmp?.['AIGC']?.value, xmp?.['DigitalSourceType']?.value]).toEqual([JSON_TEXT, TYPE])
  })
  test.skipIf(program('exiftool') === undefined).each(KINDS)('%s by ExifTool, which finds nothing to complain about', async (kind) => {
    const path = join(folder(), `a.${kind}`)
    writeFileSync(path, (await mark(await photograph(kind), { ...COMMON, ...options })).output)
    const [said] = JSON.parse(execFileSync('exiftool', ['-j', '-G1', '-a', '-validate', '-warning', '-error', '-XMP:all', path], { encoding: 'utf8' })) as Record<string, unknown>[]
    expect([said!['XMP-TC260:Aigc'], said!['XMP-iptcExt:DigitalSourceType'], said!['ExifTool:Validate']]).toEqual([JSON_TEXT, TYPE, 'OK'])
  })
})

/** The parts that hold the coded samples: all of a JPEG but APPn and COM, IDAT, VP8 and VP8L. */
function coded(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  if (bytes[0] === 0xff) {
    for (let at = 2; at < bytes.length;) {
      const [marker, length] = [bytes[at + 1]!, bytes.readUInt16BE(at + 2)]
      if (marker === 0xda) return Buffer.concat([...parts, bytes.subarray(at)])
      if ((marker < 0xe0 || marker > 0xef) && marker !== 0xfe) parts.push(bytes.subarray(at, at + 2 + length))
      at += 2 + length
    }
  } else if (bytes[0] === 0x89) {
    for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
      if (/^(IHDR|PLTE|IDAT|fdAT|fcTL|acTL|tRNS)$/.test(bytes.toString('latin1', at + 4, at + 8))) parts.push(bytes.subarray(at, at + 12 + bytes.readUInt32BE(at)))
  } else {
    for (let at = 12; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) % 2))
      if (/^(VP8 |VP8L|ALPH|ANIM|ANMF)$/.test(bytes.toString('latin1', at, at + 4))) parts.push(bytes.subarray(at, at + 8 + bytes.readUInt32LE(at + 4)))
  }
  return Buffer.concat(parts)
}

describe('metadata-only marking changes no coded sample', () => {
  const check = async (source: Buffer): Promise<void> => {
    const { output, verdict } = await mark(source, { ...COMMON, metadataOnly: true })
    expect(coded(output).length).toBeGreaterThan(0)
    expect(same(coded(output), coded(source))).toBe(true)
    const [before, after] = await Promise.all([source, output].map((bytes) => sharp(bytes).raw().toBuffer()))
    expect(same(before!, after!)).toBe(true)
    expect(verdict).toBe('cannot tell')
  }
  test.each(KINDS)('%s', async (kind) => check(await photograph(kind)))
  test('a JPEG and a PNG without XMP are their own bytes with one piece put in', async () => {
    for (const kind of ['jpeg', 'png'] as const) {
      const source = await photograph(kind)
      const { output } = await mark(source, { ...COMMON, metadataOnly: true })
      let before = 0
      while (before < source.length && source[before] === output[before]) before++
      const after = source.length - before
      expect(same(output.subarray(output.length - after), source.subarray(before))).toBe(true)
    }
  })
  testOnMedia.each([
    'photo-dog-12mp-exif-xmp-icc.jpg', 'photo-iptc-xmp-icc.jpg', 'photo-progressive-bridge.jpg', 'photo-cmyk-swop-icc.jpg', 'photo-gainmap-ultrahdr.jpg',
    'photo-16bit-hlg.png', 'photo-mars-alpha-icc.webp', 'anim-ball.apng.png', 'anim-pillow-42frames.webp', 'c2pa-signed-C.jpg',
  ])('%s', async (name) => check(file(name)))
})

/** All that ExifReader sees, without what marking is there to add and what describes the bytes themselves. */
function tags(bytes: Buffer): Record<string, unknown> {
  const groups = ExifReader.load(bytes, { expanded: true, includeUnknown: true }) as Record<string, Record<string, { description?: unknown; value?: unknown }>>
  const kept: Record<string, unknown> = {}
  for (const group of ['exif', 'iptc', 'xmp', 'icc', 'gps', 'pngText'])
    for (const [name, tag] of Object.entries(groups[group] ?? {}))
      if (!/^(_raw|about|AIGC|DigitalSourceType|Thumbnail|images)$/.test(name)) kept[`${group}:${name}`] = createHash('sha256').update(JSON.stringify(tag)).digest('hex')
  return kept
}

describe('what was there before stays', () => {
  test('EXIF, XMP and ICC of every kind', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq><rdf:li>A. Person</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>'
    for (const kind of KINDS) {
      const source = await pipeline(made(600, 540)).withExif({ IFD0: { Copyright: '(c) A. Person' } }).withXmp(xmp).withIccProfile('p3')[kind]().toBuffer()
      for (const options of [{}, { metadataOnly: true }]) {
        const { output } = await mark(source, { ...COMMON, ...options })
        const [before, after] = [await sharp(source).metadata(), await sharp(output).metadata()]
        expect(before.icc!.length).toBeGreaterThan(100)
        expect([after.icc!.equals(before.icc!), after.exif!.equals(before.exif!)], kind).toEqual([true, true])
        expect(after.exif!.includes('(c) A. Person')).toBe(true)
        expect(after.xmp!.toString()).toContain('<dc:creator><rdf:Seq><rdf:li>A. Person</rdf:li></rdf:Seq></dc:creator>')
      }
    }
  })
  testOnMedia.each(['photo-iptc-xmp-icc.jpg', 'photo-gps-exif.jpg', 'photo-dog-12mp-exif-xmp-icc.jpg', 'photo-mars-alpha-icc.webp', 'screenshot-docs-page-2048.png'])('%s', async (name) => {
    const source = file(name)
    const before = tags(source)
    expect(Object.keys(before).length).toBeGreaterThan(10)
    // The thumbnail shows the picture without its label: it is left out, and with it what describes it. So is what a
    // camera noted of the samples that it took (ExtendedXMP).
    const described = /^exif:(Compression|JPEGInterchangeFormat|JPEGInterchangeFormatLength)$|^xmp:(HasExtendedXMP|hdrp_makernote)$/
    const left = (all: Record<string, unknown>): object => Object.fromEntries(Object.entries(all).filter(([tag]) => !described.test(tag)))
    expect(left(tags((await mark(source, COMMON)).output))).toEqual(left(before))
    expect(tags((await mark(source, { ...COMMON, metadataOnly: true })).output)).toEqual(before)
  })
  test.each([[1, 8, 'png'], [2, 8, 'png'], [4, 8, 'png'], [3, 16, 'png'], [1, 16, 'png'], [4, 16, 'png'], [4, 8, 'webp'], [1, 8, 'jpeg']] as const)(
    '%i channels of %i bits as %s', async (channels, depth, kind) => {
      const source = await pipeline(made(640, 576, channels, depth))[kind]({ quality: 92 } as never).toBuffer()
      const { output, watermark, label } = await mark(source, COMMON)
      expect([watermark.embedded, label.drawn]).toEqual([true, true])
      const form = async (bytes: Buffer): Promise<object> => {
        const { format, width, height, channels, depth, hasAlpha, space, bitsPerSample } = await sharp(bytes).metadata()
        return { format, width, height, channels, depth, hasAlpha, space, bitsPerSample }
      }
      expect(await form(output)).toEqual(await form(source))
    })
  test('no sample outside the label, where nothing but a label was asked for', async () => {
    const picture = made(500, 400, 4)
    const { output, label } = await mark(await pipeline(picture).png().toBuffer(), { ...COMMON, watermark: false })
    const after = await sharp(output).raw().toBuffer()
    const { x, y, width, height } = label.box!
    let [outside, inside] = [0, 0]
    for (let at = 0; at < after.length; at++) {
      const [column, row] = [(at >> 2) % 500, Math.floor((at >> 2) / 500)]
      const within = column >= x && column < x + width && row >= y && row < y + height
      if (after[at] !== picture.samples[at]) within ? inside++ : outside++
    }
    expect(outside).toBe(0)
    expect(inside).toBeGreaterThan(100)
  })
  test.each([3, 6, 8])('EXIF orientation %i: the label stands upright in the displayed picture', async (orientation) => {
    const source = await pipeline(made(640, 560)).withMetadata({ orientation }).jpeg({ quality: 92 }).toBuffer()
    const { output, label } = await mark(source, COMMON)
    const header = await sharp(output).metadata()
    expect([header.orientation, header.width, header.height]).toEqual([orientation, 640, 560])
    // Turned as a viewer turns it, and its orientation forgotten.
    const turned = await sharp(output).rotate().jpeg({ quality: 92 }).toBuffer()
    const seen = (await verify(turned, { keys: [] })).evidence.find(({ kind }) => kind === 'label')
    expect(seen).toMatchObject({ found: true, where: { position: 'bottom-right' } })
    const [width, height] = orientation > 4 ? [560, 640] : [640, 560]
    expect(label.box!.x + label.box!.width).toBeGreaterThan(width * 0.85)
    expect(label.box!.y + label.box!.height).toBeGreaterThan(height * 0.85)
  })
  testOnMedia.each([['photo-orientation-6.jpg', 6], ['photo-orientation-8-portrait.jpg', 8]])('%s', async (name, orientation) => {
    const { output } = await mark(file(name), COMMON)
    expect((await sharp(output).metadata()).orientation).toBe(orientation)
    expect((await verify(await sharp(output).rotate().png().toBuffer(), { keys: [] })).evidence).toContainEqual(expect.objectContaining({ kind: 'label', found: true }))
  })
  testOnMedia('CMYK comes back as sRGB without the profile of CMYK, and that is said', async () => {
    const { output, findings, verdict } = await mark(file('photo-cmyk-swop-icc.jpg'), COMMON)
    const { space, icc } = await sharp(output).metadata()
    expect([space, icc === undefined || icc.toString('latin1', 16, 20) === 'RGB ', verdict]).toEqual(['srgb', true, 'compliant'])
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'I6', severity: 'warning' }))
  })
})

describe('C2PA', () => {
  testOnMedia('a manifest that marking breaks is told, or protected', async () => {
    const source = file('c2pa-signed-C.jpg')
    expect((await mark(source, COMMON)).findings).toContainEqual(expect.objectContaining({ rule: 'C1', severity: 'warning' }))
    expect((await mark(source, { ...COMMON, metadataOnly: true })).findings).toContainEqual(expect.objectContaining({ rule: 'C1', severity: 'warning' }))
    await expect(mark(source, { ...COMMON, keepC2pa: true })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  })
  test('where there is none, nothing stands in the way', async () => {
    expect((await mark(await photograph(), { ...COMMON, keepC2pa: true, metadataOnly: true })).status).toBe('done')
  })
})

test.each(KINDS)('a %s that is cut at any place is an error or a verdict, and never keeps its label', async (kind) => {
  const whole = (await mark(await pipeline(made(160, 120))[kind]().toBuffer(), { ...COMMON, watermark: false })).output
  const ends = Array.from({ length: Math.floor(whole.length / 97) }, (_, at) => 97 * at)
  expect(ends.length).toBeGreaterThan(20)
  for (const end of ends) {
    const cut = whole.subarray(0, end)
    const said = await verify(cut, { keys: [] }).then(({ verdict }) => verdict, ({ code }) => code as string)
    expect(['cannot tell', 'ERR_BROKEN', 'ERR_UNSUPPORTED'], `${end} of ${whole.length} bytes: ${said}`).toContain(said)
    const written = await mark(cut, COMMON).then(({ verdict }) => verdict, ({ code }) => code as string)
    expect(['ERR_BROKEN', 'ERR_UNSUPPORTED'], `${end} of ${whole.length} bytes, marked: ${written}`).toContain(written)
  }
})
