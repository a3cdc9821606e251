// Labels that people see in documents, and answers of language models as JSON files.
import { strToU8, unzipSync, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { mark, TEXT_LABELS, text, verify } from '../src/index.js'
import { docx, docxParts, epub, packedPdf, pdf } from './support/documents.js'

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

/** A book with these pages in its reading order. */
const book = (...pages: string[]): Uint8Array => {
  const parts = unzipSync(epub())
  const opf = Buffer.from(parts['OEBPS/content.opf']!).toString()
    .replace(/<manifest>.*<\/manifest>/, `<manifest>${pages.map((_, at) => `<item id="p${at}" href="text/p%20${at}.xhtml" media-type="application/xhtml+xml"/>`).join('')}</manifest>`)
    .replace(/<spine>.*<\/spine>/, `<spine>${pages.map((_, at) => `<itemref idref="p${at}"/>`).join('')}</spine>`)
  const page = (body: string): Uint8Array => strToU8(`<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head>${body}</html>`)
  return zipSync({ mimetype: [parts['mimetype']!, { level: 0 }], 'META-INF/container.xml': parts['META-INF/container.xml']!, 'OEBPS/content.opf': strToU8(opf), ...Object.fromEntries(pages.map((body, at) => [`OEBPS/text/p ${at}.xhtml`, page(body)])) } as never)
}
const PAGES = ['<body><img src="c.png" alt="x"/></body>', '<body class="a"><h1>Title</h1><p>Some <b>words</b>.</p></body>', '<body><p>More words.</p></body>']

test.each([['start', 1, `<body class="a"><p data-ai-label="generated">${TEXT_LABELS.zh}</p><h1>`], ['end', 2, `<p>More words.</p><p data-ai-label="generated">${TEXT_LABELS.zh}</p></body>`]] as const)('a book gets a paragraph at its %s, on a page with words, once', async (position, page, paragraph) => {
  const made = await mark(book(...PAGES), { provider, as: 'bytes', label: { position } })
  expect(made).toMatchObject({ label: { drawn: true, text: [TEXT_LABELS.zh] }, watermark: { embedded: false } })
  const parts = unzipSync(made.output)
  expect(Buffer.from(parts[`OEBPS/text/p ${page}.xhtml`]!).toString()).toContain(paragraph)
  expect(Object.values(parts).filter((part) => Buffer.from(part).includes('data-ai-label')).length).toBe(1)
  expect((await verify(made.output)).evidence).toContainEqual(expect.objectContaining({ kind: 'label', found: true, text: [TEXT_LABELS.zh] }))
  const again = await mark(made.output, { provider, as: 'bytes', produceId: made.produceId })
  expect([again.label.drawn, again.output.equals(made.output)]).toEqual([false, true])
})

test.each([
  ['<p hidden="hidden">L</p>', false], ['<div style="display: none"><p>L</p></div>', false], ['<!-- <p>L</p> -->', false], ['<p>L</p>', true], ['<div><span>L</span></div>', true], ['<p hidden="">x</p><p>L</p>', true],
])('a label in a book as %s: seen %s', async (element, shown) => {
  const { found, drawn } = await seenAndMarked(book(`<body><p>Some words of the page.</p>${element.replace('L', TEXT_LABELS.zh)}</body>`))
  expect([found, drawn]).toEqual([shown, !shown])
})

test('a book without words takes its label on an empty page, and one without pages says why it has none', async () => {
  expect((await mark(epub(), { provider, as: 'bytes' })).label.drawn).toBe(true)
  expect((await mark(book(), { provider, as: 'bytes' })).label).toMatchObject({ drawn: false, reason: expect.stringContaining('no page in XHTML') })
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

/** Whether `verify` finds a visible label, and what `mark` says of one and gives. */
async function seenAndMarked(source: Uint8Array | File) {
  const label = (await verify(source)).evidence.find(({ kind }) => kind === 'label') as { found: boolean } | undefined
  const made = await mark(source, { provider, as: 'bytes' })
  return { found: label?.found ?? false, drawn: made.label.drawn, made }
}

/** A Word document whose last paragraph is a label in a run of these properties. */
const worded = (properties: string): Uint8Array => {
  const parts = docxParts()
  const run = `<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r>${properties}<w:t>${TEXT_LABELS.zh}</w:t></w:r></w:p>`
  return zipSync({ ...parts, 'word/document.xml': strToU8(Buffer.from(parts['word/document.xml']!).toString().replace('</w:body>', `${run}</w:body>`)) })
}

test.each([
  ['<w:rPr><w:vanish/></w:rPr>', false], ['<w:rPr><w:b/><w:vanish w:val="true"/></w:rPr>', false], ['<w:rPr><w:color w:val="FFFFFF"/></w:rPr>', false],
  ['<w:rPr><w:sz w:val="2"/></w:rPr>', false], ['', true], ['<w:rPr/>', true], ['<w:rPr><w:vanish w:val="0"/><w:color w:val="C00000"/><w:sz w:val="16"/></w:rPr>', true],
  ['<w:rPr><w:b/><w:rPrChange w:id="1"><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr>', true],
])('a label in a run of Word with %s: seen %s', async (properties, shown) => {
  const { found, drawn, made } = await seenAndMarked(worded(properties))
  expect([found, drawn]).toEqual([shown, !shown])
  expect((await seenAndMarked(made.output)).found).toBe(true)
})

test.each([
  ['<p hidden>L</p>', false], ['<div style="display:none"><p>L</p></div>', false], ['<div HIDDEN><b><i>L</i></b></div>', false], ["<p style='color:red; Visibility : hidden'>L</p>", false],
  ['<p style="font-size:0">L</p>', false], ['<p style="font-size:1px">L</p>', false], ['<section style="opacity: 0.0 !important"><p>L</p></section>', false], ['<p style="position:absolute;left:-9999px">L</p>', false],
  ['<!-- <p>L</p> -->', false], ['<template><p>L</p></template>', false], ['<script>// <p>L</p>\n</script>', false], ['<p hidden>x<p hidden>L', false],
  ['<p>L</p>', true], ['<p hidden>x<p>L</p>', true], ['<div><p hidden>x</div><p>L</p>', true], ['<p hidden>x</p><p>L</p><!-- y -->', true], ['<p style="font-size:12px;opacity:0.8">L</p>', true], ['<p data-hidden="hidden" title="hidden">L</p>', true],
])('a label in a page as %s: seen %s', async (element, shown) => {
  const page = `<!doctype html><html><head><title>x</title></head><body><p>Some words of the page.</p>${element.replace('L', TEXT_LABELS.zh)}</body></html>`
  const { found, drawn, made } = await seenAndMarked(new File([page], 'a.html'))
  expect([found, drawn]).toEqual([shown, !shown])
  expect((await seenAndMarked(new File([Uint8Array.from(made.output)], 'a.html'))).found).toBe(true)
  expect(text.label(page, { format: 'html', position: 'start' }).added).toBe(true)
})

test('a page that hides its body gets no label, and says so', () => {
  expect(text.label('<html><body style="display:none"><p>x</p></body></html>', { format: 'html' })).toMatchObject({ added: false, reason: expect.stringContaining('hides') })
})

test.each([
  ['[//]: # (L)', false], ['[//]: #\n"L"', false], ['<!-- L -->', false], ['<!--\nL -->', false], ['<span hidden>L</span>', false], ['<p style="display:none">L</p>', false],
  ['L', true], ['> L', true], ['<p>L</p>', true], ['L\n\n[1]: https://example.org "title"', true],
])('a label in Markdown as %j: seen %s', async (line, shown) => {
  for (const source of [`# Title\n\nSome words of the text.\n\n${line.replace('L', TEXT_LABELS.zh)}\n`, `${line.replace('L', TEXT_LABELS.zh)}\n\nSome words of the text.\n`]) {
    const { found, drawn, made } = await seenAndMarked(new File([source], 'a.md'))
    expect([found, drawn]).toEqual([shown, !shown])
    expect((await seenAndMarked(new File([Uint8Array.from(made.output)], 'a.md'))).found).toBe(true)
  }
})

/** A PDF whose page has one annotation that says a label, object 7; 8 is its appearance. */
const stamped = (members: string, painting = '0 0 9 9 re f'): Buffer => pdf({
  more: [`<</Type/Annot/Contents(AI-generated)/Rect[2 2 90 12]${members}>>`, `<</Subtype/Form/BBox[0 0 9 9]/Length ${painting.length}>>\nstream\n${painting}\nendstream`],
  page: '/Annots[7 0 R]',
})

test.each([
  ['the flag Hidden', stamped('/Subtype/Stamp/F 2/AP<</N 8 0 R>>'), false], ['the flag NoView', stamped('/Subtype/Stamp/F 36/AP<</N 8 0 R>>'), false],
  ['an empty appearance', stamped('/Subtype/Stamp/AP<</N 8 0 R>>', 'q 1 0 0 1 0 0 cm Q'), false], ['no appearance', stamped('/Subtype/Stamp'), false],
  ['no opacity', stamped('/Subtype/FreeText/CA 0'), false], ['a place beside the page', stamped('/Subtype/FreeText/Rect[-90 2 -10 12]'), false],
  ['an appearance', stamped('/Subtype/Stamp/F 4/AP<</N 8 0 R>>'), true], ['the state that is shown', stamped('/Subtype/Stamp/AS/On/AP<</N<</On 8 0 R>>>>'), true], ['free text', stamped('/Subtype/FreeText'), true],
])('a stamp of a PDF with %s', async (_, source, shown) => {
  const { found, drawn, made } = await seenAndMarked(source)
  expect([found, drawn]).toEqual([shown, !shown])
  expect((await seenAndMarked(made.output)).found).toBe(true)
})

test.each([
  ['BT /F1 9 Tf 5 88 Td (Header at the left) Tj ET', /^1\d\d(?:\.\d+)? [89]\d(?:\.\d+)? 198 98$/],
  ['q 0.5 0 0 0.5 0 50 cm BT /F1 20 Tf 1 0 0 1 4 80 Tm [(Scaled) -20 (header)] TJ ET Q', /^1\d\d(?:\.\d+)? [89]\d(?:\.\d+)? 198 98$/],
  ['1 0 0 rg 0 80 200 20 re f', /^1\d\d(?:\.\d+)? 2 198 [\d.]+$/],
  ['1 g 0 0 200 100 re f BT /F1 9 Tf 20 50 Td (Words in the middle) Tj ET', /^2 [89]\d(?:\.\d+)? [\d.]+ 98$/],
])('a stamp takes a corner that is free: %s', async (content, place) => {
  const { output } = await mark(pdf({ content }), { provider, as: 'bytes' })
  expect(/\/Subtype\/Stamp\/Rect\[([^\]]*)\]/.exec(output.toString('latin1'))![1]).toMatch(place)
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
