// The platform's step: what is added, what is set, and what stays.
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadEngine } from '../src/engine/load.js'
import { mark, propagate, verify, type Record } from '../src/index.js'
import { FIELDS } from '../src/metadata/record.js'
import { countermark, folder, lines } from './support/command.js'
import { media, testOnMedia } from './support/media.js'
import { photograph } from './support/pictures.js'

// Made-up platforms: the region 000000 does not exist (the check character is that of test/record.test.ts).
const PLATFORM = '001191000000000000000K20000'
const NEXT = { name: 'Next-Platform' }
const options = { propagator: { code: PLATFORM }, propagateId: 'p-1', keys: ['public'] }
const KINDS = ['jpeg', 'png', 'webp'] as const
const pictures = {} as { [kind in (typeof KINDS)[number]]: Buffer }
beforeAll(async () => {
  for (const kind of KINDS) pictures[kind] = await photograph(kind)
})
const labelled = async (bytes: Buffer): Promise<{ output: Buffer; record: Record }> =>
  mark(bytes, { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true })
const recordIn = async (bytes: Uint8Array): Promise<Partial<Record>[]> => (await loadEngine()).metadataRead(bytes).sites.map(({ aigc }) => aigc ?? {})

describe.each(KINDS)('a labelled %s', (kind) => {
  test('M16: the pair is set, the producer\'s part stays, the coded bytes stay', async () => {
    const { output, record } = await labelled(pictures[kind])
    const first = await propagate(output, options)
    expect(first).toMatchObject({ status: 'set', state: 'confirmed', findings: [] })
    expect(await recordIn(first.output)).toEqual([{ ...record, ContentPropagator: PLATFORM, PropagateID: 'p-1' }])
    const next = await propagate(first.output, { ...options, propagator: NEXT, propagateId: 'p-2' })
    expect(await recordIn(next.output)).toEqual([{ ...record, ContentPropagator: 'Next-Platform', PropagateID: 'p-2' }])
    const engine = await loadEngine()
    const coded = (bytes: Uint8Array): Buffer => Buffer.concat(engine.codedRanges(bytes).map(([start, end]) => bytes.subarray(start, end)))
    expect(coded(next.output).equals(coded(pictures[kind]))).toBe(true)
    expect(coded(next.output).length).toBeGreaterThan(1000)
    const { verdict, findings } = await verify(next.output, { keys: ['public'], effort: 'direct' })
    expect([verdict, findings.map(({ rule, severity }) => `${rule} ${severity}`)]).toEqual(['cannot tell', ['M8 info', 'I1 info']])
  })
})

describe('without a label', () => {
  test('declared: Label 2; the open question is said', async () => {
    const made = await propagate(pictures.png, { ...options, declared: true })
    expect(made).toMatchObject({ status: 'added', state: 'possible', record: { Label: '2', ContentPropagator: PLATFORM, PropagateID: 'p-1' } })
    expect(made.findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['P1 info'])
    const { state, findings } = await verify(made.output, { keys: ['public'], effort: 'direct' })
    expect([state, findings.filter(({ severity }) => severity !== 'info')]).toEqual(['possible', []])
  })
  test('detected by a watermark: Label 3', async () => {
    const engine = await loadEngine()
    const { output } = await mark(pictures.png, { provider: { name: 'Example-Lab' }, key: 'public', label: false, waiver: 'A-1' })
    // As a platform meets it: coded anew, all metadata gone.
    const { default: sharp } = await import('sharp')
    const bare = await sharp(output).png().toBuffer()
    expect(engine.metadataRead(bare).sites).toEqual([])
    const made = await propagate(bare, options)
    expect(made).toMatchObject({ status: 'added', state: 'suspected', record: { Label: '3' } })
    expect((await verify(made.output, { keys: ['public'], effort: 'direct' })).state).toBe('suspected')
  })
  test('nothing is shown: nothing is written', async () => {
    const made = await propagate(pictures.jpeg, options)
    expect(made).toMatchObject({ status: 'unchanged', state: 'none', reason: expect.stringContaining('nothing') })
    expect(made.output.equals(pictures.jpeg)).toBe(true)
  })
})

describe('labels that may not be touched', () => {
  test('one that is not valid stays, byte for byte', async () => {
    const { output } = await labelled(pictures.jpeg)
    const broken = Buffer.from(output.toString('latin1').replace('"Label":"1"', '"Label":"9"'), 'latin1')
    const made = await propagate(broken, { ...options, declared: true })
    expect(made).toMatchObject({ status: 'unchanged', state: 'possible', reason: expect.stringContaining('not valid') })
    expect(made.output.equals(broken)).toBe(true)
  })
  test('one that could not be written again as it stands: ERR_CONFLICT, and no output', async () => {
    const { output } = await labelled(pictures.jpeg)
    const odd = Buffer.from(output.toString('latin1').replace('"ReservedCode1":""', '"ReservedCode1":"a\\\\b"'), 'latin1')
    // The packet grew by four bytes; its segment's length must say so.
    const at = odd.indexOf('http://ns.adobe.com/xap') - 2
    odd.writeUInt16BE(odd.readUInt16BE(at) + 4, at)
    expect((await recordIn(odd))[0]?.ReservedCode1).toBe('a\\b')
    await expect(propagate(odd, options)).rejects.toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
  })
  test('fields that a producer left out are none that change', async () => {
    const { output } = await labelled(pictures.jpeg)
    const short = Buffer.from(output.toString('latin1').replace('"ReservedCode1":"",', ' '.repeat(19)), 'latin1')
    const made = await propagate(short, options)
    expect(made).toMatchObject({ status: 'set', record: { ReservedCode1: '', ContentPropagator: PLATFORM } })
  })
  test('a platform\'s protection of the old pair goes with the pair, and is told', async () => {
    const engine = await loadEngine()
    const { output, record } = await labelled(pictures.jpeg)
    const protectedBefore = engine.metadataWrite(output, { aigc: { ...record, ContentPropagator: 'Old', PropagateID: '0', ReservedCode2: 'abc' }, replace: true })
    const made = await propagate(protectedBefore, options)
    expect([made.record?.ReservedCode2, made.findings]).toEqual(['', [expect.objectContaining({ rule: 'M16', severity: 'info', message: expect.stringContaining('abc') })]])
  })
})

test('what is missing or wrong is said before a byte is read', async () => {
  const none = new Uint8Array()
  for (const [wrong, code] of [
    [{ propagator: {} }, 'ERR_USAGE'], [{ propagateId: undefined as never }, 'ERR_USAGE'], [{ propagateId: '' }, 'ERR_PARAMETER'],
    [{ propagator: { code: `${PLATFORM.slice(0, 22)}10000` } }, 'ERR_PARAMETER'], [{ propagator: { code: `${PLATFORM.slice(0, 21)}L20000` } }, 'ERR_PARAMETER'],
  ] as const) await expect(propagate(none, { ...options, ...wrong })).rejects.toThrow(expect.objectContaining({ code }))
})

testOnMedia('whoever passes a signed file on is told how to sign it without marking it', async () => {
  const { findings } = await propagate(readFileSync(join(media!, 'image/c2pa-signed-C.jpg')), { ...options, declared: true })
  expect(findings.find(({ rule }) => rule === 'C1')?.remedy).toMatch(/^Sign the result with a C2PA tool, .*no sample/)
})

test('on the command line', async () => {
  const home = folder()
  const { output } = await labelled(pictures.jpeg)
  writeFileSync(join(home, 'a.jpg'), output)
  const to = join(home, 'b.jpg')
  const run = await countermark(['propagate', join(home, 'a.jpg'), '-o', to, '--provider-code', PLATFORM, '--propagate-id', 'p-9', '--json'])
  expect(run.code).toBe(0)
  const [said] = lines(run) as any[]
  expect(said).toMatchObject({ file: join(home, 'a.jpg'), output: to, status: 'set', state: 'confirmed', record: { PropagateID: 'p-9', ContentProducer: 'Example-Lab' } })
  expect(Object.keys((await recordIn(readFileSync(to)))[0]!)).toEqual([...FIELDS])
  expect((await countermark(['verify', to, '--effort', 'direct'])).stdout).toContain(`propagated by ${PLATFORM}, p-9`)
  expect((await countermark(['propagate', join(home, 'a.jpg'), '-o', to, '--provider-name', 'X'])).code).toBe(2)
  expect((await countermark(['propagate', join(home, 'a.jpg'), '-o', to, '--propagate-id', 'p-9'])).stderr).toContain('Give the 27-character code as --provider-code, or the name as --provider-name.')
})

describe('a picture without label', () => {
  test('of which a watermark is left: a label with Label 3, which verify does not hold against the watermark', async () => {
    const { output } = await mark(pictures.jpeg, { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' })
    const bare = await sharp(output).jpeg({ quality: 90 }).toBuffer()
    const made = await propagate(bare, options)
    expect(made).toMatchObject({ status: 'added', state: 'suspected', record: { Label: '3' } })
    const seen = await verify(made.output, { keys: ['public'], effort: 'direct' })
    expect(seen.findings.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(seen.findings).toContainEqual(expect.objectContaining({ rule: 'W1', severity: 'info', message: expect.stringContaining('did not know the producer') }))
  })
})
