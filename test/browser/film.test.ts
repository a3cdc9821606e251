// Films in a real browser: mediabunny opens them, WebCodecs decodes them, in the worker and on the page; their code comes with the first.
import { execFileSync, spawnSync } from 'node:child_process'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { mark, type VerifyResult } from '../../src/index.js'
import { chromiumPath, launch, serve } from '../support/browser.js'
import { folder } from '../support/command.js'
import { babble, ffmpeg, wavOf } from '../support/sounds.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OWN = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const
const [WIDTH, HEIGHT, RATE] = [640, 360, 25]
const SCRIPT = `
  import { createVerifier } from '/dist/browser.js'
  const verifiers = { worker: createVerifier(), page: createVerifier({ worker: false }) }
  globalThis.verifyFile = (where, text, name) => verifiers[where].verify(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name)).catch(({ code, message }) => ({ code, message }))
  document.title = 'ready'
`

/** Raw frames of a picture that moves and has grain; `marked`: with label and watermark. */
async function frames(seconds: number, marked: boolean): Promise<Buffer> {
  const raw = execFileSync(ffmpeg!, ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${WIDTH}x${HEIGHT}:r=${RATE}:d=${seconds},noise=alls=12:allf=t:all_seed=3`, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'], { maxBuffer: 1 << 30 })
  if (!marked) return raw
  const engine = await loadEngine()
  const payload = engine.payloadOf('Example-Lab', 'c-1', 64)
  const embedder = engine.videoEmbedder(new Uint8Array(), { video: { width: WIDTH, height: HEIGHT }, key: 'public', payload, quality: 'standard', label: { text: ['AI生成'] } })
  const size = (WIDTH * HEIGHT * 3) / 2
  for (let at = 0; at < raw.length; at += size) await embedder.frame(raw.subarray(at, at + size), true)
  return raw
}

describe.skipIf(chromiumPath === undefined || ffmpeg === undefined)('films in a browser', () => {
  let host: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let page: Page
  const asked: string[] = []

  const film = async (name: string, marked: boolean, ...coding: string[]): Promise<Buffer> => {
    const home = folder()
    const sound = marked ? (await mark(wavOf(babble(4, 24_000)), OWN)).output : wavOf(babble(4, 24_000))
    writeFileSync(join(home, 'sound.wav'), sound)
    const made = spawnSync(ffmpeg!, ['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(RATE), '-i', 'pipe:0', '-i', join(home, 'sound.wav'), ...coding, join(home, name)], { input: await frames(4, marked) })
    expect(made.stderr.toString()).toBe('')
    const bytes = readFileSync(join(home, name))
    return marked ? (await mark(bytes, { ...OWN, metadataOnly: true })).output : bytes
  }
  const see = (where: 'worker' | 'page', bytes: Uint8Array, name: string): Promise<VerifyResult> =>
    page.evaluate(([where, text, name]) => (globalThis as unknown as { verifyFile(...given: unknown[]): Promise<VerifyResult> }).verifyFile(where, text, name), [where, Buffer.from(bytes).toString('base64'), name] as const)

  beforeAll(async () => {
    host = await serve({ '/': '<!doctype html><title>loading</title><script type="module" src="/page.js"></script>', '/page.js': SCRIPT })
    browser = await launch()
    page = await browser.newPage()
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(host.url)
    await page.waitForFunction(() => document.title === 'ready')
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test.each([
    ['a.mp4', ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k']],
    ['a.webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '1500k', '-c:a', 'libopus']],
  ])('%s: watermark, label, sound and metadata', async (name, coding) => {
    const seen = await see('worker', await film(name, true, ...coding), name)
    expect(seen.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(seen.state).toBe('confirmed')
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', modality: 'video', found: true, matchesMetadata: true }))
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'watermark', modality: 'audio', found: true, matchesMetadata: true }))
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'label', modality: 'video', found: true, text: ['AI生成'] }))
    expect(asked).toContain('/dist/media/mediabunny.js')
  }, 180_000)
  test('unmarked, on the page\'s own thread: not found', async () => {
    const seen = await see('page', await film('b.mp4', false, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-c:a', 'aac'), 'b.mp4')
    expect([seen.verdict, seen.state, seen.evidence.filter(({ found }) => found)]).toEqual(['not found', 'none', []])
  }, 180_000)
  test('what the browser cannot decode, and what is cut off: cannot tell, and why', async () => {
    const other = await see('worker', await film('c.mkv', false, '-c:v', 'mpeg2video', '-c:a', 'pcm_s16le'), 'c.mkv')
    expect([other.verdict, other.findings.some(({ message }) => message.startsWith('Only the metadata was looked at, not the film itself'))]).toEqual(['cannot tell', true])
    const whole = await film('d.mp4', false, '-c:v', 'libx264', '-preset', 'veryfast', '-movflags', '+faststart', '-c:a', 'aac')
    const cut = await see('worker', whole.subarray(0, whole.length >> 1), 'd.mp4')
    expect(cut.verdict).toBe('cannot tell')
    expect(cut.findings.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^The film says that it has 4\.\d seconds; its frames end at [0-3]\.\d\.$/))
    expect(cut.evidence.filter(({ found }) => found)).toEqual([])
  }, 180_000)
})
