// The WebAssembly module in a real browser, under a policy that forbids everything it does not need.
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { wasmBinding, type Binding } from '../support/engines.js'
import { argumentsOf, vectors } from '../support/vectors.js'

const PAGE = '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import load, * as engine from '/wasm/pkg/countermark_wasm_full.js'
  await load({ module_or_path: '/wasm/pkg/countermark_wasm_full_bg.wasm' })
  globalThis.engine = engine
  document.title = engine.version()
`

describe.skipIf(chromiumPath === undefined)('the engine in a browser', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let page: Page
  const asked: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    host = await serve({ '/': PAGE, '/page.js': SCRIPT })
    browser = await launch()
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(host.url)
    await page.waitForFunction(() => document.title !== 'loading')
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('loads under a strict content security policy', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await page.title()).toBe(version)
  })

  test.each(vectors().flatMap((file) => file.vectors))('answers as in Node: $name', async (vector) => {
    const node = await wasmBinding()
    const args = argumentsOf(vector)
    const expected = answer(node, vector.call, args)

    const sent = argumentsOf(vector).map((arg) => (arg instanceof Uint8Array ? { bytes: Buffer.from(arg).toString('base64') } : arg))
    const given = await page.evaluate(
      ({ call, sent }) => {
        const unpack = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
        const pack = (bytes: Uint8Array) => ({ bytes: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) })
        const args = sent.map((arg) => (typeof arg === 'object' && arg !== null ? unpack((arg as { bytes: string }).bytes) : arg))
        let said: unknown
        try {
          said = (globalThis as unknown as { engine: Record<string, (...args: unknown[]) => unknown> }).engine[call]!(...args)
        } catch (thrown) {
          said = { code: (thrown as { code?: string }).code, message: (thrown as Error).message }
        }
        return { said: said instanceof Uint8Array ? pack(said) : said, args: args.map((arg) => (arg instanceof Uint8Array ? pack(arg) : arg)) }
      },
      { call: vector.call, sent },
    )
    expect(given.said).toEqual(expected)
    expect(given.args).toEqual(args.map(packed))
  })

  test('asked for nothing from elsewhere, and nothing was refused', () => {
    expect(asked.filter((url) => !url.startsWith(host.url))).toEqual([])
    // The one thing that a browser asks for by itself and we do not serve.
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
  })
})

function packed(value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value
}

function answer(binding: Binding, call: string, args: unknown[]): unknown {
  try {
    return packed(binding[call]!(...args))
  } catch (thrown) {
    return { code: (thrown as { code?: string }).code, message: (thrown as Error).message }
  }
}
