// Marking end to end, by the functions that programs call: every kind of input and output, the rules of what may be
// marked how, and that a call which fails leaves nothing behind.
import { existsSync, linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { nativeEngine } from '../src/engine/native.js'
import { createCountermark, mark, verify, type Input, type MarkOptions, type MarkResult } from '../src/index.js'
import { Deadline, DEFAULT_LIMITS } from '../src/limits.js'
import { sharpCodec } from '../src/media/sharp.js'
import { markBytes, type Plan } from '../src/pipeline/mark.js'
import { POLICIES } from '../src/policy/policy.js'
import { folder } from './support/command.js'
import { media, testOnMedia } from './support/media.js'
import { made, photograph, pipeline } from './support/pictures.js'

// The tests' own key, whatever keys this machine has.
const COMMON = { provider: { name: 'Example-Lab' }, key: 'public' } as const satisfies MarkOptions
const PUBLIC = { keys: ['public'] }

/** All bytes of an output, of whatever kind it is. */
async function bytesOf(output: unknown): Promise<Buffer> {
  if (typeof output === 'string') return readFileSync(output)
  if (output instanceof Uint8Array) return Buffer.from(output)
  if (output instanceof Blob) return Buffer.from(await output.arrayBuffer())
  if (output instanceof ReadableStream) return Buffer.from(await new Response(output).arrayBuffer())
  const parts: Buffer[] = []
  for await (const part of output as Readable) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

const failing = (call: Promise<unknown>): Promise<{ code: string; message: string; remedy?: string }> =>
  call.then(() => { throw new Error('the call was expected to fail') }, (thrown) => thrown as never)

let png: Buffer
beforeAll(async () => {
  png = await photograph('png')
})

describe('every kind of input gives the same kind of output', () => {
  const file = (): string => {
    const path = join(folder(), 'in.png')
    writeFileSync(path, png)
    return path
  }
  const kinds: [string, () => Input, (output: unknown) => boolean][] = [
    ['Buffer', () => png, (output) => Buffer.isBuffer(output)],
    ['Uint8Array', () => new Uint8Array(png), (output) => output instanceof Uint8Array],
    ['Blob', () => new Blob([png as Uint8Array<ArrayBuffer>]), (output) => output instanceof Blob && !(output instanceof File) && output.type === 'image/png'],
    ['File', () => new File([png as Uint8Array<ArrayBuffer>], 'a.png'), (output) => output instanceof File && output.name === 'a.png' && output.type === 'image/png'],
    ['Node stream', () => Readable.from([png.subarray(0, 1000), png.subarray(1000)]), (output) => output instanceof Readable],
    ['Web stream', () => new Blob([png as Uint8Array<ArrayBuffer>]).stream(), (output) => output instanceof ReadableStream],
  ]
  test.each(kinds)('%s', async (_, input, isKind) => {
    const result = await mark(input(), COMMON)
    expect(isKind(result.output)).toBe(true)
    const again = await verify(await bytesOf(result.output), PUBLIC)
    expect([again.verdict, again.state]).toEqual(['compliant', 'confirmed'])
    expect(again.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', found: true, payload: result.payload, matchesMetadata: true }))
  })
  test('path', async () => {
    const to = join(folder(), 'out.png')
    const result = await mark(file(), { ...COMMON, to })
    expect(result.output).toBe(to)
    expect((await verify(to, PUBLIC)).verdict).toBe('compliant')
  })
  test('URL of a file', async () => {
    const to = join(folder(), 'out.png')
    const result = await mark(pathToFileURL(file()), { ...COMMON, to: pathToFileURL(to) })
    expect(result.output).toBe(to)
    expect((await verify(pathToFileURL(to), PUBLIC)).verdict).toBe('compliant')
  })
  test('a URL of the network is not fetched', async () => {
    expect(await failing(verify(new URL('https://example.org/a.png')))).toMatchObject({ code: 'ERR_USAGE' })
  })
  test.each(['bytes', 'blob', 'stream', 'web-stream'] as const)('asked for as %s', async (as) => {
    const { output } = await mark(file(), { ...COMMON, as, metadataOnly: true })
    const isKind = { bytes: Buffer.isBuffer(output), blob: output instanceof Blob, stream: output instanceof Readable, 'web-stream': output instanceof ReadableStream }
    expect(Object.entries(isKind).filter(([, is]) => is).map(([kind]) => kind)).toEqual([as])
    expect((await bytesOf(output)).subarray(0, 4).toString('latin1')).toBe('\x89PNG')
  })
  test('anything else is refused', async () => {
    expect(await failing((mark as (input: Buffer) => Promise<unknown>)(png))).toMatchObject({ code: 'ERR_USAGE' })
    for (const input of [null, 7, {}, []]) expect(await failing(mark(input as never, COMMON))).toMatchObject({ code: 'ERR_USAGE' })
  })
})

describe('what the result says', () => {
  test.each(['jpeg', 'png', 'webp'] as const)('%s: label, watermark, metadata', async (kind) => {
    const source = await photograph(kind)
    const result = await mark(source, { ...COMMON, produceId: 'c-1' })
    expect(result).toMatchObject({
      type: `image/${kind}`, status: 'done', produceId: 'c-1', policy: 'cn', key: 'public', verdict: 'compliant', state: 'confirmed', findings: [],
      record: { Label: '1', ContentProducer: 'Example-Lab', ProduceID: 'c-1', ReservedCode1: '', ContentPropagator: 'Example-Lab', PropagateID: 'c-1', ReservedCode2: '' },
      watermark: { embedded: true, bits: 64 }, label: { drawn: true, text: ['AI生成'] }, quality: { setting: 'standard' },
    })
    // First 64 bits of SHA-256 of "Example-Lab", 0x1F, "c-1", computed with coreutils.
    expect(result.payload).toBe('a728a5f7639a6dd8')
    expect(result.label.ratio).toBeGreaterThanOrEqual(0.05)
    expect(result.label.contrast).toBeGreaterThanOrEqual(4.5)
    expect(result.quality!.psnr).toBeGreaterThanOrEqual(42)
    const header = await sharp(result.output).metadata()
    expect([header.format, header.width, header.height]).toEqual([kind, 768, 640])
  })
  test('numbers are fresh', async () => {
    const [a, b] = await Promise.all([mark(png, { ...COMMON, metadataOnly: true }), mark(png, { ...COMMON, metadataOnly: true })])
    expect(a.produceId).not.toBe(b.produceId)
    expect(a.payload).not.toBe(b.payload)
  })
  test('defaults of a service', async () => {
    const service = createCountermark({ ...COMMON, policy: 'kr', metadataOnly: true, keys: ['public'] })
    const { policy, record, output } = await service.mark(png, {})
    expect([policy, record.ContentProducer]).toEqual(['kr', 'Example-Lab'])
    expect((await service.mark(png, { policy: 'cn' })).policy).toBe('cn')
    expect((await service.verify(output)).policy).toBe('kr')
  })
  test('finer quality is closer to the original', async () => {
    const [standard, high] = await Promise.all([mark(png, COMMON), mark(png, { ...COMMON, quality: 'high' })])
    expect(high.quality!.psnr).toBeGreaterThan(standard.quality!.psnr! + 1)
  })
  test('a private key marks for its owner alone', async () => {
    const key = '0f'.repeat(32)
    const { key: id, output } = await mark(png, { ...COMMON, key })
    expect(id).toMatch(/^[0-9a-f]{8}$/)
    const found = async (keys: string[]): Promise<unknown[]> =>
      (await verify(output, { keys, effort: 'direct' })).evidence.filter(({ kind }) => kind === 'watermark').map((one) => [(one as { key: string }).key, one.found])
    expect(await found([key, 'public', 'f0'.repeat(32)])).toEqual([[id, true], ['public', false], [expect.stringMatching(/^[0-9a-f]{8}$/), false]])
  })
})

describe('what the policy asks for', () => {
  const calls: [string, Partial<MarkOptions>, string][] = [
    ['no provider', { provider: {} }, 'ERR_USAGE'],
    ['no label and no waiver', { label: false }, 'ERR_USAGE'],
    ['an empty waiver', { label: false, waiver: ' ' }, 'ERR_USAGE'],
    ['a waiver where the law knows none', { label: false, waiver: 'A-1', policy: 'in' }, 'ERR_USAGE'],
    ['a waiver together with a label', { waiver: 'A-1' }, 'ERR_USAGE'],
    ['a label that is described, but metadata only', { label: {}, metadataOnly: true }, 'ERR_USAGE'],
    ['an unknown policy', { policy: 'fr' as never }, 'ERR_PARAMETER'],
    ['an unknown quality', { quality: 'best' as never }, 'ERR_PARAMETER'],
    ['a key that is none', { key: 'secret' }, 'ERR_PARAMETER'],
    ['an empty content number', { produceId: '' }, 'ERR_PARAMETER'],
    ['a place that does not exist', { label: { position: 'centre' as never } }, 'ERR_PARAMETER'],
    ['a label too small for the law', { label: { ratio: 0.01 } }, 'ERR_PARAMETER'],
    ['characters that the font lacks', { label: { text: 'ИИ' }, policy: 'eu' }, 'ERR_PARAMETER'],
    ['a font that is none', { label: { font: new Uint8Array(9) } }, 'ERR_UNSUPPORTED'],
    ['a font that is not there', { label: { font: '/nonexistent.ttf' } }, 'ERR_IO'],
    ['a source type that is no address', { digitalSourceType: 'ai', metadataOnly: true }, 'ERR_PARAMETER'],
    ['a limit below zero', { limits: { pixels: -1 } }, 'ERR_PARAMETER'],
    ['a limit that does not exist', { limits: { colours: 1 } as never }, 'ERR_PARAMETER'],
  ]
  test.each(calls)('%s is refused', async (_, options, code) => {
    expect(await failing(mark(png, { ...COMMON, ...options }))).toMatchObject({ name: 'CountermarkError', code })
  })
  test('a Chinese name is written as it is, with a warning', async () => {
    const { output, verdict, record, findings } = await mark(png, { ...COMMON, provider: { name: '示例 公司' } })
    expect([verdict, record.ContentProducer]).toEqual(['compliant', '示例 公司'])
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['M7 warning', 'M7 warning'])
    const seen = await verify(output, { expect: { provider: '示例 公司', produceId: record.ProduceID } })
    expect([seen.verdict, seen.matchesExpected]).toEqual(['compliant', true])
  })
  test('a waiver leaves out the label and is told', async () => {
    const { label, verdict, findings, output } = await mark(png, { ...COMMON, label: false, waiver: 'A-1' })
    expect([label.drawn, verdict]).toEqual([false, 'compliant'])
    expect(findings).toEqual([expect.objectContaining({ rule: 'L1', severity: 'info' })])
    // Whoever has only the file cannot know the waiver.
    expect((await verify(output, PUBLIC)).verdict).toBe('cannot tell')
  })
  test('English is added to the Chinese wording, never alone', async () => {
    expect((await mark(png, { ...COMMON, label: { text: 'AI-generated' } })).label.text).toEqual(['AI生成', 'AI-generated'])
  })
  test('places of the label', async () => {
    for (const [position, left, top] of [['top-left', true, true], ['bottom', undefined, false], ['top-right', false, true]] as const) {
      const { x, y, width, height } = (await mark(png, { ...COMMON, watermark: false, label: { position } })).label.box!
      if (left !== undefined) expect(x + width / 2 < 384).toBe(left)
      expect(y + height / 2 < 320).toBe(top)
    }
  })
  test.each([
    ['eu', 'non-compliant', ['C1']], ['us-ca', 'compliant', []], ['kr', 'compliant', []], ['in', 'compliant', []], ['all', 'non-compliant', ['C1']],
  ] as const)('%s: %s', async (policy, verdict, breaches) => {
    const result = await mark(png, { ...COMMON, policy })
    expect([result.verdict, result.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)]).toEqual([verdict, breaches])
    expect(result.watermark.embedded).toBe(true)
    expect(result.label.drawn).toBe(policy === 'kr' || policy === 'in' || policy === 'all')
  })
  test('without watermark the law of the EU is broken, that of China is not', async () => {
    const rules = async (policy: 'cn' | 'eu'): Promise<string[]> =>
      (await mark(png, { ...COMMON, policy, watermark: false })).findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule).sort()
    expect([await rules('cn'), await rules('eu')]).toEqual([[], ['C1', 'W1']])
  })
  test('a picture that is too small for a mark says so', async () => {
    const icon = await pipeline(made(30, 30)).png().toBuffer()
    const { watermark, label, verdict, findings } = await mark(icon, COMMON)
    expect([watermark.embedded, label.drawn, verdict]).toEqual([false, false, 'non-compliant'])
    expect(watermark.reason).toMatch(/\w/)
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'I1', severity: 'error', remedy: expect.stringContaining('Enlarge the picture to at least 64 pixels') }))
  })
})

describe('a label that is there already', () => {
  let first: MarkResult<Buffer>
  beforeAll(async () => {
    first = await mark(png, { ...COMMON, produceId: 'c-1' })
  })
  test('is kept, and nothing is added twice', async () => {
    const again = await mark(first.output, { ...COMMON })
    expect(again).toMatchObject({ status: 'kept', produceId: 'c-1', record: first.record, verdict: 'compliant', watermark: { embedded: false }, label: { drawn: false } })
    expect(again.output.equals(first.output)).toBe(true)
    expect(again.output.buffer).not.toBe(first.output.buffer)
  })
  test('of another provider is kept too; only what is missing is added', async () => {
    const bare = await mark(png, { ...COMMON, metadataOnly: true, produceId: 'c-2' })
    const again = await mark(bare.output, { ...COMMON, provider: { name: 'Other-Lab' } })
    expect(again).toMatchObject({ status: 'kept', produceId: 'c-2', record: bare.record, payload: bare.payload, watermark: { embedded: true }, label: { drawn: false } })
    expect(again.findings).toContainEqual(expect.objectContaining({ rule: 'I1', severity: 'info' }))
    expect(again.findings).toContainEqual(expect.objectContaining({ rule: 'M16', severity: 'warning', message: expect.stringContaining('Example-Lab') }))
    const asked = await mark(bare.output, { ...COMMON, provider: { name: 'Other-Lab' }, label: { text: 'AI生成' } })
    expect(asked.label.drawn).toBe(true)
  })
  test('gets a private watermark beside the public one, and both are read', async () => {
    const key = '1e'.repeat(32)
    const again = await mark(first.output, { ...COMMON, key })
    expect(again).toMatchObject({ status: 'kept', watermark: { embedded: true, bits: 64 } })
    const seen = await verify(again.output, { keys: ['public', key] })
    expect(seen.evidence.filter(({ kind }) => kind === 'watermark')).toMatchObject([{ found: true, matchesMetadata: true }, { found: true, matchesMetadata: true }])
  })
  test('under another number of ours is a conflict', async () => {
    expect(await failing(mark(first.output, { ...COMMON, produceId: 'c-9' }))).toMatchObject({ code: 'ERR_CONFLICT', message: expect.stringContaining('c-1') })
  })
  test('twice, or not valid, is a conflict: labels are never removed', async () => {
    const text = (value: string): Promise<Buffer> => sharp(png).withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${value}</rdf:RDF></x:xmpmeta>`).png().toBuffer()
    const label = (json: string): string => `<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>${json.replaceAll('"', '&quot;')}</TC260:AIGC></rdf:Description>`
    const good = JSON.stringify(first.record)
    for (const value of [label(good) + label(good), label('{"Label":"9"}'), label('{')])
      expect(await failing(mark(await text(value), COMMON))).toMatchObject({ code: 'ERR_CONFLICT' })
  })
})

describe('a watermark that is there already', () => {
  const bare = (bytes: Uint8Array): Promise<Buffer> => sharp(bytes).png().toBuffer()
  let stripped: Buffer
  beforeAll(async () => {
    stripped = await bare((await mark(png, { ...COMMON, produceId: 'c-1' })).output)
  })
  test('of the same content: nothing is added, the metadata is written again', async () => {
    const { status, watermark, label, verdict, output } = await mark(stripped, { ...COMMON, produceId: 'c-1' })
    expect([status, verdict]).toEqual(['done', 'compliant'])
    expect([watermark, label]).toEqual([{ embedded: false, reason: 'it is there already' }, { drawn: false, reason: 'a label is there already' }])
    const [before, after] = await Promise.all([stripped, output].map((bytes) => sharp(bytes).raw().toBuffer()))
    expect(after!.equals(before!)).toBe(true)
  })
  test('of other content under the same key is a conflict that says what to do', async () => {
    for (const more of [{ produceId: 'c-2' }, {}, { provider: { name: 'Other-Lab' }, produceId: 'c-1' }])
      expect(await failing(mark(stripped, { ...COMMON, ...more }))).toMatchObject({ code: 'ERR_CONFLICT', message: expect.stringContaining('a728a5f7639a6dd8'), remedy: expect.stringContaining('another key') })
    expect(await failing(mark(stripped, { ...COMMON, remark: 'add' as never }))).toMatchObject({ code: 'ERR_PARAMETER' })
  })
  test('under another key is left, and a second one stands beside it', async () => {
    const key = '1e'.repeat(32)
    const { output, payload } = await mark(stripped, { ...COMMON, produceId: 'c-2', key })
    const marks = (await verify(output, { keys: ['public', key] })).evidence.filter(({ kind }) => kind === 'watermark')
    expect(marks).toMatchObject([{ found: true, payload: 'a728a5f7639a6dd8', matchesMetadata: false }, { found: true, payload, matchesMetadata: true }])
  })
  test('of one\'s own private key may be replaced: the stronger new one is read, also after JPEG 70', async () => {
    const key = '2d'.repeat(32)
    const first = await mark(png, { ...COMMON, key, produceId: 'c-1' })
    const old = await bare(first.output)
    for (const produceId of ['c-2', 'c-3', 'c-4']) {
      const { output, payload, watermark, quality, findings } = await mark(old, { ...COMMON, key, produceId, remark: 'replace' })
      expect(watermark).toEqual({ embedded: true, bits: 64, replaced: first.payload })
      expect(quality!.setting).toBe('robust')
      expect(findings).toEqual([expect.objectContaining({ rule: 'W1', severity: 'info' })])
      for (const copy of [output, await sharp(output).jpeg({ quality: 70 }).toBuffer()])
        expect((await verify(copy, { keys: [key] })).evidence[0]).toMatchObject({ kind: 'watermark', found: true, payload })
    }
    // Nothing is there to replace: as always.
    expect((await mark(png, { ...COMMON, key, remark: 'replace' })).quality!.setting).toBe('standard')
  })
  test('of the public key is never replaced: it may be another\'s', async () => {
    expect(await failing(mark(stripped, { ...COMMON, produceId: 'c-2', remark: 'replace' }))).toMatchObject({ code: 'ERR_USAGE', message: expect.stringContaining('Art. 10') })
  })
})

describe('a call that fails leaves nothing behind', () => {
  const setting = (name = 'in.png', bytes: Uint8Array = png): { home: string; path: string; to: string } => {
    const home = folder()
    writeFileSync(join(home, name), bytes)
    return { home, path: join(home, name), to: join(home, 'out.png') }
  }
  const untouched = (home: string, name = 'in.png', bytes: Uint8Array = png): void => {
    expect(readdirSync(home)).toEqual([name])
    expect(readFileSync(join(home, name)).equals(bytes)).toBe(true)
  }
  test('no place for the output', async () => {
    const { home, path } = setting()
    expect(await failing(mark(path, COMMON))).toMatchObject({ code: 'ERR_USAGE', remedy: expect.stringContaining('to') })
    expect(await failing(mark(path, { ...COMMON, to: join(home, 'none', 'out.png') }))).toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('no such folder') })
    untouched(home)
  })
  test('the input itself, under whatever name', async () => {
    const { home, path } = setting()
    linkSync(path, join(home, 'hard.png'))
    symlinkSync(path, join(home, 'soft.png'))
    for (const to of [path, join(home, '.', 'in.png'), join(home, 'hard.png'), join(home, 'soft.png')])
      expect(await failing(mark(path, { ...COMMON, to }))).toMatchObject({ code: 'ERR_USAGE' })
    expect(readFileSync(path).equals(png)).toBe(true)
  })
  test('a name of another kind', async () => {
    const { home, path } = setting()
    expect(await failing(mark(path, { ...COMMON, to: join(home, 'out.jpg') }))).toMatchObject({ code: 'ERR_USAGE' })
    untouched(home)
  })
  test.each([
    ['cut off', () => png.subarray(0, 5000), 'ERR_BROKEN'], ['empty', () => new Uint8Array(), 'ERR_BROKEN'],
    ['no picture', () => Buffer.from('hello'), 'ERR_UNSUPPORTED'], ['of a kind that is not marked', () => Buffer.from('\0\0\0\x14ftypavif\0\0\0\0avif', 'latin1'), 'ERR_UNSUPPORTED'],
  ])('a file that is %s; an older output stays', async (_, bytes, code) => {
    const { home, path, to } = setting('in.png', bytes())
    writeFileSync(to, 'older')
    expect(await failing(mark(path, { ...COMMON, to }))).toMatchObject({ code })
    expect(readFileSync(to, 'utf8')).toBe('older')
    expect(readdirSync(home).sort()).toEqual(['in.png', 'out.png'])
  })
  test('a file that is not there', async () => {
    const { home, to } = setting()
    expect(await failing(mark(join(home, 'none.png'), { ...COMMON, to }))).toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('no such file') })
    expect(await failing(mark(home, { ...COMMON, to }))).toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('folder') })
    untouched(home)
  })
  test('limits', async () => {
    const { home, path, to } = setting()
    for (const limits of [{ pixels: 768 * 640 - 1 }, { bytes: png.length - 1 }, { seconds: 0.001 }])
      expect(await failing(mark(path, { ...COMMON, to, limits }))).toMatchObject({ code: 'ERR_LIMIT' })
    expect(await failing(mark(Readable.from([png, png]), { ...COMMON, limits: { bytes: png.length + 1 } }))).toMatchObject({ code: 'ERR_LIMIT' })
    untouched(home)
    await mark(path, { ...COMMON, to, limits: { pixels: 768 * 640, bytes: png.length } })
    expect(existsSync(to)).toBe(true)
  })
  test('a signal, before and during the call', async () => {
    const { home, path, to } = setting()
    expect(await failing(mark(path, { ...COMMON, to, signal: AbortSignal.abort() }))).toMatchObject({ code: 'ERR_CANCELLED' })
    const stop = new AbortController()
    const call = failing(mark(path, { ...COMMON, to, signal: stop.signal }))
    setTimeout(() => stop.abort(), 5)
    expect(await call).toMatchObject({ code: 'ERR_CANCELLED' })
    untouched(home)
  })
})

test('a file that does not give back what was put into it is not given out', async () => {
  const engine = nativeEngine()
  const plan: Plan = {
    policy: POLICIES.cn, producer: 'Example-Lab', produceId: 'c-1', numbered: true, key: 'public', keyId: 'public', quality: 'standard',
    watermark: true, remark: 'refuse', label: { text: ['AI生成'], position: 'bottom-right', font: new Uint8Array(), asked: false }, metadataOnly: false, keepC2pa: false,
  }
  const run = (codec: Partial<typeof sharpCodec>): Promise<unknown> =>
    markBytes(engine, { ...sharpCodec, ...codec }, png, plan, { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS))
  await run({})
  // An encoder that writes another picture, and a second reader that does not see the label.
  const grey = await sharp({ create: { width: 768, height: 640, channels: 3, background: 'grey' } }).png().toBuffer()
  expect(await failing(run({ encode: async () => grey }))).toMatchObject({ code: 'ERR_READBACK' })
  expect(await failing(run({ xmp: async () => undefined }))).toMatchObject({ code: 'ERR_READBACK' })
})

test('a watermark that the encoder takes away is left out, and the verdict follows the policy', async () => {
  const coarse = await pipeline(made(300, 256)).jpeg({ quality: 3 }).toBuffer()
  for (const [policy, text, verdict] of [['cn', 'AI生成', 'compliant'], ['eu', 'AI', 'non-compliant']] as const) {
    const result = await mark(coarse, { ...COMMON, policy, label: { text, ratio: 0.2 } })
    expect(result).toMatchObject({ watermark: { embedded: false, reason: expect.stringContaining('robust') }, label: { drawn: true }, verdict })
    expect('quality' in result).toBe(false)
    expect((await verify(result.output, PUBLIC)).evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', found: false }))
  }
})

testOnMedia('a label that is no longer recognised behind the watermark is said', async () => {
  const source = readFileSync(join(media!, 'image/ai-doubao-tc260-xmp.png'))
  const hidden = ({ findings }: MarkResult): unknown[] => findings.filter(({ rule, message }) => rule === 'I1' && message.includes('no longer recognised'))
  const marked = await mark(source, { ...COMMON, as: 'bytes' })
  expect([marked.label.drawn, marked.watermark.embedded, marked.verdict]).toEqual([false, true, 'cannot tell'])
  expect(hidden(marked)).toMatchObject([{ severity: 'warning', remedy: expect.stringContaining('--no-watermark') }])
  const left = await mark(source, { ...COMMON, as: 'bytes', watermark: false })
  expect([left.verdict, ...hidden(left)]).toEqual(['compliant'])
})
