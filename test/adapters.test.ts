// The adapters against the frameworks themselves, over real sockets.
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { generateImage, wrapImageModel } from 'ai'
import { MockImageModelV3 } from 'ai/test'
import { serve as serveHono } from '@hono/node-server'
import fastify from 'fastify'
import { Hono } from 'hono'
import OpenAI from 'openai'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { markedFetch, markExpress, markFastify, markHandler, markHono, markImageModel, type AdapterSettings } from '../src/adapters/index.js'
import { createCountermark, verify } from '../src/index.js'
import { folder } from './support/command.js'
import { photograph } from './support/pictures.js'

/** Express brings no types of its own. */
const express = createRequire(import.meta.url)('express') as () => RequestListener & { use(handler: unknown): void; get(path: string, handler: (request: any, response: any) => void): void }

const countermark = createCountermark({ provider: { name: 'Example-Lab' }, metadataOnly: true, key: 'public' })
let png: Buffer
let home: string
beforeAll(async () => { png = await photograph('png') })

const marked = async (bytes: ArrayBuffer | Buffer): Promise<boolean> => (await verify(Buffer.from(bytes as ArrayBuffer), { keys: [] })).evidence.some((one) => one.kind === 'metadata' && one.format === 'aigc' && one.found)

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((done) => server.once('listening', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function photo(): string {
  home = folder()
  writeFileSync(join(home, 'photo.png'), png)
  return join(home, 'photo.png')
}

/** One server a framework, with the same routes. */
const FRAMEWORKS: [string, (settings: AdapterSettings<any>) => Promise<string>][] = [
  ['Express', async (settings) => {
    const file = photo()
    const app = express()
    app.use(markExpress(countermark, settings))
    app.get('/bytes', (_, response) => void response.type('png').send(png))
    app.get('/file', (_, response) => response.sendFile(file))
    app.get('/head', (_, response) => { response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.length, etag: '"x"' }); response.write(png.subarray(0, 1000)); response.end(png.subarray(1000)) })
    app.get('/json', (_, response) => void response.json({ hello: 'world' }))
    app.get('/broken', (_, response) => void response.type('png').send(png.subarray(0, 3000)))
    app.get('/gzip', (_, response) => void response.set('content-encoding', 'gzip').type('png').send(gzipSync(png)))
    app.get('/missing', (_, response) => void response.status(404).type('png').send(png))
    return listen(app)
  }],
  ['Fastify', async (settings) => {
    const app = fastify()
    app.register(markFastify(countermark, settings) as never)
    app.get('/bytes', (_, reply) => reply.type('image/png').send(png))
    app.get('/file', (_, reply) => reply.type('image/png').send(new Response(new Uint8Array(png), { headers: { 'content-type': 'image/png' } })))
    app.get('/head', (_, reply) => reply.header('etag', '"x"').type('image/png').send(new Blob([new Uint8Array(png)]).stream()))
    app.get('/json', async () => ({ hello: 'world' }))
    app.get('/broken', (_, reply) => reply.type('image/png').send(png.subarray(0, 3000)))
    app.get('/gzip', (_, reply) => reply.header('content-encoding', 'gzip').type('image/png').send(gzipSync(png)))
    app.get('/missing', (_, reply) => reply.status(404).type('image/png').send(png))
    onTestFinished(() => void app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  }],
  ['Hono', async (settings) => {
    const app = new Hono()
    app.use(markHono(countermark, settings) as never)
    const bytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(png)
    app.get('/bytes', (context) => context.body(bytes(), 200, { 'content-type': 'image/png' }))
    app.get('/file', () => new Response(new Blob([bytes()]), { headers: { 'content-type': 'image/png' } }))
    app.get('/head', () => new Response(new Blob([bytes()]).stream(), { headers: { 'content-type': 'image/png', 'content-length': String(png.length), etag: '"x"' } }))
    app.get('/json', (context) => context.json({ hello: 'world' }))
    app.get('/broken', (context) => context.body(bytes().subarray(0, 3000), 200, { 'content-type': 'image/png' }))
    app.get('/gzip', (context) => context.body(new Uint8Array(gzipSync(png)), 200, { 'content-type': 'image/png', 'content-encoding': 'gzip' }))
    app.get('/missing', (context) => context.body(bytes(), 404, { 'content-type': 'image/png' }))
    app.onError((_, context) => context.text('no', 500))
    return new Promise((done) => {
      const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => done(`http://127.0.0.1:${port}`))
      onTestFinished(() => void server.close())
    })
  }],
  ['a handler as of Next.js', async (settings) => {
    const types: Record<string, [BodyInit, ResponseInit]> = {
      '/bytes': [new Uint8Array(png), {}], '/file': [new Blob([new Uint8Array(png)]), {}], '/head': [new Blob([new Uint8Array(png)]).stream(), { headers: { etag: '"x"' } }],
      '/json': ['{"hello":"world"}', { headers: { 'content-type': 'application/json' } }], '/broken': [new Uint8Array(png.subarray(0, 3000)), {}], '/gzip': [new Uint8Array(gzipSync(png)), { headers: { 'content-encoding': 'gzip' } }], '/missing': [new Uint8Array(png), { status: 404 }],
    }
    const route = markHandler(countermark, (request) => {
      const [body, init] = types[new URL(request.url).pathname]!
      return new Response(body, { ...init, headers: { 'content-type': 'image/png', ...(init.headers as Record<string, string>) } })
    }, settings)
    return listen(async (request, response) => {
      const answer = await route(new Request(`http://x${request.url}`, { headers: request.headers as Record<string, string> })).catch(() => new Response('no', { status: 500 }))
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
    })
  }],
]

describe.each(FRAMEWORKS)('%s', (_, start) => {
  test('pictures are marked whichever way they are sent, and the rest is left alone', async () => {
    const results: string[] = []
    const address = await start({ marked: ({ produceId }) => results.push(produceId) })
    for (const path of ['/bytes', '/file', '/head']) {
      const answer = await fetch(address + path)
      const bytes = await answer.arrayBuffer()
      expect([path, answer.status, answer.headers.get('content-type'), answer.headers.get('etag'), Number(answer.headers.get('content-length')), await marked(bytes)]).toEqual([path, 200, 'image/png', null, bytes.byteLength, true])
    }
    // A part, or nothing at all, would go past the mark.
    const part = await fetch(`${address}/file`, { headers: { range: 'bytes=0-99', 'if-none-match': '*' } })
    expect([part.status, await marked(await part.arrayBuffer())]).toEqual([200, true])
    expect(await (await fetch(`${address}/json`)).json()).toEqual({ hello: 'world' })
    const missing = await fetch(`${address}/missing`)
    expect([missing.status, (await missing.arrayBuffer()).byteLength]).toEqual([404, png.length])
    expect(results.length).toBe(4)
  })
  test('what cannot be marked is not sent', async () => {
    const address = await start({})
    for (const path of ['/broken', '/gzip']) {
      const answer = await fetch(address + path)
      expect([path, answer.status, answer.headers.get('content-encoding')]).toEqual([path, 500, null])
      expect((await answer.arrayBuffer()).byteLength).toBeLessThan(1000)
    }
    const small = await start({ bytes: 1000 })
    expect((await fetch(`${small}/bytes`)).status).toBe(500)
  })
  test('options for one answer; answers that are left out', async () => {
    const address = await start({ options: () => ({ produceId: 'c-7' }) })
    const bytes = Buffer.from(await (await fetch(`${address}/bytes`)).arrayBuffer())
    expect((await verify(bytes, { effort: 'direct' })).evidence.find((one) => one.kind === 'metadata' && one.format === 'aigc')).toMatchObject({ aigc: { ProduceID: 'c-7' } })
    const bare = await start({ options: () => false })
    expect(Buffer.from(await (await fetch(`${bare}/bytes`)).arrayBuffer()).equals(png)).toBe(true)
    const none = await start({ types: ['image/webp'] })
    expect(Buffer.from(await (await fetch(`${none}/bytes`)).arrayBuffer()).equals(png)).toBe(true)
  })
})

describe('the OpenAI SDK', () => {
  /** A server that answers as OpenAI's does. */
  async function openai(): Promise<OpenAI> {
    const b64 = png.toString('base64')
    const address = await listen((request, response) => {
      let body = ''
      request.on('data', (data: Buffer) => (body += data.toString()))
      request.on('end', () => {
        const asked = body === '' ? {} : JSON.parse(body) as { stream?: boolean; response_format?: string }
        if (request.url === '/picture.png') return response.writeHead(200, { 'content-type': 'image/png' }).end(png)
        if (request.url === '/v1/audio/speech') return response.writeHead(200, { 'content-type': 'image/png' }).end(png)
        if (request.url === '/v1/chat/completions') return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'b64_json' } }] }))
        if (request.url === '/v1/responses') return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'r', output: [{ type: 'image_generation_call', id: 'i', status: 'completed', result: b64 }, { type: 'other', result: 'as it is' }] }))
        if (asked.stream) {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          const text = ['image_generation.partial_image', 'image_generation.completed'].map((type) => `event: ${type}\ndata: ${JSON.stringify({ type, b64_json: b64 })}\n\n`).join('')
          // Cut in the middle of everything.
          for (let at = 0; at < text.length; at += 99_991) response.write(text.slice(at, at + 99_991))
          return response.end()
        }
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ created: 1, data: asked.response_format === 'url' ? [{ url: `http://${request.headers.host}/picture.png` }] : [{ b64_json: b64 }, { b64_json: b64 }] }))
      })
    })
    return new OpenAI({ apiKey: 'none', baseURL: `${address}/v1`, fetch: markedFetch(countermark) as never, maxRetries: 0 })
  }
  test('pictures as base64, by address and in streams are marked', async () => {
    const client = await openai()
    const { data } = await client.images.generate({ prompt: 'x', model: 'gpt-image-1' })
    for (const { b64_json } of data!) expect(await marked(Buffer.from(b64_json!, 'base64'))).toBe(true)
    const byUrl = await client.images.generate({ prompt: 'x', response_format: 'url' })
    expect(byUrl.data![0]!.url).toMatch(/^data:image\/png;base64,/)
    expect(await marked(await (await fetch(byUrl.data![0]!.url!)).arrayBuffer())).toBe(true)
    const seen: string[] = []
    for await (const event of await client.images.generate({ prompt: 'x', model: 'gpt-image-1', stream: true, partial_images: 1 })) {
      seen.push(event.type)
      expect(await marked(Buffer.from(event.b64_json, 'base64'))).toBe(true)
    }
    expect(seen).toEqual(['image_generation.partial_image', 'image_generation.completed'])
  })
  test('pictures of the Responses interface and whole answers are marked; texts are left', async () => {
    const client = await openai()
    const { output } = await client.responses.create({ model: 'x', input: 'x' })
    expect(await marked(Buffer.from((output[0] as { result: string }).result, 'base64'))).toBe(true)
    expect((output[1] as unknown as { result: string }).result).toBe('as it is')
    expect(await marked(await (await client.audio.speech.create({ input: 'x', model: 'x', voice: 'alloy' })).arrayBuffer())).toBe(true)
    expect((await client.chat.completions.create({ model: 'x', messages: [] })).choices[0]!.message.content).toBe('b64_json')
  })
})

test.each([['base64', () => png.toString('base64')], ['bytes', () => new Uint8Array(png)]] as const)('the AI SDK: pictures of a model as %s are marked', async (_, picture) => {
  const model = new MockImageModelV3({
    maxImagesPerCall: 2,
    doGenerate: async ({ n }) => ({ images: Array.from({ length: n }, picture as () => string), warnings: [], response: { timestamp: new Date(), modelId: 'm', headers: undefined } }),
  })
  const seen: unknown[] = []
  const { images } = await generateImage({ model: wrapImageModel({ model, middleware: markImageModel(countermark, { marked: (_result, params) => seen.push(params) }) }), prompt: 'x', n: 2 })
  expect([images.length, seen.length, (seen[0] as { prompt: string }).prompt]).toEqual([2, 2, 'x'])
  for (const { uint8Array, mediaType } of images) expect([mediaType, await marked(Buffer.from(uint8Array))]).toEqual(['image/png', true])
})
