// Verifying end to end: what is left of a mark after what happens to pictures, what is said of pictures without one,
// and that nothing is ever called "not found" which could not be read.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { nativeEngine } from '../src/engine/native.js'
import { image, mark, verify, type Evidence, type MarkResult, type VerifyOptions, type VerifyResult, type WatermarkEvidence } from '../src/index.js'
import { cropped, halved, recompressed } from './support/damage.js'
import { media, testOnMedia } from './support/media.js'
import { made, photograph, pipeline } from './support/pictures.js'

const PROVIDER = { name: 'Example-Lab' }
const KEY = '0f'.repeat(32)
const see = (bytes: Uint8Array, options: VerifyOptions = {}): Promise<VerifyResult> => verify(bytes, { keys: ['public'], ...options })
const watermark = ({ evidence }: VerifyResult): WatermarkEvidence => evidence.find((one): one is WatermarkEvidence => one.kind === 'watermark')!
const found = ({ evidence }: VerifyResult): string[] => evidence.filter((one) => one.found).map((one: Evidence) => (one.kind === 'metadata' ? one.format : one.kind))
const errors = ({ findings }: VerifyResult): string[] => findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)

let png: Buffer
let marked: MarkResult<Buffer>
let owned: MarkResult<Buffer>
/** Pixels for a canonical pixel of the mark, before anything happened. */
let whole: number
beforeAll(async () => {
  png = await pipeline(made(1200, 900)).png().toBuffer()
  marked = await mark(png, { provider: PROVIDER, produceId: 'c-1', key: 'public' })
  owned = await mark(png, { provider: PROVIDER, produceId: 'c-2', key: KEY })
  whole = marked.evidence.find((one): one is WatermarkEvidence => one.kind === 'watermark')!.where!.transform.scale
})

describe('a marked picture', () => {
  test('as it is', async () => {
    const seen = await see(marked.output)
    expect(seen).toMatchObject({ type: 'image/png', verdict: 'compliant', state: 'confirmed', policy: 'cn', findings: [] })
    expect(found(seen)).toEqual(['watermark', 'aigc', 'iptc', 'label'])
    expect(watermark(seen)).toMatchObject({ payload: marked.payload, bits: 64, key: 'public', matchesMetadata: true })
    expect(watermark(seen).pValue).toBeLessThan(1e-6)
    expect(watermark(seen).where!.transform.scale).toBe(whole)
    expect('matchesExpected' in seen).toBe(false)
  })
  test.each([['recompressed', recompressed, 1], ['halved', halved, 0.5], ['cropped to half the area', cropped, 1]] as const)(
    '%s, without metadata', async (_, damage, scale) => {
      const copy = await damage(marked.output)
      const seen = await see(copy, { expect: { provider: PROVIDER, produceId: 'c-1' } })
      expect(watermark(seen)).toMatchObject({ found: true, payload: marked.payload, matchesExpected: true })
      expect(watermark(seen).where!.transform.scale / whole).toBeCloseTo(scale, 2)
      expect(Math.abs(watermark(seen).where!.transform.rotation)).toBeLessThan(1)
      // Anyone can write a public mark: it confirms nothing.
      expect([seen.verdict, seen.state, errors(seen), seen.matchesExpected]).toEqual(['non-compliant', 'suspected', ['M1'], true])
      expect((await see(copy, { expect: { provider: PROVIDER, produceId: 'c-9' } })).matchesExpected).toBe(false)
    })
  test('a private key confirms, and finds nothing in the files of others', async () => {
    const copy = await recompressed(owned.output)
    const seen = await see(copy, { keys: [KEY, 'public'] })
    expect(seen.evidence.filter(({ kind }) => kind === 'watermark').map((one) => one.found)).toEqual([true, false])
    expect([seen.state, watermark(seen).key]).toEqual(['confirmed', owned.key])
    expect(watermark(await see(marked.output, { keys: ['f0'.repeat(32)] })).found).toBe(false)
  })
  test('without keys nothing is looked for', async () => {
    expect(found(await see(marked.output, { keys: [] }))).toEqual(['aigc', 'iptc', 'label'])
  })
  test.each(['direct', 'scan', 'full'] as const)('effort %s', async (effort) => {
    expect(watermark(await see(marked.output, { effort })).payload).toBe(marked.payload)
    if (effort !== 'direct') expect(watermark(await see(await halved(marked.output), { effort })).payload).toBe(marked.payload)
  })
  test.each([['cn', 'compliant', []], ['eu', 'non-compliant', ['C1']], ['us-ca', 'compliant', []], ['kr', 'compliant', []], ['in', 'compliant', []], ['all', 'non-compliant', ['C1']]] as const)(
    'under %s: %s', async (policy, verdict, breaches) => {
      const seen = await see(marked.output, { policy, effort: 'direct' })
      expect([seen.policy, seen.verdict, errors(seen)]).toEqual([policy, verdict, breaches])
    })
  test('a label that was copied to another picture is seen', async () => {
    const other = await mark(await photograph(), { provider: PROVIDER, produceId: 'c-3', key: 'public' })
    const bare = await sharp(other.output).png().toBuffer()
    const forged = nativeEngine().metadataWrite(bare, { aigc: marked.record })
    const seen = await see(forged)
    expect(watermark(seen)).toMatchObject({ payload: other.payload, matchesMetadata: false })
    expect([seen.verdict, errors(seen)]).toEqual(['non-compliant', ['W1']])
  })
})

describe('a mark too weak to be read', () => {
  const ruined = () => sharp(owned.output).jpeg({ quality: 3 })
  const ask = (produceId: string): VerifyOptions => ({ keys: [KEY], effort: 'direct', expect: { provider: PROVIDER, produceId } })
  test('is recognised by the content that is asked for, and by no other', async () => {
    const bare = await ruined().toBuffer()
    expect(watermark(await see(bare, { keys: [KEY], effort: 'direct' })).found).toBe(false)
    const seen = await see(bare, ask('c-2'))
    expect(seen).toMatchObject({ matchesExpected: true, state: 'confirmed' })
    const mark = watermark(seen)
    expect(mark).toMatchObject({ found: true, asked: owned.payload.slice(0, 16), matchesExpected: true })
    expect(mark.payload).toBeUndefined()
    expect(mark.pValue).toBeLessThan(1e-6)
    const unmarked = await pipeline(made(1200, 900)).jpeg({ quality: 3 }).toBuffer()
    const others: [Uint8Array, VerifyOptions][] = [[bare, ask('c-1')], [bare, { ...ask('c-2'), keys: ['public'] }], [unmarked, ask('c-2')]]
    for (const [bytes, options] of others) {
      const other = await see(bytes, options)
      expect([other.matchesExpected, watermark(other).found]).toEqual([false, false])
    }
  })
  test('is recognised by what the metadata says', async () => {
    const kept = await ruined().keepXmp().toBuffer()
    expect(watermark(await see(kept, { keys: [KEY], effort: 'direct' }))).toMatchObject({ found: true, matchesMetadata: true })
  })
  test('payloads that are none are refused', async () => {
    for (const expected of [['12'], Array<string>(9).fill('0'.repeat(16))])
      await expect(image.detect(made(200, 200), { expect: expected })).rejects.toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
})

describe('a picture without a mark', () => {
  test.each(['jpeg', 'png', 'webp'] as const)('%s: not found', async (kind) => {
    const seen = await see(await photograph(kind), { expect: { provider: PROVIDER, produceId: 'c-1' } })
    expect([seen.verdict, seen.state, found(seen), seen.matchesExpected]).toEqual(['not found', 'none', [], false])
  })
  test('that the user declared', async () => {
    expect(await see(png, { declared: true })).toMatchObject({ verdict: 'not found', state: 'possible' })
  })
})

describe('parts of a mark', () => {
  test('metadata alone: another visible label may be there', async () => {
    const { output } = await mark(png, { provider: PROVIDER, metadataOnly: true })
    const seen = await see(output)
    expect([seen.verdict, seen.state, found(seen)]).toEqual(['cannot tell', 'confirmed', ['aigc', 'iptc']])
    expect(seen.findings).toEqual([expect.objectContaining({ rule: 'I1', severity: 'info' })])
  })
  test('a visible label alone is a trace', async () => {
    const drawn = await mark(png, { provider: PROVIDER, watermark: false })
    const seen = await see(await recompressed(drawn.output))
    expect([seen.verdict, seen.state, found(seen), errors(seen)]).toEqual(['non-compliant', 'suspected', ['label'], ['M1']])
  })
  test('a wording of the caller\'s own is found when it is asked for', async () => {
    const { output } = await mark(png, { provider: PROVIDER, watermark: false, policy: 'eu', label: { text: 'MADE BY AI 42' } })
    expect(found(await see(output, { labelTexts: [['MADE BY AI 42']] }))).toContain('label')
    expect((await see(output, { labelTexts: [['MADE BY AI 42']] })).evidence).toContainEqual(expect.objectContaining({ kind: 'label', text: ['MADE BY AI 42'] }))
    await expect(see(output, { labelTexts: [['ИИ']] })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  })
})

describe('what cannot be read is never called "not found"', () => {
  const kinds: [string, () => Promise<Buffer>, VerifyResult['verdict'], string][] = [
    ['a TIFF that is cut off', async () => (await pipeline(made(300, 200)).tiff().toBuffer()).subarray(0, 5_000), 'cannot tell', 'M17 warning'],
    ['a GIF that is cut off', async () => (await pipeline(made(300, 200)).gif().toBuffer()).subarray(0, 20_000), 'cannot tell', 'M17 warning'],
    ['a drawing that names other files, which nobody opens', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'), 'cannot tell', 'P2 info'],
    ['an SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'cannot tell', 'P2 info'],
    ['a bare JPEG XL', async () => Buffer.from([0xff, 0x0a, ...new Uint8Array(30)]), 'cannot tell', 'P2 info'],
    ['a PNG that is cut off', async () => (await photograph()).subarray(0, 50_000), 'cannot tell', 'M17 warning'],
    ['a JPEG that is cut off', async () => (await photograph('jpeg')).subarray(0, 50_000), 'cannot tell', 'M17 warning'],
    ['a WebP that is cut off', async () => (await photograph('webp')).subarray(0, 20_000), 'cannot tell', 'M17 warning'],
    ['a PNG with a wrong checksum', async () => withWrongChecksum(await photograph()), 'cannot tell', 'M17 warning'],
  ]
  test.each(kinds)('%s', async (_, bytes, verdict, finding) => {
    const seen = await see(await bytes())
    expect([seen.verdict, seen.state]).toEqual([verdict, 'none'])
    expect(seen.findings.map(({ rule, severity }) => `${rule} ${severity}`)).toContain(finding)
  })
  test.each(['tiff', 'gif', 'avif'] as const)('but a %s is read to its end, metadata and pixels', async (kind) => {
    const seen = await see(await pipeline(made(300, 200))[kind]().toBuffer())
    expect([seen.verdict, seen.state, seen.type]).toEqual(['not found', 'none', `image/${kind}`])
  })
  test.each([
    ['an empty file', new Uint8Array(), 'ERR_BROKEN'],
    ['a text', Buffer.from('hello'), 'ERR_UNSUPPORTED'],
  ])('%s is an error', async (_, bytes, code) => {
    await expect(see(bytes)).rejects.toMatchObject({ name: 'CountermarkError', code })
  })
  test.each([
    ['an unknown effort', { effort: 'some' as never }, 'ERR_PARAMETER'],
    ['a key that is none', { keys: ['x'] }, 'ERR_PARAMETER'],
    ['a key without a list', { keys: 'public' as never }, 'ERR_PARAMETER'],
    ['half of a pair', { expect: { provider: '', produceId: 'c-1' } }, 'ERR_USAGE'],
    ['a limit', { limits: { pixels: 1000 } }, 'ERR_LIMIT'],
    ['a signal', { signal: AbortSignal.abort() }, 'ERR_CANCELLED'],
  ] as const)('%s is an error', async (_, options, code) => {
    await expect(see(png, options as VerifyOptions)).rejects.toMatchObject({ code })
  })
})

describe('samples, without files', () => {
  test('embed, detect, label, findLabel, compare', async () => {
    const before = made(700, 600)
    const picture = structuredClone(before)
    const payload = await image.payloadOf('Example-Lab', 'c-1')
    expect(payload).toBe(marked.payload)
    expect((await image.payloadOf('Example-Lab', 'c-1', 128)).startsWith(payload)).toBe(true)
    const { embedded, psnr } = await image.embed(picture, { payload, key: KEY })
    expect(embedded).toBe(true)
    expect(Buffer.from(picture.samples).equals(Buffer.from(before.samples))).toBe(false)
    const measured = await image.compare(before, picture)
    expect(measured.psnr).toBeCloseTo(psnr, 1)
    expect((await image.detect(picture, { keys: [KEY, 'public'] })).map((one) => [one.found, one.payload])).toEqual([[true, payload], [false, undefined]])
    expect((await image.findLabel(picture, [['AI生成']])).found).toBe(false)
    expect((await image.label(picture, { text: ['AI生成'], position: 'top-left' })).ratio).toBeGreaterThanOrEqual(0.05)
    expect(await image.findLabel(picture, [['AI生成']])).toMatchObject({ found: true, where: { position: 'top-left' } })
  })
  test('samples of another size than stated are refused', async () => {
    await expect(image.detect({ ...made(64, 64), width: 65 })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(image.embed(made(64, 64), { payload: 'abc' })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  })
})

testOnMedia('no label is seen in small pictures without one', async () => {
  const names = readdirSync(join(media!, 'image')).filter((name) => /^(photo|ai|drawing|doc|kodak).*\.(png|jpg)$/.test(name))
  expect(names.length).toBeGreaterThanOrEqual(20)
  const wrong: string[] = []
  for (const name of names)
    for (const side of [100, 150]) {
      const small = await sharp(join(media!, 'image', name)).resize({ width: side, height: side, fit: 'outside' }).png().toBuffer()
      if (found(await see(small, { effort: 'direct' })).includes('label')) wrong.push(`${name} at ${side}`)
    }
  expect(wrong).toEqual([])
})

testOnMedia('labels of other makers, as they occur', async () => {
  const seen = await see(readFileSync(join(media!, 'image/ai-doubao-tc260-xmp.png')))
  expect([seen.state, found(seen).includes('aigc')]).toEqual(['confirmed', true])
  const signed = await see(readFileSync(join(media!, 'image/ai-firefly-c2pa.png')), { effort: 'direct' })
  expect([signed.verdict, found(signed)]).toEqual(['cannot tell', expect.arrayContaining(['c2pa'])])
})

/** One bit of a text chunk's checksum turned over. */
async function withWrongChecksum(bytes: Buffer): Promise<Buffer> {
  const labelled = Buffer.from((await mark(bytes, { provider: PROVIDER, metadataOnly: true })).output)
  const chunk = labelled.indexOf('iTXt')
  const end = chunk + 4 + labelled.readUInt32BE(chunk - 4)
  labelled[end]! ^= 1
  return labelled
}
