// Signatures in a real browser, under the strictest policy: WebCrypto's algorithms hold there, SM2 is loaded with its first signature.
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { mark, type SignatureEvidence, type VerifyOptions, type VerifyResult } from '../../src/index.js'
import { recordOf } from '../../src/metadata/record.js'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { photograph } from '../support/pictures.js'

const SCRIPT = `
  import { createVerifier } from '/dist/browser.js'
  const verifier = createVerifier({ signatures: true })
  await verifier.ready()
  globalThis.verifyFile = (text, options) => verifier.verify(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), options)
  document.title = 'ready'
`

describe.skipIf(chromiumPath === undefined)('signatures in a browser', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let page: Page
  let png: Buffer
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
  const options = { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true } as const
  const inPage = async (bytes: Uint8Array, asked: VerifyOptions = {}): Promise<{ signature: SignatureEvidence | undefined; s1: string[] }> => {
    const { evidence, findings } = await page.evaluate(
      ([text, asked]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<VerifyResult> }).verifyFile(text, asked),
      [Buffer.from(bytes).toString('base64'), { effort: 'direct', ...asked }] as const,
    )
    return { signature: evidence.find((one): one is SignatureEvidence => one.kind === 'signature'), s1: findings.filter(({ rule }) => rule === 'S1').map(({ severity }) => severity) }
  }

  beforeAll(async () => {
    png = await photograph('png')
    host = await serve({ '/': '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>', '/page.js': SCRIPT })
    browser = await launch()
    page = await (await browser.newContext()).newPage()
    await page.goto(host.url)
    await page.waitForFunction(() => document.title === 'ready')
    await page.context().setOffline(true)
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('ECDSA: valid, bound, and trusted by its pinned key', async () => {
    const { output } = await mark(png, { ...options, sign: { key: pair.privateKey } })
    expect(await inPage(output, { trust: [pair.publicKey] })).toMatchObject({ signature: { algorithm: 'ECDSA-P256', valid: true, bound: true, trusted: true }, s1: [] })
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
    expect(await inPage(output, { trust: [other.publicKey] })).toMatchObject({ signature: { valid: true, trusted: false }, s1: ['warning'] })
  })
  test('a copied label is told', async () => {
    const { record } = await mark(png, { ...options, sign: { key: pair.privateKey } })
    const copied = (await loadEngine()).metadataWrite(await photograph('jpeg'), { aigc: record })
    expect(await inPage(copied)).toMatchObject({ signature: { valid: true, bound: false }, s1: ['error'] })
  })
  const sm2 = spawnSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'], { encoding: 'utf8' })
  test.skipIf(sm2.status !== 0)('SM2: its library comes with the first signature', async () => {
    const { output } = await mark(png, { ...options, sign: { key: sm2.stdout } })
    const other = await (await browser.newContext()).newPage()
    await other.goto(host.url)
    await other.waitForFunction(() => document.title === 'ready')
    const { evidence } = await other.evaluate(
      (text) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<VerifyResult> }).verifyFile(text, { effort: 'direct' }),
      Buffer.from(output).toString('base64'),
    )
    expect(evidence).toContainEqual(expect.objectContaining({ kind: 'signature', algorithm: 'SM2', valid: true, bound: true }))
    await other.close()
  }, 60_000)
  test('SM2 where its library cannot be loaded: not checked, and it says what is missing', async () => {
    const reserved = JSON.stringify({ SecurityData: { Type: 'TC260PG', Version: 1, PubSD: [
      { Type: 'PubKey', AlgID: '1.2.156.10197.1.501', KeyValue: `04${'11'.repeat(64)}` },
      { Type: 'DS', AlgID: '1.2.156.10197.1.501', TBSData: { Type: 'Md' }, Signature: `3044${`0220${'11'.repeat(32)}`.repeat(2)}` },
    ] } })
    const signed = (await loadEngine()).metadataWrite(png, { aigc: { ...recordOf('Example-Lab', '1'), ReservedCode1: reserved } })
    const { signature, s1 } = await inPage(signed)
    expect([signature?.valid, s1]).toEqual([undefined, ['info']])
    expect(signature?.problem).toContain('sm-crypto-v2')
  })
})
