// The WebAssembly module in a real browser, under a policy that forbids everything it does not need.
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, launch, serve } from '../support/browser.js'

const PAGE = '<!doctype html><title>engine</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import load, { version } from '/wasm/pkg/countermark_wasm.js'
  await load({ module_or_path: '/wasm/pkg/countermark_wasm_bg.wasm' })
  document.title = version()
`

describe.skipIf(chromiumPath === undefined)('the engine in a browser', () => {
  let browser: Browser
  let host: Awaited<ReturnType<typeof serve>>

  beforeAll(async () => {
    host = await serve({ '/': PAGE, '/page.js': SCRIPT })
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('loads under a strict content security policy and asks for nothing from elsewhere', async () => {
    const page = await browser.newPage()
    const asked: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))

    await page.goto(host.url)
    await page.waitForFunction(() => document.title !== 'engine')

    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await page.title()).toBe(version)
    expect(asked.filter((url) => !url.startsWith(host.url))).toEqual([])
    // The one thing that a bare page asks for and we do not serve.
    expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([])
  })
})
