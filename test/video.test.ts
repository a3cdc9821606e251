// Frames of films through both engines: the label and the mark go in and come out, and both engines answer alike.
import { beforeAll, describe, expect, test } from 'vitest'
import type { Engine, Frames } from '../src/engine/engine.js'
import { nativeEngine } from '../src/engine/native.js'
import { wasmEngine } from '../src/engine/wasm.js'

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const PAYLOAD = '72d3686493a04b04'
const TEXT = ['人工智能生成']

let engines: Engine[]
beforeAll(async () => {
  engines = [nativeEngine(), await wasmEngine()]
})

/** A frame of integers only: slopes, edges and grain that move, neutral colour. */
function frame({ width, height, depth = 8 }: Frames, number: number): Uint8Array {
  const bytes = depth > 8 ? 2 : 1
  const colour = 2 * Math.ceil(width / 2) * Math.ceil(height / 2)
  const samples = new Uint8Array((width * height + colour) * bytes)
  let noise = 0x2545f491 + number
  const put = (at: number, value: number): void => {
    if (bytes === 1) samples[at] = value
    else new DataView(samples.buffer).setUint16(2 * at, value << (depth - 8), true)
  }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0
      const edge = (((x + 3 * number) >> 5) ^ ((y + number) >> 6)) & 1 ? 40 : 0
      put(y * width + x, 40 + ((x * 3 + y * 2 + 5 * number) >> 4) % 120 + edge + (noise >>> 27))
    }
  for (let at = 0; at < colour; at++) put(width * height + at, 128)
  return samples
}

async function through(engine: Engine, video: Frames): Promise<{ frames: Uint8Array[]; report: unknown; found: unknown }> {
  const label = { text: TEXT, position: 'top-left' as const }
  const embedder = engine.videoEmbedder(new Uint8Array(), { video, key: KEY, payload: PAYLOAD, quality: 'standard', label })
  const detector = engine.videoDetector({ video, keys: [KEY, 'public'], effort: 'direct', texts: [TEXT] })
  const frames: Uint8Array[] = []
  for (let number = 0; number < 4; number++) {
    const samples = frame(video, number)
    await embedder.frame(samples, true)
    await detector.frame(samples, number / 2, number === 0)
    frames.push(samples)
  }
  return { frames, report: embedder.report(), found: await detector.finish() }
}

describe.each([{ width: 640, height: 360 }, { width: 480, height: 270, depth: 10, fullRange: true }])('frames of $width x $height, depth $depth', (video) => {
  test('carry mark and label, and both engines say so', async () => {
    const [native, wasm] = [await through(engines[0]!, video), await through(engines[1]!, video)]
    for (const { report, found } of [native, wasm]) {
      expect(report).toMatchObject({ embedded: true, bits: 64, frames: 4, label: { text: TEXT, frames: 4 } })
      expect((report as { worstPsnr: number }).worstPsnr).toBeGreaterThanOrEqual(38.4)
      expect((report as { label: { ratio: number } }).label.ratio).toBeGreaterThanOrEqual(0.05)
      expect(found).toMatchObject({
        evidence: [{ modality: 'video', found: true, payload: PAYLOAD, bits: 64 }, { found: false, keyId: 'public' }],
        label: { found: true, text: TEXT },
        frames: 4,
      })
    }
    for (const [at, ours] of native.frames.entries()) {
      const theirs = wasm.frames[at]!
      const value = (samples: Uint8Array, index: number): number => video.depth ? samples[2 * index]! + 256 * samples[2 * index + 1]! : samples[index]!
      let largest = 0
      for (let index = 0; index < ours.length / (video.depth ? 2 : 1); index++) largest = Math.max(largest, Math.abs(value(ours, index) - value(theirs, index)))
      expect(largest, `frame ${at}`).toBeLessThanOrEqual(1)
    }
  })
})

test('what is no frame is refused with a code by both', async () => {
  for (const engine of engines) {
    const video = { width: 320, height: 240 }
    const embedder = engine.videoEmbedder(new Uint8Array(), { video, key: 'public', payload: PAYLOAD, quality: 'standard' })
    await expect(embedder.frame(new Uint8Array(10), false)).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    const detector = engine.videoDetector({ video, keys: ['public'], effort: 'direct' })
    await detector.frame(frame(video, 0), 1, true)
    await expect(detector.frame(frame(video, 0), 0, true)).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    expect(() => engine.videoDetector({ video: { width: 0, height: 9 }, keys: [], effort: 'direct' })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(() => engine.videoEmbedder(new Uint8Array(), { video, key: 'public', payload: PAYLOAD, quality: 'standard', display: { rotation: 45 }, label: { text: TEXT } })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  }
})

test('one frame of a marked film is read as a picture', async () => {
  const video = { width: 640, height: 360 }
  const engine = engines[0]!
  const embedder = engine.videoEmbedder(new Uint8Array(), { video, key: KEY, payload: PAYLOAD, quality: 'standard' })
  const samples = frame(video, 0)
  await embedder.frame(samples, false)
  const picture = { samples: samples.slice(0, 640 * 360), width: 640, height: 360, channels: 1 as const, depth: 8 as const }
  expect(await engine.imageDetect(picture, { keys: [KEY], effort: 'full' })).toMatchObject([{ found: true, payload: PAYLOAD }])
})
