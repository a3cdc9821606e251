// The adapters of language models, speech and observation against the packages themselves.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AIMessage, AIMessageChunk, HumanMessage } from '@langchain/core/messages'
import { StringOutputParser } from '@langchain/core/output_parsers'
import { RunnableLambda } from '@langchain/core/runnables'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { SpanStatusCode } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { experimental_generateSpeech as generateSpeech, generateText, jsonSchema, Output, simulateReadableStream, streamText, wrapLanguageModel } from 'ai'
import { MockLanguageModelV3, MockSpeechModelV3 } from 'ai/test'
import OpenAI from 'openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { markedFetch, markLanguageModel, markSpeechModel, observed, type MarkedText, type TextAdapterSettings } from '../src/adapters/index.js'
import { markRunnable } from '../src/adapters/langchain.js'
import { createCountermark, openLedger, text, verify } from '../src/index.js'
import { folder } from './support/command.js'
import { photograph } from './support/pictures.js'

const countermark = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public' })
// The example's stand-ins for models; the text is long enough for the identifier.
const { speech, textPieces } = await import('../examples/generation-service/generate.mjs' as string) as { speech(prompt: string): Buffer; textPieces(prompt: string, sentences: number): Iterable<string> }
const SAID = [...textPieces('a harbour', 60)].join('').trim()
const PIECES = SAID.match(/.{1,11}/gs)!

const usage = { inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 1, text: 1, reasoning: 0 } }
const finishReason = { unified: 'stop', raw: 'stop' } as const

/** The label at the end, the mark of that number, and nothing of the words changed. */
async function expectMarked(said: string, produceId: string): Promise<void> {
  expect(text.findLabel(said)?.text).toBe('本内容由AI生成')
  const [mark] = await text.detect(said)
  expect([mark?.found, (await countermark.image.payloadOf('Example-Lab', produceId)).startsWith(mark!.payload!)]).toEqual([true, true])
  expect(await text.stripForModel(said, { key: 'public' })).toBe(`${SAID}\n\n本内容由AI生成`)
}

describe('the AI SDK', () => {
  test('a whole answer is marked and entered', async () => {
    const path = join(folder(), 'ledger.db')
    const ledger = await openLedger(path)
    onTestFinished(() => ledger.close())
    const seen: MarkedText[] = []
    const model = new MockLanguageModelV3({ doGenerate: async () => ({ content: [{ type: 'reasoning', text: 'thinking' }, { type: 'text', text: SAID }], finishReason, usage, warnings: [] }) })
    const logged = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public', ledger })
    const answer = await generateText({ model: wrapLanguageModel({ model, middleware: markLanguageModel(logged, { options: () => ({ recipient: 'u-1' }), marked: (result) => seen.push(result) }) }), prompt: 'x' })
    await expectMarked(answer.text, seen[0]!.produceId)
    expect([answer.reasoningText, seen.length, seen[0]!.watermark.embedded]).toEqual(['thinking', 1, true])
    expect(ledger.find({ produceId: seen[0]!.produceId }).map(({ entry }) => entry)).toMatchObject([{ kind: 'mark', type: 'text/plain', recipient: 'u-1', explicit: { drawn: true }, watermark: { embedded: true } }])
    expect((await ledger.check()).ok).toBe(true)
  })
  test.each(['whole', 'streamed'])('of a short answer, %s, report and ledger say that it holds marks, too few to be found', async (way) => {
    const ledger = await openLedger(join(folder(), 'ledger.db'))
    onTestFinished(() => ledger.close())
    const seen: MarkedText[] = []
    const said = '好的，明天上午十点在三楼会议室开会，请大家带上各自的材料，并提前五分钟到场。'
    const chunks = [{ type: 'text-start' as const, id: '1' }, ...[...said].map((delta) => ({ type: 'text-delta' as const, id: '1', delta })), { type: 'text-end' as const, id: '1' }, { type: 'finish' as const, finishReason, usage }]
    const model = wrapLanguageModel({
      model: new MockLanguageModelV3({
        doGenerate: async () => ({ content: [{ type: 'text', text: said }], finishReason, usage, warnings: [] }),
        doStream: async () => ({ stream: simulateReadableStream({ initialDelayInMs: null, chunkDelayInMs: null, chunks }) }),
      }),
      middleware: markLanguageModel(createCountermark({ provider: { name: 'Example-Lab' }, key: 'public', ledger }), { marked: (result) => seen.push(result) }),
    })
    const answer = way === 'whole' ? (await generateText({ model, prompt: 'x' })).text : await streamText({ model, prompt: 'x' }).text
    const marks = answer.length - `${said}\n\n本内容由AI生成`.length
    expect(marks).toBeGreaterThan(0)
    expect((await text.detect(answer))[0]!.found).toBe(false)
    const watermark = { embedded: true, reason: `the text is too short for its mark to be found (${marks} places)` }
    expect(seen[0]!.watermark).toEqual(watermark)
    expect(ledger.find({ produceId: seen[0]!.produceId })[0]!.entry.watermark).toEqual(watermark)
  })
  test('a streamed answer is marked, with its label at the end of the last block', async () => {
    const seen: MarkedText[] = []
    const half = PIECES.length >> 1
    const model = new MockLanguageModelV3({
      doStream: async () => ({
        stream: simulateReadableStream({
          initialDelayInMs: null, chunkDelayInMs: null,
          chunks: [
            { type: 'stream-start', warnings: [] },
            { type: 'text-start', id: '1' }, ...PIECES.slice(0, half).map((delta) => ({ type: 'text-delta' as const, id: '1', delta })), { type: 'text-end', id: '1' },
            { type: 'reasoning-start', id: 'r' }, { type: 'reasoning-delta', id: 'r', delta: 'thinking' }, { type: 'reasoning-end', id: 'r' },
            { type: 'text-start', id: '2' }, ...PIECES.slice(half).map((delta) => ({ type: 'text-delta' as const, id: '2', delta })), { type: 'text-end', id: '2' },
            { type: 'finish', finishReason, usage },
          ],
        }),
      }),
    })
    const answer = streamText({ model: wrapLanguageModel({ model, middleware: markLanguageModel(countermark, { options: () => ({ produceId: 'c-9' }), marked: (result) => seen.push(result) }) }), prompt: 'x' })
    let whole = ''
    for await (const delta of answer.textStream) whole += delta
    await expectMarked(whole, 'c-9')
    expect(await answer.reasoningText).toBe('thinking')
    expect(seen.map(({ produceId }) => produceId)).toEqual(['c-9'])
  })
  test('an answer without text, and one that is left out, stay as they are', async () => {
    const call = { type: 'tool-call', toolCallId: 't', toolName: 'look', input: '{}' } as const
    const model = new MockLanguageModelV3({ doGenerate: async () => ({ content: [call], finishReason: { unified: 'tool-calls', raw: 'x' }, usage, warnings: [] }) })
    const { content } = await wrapLanguageModel({ model, middleware: markLanguageModel(countermark) }).doGenerate({ prompt: [] })
    expect(content).toEqual([call])
    const plain = new MockLanguageModelV3({ doGenerate: async () => ({ content: [{ type: 'text', text: SAID }], finishReason, usage, warnings: [] }) })
    expect((await generateText({ model: wrapLanguageModel({ model: plain, middleware: markLanguageModel(countermark, { options: () => false }) }), prompt: 'x' })).text).toBe(SAID)
  })
  test('texts of the Responses interface and of Messages are marked, whole and streamed, each with its entry', async () => {
    const ledger = await openLedger(join(folder(), 'ledger.db'))
    onTestFinished(() => ledger.close())
    const part = (text: string) => ({ type: 'output_text', text, annotations: [] })
    const item = (text: string) => ({ id: 'm', type: 'message', role: 'assistant', status: 'completed', content: [part(text)] })
    const answer = (text: string) => ({ id: 'r', object: 'response', status: 'completed', output: [item(text)], big: 1 })
    const at = { item_id: 'm', output_index: 0, content_index: 0 }
    const list = [
      { type: 'response.created', response: { ...answer(''), output: [] } }, { type: 'response.output_item.added', output_index: 0, item: item('') },
      ...PIECES.map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
      { type: 'response.output_text.done', ...at, text: SAID }, { type: 'response.output_item.done', output_index: 0, item: item(SAID) }, { type: 'response.completed', response: answer(SAID) },
    ]
    const claude = [
      { type: 'message_start', message: { type: 'message', role: 'assistant', content: [] } }, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...PIECES.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })), { type: 'content_block_stop', index: 0 }, { type: 'message_stop' },
    ]
    const sent = (events: { type: string }[]): string => events.map((event, number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: number })}\n\n`).join('')
    const fetch = async (url: unknown, init?: RequestInit): Promise<Response> => {
      const messages = String(url).endsWith('/messages')
      const stream = (JSON.parse(String(init?.body)) as { stream?: boolean }).stream === true
      const whole = messages ? { type: 'message', role: 'assistant', content: [{ type: 'text', text: SAID }] } : answer(SAID)
      return new Response(stream ? sent(messages ? claude : list) : JSON.stringify(whole), { headers: { 'content-type': stream ? 'text/event-stream' : 'application/json' } })
    }
    const seen: MarkedText[] = []
    const logged = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public', ledger })
    const marking = markedFetch(logged, { fetch: fetch as never, texts: { marked: (result) => seen.push(result) } })
    const openai = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1/v1', fetch: marking as never, maxRetries: 0 })
    await expectMarked((await openai.responses.create({ model: 'x', input: 'x' })).output_text, seen[0]!.produceId)
    let deltas = ''
    let last = ''
    for await (const event of await openai.responses.create({ model: 'x', input: 'x', stream: true })) {
      if (event.type === 'response.output_text.delta') deltas += event.delta
      if (event.type === 'response.completed') last = (event.response.output[0] as { content: { text: string }[] }).content[0]!.text
    }
    await expectMarked(deltas, seen[1]!.produceId)
    expect(last).toBe(deltas)
    const post = async (stream: boolean): Promise<string> => (await marking('http://127.0.0.1/v1/messages', { method: 'POST', body: JSON.stringify({ stream }) })).text()
    await expectMarked((JSON.parse(await post(false)) as { content: { text: string }[] }).content[0]!.text, seen[2]!.produceId)
    const said = [...(await post(true)).matchAll(/^data: (.*)$/gm)].map(([, data]) => (JSON.parse(data!) as { delta?: { text?: string } }).delta?.text ?? '').join('')
    await expectMarked(said, seen[3]!.produceId)
    expect(new Set(seen.map(({ produceId }) => produceId)).size).toBe(4)
    expect(seen.map(({ produceId }) => ledger.find({ produceId }).length)).toEqual([1, 1, 1, 1])
    const json = await openai.responses.create({ model: 'x', input: 'x', text: { format: { type: 'json_object' } } })
    expect([json.output_text, seen.length]).toEqual([SAID, 4])
  })
  test('JSON for a program stays as it is', async () => {
    const json = JSON.stringify({ said: SAID })
    const model = new MockLanguageModelV3({ doGenerate: async () => ({ content: [{ type: 'text', text: json }], finishReason, usage, warnings: [] }) })
    const { output } = await generateText({ model: wrapLanguageModel({ model, middleware: markLanguageModel(countermark) }), prompt: 'x', output: Output.object({ schema: jsonSchema<{ said: string }>({ type: 'object', properties: { said: { type: 'string' } } }) }) })
    expect(output).toEqual({ said: SAID })
  })
  test('what needs a waiver is refused without one', async () => {
    const model = new MockLanguageModelV3({ doGenerate: async () => ({ content: [{ type: 'text', text: SAID }], finishReason, usage, warnings: [] }) })
    await expect(generateText({ model: wrapLanguageModel({ model, middleware: markLanguageModel(countermark, { options: () => ({ label: false }) }) }), prompt: 'x', maxRetries: 0 })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
  test.each([['bytes', (wav: Buffer) => new Uint8Array(wav)], ['base64', (wav: Buffer) => wav.toString('base64')]] as const)('speech as %s is marked', async (_, form) => {
    const model = new MockSpeechModelV3({ doGenerate: async () => ({ audio: form(speech('a harbour')), warnings: [], response: { timestamp: new Date(), modelId: 'm' } }) })
    const { audio } = await generateSpeech({ model: markSpeechModel(countermark, model, { options: () => ({ produceId: 's-1' }) }), text: 'x' })
    const seen = await verify(Buffer.from(audio.uint8Array), { keys: ['public'], expect: { provider: 'Example-Lab', produceId: 's-1' } })
    expect([seen.verdict, seen.matchesExpected]).toEqual(['compliant', true])
  })
})

describe('the OpenAI SDK', () => {
  async function client(): Promise<OpenAI> {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (data: Buffer) => (body += data.toString()))
      request.on('end', () => {
        const chunk = (choices: object[]): string => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices })}\n\n`
        if (!(JSON.parse(body) as { stream?: boolean }).stream)
          return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: SAID } }] }))
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const whole = [chunk([{ index: 0, delta: { role: 'assistant', content: '' } }]), ...PIECES.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])), chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]), 'data: [DONE]\n\n'].join('')
        for (let at = 0; at < whole.length; at += 997) response.write(whole.slice(at, at + 997))
        return response.end()
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const seen: TextAdapterSettings<string> = { options: () => ({ produceId: 'o-1' }) }
    return new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, fetch: markedFetch(countermark, { texts: seen }) as never, maxRetries: 0 })
  }
  test('texts of chat completions are marked, whole and streamed', async () => {
    const openai = await client()
    const { choices } = await openai.chat.completions.create({ model: 'x', messages: [] })
    await expectMarked(choices[0]!.message.content!, 'o-1')
    let whole = ''
    let last: unknown
    for await (const { choices: [choice] } of await openai.chat.completions.create({ model: 'x', messages: [], stream: true })) {
      whole += choice?.delta.content ?? ''
      last = choice?.finish_reason
    }
    expect(last).toBe('stop')
    await expectMarked(whole, 'o-1')
  })
  test('JSON for a program stays as it is', async () => {
    const { choices } = await (await client()).chat.completions.create({ model: 'x', messages: [], response_format: { type: 'json_object' } })
    expect(choices[0]!.message.content).toBe(SAID)
  })
})

describe('LangChain.js', () => {
  const model = new FakeListChatModel({ responses: [SAID] })
  test('a whole message is marked', async () => {
    const seen: MarkedText[] = []
    const message = await model.pipe(markRunnable(countermark, { marked: (result) => seen.push(result) })).invoke([new HumanMessage('x')]) as AIMessage
    expect(message).toBeInstanceOf(AIMessage)
    await expectMarked(message.content as string, seen[0]!.produceId)
  })
  test('streams are marked, of messages and behind a parser', async () => {
    let whole: AIMessageChunk | undefined
    let pieces = 0
    for await (const chunk of await model.pipe(markRunnable(countermark, { options: () => ({ produceId: 'l-1' }) })).stream([new HumanMessage('x')])) {
      whole = whole === undefined ? chunk as AIMessageChunk : whole.concat(chunk as AIMessageChunk)
      pieces++
    }
    expect(pieces).toBeGreaterThan(100)
    await expectMarked(whole!.content as string, 'l-1')
    let parsed = ''
    for await (const piece of await model.pipe(new StringOutputParser()).pipe(markRunnable(countermark, { options: () => ({ produceId: 'l-2' }) })).stream([new HumanMessage('x')])) parsed += piece as string
    await expectMarked(parsed, 'l-2')
  })
  test('tool calls, ids and parts of other kinds stay', async () => {
    const call = { name: 'look', args: { at: 'x' }, id: 't', type: 'tool_call' as const }
    const source = new AIMessage({ id: 'm-1', content: [{ type: 'text', text: SAID }, { type: 'image_url', image_url: 'data:,' }], tool_calls: [call] })
    const message = await RunnableLambda.from(() => source).pipe(markRunnable(countermark, { options: () => ({ produceId: 'l-3' }) })).invoke('x') as AIMessage
    expect([message.id, message.tool_calls, (message.content as unknown[])[1]]).toEqual(['m-1', [call], { type: 'image_url', image_url: 'data:,' }])
    await expectMarked((message.content as unknown as [{ text: string }])[0].text, 'l-3')
  })
})

test('OpenTelemetry and a logger are told of calls and failures, never of content', async () => {
  const spans = new InMemorySpanExporter()
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('test')
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
  const meters = new MeterProvider({ readers: [reader] })
  const log: [string, object, string][] = []
  const watched = observed(countermark, { tracer, meter: meters.getMeter('test'), logger: { info: (fields, message) => log.push(['info', fields, message]), error: (fields, message) => log.push(['error', fields, message]) } })
  const png = await photograph('png')
  const { produceId, output } = await watched.mark(png, { metadataOnly: true })
  await watched.verify(output)
  await expect(watched.mark(png.subarray(0, 900), {})).rejects.toMatchObject({ code: 'ERR_BROKEN' })

  const finished = spans.getFinishedSpans()
  expect(finished.map(({ name }) => name)).toEqual(['countermark.mark', 'countermark.verify', 'countermark.mark'])
  expect(finished[0]!.attributes).toMatchObject({ 'countermark.type': 'image/png', 'countermark.produce_id': produceId, 'countermark.status': 'done' })
  expect([finished[2]!.status.code, finished[2]!.attributes['countermark.error'], finished[2]!.events[0]?.name]).toEqual([SpanStatusCode.ERROR, 'ERR_BROKEN', 'exception'])
  await reader.forceFlush()
  const points = metrics.getMetrics().at(-1)!.scopeMetrics[0]!.metrics[0]!
  expect(points.descriptor.name).toBe('countermark.duration')
  expect(points.dataPoints.every(({ attributes }) => !('countermark.produce_id' in attributes))).toBe(true)
  expect(log.map(([level, , message]) => [level, message])).toEqual([['info', 'countermark mark'], ['info', 'countermark verify'], ['error', 'countermark mark failed']])
  await meters.shutdown()
})
