// The HTTP interface, over real sockets.
import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openLedger, serve, verify, type CountermarkServer, type ServeOptions } from '../src/index.js'
import { folder } from './support/command.js'
import { photograph, pipeline, made } from './support/pictures.js'

const run = promisify(execFile)
const provider = { name: 'Example-Lab' }
const TOKEN = 'a-token-of-enough-length'
let png: Buffer
beforeAll(async () => { png = await photograph('png') })

const avif = (): Promise<Buffer> => pipeline(made(64, 64)).avif().toBuffer()

async function started(options: ServeOptions = {}): Promise<CountermarkServer> {
  const server = await serve({ provider, port: 0, ...options })
  onTestFinished(() => server.close())
  return server
}
const post = (server: CountermarkServer, path: string, body: BodyInit = new Uint8Array(png), headers: Record<string, string> = {}) => fetch(server.address + path, { method: 'POST', body, headers })

describe('the calls', () => {
  test('mark gives the bytes and a report; verify and propagate take them', async () => {
    const ledger = await openLedger(join(folder(), 'l.db'))
    onTestFinished(() => ledger.close())
    const server = await started({ ledger })
    const answer = await post(server, '/v1/mark?produce-id=c-1')
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('countermark-produce-id')]).toEqual([200, 'image/png', 'c-1'])
    const report = JSON.parse(answer.headers.get('countermark-report')!)
    expect(report).toMatchObject({ type: 'image/png', status: 'done', produceId: 'c-1', verdict: 'compliant', watermark: { embedded: true, bits: 64 }, label: { text: ['AI生成'] }, entry: { number: 3 } })
    const marked = Buffer.from(await answer.arrayBuffer())
    expect((await verify(marked, { expect: { provider: 'Example-Lab', produceId: 'c-1' } })).matchesExpected).toBe(true)
    const seen = await (await post(server, '/v1/verify?provider-name=Example-Lab&produce-id=c-1', new Uint8Array(marked))).json() as Record<string, unknown>
    expect(seen).toMatchObject({ verdict: 'compliant', state: 'confirmed', matchesExpected: true })
    const passed = await post(server, '/v1/propagate?provider-name=Example-Platform&propagate-id=p-1', new Uint8Array(marked), { accept: 'application/json' })
    const body = await passed.json() as { output: string; status: string; record: Record<string, string> }
    expect([body.status, body.record]).toEqual(['set', expect.objectContaining({ ContentProducer: 'Example-Lab', ContentPropagator: 'Example-Platform', PropagateID: 'p-1' })])
    expect((await verify(Buffer.from(body.output, 'base64'))).state).toBe('confirmed')
    const { entries } = await (await fetch(`${server.address}/v1/ledger?payload=${report.payload.slice(0, 10)}`)).json() as { entries: { kind: string }[] }
    expect(entries.map(({ kind }) => kind)).toEqual(['mark', 'propagate'])
  })
  test('JSON and multipart hold the whole report', async () => {
    const server = await started({ metadataOnly: true })
    const json = await (await post(server, '/v1/mark', undefined, { accept: 'application/json' })).json() as { output: string; evidence: unknown[] }
    expect(json.evidence.length).toBeGreaterThan(0)
    expect((await verify(Buffer.from(json.output, 'base64'), { policy: 'in' })).evidence[0]).toBeTruthy()
    const mixed = await post(server, '/v1/mark?produce-id=c-2', undefined, { accept: 'multipart/mixed' })
    const boundary = /boundary=(\S+)/.exec(mixed.headers.get('content-type')!)![1]!
    const raw = Buffer.from(await mixed.arrayBuffer())
    const [, first, second] = raw.toString('latin1').split(`--${boundary}`)
    expect(JSON.parse(Buffer.from(first!.split('\r\n\r\n')[1]!, 'latin1').toString())).toMatchObject({ produceId: 'c-2', evidence: expect.any(Array) })
    expect(second).toMatch(/^\r\ncontent-type: image\/png\r\n\r\n\x89PNG/)
    expect((await verify(Buffer.from(second!.slice(second!.indexOf('\x89PNG'), -2), 'latin1'))).evidence.some((one) => one.kind === 'metadata' && one.found)).toBe(true)
  })
  test('a text needs its name or content type, a large film goes through a file and leaves nothing', async () => {
    const server = await started()
    expect((await post(server, '/v1/mark', '# A heading')).status).toBe(415)
    expect((await post(server, '/v1/mark', '# A heading', { 'content-type': 'text/markdown; charset=utf-8' })).headers.get('content-type')).toBe('text/markdown')
    expect((await post(server, '/v1/mark?file=../../x.md', '# A heading')).status).toBe(200)
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('countermark-serve-'))
    const head = Buffer.from('00000018667479706d703432000000006d70343269736f6d', 'hex')
    const film = Buffer.concat([head, Buffer.from('00000008', 'hex'), Buffer.from('moov'), Buffer.alloc(0), Buffer.from((40 << 20).toString(16).padStart(8, '0'), 'hex'), Buffer.from('mdat'), Buffer.alloc((40 << 20) - 8)])
    const answer = await post(server, '/v1/mark?metadata-only=true', new Uint8Array(film))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp4'])
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(bytes.length).toBe(Number(answer.headers.get('content-length')))
    expect((await verify(bytes)).evidence.some((one) => one.kind === 'metadata' && one.found)).toBe(true)
    await expect.poll(() => readdirSync(tmpdir()).filter((name) => name.startsWith('countermark-serve-') && !before.includes(name))).toEqual([])
  })
})

describe('what is wrong', () => {
  test('has a status, a code and a remedy, and never a path of the server', async () => {
    const server = await started({ limits: { bytes: 2 << 20 } })
    const cases: [string, BodyInit | undefined, number, string][] = [
      ['/v1/mark?produceid=1', undefined, 400, 'ERR_USAGE'], ['/v1/mark?quality=best', undefined, 400, 'ERR_PARAMETER'], ['/v1/mark?label=false', undefined, 400, 'ERR_USAGE'],
      ['/v1/mark?policy=fr', undefined, 400, 'ERR_PARAMETER'], ['/v1/mark?policy=/etc/passwd', undefined, 400, 'ERR_PARAMETER'], ['/v1/mark?provider-name=Other-Lab', undefined, 400, 'ERR_USAGE'],
      ['/v1/mark?produce-id=1&produce-id=2', undefined, 400, 'ERR_USAGE'], ['/v1/mark?watermark=no', undefined, 400, 'ERR_PARAMETER'],
      ['/v1/mark', new Uint8Array(png.subarray(0, 3000)), 422, 'ERR_BROKEN'], ['/v1/mark', 'what is this', 415, 'ERR_UNSUPPORTED'], ['/v1/mark', new Uint8Array(3 << 20), 413, 'ERR_LIMIT'],
      ['/v1/verify?effort=much', undefined, 400, 'ERR_PARAMETER'], ['/v1/verify?provider-name=Example-Lab', undefined, 400, 'ERR_USAGE'], ['/v1/propagate', undefined, 400, 'ERR_USAGE'], ['/v1/nothing', undefined, 404, 'ERR_USAGE'],
    ]
    for (const [path, body, status, code] of cases) {
      const answer = await post(server, path, body ?? new Uint8Array(png.subarray(0, 100)))
      const text = await answer.text()
      expect([path, answer.status, JSON.parse(text).error.code]).toEqual([path, status, code])
      expect(text).not.toContain(tmpdir())
    }
    expect((await fetch(`${server.address}/v1/mark`)).status).toBe(405)
    expect((await fetch(`${server.address}/v1/ledger?produce-id=a`)).status).toBe(404)
    // A body without its length is counted as it comes.
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 18)) })
    const answer = await fetch(`${server.address}/v1/mark`, { method: 'POST', body: endless, duplex: 'half' } as RequestInit).then(({ status }) => status, () => 'cut')
    expect([413, 'cut']).toContain(answer)
    expect((await post(server, '/v1/mark')).status).toBe(200)
  })
  test('what to do about it names parameters, not flags or options', async () => {
    const server = await started({ provider: undefined as never, limits: { bytes: 2 << 20 } })
    const remedy = async (path: string, body?: BodyInit, type = 'application/octet-stream'): Promise<string> => (await (await post(server, path, body, { 'content-type': type })).json() as any).error.remedy
    expect(await remedy('/v1/mark')).toBe('Give the 27-character code as provider-code, or the name as provider-name.')
    expect(await remedy('/v1/propagate?provider-name=X')).toBe('Give it as propagate-id.')
    expect(await remedy('/v1/mark?provider-name=X', 'some words of text', 'text/plain')).toContain('file=NAME.md')
    expect(await remedy('/v1/mark?provider-name=X', new Uint8Array(await avif()))).toContain('metadata-only=true')
    expect(await remedy('/v1/mark?provider-name=X&label=false')).toBe('Give it as waiver=REF.')
    expect(await remedy('/v1/mark?provider-name=X', new Uint8Array(3 << 20))).toContain('smaller')
  })
  test('a token is asked for, pages and foreign names are not answered without one', async () => {
    const guarded = await started({ token: TOKEN })
    const status = (server: CountermarkServer, headers: Record<string, string>, path = '/v1/mark') => post(server, path, undefined, headers).then((answer) => answer.status)
    expect([await status(guarded, {}), await status(guarded, { authorization: `Bearer ${TOKEN}x` }), await status(guarded, { authorization: `Basic ${TOKEN}` }), await status(guarded, { authorization: `Bearer ${TOKEN}` })]).toEqual([401, 401, 401, 200])
    expect([(await fetch(`${guarded.address}/metrics`)).status, (await fetch(`${guarded.address}/health`)).status, (await fetch(`${guarded.address}/openapi.json`)).status]).toEqual([401, 200, 200])
    const open = await started()
    expect([await status(open, { origin: 'https://example.com' }), await status(open, { 'sec-fetch-site': 'cross-site' })]).toEqual([403, 403])
    const port = Number(new URL(open.address).port)
    const rebound = await new Promise<string>((done) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /v1/ledger?produce-id=a HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n'))
      socket.on('data', (data) => done(data.toString().split('\r\n')[0]!))
    })
    expect(rebound).toContain('403')
    await expect(serve({ provider, port: 0, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(serve({ provider, port: 0, token: 'short' })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(serve({ provider: { code: 'x' }, port: 0 })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(serve({ provider, port })).rejects.toMatchObject({ code: 'ERR_IO' })
  })
})

describe('load', () => {
  test('beyond the queue requests are told to come again, and the rest is answered', async () => {
    const server = await started({ concurrency: 1, queue: 2 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(server, '/v1/mark').then(async (answer) => ({ status: answer.status, retry: answer.headers.get('retry-after'), size: (await answer.arrayBuffer()).byteLength }))))
    const count = (status: number) => answers.filter((one) => one.status === status).length
    expect(count(200)).toBeGreaterThanOrEqual(3)
    expect(count(503)).toBeGreaterThan(0)
    expect(count(200) + count(503)).toBe(8)
    expect(answers.filter(({ status, retry }) => status === 503 && retry !== '1')).toEqual([])
    const metrics = await (await fetch(`${server.address}/metrics`)).text()
    expect(metrics).toContain(`countermark_requests_total{route="mark",status="200"} ${count(200)}`)
    expect(metrics).toContain(`countermark_requests_total{route="mark",status="503"} ${count(503)}`)
    expect(metrics).toMatch(/countermark_working 0\ncountermark_waiting|countermark_working 0\n/)
    expect(metrics).toMatch(/countermark_seconds_bucket\{route="mark",le="\+Inf"\} 8/)
  })
  test('who goes away frees the place; a slow upload does not hold up others', async () => {
    const server = await started({ concurrency: 1, queue: 1 })
    const port = Number(new URL(server.address).port)
    const slow = connect(port, '127.0.0.1', () => slow.write('POST /v1/mark HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\nabc'))
    await new Promise((done) => setTimeout(done, 100))
    expect((await post(server, '/v1/mark?metadata-only=true')).status).toBe(200)
    slow.destroy()
    await new Promise((done) => setTimeout(done, 100))
    const both = await Promise.all([post(server, '/v1/mark?metadata-only=true'), post(server, '/v1/mark?metadata-only=true')])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
  })
})

test('the document describes what is there', async () => {
  const server = await started()
  const document = await (await fetch(`${server.address}/openapi.json`)).json() as { openapi: string; paths: Record<string, Record<string, { parameters?: { name: string }[] }>> }
  expect(document.openapi).toBe('3.1.0')
  for (const [path, methods] of Object.entries(document.paths))
    for (const method of Object.keys(methods)) expect([path, (await fetch(server.address + path, { method })).status]).not.toEqual([path, expect.toSatisfy((status: number) => status === 405 || (status === 404 && path !== '/v1/ledger'))])
  const text = JSON.stringify(document)
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/(?:schemas|responses)\/(\w+)"/g)) expect(text).toContain(`"${name}":{`)
  expect(document.paths['/v1/mark']!['post']!.parameters!.map(({ name }) => name)).toContain('produce-id')
})

describe('the command', () => {
  test('serves Python, closes in order on SIGTERM, and signs its ledger', async () => {
    const home = folder()
    writeFileSync(join(home, 'key.pem'), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(join(home, 'photo.png'), png)
    const child = spawn(process.execPath, [resolve('dist/cli/main.js'), 'serve', '--port', '0', '--provider-name', 'Example-Lab', '--ledger', join(home, 'l.db'), '--sign-key', join(home, 'key.pem'), '--json'], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', LANG: 'C', COUNTERMARK_TOKEN: TOKEN }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let log = ''
    child.stderr.on('data', (data: Buffer) => (log += data.toString()))
    const address = await new Promise<string>((done) => child.stdout.once('data', (data: Buffer) => done((JSON.parse(data.toString()) as { address: string }).address)))
    // The program of docs/serve.md, as it stands there.
    const python = /```python\n([^]*?)```/.exec(readFileSync('docs/serve.md', 'utf8'))![1]!
    writeFileSync(join(home, 'call.py'), python)
    const { stdout } = await run('python3', ['call.py'], { cwd: home, env: { ...process.env, COUNTERMARK_URL: address, COUNTERMARK_TOKEN: TOKEN } })
    expect(stdout).toContain('compliant')
    expect((await verify(join(home, 'marked.png'))).verdict).toBe('compliant')
    const last = fetch(`${address}/v1/mark`, { method: 'POST', body: new Uint8Array(png), headers: { authorization: `Bearer ${TOKEN}` } })
    await new Promise((done) => setTimeout(done, 60))
    child.kill('SIGTERM')
    const [code, answer] = await Promise.all([new Promise((done) => child.on('close', done)), last])
    expect([code, answer.status]).toEqual([0, 200])
    const ledger = await openLedger(join(home, 'l.db'))
    onTestFinished(() => ledger.close())
    expect(await ledger.check()).toMatchObject({ ok: true, heads: { valid: 1, upTo: 4 } })
    expect(log).toMatch(/POST mark 200 \d+ ms/)
    expect(log).not.toContain(TOKEN)
  })
})
