// Texts that come in pieces give what whole texts give; event streams of three APIs.
import { describe, expect, test } from 'vitest'
import { text, TEXT_LABELS } from '../src/index.js'
import { nativeEngine } from '../src/engine/native.js'
import type { TextLabelOptions } from '../src/text/label.js'
import { textWriter } from '../src/text/stream.js'

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const PAYLOAD = '9f2c5511aa03be77'
const options = { key: KEY, payload: PAYLOAD }

/** Numbers that are the same at every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** Made prose whose contexts do not repeat. */
const prose = (length: number, seed = 1): string => {
  const next = numbers(seed)
  return Array.from({ length }, (_, at) => String.fromCharCode(0x4e00 + next(3000)) + (at % 14 === 13 ? '，' : at % 43 === 42 ? '。\n\n' : '')).join('')
}

const BODY = prose(300)
const TEXTS: [string, string, TextLabelOptions | undefined][] = [
  ['plain', BODY, undefined],
  ['white space at both ends', `\n\n  ${BODY}  \n \n`, undefined],
  ['CR LF', BODY.replaceAll('\n', '\r\n'), undefined],
  ['a short first line', `题目\n\n${BODY}`, { position: 'start' }],
  ['a long first line', BODY, { position: 'start' }],
  ['CR LF and a start', `题目\r\n\r\n${BODY.replaceAll('\n', '\r\n')}`, { position: 'start' }],
  ['CR LF, a long first line and its line ends named', BODY.replaceAll('\n', '\r\n'), { position: 'start', newline: '\r\n' }],
  ['a byte order mark', `\uFEFF${BODY}`, { position: 'start' }],
  ['front matter', `---\ntitle: 题目\ntags: [a]\n---\n\n${BODY}`, { position: 'start', format: 'markdown' }],
  ['front matter, label at the end', `---\ntitle: 题目\n---\n${BODY}\n`, { format: 'markdown' }],
  ['a rule that is no front matter', `---\n\n${BODY}`, { position: 'start', format: 'markdown' }],
  ['a label at the start already', `${TEXT_LABELS.zh}\n\n${BODY}`, { position: 'start' }],
  ['a known sentence before prose', `内容由豆包 AI 生成，请仔细甄别。${BODY}`, { position: 'start' }],
  ['inline', BODY.trimEnd(), { position: 'inline' }],
  ['a part of a page', `<p>${BODY}</p>\n<p>b</p>\n`, { format: 'html' }],
  ['a part of a page, start', `<p>${BODY}</p>\n`, { format: 'html', position: 'start' }],
  ['a sentence that nobody knows', BODY, { text: '机器所写' }],
  ['a sentence that nobody knows, start', BODY, { text: '机器所写', position: 'start' }],
  ['English', Array.from({ length: 260 }, (_, at) => prose(1, at + 7).codePointAt(0)!.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!)).join(' '), { language: 'en', position: 'start' }],
]

test.each(TEXTS)('pieces of any size give what the whole gives: %s', async (_, source, label) => {
  const whole = await text.mark(source, { ...options, ...(label === undefined ? {} : { label }) })
  expect(whole.watermark.embedded).toBe(true)
  for (const most of [1, 2, 5, 33, 100_000]) {
    const next = numbers(most)
    const writer = textWriter(nativeEngine(), { ...options, ...(label === undefined ? {} : { label }) })
    let out = ''
    for (let at = 0; at < source.length;) {
      const end = at + 1 + next(most)
      out += writer.push(source.slice(at, end))
      at = end
    }
    expect(out + writer.end()).toBe(whole.text)
  }
})

test('a whole page is refused, wherever its pieces are cut', () => {
  for (const size of [1, 3, 50]) {
    const writer = textWriter(nativeEngine(), { ...options, label: { format: 'html' } })
    const page = '<p>x</p><!doctype html><html><body><p>x</p></body></html>'
    expect(() => page.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!.forEach((piece) => writer.push(piece))).toThrow(/whole page/)
  }
})

test('a formula or code that is never ended does not keep the rest of a text from its mark', async () => {
  for (const start of ['$$ x', '\\[ x', '\\( x', '$x', '`x']) {
    const [seen] = await text.detect(await text.embed(`${start}\n\n${BODY}`, options), { keys: [KEY] })
    expect([start, seen!.found]).toEqual([start, true])
  }
})

describe('event streams', () => {
  const answer = prose(400, 3)
  const pieces = answer.match(/[\s\S]{1,7}/g)!
  const whole = async (): Promise<string> => (await text.mark(answer, options)).text
  async function through(body: string, size: number): Promise<string> {
    const bytes = new TextEncoder().encode(body)
    const source = new ReadableStream<Uint8Array>({ start: (out) => { for (let at = 0; at < bytes.length; at += size) out.enqueue(bytes.subarray(at, at + size)); out.close() } })
    const out = new Uint8Array(await new Response(source.pipeThrough(text.eventStream(options)) as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(out)
  }
  const dataOf = (body: string): { [key: string]: unknown }[] => [...body.matchAll(/^data: (\{.*\})\r?$/gm)].map(([, data]) => JSON.parse(data!) as { [key: string]: unknown })
  const named = (events: { type: string }[], newline = '\n'): string => events.map((event) => `event: ${event.type}${newline}data: ${JSON.stringify(event)}${newline}${newline}`).join('')

  test('large numbers, escapes, spaces and a byte order mark stay', async () => {
    const line = (content: string, rest = '"finish_reason":null'): string => `data: { "id": 12345678901234567890, "x": 1.0e2, "choices": [ {"index":0, "delta": {"content": ${JSON.stringify(content)}}, ${rest}} ], "esc": "\\u00e9\\/" }\n\n`
    const body = `\uFEFF${pieces.map((piece) => line(piece)).join('')}${line('', '"finish_reason":"stop"')}data: [DONE]\n\n`
    const out = await through(body, 13)
    expect(out.startsWith('\uFEFFdata: { "id": 12345678901234567890, "x": 1.0e2, "choices": [ {"index":0, "delta": {"content": ')).toBe(true)
    expect(out.match(/"id": 12345678901234567890/g)!.length).toBe(pieces.length + 1)
    expect(out.match(/"esc": "\\u00e9\\\/" \}/g)!.length).toBe(pieces.length + 1)
    expect(dataOf(out.slice(1)).map((event) => (event as { choices: { delta: { content: string } }[] }).choices[0]!.delta.content).join('')).toBe(await whole())
    expect(await through(body, 100_000)).toBe(out)
  })

  test('the Responses API: deltas, and the whole text in every event that tells it', async () => {
    const part = { type: 'output_text', annotations: [], text: answer }
    const item = { id: 'm', type: 'message', role: 'assistant', content: [part] }
    const events = [
      { type: 'response.created', response: { id: 'r', output: [] } },
      { type: 'response.content_part.added', output_index: 0, content_index: 0, part: { ...part, text: '' } },
      ...pieces.map((delta) => ({ type: 'response.output_text.delta', item_id: 'm', output_index: 0, content_index: 0, delta })),
      { type: 'response.output_text.done', item_id: 'm', output_index: 0, content_index: 0, text: answer },
      { type: 'response.content_part.done', output_index: 0, content_index: 0, part },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'r', output: [item] } },
    ].map((event, sequence) => ({ ...event, sequence_number: sequence }))
    const out = await through(named(events), 17)
    expect(await through(named(events), 100_000)).toBe(out)
    const seen = dataOf(out) as { type: string; delta?: string; text?: string; sequence_number: number; part?: { text: string }; item?: typeof item; response?: { output: (typeof item)[] } }[]
    const expected = await whole()
    expect(seen.map(({ delta }) => delta ?? '').join('')).toBe(expected)
    expect(seen.find(({ type }) => type.endsWith('text.done'))!.text).toBe(expected)
    expect(seen.find(({ type }) => type.endsWith('part.done'))!.part!.text).toBe(expected)
    expect(seen.find(({ type }) => type.endsWith('item.done'))!.item!.content[0]!.text).toBe(expected)
    expect(seen.at(-1)!.response!.output[0]!.content[0]!.text).toBe(expected)
    expect(seen.map(({ sequence_number: sequence }) => sequence)).toEqual(seen.map((_, at) => at))
  })

  test.each(['\n', '\r\n'])('the Messages API of Anthropic: text blocks in a row are one text, with one label (line ends %j)', async (newline) => {
    const half = Math.floor(pieces.length / 2)
    const block = (index: number, parts: string[]) => [
      { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
      ...parts.map((one) => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: one } })),
      { type: 'content_block_stop', index },
    ]
    const tool = [
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't', name: 'n', input: {} } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a": 1}' } },
      { type: 'content_block_stop', index: 2 },
    ]
    const events = [{ type: 'message_start', message: { id: 'm', content: [] } }, ...block(0, pieces.slice(0, half)), { type: 'ping' }, ...block(1, pieces.slice(half)), ...tool, { type: 'message_delta', delta: { stop_reason: 'tool_use' } }, { type: 'message_stop' }]
    const out = await through(named(events, newline), 23)
    const seen = dataOf(out) as { type: string; index?: number; delta?: { text?: string } }[]
    const said = seen.map(({ delta }) => delta?.text ?? '').join('')
    expect(said.split(TEXT_LABELS.zh).length).toBe(2)
    expect(said.endsWith(TEXT_LABELS.zh)).toBe(true)
    expect((await text.detect(said, { keys: [KEY] }))[0]).toMatchObject({ found: true })
    // The label is told within the last text block, and the tool's events stand as they were.
    expect(seen.findIndex(({ delta }) => delta?.text?.includes(TEXT_LABELS.zh) === true)).toBeLessThan(seen.findIndex(({ type, index }) => type === 'content_block_stop' && index === 1))
    expect(out).toContain(named(tool, newline))
    expect(seen.filter(({ type }) => type === 'content_block_stop').map(({ index }) => index)).toEqual([0, 1, 2])
  })
})
