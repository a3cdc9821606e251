// Every kind of document: exactly one label comes out again, nothing else changes, and no damage does harm.
import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { CountermarkError, mark } from '../src/index.js'
import { contentBytes, documentKind, readDocument, writeDocument } from '../src/document/index.js'
import { engineOver } from '../src/engine/engine.js'
import { wasmBinding } from './support/engines.js'
import { content, DOCX, docxParts, engine, label, pdf, SAMPLES, seen, SOURCE, text, written } from './support/documents.js'

const NAMES: Record<string, string> = { 'text/markdown': 'a.md', 'application/json': 'a.json', 'text/html': 'a.html' }

/** Something of the content: a text that is found first, and how far behind it a byte is changed. */
const NEEDLES: [string, string, number][] = [
  ['wordprocessingml.document', 'word/document.xml', 40], ['epub+zip', 'OEBPS/a.xhtml', 30], ['pdf', '(Hello', 2], ['html', 'a < b', 0], ['markdown', 'Title', 0], ['json', '"b"', 1],
]

describe.each(SAMPLES)('%s', (_, kind, bytes) => {
  test('is known by its bytes, texts by their names', () => {
    expect(documentKind(bytes, NAMES[kind])).toBe(kind)
    expect(documentKind(bytes, 'a.jpg')).toBe(/markdown|json/.test(kind) ? undefined : kind)
  })
  test('the label comes out again, character for character', () => {
    expect(seen(bytes, kind)).toEqual({ type: kind, sites: [], c2pa: false })
    const report = seen(written(bytes, kind), kind)
    expect(report.sites.map(({ raw, aigc, problem }) => [raw, aigc, problem])).toEqual([[text(), label(), undefined]])
    expect(report.digitalSourceType).toBe(SOURCE)
  })
  test('the content stays the same, and is another one after any change of it', () => {
    const before = content(bytes, kind)
    const one = written(bytes, kind)
    expect(content(one, kind)).toBe(before)
    expect(content(written(one, kind, { ReservedCode1: 'second' }, true), kind)).toBe(before)
    const tampered = Uint8Array.from(one)
    const [needle, from] = NEEDLES.find(([ending]) => kind.endsWith(ending))!.slice(1) as [string, number]
    const at = Buffer.from(one).indexOf(needle)
    expect(at).toBeGreaterThan(0)
    tampered[at + from]! ^= 1
    expect(content(tampered, kind)).not.toBe(before)
  })
  test('a label is replaced only for its own producer, and only where that is asked for', () => {
    const one = written(bytes, kind)
    expect(() => written(one, kind)).toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
    expect(() => written(one, kind, { ContentProducer: 'Other' }, true)).toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
    expect(seen(written(one, kind, { ReservedCode1: 'second' }, true), kind).sites.map(({ aigc }) => aigc?.ReservedCode1)).toEqual(['second'])
  })
  test('a label that may not be written is not written', () => {
    expect(() => written(bytes, kind, { Label: '4' })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(() => writeDocument(engine, bytes, kind, { aigc: label(), digitalSourceType: 'no URI' })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('the source stays as it was, and the same input gives the same output', () => {
    const copy = Buffer.from(bytes)
    expect(Buffer.from(written(bytes, kind)).equals(Buffer.from(written(copy, kind)))).toBe(true)
    expect(copy.equals(Buffer.from(bytes))).toBe(true)
  })
  test('cut at any place it is an error with an offset, or has no more labels than before', () => {
    const whole = written(bytes, kind)
    let errors = 0
    for (let end = 0; end < whole.length; end += whole.length > 4000 ? 3 : 1) {
      if (!attempt(whole.subarray(0, end), kind)) errors++
      else expect(seen(whole.subarray(0, end), kind).sites.length).toBeLessThan(2)
    }
    // A text that is cut is a text.
    if (!/html|markdown/.test(kind)) expect(errors).toBeGreaterThan(whole.length / 6)
  })
  test('damaged at any place it gives a typed error or a report', () => {
    const whole = written(bytes, kind)
    let state = 12345
    const next = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    let reports = 0
    for (let run = 0; run < 600; run++) {
      const bad = Uint8Array.from(whole)
      for (let count = next(4); count >= 0; count--) bad[next(bad.length)] = next(256)
      if (attempt(bad, kind)) reports++
    }
    if (!/html/.test(kind)) expect(reports).toBeLessThan(600)
  })
  test('WebAssembly gives the same bytes', async () => {
    const wasm = engineOver((await wasmBinding()) as never, 'wasm')
    const options = { aigc: label(), digitalSourceType: SOURCE }
    expect(Buffer.from(writeDocument(wasm, bytes, kind, options)).equals(Buffer.from(writeDocument(engine, bytes, kind, options)))).toBe(true)
  })
})

/** Reads, writes and takes the content of `bytes`; whether all three work. Whatever fails must fail as a CountermarkError that is no defect. */
function attempt(bytes: Uint8Array, kind: (typeof SAMPLES)[number][1]): boolean {
  let works = true
  for (const step of [() => readDocument(engine, bytes, kind), () => writeDocument(engine, bytes, kind, { aigc: label(), replace: true }), () => contentBytes(engine, bytes, kind)])
    try {
      const start = performance.now()
      step()
      expect(performance.now() - start).toBeLessThan(2000)
    } catch (thrown) {
      if (!(thrown instanceof CountermarkError) || !/^ERR_(BROKEN|UNSUPPORTED|LIMIT|CONFLICT)$/.test(thrown.code)) throw thrown
      if (thrown.code === 'ERR_BROKEN') expect(thrown.offset).toBeGreaterThanOrEqual(0)
      works = false
    }
  return works
}

test('what is no document is told so', () => {
  expect(documentKind(new Uint8Array(), 'a.docx')).toBeUndefined()
  expect(documentKind(Buffer.from('hello'), 'a.jpg')).toBeUndefined()
  expect(documentKind(Buffer.from([1, 0, 2]), 'a.md')).toBeUndefined()
  expect(documentKind(Buffer.from('hello'), 'a.TXT')).toBe('text/plain')
  expect(() => documentKind(Buffer.from('d0cf11e0a1b11ae1', 'hex'))).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
})

test('C2PA manifests are seen, and marking says that it breaks them', async () => {
  const manifest = pdf({ root: '/AF[7 0 R]', more: ['<</Type/Filespec/AFRelationship/C2PA_Manifest>>'] })
  const packed = zipSync({ ...docxParts(), 'META-INF/content_credential.c2pa': new Uint8Array(4) })
  expect([seen(manifest, 'application/pdf').c2pa, seen(packed, DOCX).c2pa]).toEqual([true, true])
  const options = { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true } as const
  for (const bytes of [manifest, packed]) {
    expect((await mark(bytes, options)).findings).toContainEqual(expect.objectContaining({ rule: 'C1', severity: 'warning' }))
    await expect(mark(bytes, { ...options, keepC2pa: true })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  }
})

test('signed Office files are left alone', () => {
  expect(() => written(zipSync({ ...docxParts(), '_xmlsignatures/sig1.xml': new Uint8Array(4) }), DOCX)).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
})
