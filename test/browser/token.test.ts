// The token mark in a real browser: its own module, loaded under a strict policy, marks and finds as in Node.
import { expect, test } from 'vitest'
import { token } from '../../src/index.js'
import { chromiumPath, launch, serve } from '../support/browser.js'

const SCRIPT = `
  import { createTokenMarker } from '/dist/browser.js'
  const marker = createTokenMarker()
  const mark = { scheme: 'gumbel', key: 42n }
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647
  const sampler = await marker.sampler({ mark, topK: 20, random })
  const tokens = []
  for (let at = 0; at < 120; at++) {
    const ids = Array.from({ length: 30 }, (_, place) => (at * 31 + place * 97) % 4000)
    tokens.push(sampler.pick({ ids, logits: ids.map((_, place) => -0.2 * place) }, tokens).token)
  }
  const [found] = await marker.detect(tokens, { marks: mark })
  let code
  try {
    await marker.sampler({ mark, temperature: 0 })
  } catch (thrown) {
    code = thrown.code
  }
  globalThis.answer = { tokens, found, code }
`

test.skipIf(chromiumPath === undefined)('a page marks and finds under a strict content security policy', async () => {
  const host = await serve({ '/': '<!doctype html><title>tokens</title><script type="module" src="/page.js"></script>', '/page.js': SCRIPT })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    const complaints: string[] = []
    const asked: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(host.url)
    await page.waitForFunction(() => 'answer' in globalThis)
    const { tokens, found, code } = await page.evaluate(() => (globalThis as unknown as { answer: { tokens: number[]; found: { verdict: string; pValue: number }; code: string } }).answer)
    expect([complaints, code]).toEqual([[], 'ERR_PARAMETER'])
    expect(found.verdict).toBe('found')
    const [here] = await token.detect(tokens, { marks: { scheme: 'gumbel', key: 42 } })
    expect(found.pValue / here!.pValue).toBeCloseTo(1, 9)
    // The module of pictures is not loaded for it.
    expect(asked.filter((path) => path.endsWith('.wasm'))).toEqual(['/wasm/pkg/countermark_wasm_token_bg.wasm'])
  } finally {
    await browser.close()
    await host.close()
  }
}, 60_000)
