// C2PA in a real browser, by the library of its makers where it is installed; without it a manifest is found and not checked.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { C2paReading, MetadataEvidence, VerifyResult } from '../../src/index.js'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { media } from '../support/media.js'

const LIBRARY = 'node_modules/@contentauth/c2pa-web/dist'
const installed = existsSync(join(LIBRARY, 'resources/c2pa_bg.wasm'))
// What a bundler does: the bare names inside the library become addresses.
const chunk = installed ? /from "\.\/([^"]+)"/.exec(readFileSync(join(LIBRARY, 'index.js'), 'utf8'))![1]! : ''
const PACKAGES: { [name: string]: string } = { highgain: '/node_modules/highgain/dist/index.js', 'ts-deepmerge': '/node_modules/ts-deepmerge/esm/index.js' }
const bundled = (): { [path: string]: string } => (installed
  ? { [`/${LIBRARY}/${chunk}`]: readFileSync(join(LIBRARY, chunk), 'utf8').replace(/(from\s*")([\w-]+)"/g, (whole, before: string, name: string) => (PACKAGES[name] === undefined ? whole : `${before}${PACKAGES[name]}"`)) }
  : {})
const SCRIPT = `
  import { createVerifier } from '/dist/browser.js'
  ${installed ? `import { createC2pa } from '/${LIBRARY}/index.js'` : ''}
  const c2pa = ${installed ? `await createC2pa({ wasmSrc: location.origin + '/${LIBRARY}/resources/c2pa_bg.wasm', workerSrc: new URL('/${LIBRARY}/c2pa_worker.js', location.origin) })` : 'undefined'}
  const plain = createVerifier()
  const checking = createVerifier({ c2pa })
  globalThis.verifyFile = (text, check) => (check ? checking : plain).verify(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), { effort: 'direct' })
  document.title = 'ready'
`

describe.skipIf(chromiumPath === undefined || media === undefined)('C2PA in a browser', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  const inPage = async (file: string, check: boolean, damage = false): Promise<{ reading: C2paReading | undefined; c1: string[]; state: string }> => {
    const bytes = readFileSync(join(media!, 'image', file))
    if (damage) bytes[bytes.length - 60]! ^= 1
    const { evidence, findings, state } = await page.evaluate(
      ([text, check]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<VerifyResult> }).verifyFile(text, check), [bytes.toString('base64'), check] as const,
    )
    const site = evidence.find((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'c2pa')
    return { reading: site?.c2pa, c1: findings.filter(({ rule }) => rule === 'C1').map(({ severity }) => severity), state }
  }
  beforeAll(async () => {
    host = await serve({ '/': '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>', '/page.js': SCRIPT, ...bundled() }, installed ? [LIBRARY, 'node_modules/highgain', 'node_modules/ts-deepmerge'] : [])
    browser = await launch()
    const context = await browser.newContext()
    // The library takes its worker from https only: the same files under such an address, without any network.
    await context.route('https://page.example/**', async (route) => {
      const answer = await fetch(route.request().url().replace('https://page.example', host.url))
      await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body: Buffer.from(await answer.arrayBuffer()) })
    })
    page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.goto('https://page.example/')
    await page.waitForFunction(() => document.title === 'ready', undefined, { timeout: 30_000 }).catch((thrown: unknown) => { throw new Error(`${String(thrown)} ${complaints.join(' ')}`) })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('without the library a manifest is a trace, and not checked', async () => {
    expect(await inPage('ai-flux2-c2pa.jpg', false)).toEqual({ reading: undefined, c1: ['info'], state: 'suspected' })
  })
  test.skipIf(!installed)('with it: the content is what was signed', async () => {
    expect(await inPage('ai-flux2-c2pa.jpg', true)).toMatchObject({ reading: { valid: true, trusted: false, generator: 'Black Forest Labs API', actions: ['c2pa.created'] }, c1: ['info'] })
    expect(complaints).toEqual([])
  })
  test.skipIf(!installed)('with it: a changed byte is told', async () => {
    const { reading, c1 } = await inPage('ai-flux2-c2pa.jpg', true, true)
    expect([reading?.valid, reading?.problems.includes('assertion.dataHash.mismatch'), c1]).toEqual([false, true, ['warning']])
  })
})
