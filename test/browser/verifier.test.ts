// The verifier for web pages in a real browser, under a policy that forbids everything it does not need, and without
// network once it is loaded: nothing is uploaded.
import { readFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { image, mark, verify, type MarkResult, type VerifyOptions, type VerifyResult, type WatermarkEvidence } from '../../src/index.js'
import { animation, frames, HEIGHT, KINDS, WIDTH } from '../support/animations.js'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { halved, recompressed } from '../support/damage.js'
import { docx, DOCX } from '../support/documents.js'
import { media, mediaFiles } from '../support/media.js'
import { made, photograph, pipeline } from '../support/pictures.js'
import { babble, ffmpeg, recoded, wavOf } from '../support/sounds.js'

const PAGE = '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import { createVerifier, CountermarkError } from '/dist/browser.js'
  const verifier = createVerifier()
  await verifier.ready()
  globalThis.verifyFile = async (text, options, name) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    try {
      return await verifier.verify(name === undefined ? bytes : new File([bytes], name), options)
    } catch (thrown) {
      return { ours: thrown instanceof CountermarkError, code: thrown.code, message: thrown.message }
    }
  }
  document.title = 'ready'
`
const KEY = '0f'.repeat(32)

/** The shortest film: brands, samples, and a movie header without tracks. */
function mp4(): Uint8Array {
  const box = (kind: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(body.length + 8)
    head.write(kind, 4, 'latin1')
    return Buffer.concat([head, body])
  }
  return Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isom')), box('mdat', Buffer.from('samples')), box('moov', box('mvhd', Buffer.alloc(100)))])
}

interface Failed { ours: boolean; code: string; message: string }
type Answer = VerifyResult & Partial<Failed>

describe.skipIf(chromiumPath === undefined)('the verifier in a browser', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let marked: MarkResult<Buffer>
  let loaded = 0
  const asked: string[] = []
  const complaints: string[] = []

  const inPage = (bytes: Uint8Array, options: VerifyOptions = {}, name?: string): Promise<Answer> =>
    page.evaluate(
      ([text, options, name]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<Answer> }).verifyFile(text, options, name),
      [Buffer.from(bytes).toString('base64'), options, name] as const,
    )

  beforeAll(async () => {
    marked = await mark(await pipeline(made(1200, 900)).png().toBuffer(), { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' })
    host = await serve({ '/': PAGE, '/page.js': SCRIPT })
    browser = await launch()
    context = await browser.newContext()
    page = await context.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(host.url)
    await page.waitForFunction(() => document.title === 'ready')
    loaded = asked.length
    await context.setOffline(true)
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('a marked file: the answer of Node', async () => {
    const [here, there] = [await inPage(marked.output, {}, 'a.png'), await verify(marked.output, { keys: ['public'] })]
    expect(here).toMatchObject({ file: 'a.png', type: 'image/png', verdict: 'compliant', state: 'confirmed', policy: 'cn', findings: [] })
    const plain = ({ evidence }: VerifyResult): unknown[] =>
      evidence.map((one) => (one.kind === 'watermark' ? [one.payload, one.bits, one.matchesMetadata] : one.kind === 'label' ? [one.found, one.text] : one))
    expect(plain(here)).toEqual(plain(there))
  })
  test.each([['recompressed', recompressed], ['halved', halved]] as const)('%s, without metadata', async (_, damage) => {
    const seen = await inPage(await damage(marked.output), { expect: { provider: 'Example-Lab', produceId: 'c-1' } })
    expect(seen).toMatchObject({ type: 'image/jpeg', verdict: 'non-compliant', state: 'suspected', matchesExpected: true })
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', found: true, payload: marked.payload }))
  })
  test('JPEG and WebP', async () => {
    for (const kind of ['jpeg', 'webp'] as const) {
      const { output } = await mark(await photograph(kind), { provider: { name: 'Example-Lab' }, key: 'public' })
      expect(await inPage(output)).toMatchObject({ type: `image/${kind}`, verdict: 'compliant', state: 'confirmed' })
    }
  })
  test('a private key', async () => {
    const { output, key } = await mark(await photograph(), { provider: { name: 'Example-Lab' }, key: KEY })
    const seen = await inPage(output, { keys: [KEY, 'public'] })
    expect(seen.evidence.filter(({ kind }) => kind === 'watermark')).toEqual([expect.objectContaining({ key, found: true }), expect.objectContaining({ key: 'public', found: false })])
  })
  test('the label of a picture that is turned for display', async () => {
    const source = await pipeline(made(640, 560)).withMetadata({ orientation: 6 }).jpeg({ quality: 92 }).toBuffer()
    const { output } = await mark(source, { provider: { name: 'Example-Lab' }, key: 'public' })
    expect((await inPage(output)).evidence).toContainEqual(expect.objectContaining({ kind: 'label', found: true, where: expect.objectContaining({ position: 'bottom-right' }) }))
  })
  test.each(['jpeg', 'png', 'webp'] as const)('an unmarked %s: not found', async (kind) => {
    expect(await inPage(await photograph(kind))).toMatchObject({ verdict: 'not found', state: 'none' })
  })
  test.each(KINDS)('an animated %s: a mark in a later frame is found, and where', async (kind) => {
    const pictures = frames()
    const payload = await image.payloadOf('Example-Lab', 'c-1', 64)
    await image.embed({ samples: pictures[2]!, width: WIDTH, height: HEIGHT, channels: 4, depth: 8 }, { payload })
    const seen = await inPage(await animation(kind, pictures), { effort: 'direct' })
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', found: true, frame: 2, payload: payload.slice(0, 8) }))
  })
  test('a tile\'s corners can be drawn over the picture', async () => {
    const source = await pipeline(made(640, 560)).withMetadata({ orientation: 6 }).jpeg({ quality: 92 }).toBuffer()
    const { output, evidence } = await mark(source, { provider: { name: 'Example-Lab' }, key: 'public' })
    const tileOf = (all: VerifyResult['evidence']) => all.find((one): one is WatermarkEvidence => one.kind === 'watermark')!.where!
    const [here, there] = [tileOf((await inPage(output)).evidence).tile, tileOf(evidence).tile]
    // The browser sees the turned picture, Node the stored one: in displayed pixels both name corners of the one grid.
    const side = Math.hypot(here[1]![0] - here[0]![0], here[1]![1] - here[0]![1])
    for (const corner of here)
      expect(there.some(([x, y]) => [x - corner[0], y - corner[1]].every((away) => Math.abs(away - side * Math.round(away / side)) < 1.5))).toBe(true)
  })
  test('limits, and what is no picture', async () => {
    expect(await inPage(marked.output, { limits: { pixels: 1000 } })).toMatchObject({ ours: true, code: 'ERR_LIMIT' })
    expect(await inPage(Buffer.from('hello'))).toMatchObject({ ours: true, code: 'ERR_UNSUPPORTED' })
    expect(await inPage(new Uint8Array())).toMatchObject({ ours: true, code: 'ERR_BROKEN' })
    expect(await inPage(marked.output.subarray(0, 30_000))).toMatchObject({ verdict: 'cannot tell' })
  })

  const hostile = mediaFiles('hostile').filter((path) => /^\.(jpg|png|webp|avif|gif|heic|tiff|bmp)$/.test(extname(path)))
  test.skipIf(media === undefined)('the media hold hostile pictures', () => expect(hostile.length).toBeGreaterThanOrEqual(29))
  test.each(hostile.map((path) => [basename(path), path] as const))('hostile: %s', async (_, path) => {
    const said = await inPage(readFileSync(path))
    if (said.code === undefined) expect(['not found', 'cannot tell', 'non-compliant']).toContain(said.verdict)
    else expect([said.ours, ['ERR_BROKEN', 'ERR_UNSUPPORTED', 'ERR_LIMIT'].includes(said.code)], `${said.code}: ${said.message}`).toEqual([true, true])
    // The page lives on.
    expect(await page.title()).toBe('ready')
  })

  test('nothing was asked for after loading, nothing from elsewhere, and nothing was refused', () => {
    expect(asked.slice(loaded)).toEqual([])
    expect(asked.filter((url) => !url.startsWith(host.url))).toEqual([])
    // The one thing that a browser asks for by itself and we do not serve.
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
  })
  test('documents: their code is loaded when the first one comes', async () => {
    // A page of its own, so that what the others ask for is not mixed with it.
    const other = await context.newPage()
    await context.setOffline(false)
    const files: string[] = []
    other.on('request', (request) => files.push(new URL(request.url()).pathname))
    await other.goto(host.url)
    await other.waitForFunction(() => document.title === 'ready')
    // The walk through JSON is that of streams of answers, too.
    expect(files.filter((path) => path.startsWith('/dist/document/') && !path.endsWith('/json-walk.js'))).toEqual([])
    const { output } = await mark(docx(), { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true })
    const answer = await other.evaluate(
      ([text]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<Answer> }).verifyFile(text, {}, 'a.docx'),
      [Buffer.from(output).toString('base64')] as const,
    )
    expect([answer.message, answer.state, answer.type]).toEqual([undefined, 'confirmed', DOCX])
    expect(files).toContain('/dist/document/fflate.js')
    await other.close()
  })
  test('a picture takes the small module, a film the full one, and both only once', async () => {
    const other = await context.newPage()
    await context.setOffline(false)
    const files: string[] = []
    other.on('request', (request) => files.push(new URL(request.url()).pathname))
    await other.goto(host.url)
    await other.waitForFunction(() => document.title === 'ready')
    const see = (bytes: Uint8Array): Promise<Answer> => other.evaluate(
      ([text]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<Answer> }).verifyFile(text),
      [Buffer.from(bytes).toString('base64')] as const,
    )
    const modules = (): string[] => files.filter((path) => path.endsWith('.wasm')).map((path) => basename(path))
    const { output: picture } = await mark(await photograph('jpeg'), { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true })
    expect(await see(picture)).toMatchObject({ type: 'image/jpeg', state: 'confirmed' })
    expect(modules()).toEqual(['countermark_wasm_bg.wasm'])
    const { output: film } = await mark(mp4(), { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true })
    for (let time = 0; time < 2; time++) {
      const seen = await see(film)
      expect([seen.message, seen.type, seen.state]).toEqual([undefined, 'video/mp4', 'confirmed'])
      expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'metadata', format: 'aigc', found: true, location: 'moov/udta/meta ilst AIGC' }))
    }
    expect(await see(picture)).toMatchObject({ type: 'image/jpeg', state: 'confirmed' })
    expect(modules()).toEqual(['countermark_wasm_bg.wasm', 'countermark_wasm_full_bg.wasm'])
    await other.close()
  })
  test('a sound: WAV by our own code, MP3 by the browser', async () => {
    const other = await context.newPage()
    await context.setOffline(false)
    await other.goto(host.url)
    await other.waitForFunction(() => document.title === 'ready')
    const see = (bytes: Uint8Array, name: string): Promise<Answer> => other.evaluate(
      ([text, name]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<Answer> }).verifyFile(text, {}, name),
      [Buffer.from(bytes).toString('base64'), name] as const,
    )
    const own = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const
    const good = { verdict: 'compliant', state: 'confirmed', findings: [] }
    expect(await see((await mark(wavOf(babble(6)), own)).output, 'a.wav')).toMatchObject({ type: 'audio/wav', ...good })
    if (ffmpeg !== undefined) {
      const seen = await see((await mark(recoded(wavOf(babble(6)), '-b:a', '96k', '-f', 'mp3'), own)).output, 'a.mp3')
      // A browser without patented decoders says so instead.
      if (seen.findings.some(({ message }) => message.includes('nobody listened'))) expect(seen.verdict).toBe('cannot tell')
      else expect(seen).toMatchObject({ type: 'audio/mpeg', ...good })
    }
    await other.close()
  }, 60_000)
})
