// examples/generation-service from outside: what it generates is marked, and what the Labeling Measures ask a service to keep is kept.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLedger, text, TEXT_LABELS, verify } from '../src/index.js'
import { program } from './support/programs.js'

const home = mkdtempSync(join(tmpdir(), 'countermark-service-'))
let child: ChildProcess
let address: string

async function start(): Promise<void> {
  child = spawn(process.execPath, ['--no-warnings', 'examples/generation-service/server.mjs'], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PORT: '0', DATA: join(home, 'data'), ADMIN_TOKEN: 'only-a-test', HOME: home, XDG_CONFIG_HOME: home },
  })
  for await (const line of createInterface({ input: child.stdout! })) {
    address = line
    return
  }
  throw new Error('the service did not start')
}

beforeAll(start)
afterAll(() => {
  child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

const post = (path: string, body: object): Promise<Response> => fetch(address + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const admin = { headers: { authorization: 'Bearer only-a-test' } }

const KINDS: [string, string, string][] = [['image', 'image/png', 'picture.png'], ['speech', 'audio/wav', 'speech.wav'], ['text', 'text/markdown; charset=utf-8', 'answer.md'], ...(program('ffmpeg') === undefined ? [] : [['video', 'video/mp4', 'film.mp4'] as [string, string, string]])]
test.each(KINDS)('/v1/%s gives marked content, again for download, with its entry', async (kind, type, name) => {
  const answer = await post(`/v1/${kind}`, { prompt: 'a harbour', user: 'u-1' })
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-verdict')]).toEqual([200, type, 'compliant'])
  const bytes = Buffer.from(await answer.arrayBuffer())
  const produceId = answer.headers.get('x-produce-id')!
  const seen = await verify(new File([bytes], name), { keys: ['public'], expect: { provider: 'Example-Lab', produceId } })
  expect([seen.verdict, seen.matchesExpected]).toEqual(['compliant', true])
  for (const wanted of ['watermark', 'metadata', 'label']) expect([wanted, seen.evidence.some(({ kind: found, ...one }) => found === wanted && one.found)]).toEqual([wanted, true])
  const download = await fetch(`${address}/v1/contents/${produceId}`)
  expect(download.headers.get('content-type')).toBe(type)
  expect(Buffer.from(await download.arrayBuffer()).equals(bytes)).toBe(true)
  const ledger = await openLedger(join(home, 'data', 'ledger.db'))
  expect(ledger.find({ produceId }).map(({ entry }) => entry)).toMatchObject([{ kind: 'mark', recipient: 'u-1', verdict: 'compliant' }])
  ledger.close()
})

test('a text that is streamed has its label and its mark, and a file of the same number', async () => {
  const answer = await post('/v1/text', { prompt: 'a garden', user: 'u-1', stream: true })
  const ledger = await openLedger(join(home, 'data', 'ledger.db'))
  let [received, entries] = ['', 0]
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    received += part
    // The end of the text, which is its label, comes when the entry is written.
    if (entries === 0 && received.includes(TEXT_LABELS.zh)) expect(entries = ledger.find({ produceId: answer.headers.get('x-produce-id')! }).length).toBe(1)
  }
  ledger.close()
  expect(entries).toBe(1)
  const events = received.split('\n').filter((line) => line.startsWith('data: ')).map((line) => JSON.parse(line.slice(6)) as { text?: string; done?: boolean; produceId?: string; verdict?: string })
  const whole = events.map(({ text: piece = '' }) => piece).join('')
  const last = events.at(-1)!
  expect([last.done, last.verdict, last.produceId]).toEqual([true, 'compliant', answer.headers.get('x-produce-id')])
  expect(text.findLabel(whole)).toBeDefined()
  const [mark] = await text.detect(whole)
  expect(mark?.found).toBe(true)
  const download = await fetch(`${address}/v1/contents/${last.produceId}`)
  expect((await verify(new File([await download.arrayBuffer()], 'answer.md'), { keys: ['public'], expect: { provider: 'Example-Lab', produceId: last.produceId! } })).matchesExpected).toBe(true)
})

test('without the visible label only after its user accepted the present agreement, and the log says so', async () => {
  expect((await post('/v1/image', { prompt: 'x', user: 'u-2', waiver: 'waiver-made-up' })).status).toBe(403)
  expect((await post('/v1/waivers', { user: 'u-2', purpose: 'a book cover', accept: '2020-01' })).status).toBe(400)
  const accepted = await post('/v1/waivers', { user: 'u-2', purpose: 'a book cover', accept: '2026-01' })
  expect(accepted.status).toBe(201)
  const { reference } = await accepted.json() as { reference: string }
  expect((await post('/v1/image', { prompt: 'x', user: 'u-3', waiver: reference })).status).toBe(403)

  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  await start()

  const answer = await post('/v1/image', { prompt: 'x', user: 'u-2', waiver: reference })
  expect(answer.status).toBe(200)
  const produceId = answer.headers.get('x-produce-id')!
  const seen = await verify(Buffer.from(await answer.arrayBuffer()), { keys: ['public'], expect: { provider: 'Example-Lab', produceId } })
  expect([seen.matchesExpected, seen.evidence.some(({ kind, ...one }) => kind === 'label' && one.found), seen.evidence.some(({ kind, ...one }) => kind === 'watermark' && one.found)]).toEqual([true, false, true])
  const ledger = await openLedger(join(home, 'data', 'ledger.db'))
  const [stored] = ledger.find({ produceId })
  expect(stored?.entry).toMatchObject({ recipient: 'u-2', waiver: { reference } })
  expect(Date.parse(stored!.entry.retainUntil!)).toBeGreaterThan(Date.now() + 181 * 86_400_000)
  ledger.close()
})

test('agreement, labelling materials and dossier are there; the log only for the administrator', async () => {
  const agreement = await (await fetch(`${address}/terms`)).text()
  for (const wanted of ['2026-01', 'AI生成', 'bottom-right', '人工智能生成']) expect(agreement).toContain(wanted)
  const filing = await (await fetch(`${address}/filing`)).json() as { explicit: object; waivers: { accepted: number }; log: { entries: number } }
  expect([filing.explicit, filing.waivers.accepted > 0, filing.log.entries > 4]).toMatchObject([{ wording: ['AI生成'] }, true, true])
  const period = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date(Date.now() + 3_600_000).toISOString()}`
  for (const path of ['/admin/waivers', `/admin/dossier?${period}`]) expect((await fetch(address + path)).status).toBe(401)
  const dossier = await (await fetch(`${address}/admin/dossier?${period}`, admin)).json() as { ok: boolean; entries: number; files: Record<string, string> }
  expect([dossier.ok, dossier.entries > 4, dossier.files['entries.csv']?.includes('u-2')]).toEqual([true, true, true])
})

test('what does not make sense is refused', async () => {
  expect((await post('/v1/image', { prompt: '', user: 'u-1' })).status).toBe(400)
  expect((await post('/v1/image', { prompt: 'x', user: 'no spaces' })).status).toBe(400)
  expect((await post('/v1/text', { prompt: 'x', user: 'u-1', stream: 'yes' })).status).toBe(400)
  for (const path of ['/v1/text', '/v1/waivers'])
    for (const body of ['{"prompt":', 'null', '[]', '7']) {
      const answer = await fetch(address + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect([path, body, answer.status, await answer.json()]).toEqual([path, body, 400, { error: 'the body must be a JSON object' }])
    }
  const broken = await fetch(`${address}/v1/text`, { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: 'no form' })
  expect([broken.status, await broken.json()]).toEqual([400, { error: 'the body cannot be read as a form' }])
})

test('an empty field is no waiver', async () => {
  const form = (fields: Record<string, string>): Promise<Response> => fetch(`${address}/v1/text`, { method: 'POST', body: new URLSearchParams(fields) })
  for (const answer of [await post('/v1/text', { prompt: 'x', user: 'u-1', waiver: null }), await form({ prompt: 'x', user: 'u-1', waiver: '' })])
    expect([answer.status, answer.headers.get('x-verdict')]).toEqual([200, 'compliant'])
  expect((await form({ prompt: 'x', user: 'u-1', waiver: 'made-up' })).status).toBe(403)
})

test('what is not there is not given', async () => {
  expect((await fetch(`${address}/v1/contents/${'0'.repeat(36)}`)).status).toBe(404)
  expect((await fetch(`${address}/v1/contents/..%2Fledger.db`)).status).toBe(404)
})
