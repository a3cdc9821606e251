// How the verifier of web pages is started and stopped: in a worker, on the page, from addresses of the host's.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mark, type MarkResult, type PartialResult, type VerifyResult } from '../../src/index.js'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { recompressed } from '../support/damage.js'
import { made, pipeline } from '../support/pictures.js'

const PAGE = '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import { createVerifier, CountermarkError } from '/dist/browser.js'
  const files = await (await fetch('/files.json')).json()
  const bytesOf = (name) => Uint8Array.from(atob(files[name]), (letter) => letter.charCodeAt(0))
  const failure = (thrown) => ({ ours: thrown instanceof CountermarkError, code: thrown.code, remedy: thrown.remedy })
  const plain = ({ ms, ...rest }) => rest
  Object.assign(globalThis, {
    async check(name, options, asked = {}) {
      const verifier = createVerifier(options)
      const parts = []
      try {
        const result = await verifier.verify(bytesOf(name), { ...asked, onPart: (part) => parts.push(part) })
        return { result: plain(result), parts }
      } catch (thrown) {
        return failure(thrown)
      } finally {
        verifier.close()
      }
    },
    async stop(how) {
      const verifier = createVerifier()
      await verifier.ready()
      const stop = new AbortController()
      const start = performance.now()
      const long = verifier.verify(bytesOf('plain'), { signal: stop.signal, onPart: ({ stage }) => {
        if (stage === 'metadata') how === 'close' ? verifier.close() : stop.abort()
      } }).catch(failure)
      const behind = how === 'queued' ? verifier.verify(bytesOf('marked'), { signal: AbortSignal.abort() }).catch(failure) : undefined
      const first = await long
      const stopped = performance.now() - start
      return { first, stopped, behind: await behind, next: plain(await verifier.verify(bytesOf('marked'))).state }
    },
    async together() {
      const verifier = createVerifier()
      const results = await Promise.all(['marked', 'copy', 'marked'].map((name) => verifier.verify(bytesOf(name))))
      return results.map(({ state }) => state)
    },
    async thrown() {
      const verifier = createVerifier()
      const error = await verifier.verify(bytesOf('marked'), { onPart: () => { throw new RangeError('of the page') } }).catch(({ name, message }) => [name, message].join(' '))
      return { error, next: (await verifier.verify(bytesOf('marked'))).state }
    },
  })
  document.title = 'ready'
`

interface Said { result?: VerifyResult; parts?: PartialResult[]; ours?: boolean; code?: string; remedy?: string }
interface Stopped { first: Said; stopped: number; behind?: Said; next: string }

describe.skipIf(chromiumPath === undefined)('the verifier and its worker', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let page: Page
  let marked: MarkResult<Buffer>
  const files: string[] = []
  const call = <T>(name: string, ...given: unknown[]): Promise<T> =>
    page.evaluate(([name, given]) => (globalThis as unknown as { [name: string]: (...given: unknown[]) => Promise<T> })[name]!(...given), [name, given] as const)

  beforeAll(async () => {
    marked = await mark(await pipeline(made(900, 700)).png().toBuffer(), { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' })
    const sent = { marked: marked.output, copy: await recompressed(marked.output), plain: await pipeline(made(1300, 1000)).png().toBuffer() }
    host = await serve({ '/': PAGE, '/page.js': SCRIPT, '/files.json': JSON.stringify(Object.fromEntries(Object.entries(sent).map(([name, bytes]) => [name, bytes.toString('base64')]))) })
    browser = await launch()
    page = await browser.newPage()
    page.on('request', (request) => files.push(new URL(request.url()).pathname))
    await page.goto(host.url)
    await page.waitForFunction(() => document.title === 'ready')
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('in a worker and on the page: one answer, and the parts before it', async () => {
    const there = await call<Said>('check', 'copy', {})
    expect(files).toContain('/dist/verifier/worker.js')
    expect(there.parts!.map(({ stage }) => stage)).toEqual(['metadata', 'direct'])
    expect(there.parts![0]!.evidence.some(({ kind }) => kind === 'watermark')).toBe(false)
    // The direct stage has read the payload, and the answer is the same one.
    const mark = there.result!.evidence.find(({ kind }) => kind === 'watermark')
    expect(mark).toMatchObject({ found: true, payload: marked.payload })
    expect(there.parts![1]!.evidence).toContainEqual(mark)
    expect(there.parts![1]!.state).toBe('suspected')
    expect(await call<Said>('check', 'copy', { worker: false })).toEqual(there)
  }, 60_000)
  test('an unmarked picture: the direct stage finds nothing, the whole search neither', async () => {
    const { result, parts } = await call<Said>('check', 'plain', {})
    expect([parts!.map(({ stage, state }) => [stage, state]), result!.verdict]).toEqual([[['metadata', 'none'], ['direct', 'none']], 'not found'])
  }, 60_000)
  test('addresses of the host\'s', async () => {
    const { result } = await call<Said>('check', 'marked', { worker: `${host.url}/dist/verifier/worker.js`, wasm: 'wasm/pkg/countermark_wasm_bg.wasm' })
    expect(result!.state).toBe('confirmed')
    expect(await call<Said>('check', 'marked', { worker: '/not/there.js' })).toMatchObject({ ours: true, code: 'ERR_MISSING', remedy: expect.stringContaining('worker: false') })
    expect(await call<Said>('check', 'marked', { worker: 'https://elsewhere.invalid/worker.js' })).toMatchObject({ ours: true, code: 'ERR_MISSING' })
    expect(await call<Said>('check', 'marked', { worker: false }, { policy: 'nowhere' })).toMatchObject({ ours: true, code: 'ERR_PARAMETER' })
    expect(await call<Said>('check', 'marked', {}, { policy: 'nowhere' })).toMatchObject({ ours: true, code: 'ERR_PARAMETER' })
  }, 60_000)
  test('a missing module can be tried again elsewhere', async () => {
    expect(await call<Said>('check', 'marked', { wasm: '/not/there.wasm' })).toMatchObject({ ours: true, code: 'ERR_MISSING', remedy: expect.stringContaining('wasm-unsafe-eval') })
    expect((await call<Said>('check', 'marked', {})).result!.state).toBe('confirmed')
  }, 60_000)
  test('limits of time end a search in a worker at once', async () => {
    expect(await call<Said>('check', 'plain', { limits: { seconds: 0.05 } })).toMatchObject({ ours: true, code: 'ERR_LIMIT' })
  }, 60_000)
  test.each(['abort', 'close', 'queued'] as const)('%s: the search ends, and the next file is verified', async (how) => {
    const { first, behind, next } = await call<Stopped>('stop', how)
    expect(first).toMatchObject({ ours: true, code: 'ERR_CANCELLED' })
    if (how === 'queued') expect(behind).toMatchObject({ code: 'ERR_CANCELLED' })
    expect(next).toBe('confirmed')
  }, 60_000)
  test('several files at once wait for each other', async () => {
    expect(await call<string[]>('together')).toEqual(['confirmed', 'suspected', 'confirmed'])
  }, 60_000)
  test('what the page\'s own function throws comes back, and the verifier goes on', async () => {
    expect(await call('thrown')).toEqual({ error: 'RangeError of the page', next: 'confirmed' })
  }, 60_000)
})
