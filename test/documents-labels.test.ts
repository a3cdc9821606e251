// Labels that people see in documents, and answers of language models as JSON files.
import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { mark, TEXT_LABELS, text, verify } from '../src/index.js'
import { docx, packedPdf, pdf } from './support/documents.js'

const provider = { name: 'Example-Lab' }
const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const prose = Array.from({ length: 900 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7_919 + at * at * 131) % 3_000)) + (at % 14 === 13 ? '，' : '')).join('')

test.each(['start', 'end'] as const)('a Word document gets a paragraph at its %s, once', async (position) => {
  const made = await mark(docx(), { provider, as: 'bytes', text: { position } })
  expect(made).toMatchObject({ verdict: 'compliant', label: { drawn: true, text: [TEXT_LABELS.zh] }, watermark: { embedded: false } })
  const body = Buffer.from(unzipSync(made.output)['word/document.xml']!).toString()
  expect(body.split(`<w:t>${TEXT_LABELS.zh}</w:t>`).length).toBe(2)
  expect(await verify(made.output)).toMatchObject({ evidence: expect.arrayContaining([expect.objectContaining({ kind: 'label', found: true, text: [TEXT_LABELS.zh] })]) })
  const again = await mark(made.output, { provider, as: 'bytes', produceId: made.produceId })
  expect([again.label.drawn, again.label.reason, again.output.equals(made.output)]).toEqual([false, 'a label is there already', true])
})

describe.each([['a table', pdf], ['a stream', packedPdf]] as const)('a PDF with %s', (_, make) => {
  test('gets a label on its first page, once; its own bytes stay', async () => {
    const source = make()
    const made = await mark(source, { provider, as: 'bytes' })
    expect(made).toMatchObject({ verdict: 'compliant', label: { drawn: true, text: ['AI生成'] } })
    expect(made.output.subarray(0, source.length).equals(source)).toBe(true)
    expect(made.output.toString('latin1')).toMatch(/\/Subtype\/Stamp\/Rect\[2 [\d.]+ [\d.]+ 98\]/)
    expect((await verify(made.output)).evidence).toContainEqual({ kind: 'label', modality: 'text', found: true, text: ['AI生成'] })
    const again = await mark(made.output, { provider, as: 'bytes', produceId: made.produceId })
    expect([again.label.drawn, again.output.equals(made.output)]).toEqual([false, true])
  })

  test('of PDF/A says why it has none', async () => {
    const made = await mark(make({ packet: '<x xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"/>' }), { provider, as: 'bytes' })
    expect(made.label).toMatchObject({ drawn: false, reason: expect.stringContaining('PDF/A') })
    expect(made.findings).toContainEqual(expect.objectContaining({ rule: 'T2', severity: 'warning' }))
  })
})

describe('answers as JSON', () => {
  const KINDS: [string, (content: string) => unknown, (value: any) => string][] = [
    ['a chat completion', (content) => ({ object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] }), (value) => value.choices[0].message.content],
    ['a completion', (content) => ({ object: 'text_completion', choices: [{ index: 0, text: content }] }), (value) => value.choices[0].text],
    ['a response', (content) => ({ object: 'response', output: [{ type: 'reasoning' }, { type: 'message', content: [{ type: 'output_text', text: content }] }] }), (value) => value.output[1].content[0].text],
    ['a message', (content) => ({ type: 'message', role: 'assistant', content: [{ type: 'tool_use', input: {} }, { type: 'text', text: content }] }), (value) => value.content[1].text],
  ]
  test.each(KINDS)('%s: text marked and labelled in its place, all else byte for byte', async (_, make, textOf) => {
    const source = JSON.stringify(make(prose)).replace(/^\{/, '{"id": 12345678901234567890, "n": 1.0, ')
    const made = await mark(new File([source], 'a.json'), { provider, key: KEY, as: 'bytes' })
    expect(made).toMatchObject({ verdict: 'compliant', state: 'confirmed', label: { drawn: true }, watermark: { embedded: true } })
    const out = made.output.toString()
    const said = textOf(JSON.parse(out))
    expect(said.replace(/[\uFE03-\uFE0A\u2061-\u2064]/g, '')).toBe(text.label(prose).text)
    expect(out.replace(JSON.stringify(said), JSON.stringify(prose)).replace(/^\{"AIGC":.*?\}, ?"digitalSourceType":.*?", ?/, '{')).toBe(source)
    const seen = await verify(new File([out], 'a.json'), { keys: [KEY] })
    expect(seen).toMatchObject({ verdict: 'compliant', state: 'confirmed' })
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', found: true, matchesMetadata: true }))
    const again = await mark(new File([out], 'a.json'), { provider, key: KEY, as: 'bytes', produceId: made.produceId })
    expect([again.status, again.output.toString() === out]).toEqual(['kept', true])
  })

  test('other JSON keeps its strings', async () => {
    const source = JSON.stringify({ messages: [{ role: 'user', content: prose }], tool: { choices: 1 } })
    const made = await mark(new File([source], 'a.json'), { provider, as: 'bytes' })
    expect(made.label).toMatchObject({ drawn: false, reason: expect.stringContaining('is not changed') })
    expect(made.output.toString()).toContain(source.slice(1))
  })
})
