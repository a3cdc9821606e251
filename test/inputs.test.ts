// Every form that a picture comes in: depths, channels, colour spaces, profiles, orientations, odd sizes. Each is marked;
// the payload survives JPEG 80, the form is kept or its change is told, and no colour shifts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { image, mark, verify, type LabelEvidence, type MarkOptions, type MarkResult, type WatermarkEvidence } from '../src/index.js'
import { Deadline, DEFAULT_LIMITS } from '../src/limits.js'
import { sharpCodec } from '../src/media/sharp.js'
import { chromiumPath, launch, serve } from './support/browser.js'
import { media, testOnMedia } from './support/media.js'
import { made, pipeline } from './support/pictures.js'
import { matrixProfile } from './support/profiles.js'
import { program } from './support/programs.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const satisfies MarkOptions
/** Without a drawn label: what is left of a change of colours is the pipeline's. */
const BARE = { ...COMMON, label: false, waiver: 'A-1' } as const satisfies MarkOptions
const [WIDTH, HEIGHT] = [641, 523]

let home: string
const profiles: { [name: string]: string } = {}
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'countermark-'))
  for (const [name, bytes] of Object.entries({
    adobe: matrixProfile('adobe', 2), prophoto: matrixProfile('prophoto', 2), version4: matrixProfile('adobe', 4),
  })) writeFileSync((profiles[name] = join(home, `${name}.icc`)), bytes)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const picture = (channels: 1 | 2 | 3 | 4, depth: 8 | 16 = 8) => made(WIDTH, HEIGHT, channels, depth)
const coloured = (profile: string, depth: 8 | 16 = 8) => pipeline(picture(3, depth)).withIccProfile(profiles[profile] ?? profile)
/** Half of it lies under pixels that nobody sees. */
const hidden = () => {
  const one = picture(4)
  for (let at = 3; at < one.samples.length; at += 4) one.samples[at] = (at >> 2) % WIDTH < WIDTH / 2 ? 0 : 255
  return pipeline(one)
}
/** Black and white shapes. */
const bilevel = () => {
  const one = picture(1)
  one.samples.forEach((value, at) => { one.samples[at] = value > 128 ? 255 : 0 })
  return pipeline(one)
}

interface Form {
  depth?: string
  channels?: number
  /** What is no more as it was, in the rule's words. */
  told?: RegExp
  /** Pure black and white leave a mark no room to both sides: it is there, but JPEG takes it. */
  fragile?: true
}
const FORMS: [string, () => Promise<Buffer>, Form][] = [
  ['grey JPEG', () => pipeline(picture(1)).jpeg({ quality: 92 }).toBuffer(), { channels: 1 }],
  ['untagged RGB JPEG', () => pipeline(picture(3)).jpeg({ quality: 92 }).toBuffer(), { channels: 3 }],
  ['progressive 4:4:4 JPEG', () => pipeline(picture(3)).jpeg({ quality: 92, progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(), { channels: 3 }],
  ['CMYK JPEG with a profile', () => pipeline(picture(3)).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 92 }).toBuffer(), { channels: 3, told: /CMYK/ }],
  ['CMYK JPEG without a profile', () => pipeline(picture(3)).toColourspace('cmyk').jpeg({ quality: 92 }).toBuffer(), { channels: 3, told: /CMYK/ }],
  ['Display P3 JPEG', () => coloured('p3').jpeg({ quality: 92 }).toBuffer(), { channels: 3 }],
  ['Display P3 WebP', () => coloured('p3').webp({ quality: 92 }).toBuffer(), { channels: 3 }],
  ['Adobe RGB JPEG', () => coloured('adobe').jpeg({ quality: 92 }).toBuffer(), { channels: 3 }],
  ['Adobe RGB PNG, profile of version 4', () => coloured('version4').png().toBuffer(), { channels: 3 }],
  ['ProPhoto RGB PNG of 16 bits', () => coloured('prophoto', 16).toColourspace('rgb16').png().toBuffer(), { channels: 3, depth: 'ushort' }],
  ['grey PNG', () => pipeline(picture(1)).png().toBuffer(), { channels: 1 }],
  ['grey PNG of 16 bits', () => pipeline(picture(1, 16)).png().toBuffer(), { channels: 1, depth: 'ushort' }],
  ['grey PNG with alpha', () => pipeline(picture(2)).png().toBuffer(), { channels: 2 }],
  ['grey PNG with alpha of 16 bits', () => pipeline(picture(2, 16)).png().toBuffer(), { channels: 2, depth: 'ushort' }],
  ['RGB PNG of 16 bits', () => pipeline(picture(3, 16)).png().toBuffer(), { channels: 3, depth: 'ushort' }],
  ['RGB PNG with alpha of 16 bits', () => pipeline(picture(4, 16)).png().toBuffer(), { channels: 4, depth: 'ushort' }],
  ['RGB PNG with alpha', () => pipeline(picture(4)).png().toBuffer(), { channels: 4 }],
  ['PNG whose left half is transparent', () => hidden().png().toBuffer(), { channels: 4 }],
  ['WebP with alpha', () => pipeline(picture(4)).webp({ quality: 92 }).toBuffer(), { channels: 4 }],
  ['WebP with alpha, without loss', () => pipeline(picture(4)).webp({ lossless: true }).toBuffer(), { channels: 4 }],
  ['PNG with a palette', () => pipeline(picture(3)).png({ palette: true }).toBuffer(), { channels: 3 }],
  ['PNG with a palette and alpha', () => hidden().png({ palette: true }).toBuffer(), { channels: 4 }],
  ['PNG of 1 bit', () => bilevel().png({ palette: true, colours: 2 }).toBuffer(), { fragile: true }],
  ['interlaced PNG', () => pipeline(picture(3)).png({ progressive: true }).toBuffer(), { channels: 3 }],
  ['TIFF', () => pipeline(picture(3)).tiff({ compression: 'lzw' }).toBuffer(), { channels: 3 }],
  ['TIFF of 16 bits, ProPhoto RGB', () => coloured('prophoto', 16).toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer(), { channels: 3, depth: 'ushort' }],
  ['grey TIFF of 16 bits', () => pipeline(picture(1, 16)).tiff({ compression: 'deflate' }).toBuffer(), { channels: 1, depth: 'ushort' }],
  ['TIFF with alpha', () => pipeline(picture(4)).tiff({ compression: 'lzw' }).toBuffer(), { channels: 4 }],
  ['CMYK TIFF', () => pipeline(picture(3)).toColourspace('cmyk').withIccProfile('cmyk').tiff({ compression: 'lzw' }).toBuffer(), { channels: 3, told: /CMYK/ }],
  ['TIFF of JPEG strips', () => pipeline(picture(3)).tiff({ compression: 'jpeg', quality: 90 }).toBuffer(), { channels: 3 }],
  ['GIF', () => pipeline(picture(3)).gif().toBuffer(), {}],
]

/** Mean of red, green and blue after conversion to sRGB by its profile (LittleCMS, which marking does not use but for CMYK), over white. */
async function colours(bytes: Buffer): Promise<number[]> {
  const { channels } = await sharp(await sharp(bytes).flatten({ background: '#fff' }).toColourspace('srgb').png().toBuffer()).stats()
  return (channels.length < 3 ? [channels[0]!, channels[0]!, channels[0]!] : channels.slice(0, 3)).map(({ mean }) => mean)
}
const shift = (a: number[], b: number[]): number => Math.max(...a.map((value, at) => Math.abs(value - b[at]!)))
const bits = (result: MarkResult<Buffer>): string => result.payload.slice(0, (result.watermark.bits ?? 64) / 4)
const read = async (bytes: Uint8Array): Promise<WatermarkEvidence> => {
  const { picture: decoded } = await sharpCodec.decode(bytes, { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS))
  return (await image.detect(decoded, { effort: 'direct' }))[0]!
}

describe('every form of a picture', () => {
  test.each(FORMS)('%s', async (name, source, form) => {
    const bytes = await source()
    const result = await mark(bytes, BARE)
    expect(result.watermark, name).toMatchObject({ embedded: true })
    const copy = await sharp(result.output).flatten({ background: '#777' }).jpeg({ quality: 80 }).toBuffer()
    expect((await read(result.output)).payload, 'payload').toBe(bits(result))
    if (form.fragile !== true) expect((await read(copy)).payload, 'payload after JPEG 80').toBe(bits(result))

    const [before, after] = [await sharp(bytes).metadata(), await sharp(result.output).metadata()]
    expect([after.format, after.width, after.height]).toEqual([before.format, WIDTH, HEIGHT])
    if (form.channels !== undefined) expect(after.channels).toBe(form.channels)
    if (form.depth !== undefined) expect(after.depth).toBe(form.depth)
    const told = result.findings.filter(({ rule }) => rule === 'I6').map(({ message }) => message).join(' ')
    if (form.told === undefined) {
      expect([after.icc?.equals(before.icc!), told]).toEqual([before.icc === undefined ? undefined : true, ''])
      expect(after.space).toBe(before.isPalette || before.format === 'gif' ? after.space : before.space)
    } else expect(told).toMatch(form.told)
    expect(shift(await colours(bytes), await colours(result.output)), 'shift of colours').toBeLessThanOrEqual(1)
  })
  test('sizes that divide by nothing', async () => {
    for (const [width, height] of [[517, 709], [1031, 613], [161, 163], [2003, 167]] as const) {
      const result = await mark(await pipeline(made(width, height)).jpeg({ quality: 92 }).toBuffer(), BARE)
      expect([width, height, (await read(await sharp(result.output).jpeg({ quality: 80 }).toBuffer())).payload]).toEqual([width, height, bits(result)])
    }
  })
})

describe('a TIFF', () => {
  const read = async (bytes: Uint8Array): Promise<{ [name: string]: unknown }> => {
    const path = join(home, 'a.tif')
    writeFileSync(path, bytes)
    return (JSON.parse(execFileSync('exiftool', ['-j', '-G1', '-n', '-a', '-validate', '-warning', '-XMP:all', '-IFD0:all', path], { encoding: 'utf8' })) as { [name: string]: unknown }[])[0]!
  }
  test.skipIf(program('exiftool') === undefined)('keeps orientation, texts and resolution, and its label is read by ExifTool', async () => {
    const source = await pipeline(picture(3)).withMetadata({ orientation: 6, density: 300 }).withExifMerge({ IFD0: { Copyright: '(c) A. Person', ImageDescription: 'A made picture' } }).tiff({ compression: 'lzw' }).toBuffer()
    for (const options of [{}, { metadataOnly: true }]) {
      const { output, record, label } = await mark(source, { ...COMMON, ...options })
      const [before, after] = [await read(source), await read(output)]
      expect(after['XMP-TC260:Aigc']).toBe(JSON.stringify(record))
      for (const tag of ['IFD0:Orientation', 'IFD0:XResolution', 'IFD0:Copyright', 'IFD0:ImageDescription']) expect([tag, after[tag]]).toEqual([tag, before[tag]])
      expect(label.drawn).toBe(!('metadataOnly' in options))
    }
  })
  test('of several pages: metadata only', async () => {
    const page = await pipeline(picture(3)).tiff().toBuffer()
    const pages = await sharp([page, page], { join: { animated: true } } as never).tiff({ compression: 'lzw' }).toBuffer()
    expect((await sharp(pages).metadata()).pages).toBe(2)
    await expect(mark(pages, COMMON)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', remedy: expect.stringContaining('--metadata-only') })
    const { output } = await mark(pages, { ...COMMON, metadataOnly: true })
    expect((await sharp(output).metadata()).pages).toBe(2)
    for (const at of [0, 1]) {
      const [before, after] = await Promise.all([pages, output].map((bytes) => sharp(bytes, { page: at }).raw().toBuffer()))
      expect(after!.equals(before!)).toBe(true)
    }
  })
})

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i', (orientation) => {
  const label = (evidence: readonly { kind: string }[]): LabelEvidence => evidence.find((one): one is LabelEvidence => one.kind === 'label')!
  test('is kept, the label stands upright as shown, and is found where the orientation is lost', async () => {
    const source = await pipeline(picture(3)).withMetadata({ orientation }).jpeg({ quality: 92 }).toBuffer()
    const { output, label: drawn, findings } = await mark(source, COMMON)
    expect([(await sharp(output).metadata()).orientation ?? 1, findings]).toEqual([orientation, []])
    const shown = await verify(output, { keys: ['public'] })
    expect(label(shown.evidence)).toMatchObject({ found: true })
    expect(label(shown.evidence).where?.turned).toBeUndefined()
    // As viewers show it: turned by libvips, which knows nothing of our label.
    const upright = await sharp(output).autoOrient().png().toBuffer()
    expect((await sharp(upright).metadata()).orientation ?? 1).toBe(1)
    const turned = label((await verify(upright, { keys: ['public'] })).evidence)
    expect([turned.found, turned.where?.turned]).toEqual([true, undefined])
    const box = turned.where!.box
    expect(box.x >= drawn.box!.x && box.y >= drawn.box!.y && box.x + box.width <= drawn.box!.x + drawn.box!.width + 2).toBe(true)
    // Stripped: shown as it is stored, so the label lies on a side. A mirrored one no more reads as a label.
    if (orientation % 2 === 0 ? [6, 8].includes(orientation) : [1, 3].includes(orientation)) {
      const stripped = await sharp(output).png().toBuffer()
      const lying = label((await verify(stripped, { keys: ['public'] })).evidence)
      expect([lying.found, lying.where?.turned]).toEqual([true, { 1: undefined, 3: 180, 6: 270, 8: 90 }[orientation]])
      const { width, height } = await sharp(stripped).metadata()
      const { x, y } = lying.where!.box
      // Lower right as shown, so for an orientation of 6 (shown turned by 90 degrees) upper right as stored.
      expect([x > width / 2, y > height / 2]).toEqual({ 1: [true, true], 3: [false, false], 6: [true, false], 8: [false, true] }[orientation])
    }
  })
  test('a tile\'s corners lie where the pattern lies', async () => {
    const source = await pipeline(picture(3)).withMetadata({ orientation }).png().toBuffer()
    const { output } = await mark(source, BARE)
    const mark1 = await read(output)
    const mark2 = await read(await sharp(output).autoOrient().png().toBuffer())
    const [a, b] = [mark1.where!.tile, mark2.where!.tile]
    // The same pattern seen twice: corners agree but for whole tiles.
    const side = Math.hypot(a[1][0] - a[0][0], a[1][1] - a[0][1])
    const away = (value: number): number => Math.abs(value - side * Math.round(value / side))
    for (const corner of [0, 1, 2, 3] as const)
      for (const axis of [0, 1] as const) expect(away(a[corner][axis] - b[corner][axis])).toBeLessThan(1.5)
  })
})

testOnMedia.each([
  ['photo-cmyk-swop-icc.jpg', /CMYK/], ['photo-cmyk-noprofile-small.jpg', /CMYK/], ['photo-16bit-alpha-adobergb.png', /^$/], ['photo-16bit-hlg.png', /^$/],
  ['photo-mars-alpha-icc.webp', /^$/], ['photo-iptc-xmp-icc.jpg', /^$/], ['photo-gainmap-ultrahdr.jpg', /gain map/], ['illustration-halberdier-alpha.png', /^$/], ['photo-orientation-6.jpg', /^$/],
] as const)('%s', async (name, told) => {
  const bytes = readFileSync(join(media!, 'image', name))
  const result = await mark(bytes, BARE)
  expect(result.findings.filter(({ rule }) => rule === 'I6').map(({ message }) => message).join(' ')).toMatch(told)
  if (result.watermark.embedded) expect((await read(await sharp(result.output).flatten().jpeg({ quality: 80 }).toBuffer())).payload).toBe(bits(result))
  else expect(result.watermark.reason).toMatch(/\w/)
  const [before, after] = [await sharp(bytes).metadata(), await sharp(result.output).metadata()]
  expect([after.depth, after.hasAlpha]).toEqual([before.depth, before.hasAlpha])
  expect(shift(await colours(bytes), await colours(result.output))).toBeLessThanOrEqual(1)
})

test('who only looks is not told how a CMYK picture would be marked', async () => {
  const cmyk = await pipeline(picture(3)).toColourspace('cmyk').jpeg().toBuffer()
  expect((await verify(cmyk, { keys: ['public'], effort: 'direct' })).findings.filter(({ rule }) => rule === 'I6')).toEqual([])
})

// A browser converts by its own colour management: nothing of it is shared with marking.
test.skipIf(chromiumPath === undefined)('no colour shifts as a browser shows them', async () => {
  const wanted = FORMS.filter(([name]) => /P3|Adobe|ProPhoto|CMYK JPEG with a|grey PNG of 16|untagged/.test(name) && !/TIFF/.test(name))
  const pairs = await Promise.all(wanted.map(async ([name, source]) => {
    const bytes = await source()
    return { name, files: [bytes, (await mark(bytes, BARE)).output].map((one) => one.toString('base64')) }
  }))
  const host = await serve({ '/': '<!doctype html><title>colours</title>' })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(host.url)
    for (const { name, files } of pairs) {
      const means = await Promise.all(files.map((file) => page.evaluate(async (text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
        const bitmap = await createImageBitmap(new Blob([bytes]))
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!
        context.drawImage(bitmap, 0, 0)
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
        const sums = [0, 0, 0]
        for (let at = 0; at < data.length; at += 4) for (const channel of [0, 1, 2]) sums[channel]! += data[at + channel]!
        return sums.map((sum) => (sum * 4) / data.length)
      }, file)))
      // CMYK to sRGB is no single thing: this browser's engine and LittleCMS differ by some levels on any such file.
      expect(shift(means[0]!, means[1]!), name).toBeLessThanOrEqual(/CMYK/.test(name) ? 8 : 1)
    }
  } finally {
    await browser.close()
    await host.close()
  }
})
