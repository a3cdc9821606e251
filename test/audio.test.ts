// The audio watermark through the typed engine, both ways of loading it: whole, in pieces, and in parts.
import { describe, expect, test } from 'vitest'
import { engineOver, type Binding, type Engine } from '../src/engine/engine.js'
import { nativeBinding, wasmBinding } from './support/engines.js'
import { voice } from './support/vectors.js'

const RATE = 24000
const OPTIONS = { rate: RATE, channels: 1, key: 'public', payload: '72d3686493a04b04', quality: 'standard' } as const

describe.each([
  ['native', async (): Promise<Engine> => engineOver(nativeBinding() as unknown as Binding, 'native')],
  ['wasm', async (): Promise<Engine> => engineOver((await wasmBinding()) as unknown as Binding, 'wasm')],
])('%s', (_, load) => {
  test('a mark is read from a part, and the other key reads nothing', async () => {
    const engine = await load()
    const samples = voice(RATE, 8)
    const report = await engine.audioEmbed(samples, OPTIONS)
    expect(report).toMatchObject({ embedded: true, bits: 64, seconds: 8 })
    expect(report.snr).toBeGreaterThanOrEqual(25)
    const part = samples.slice(2.3 * RATE, 6.3 * RATE)
    const other = '00'.repeat(32)
    const { evidence: [own, foreign], carries } = await engine.audioDetect(part, { rate: RATE, channels: 1, keys: ['public', other], effort: 'full' })
    expect(carries).toBe(true)
    expect(own).toMatchObject({ found: true, payload: OPTIONS.payload, bits: 64, keyId: 'public', where: { speed: 1, tempo: 1 } })
    expect(own!.where!.spans).toHaveLength(1)
    expect(foreign).toMatchObject({ found: false })
    expect(foreign!.payload).toBeUndefined()
  })

  test('a stream gives the same samples, within its latency', async () => {
    const engine = await load()
    const samples = voice(RATE, 4)
    const whole = samples.slice()
    const report = await engine.audioEmbed(whole, OPTIONS)
    const embedder = engine.audioEmbedder(OPTIONS)
    expect(embedder.latency / RATE).toBeLessThanOrEqual(0.15)
    const pieces: Float32Array[] = []
    let given = 0
    for (let at = 0; at < samples.length; at += 997) {
      const piece = embedder.push(samples.slice(at, at + 997))
      given += piece.length
      pieces.push(piece)
      expect(Math.min(at + 997, samples.length) - given).toBeLessThanOrEqual(embedder.latency)
    }
    pieces.push(embedder.finish())
    const streamed = Float32Array.from(pieces.flatMap((piece) => [...piece]))
    expect(Buffer.from(streamed.buffer).equals(Buffer.from(whole.buffer))).toBe(true)
    expect(embedder.report()).toEqual(report)
    expect(() => embedder.push(samples)).toThrowError(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })

  test('errors have codes', async () => {
    const engine = await load()
    expect(() => engine.audioEmbedder({ ...OPTIONS, rate: 1 })).toThrowError(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    await expect(engine.audioEmbed(new Float32Array(3), { ...OPTIONS, channels: 2 })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  })
})

test('either engine reads what the other marked', async () => {
  const native = engineOver(nativeBinding() as unknown as Binding, 'native')
  const wasm = engineOver((await wasmBinding()) as unknown as Binding, 'wasm')
  for (const [marks, reads] of [[native, wasm], [wasm, native]] as const) {
    const samples = voice(RATE, 5)
    await marks.audioEmbed(samples, OPTIONS)
    const { evidence } = await reads.audioDetect(samples, { rate: RATE, channels: 1, keys: ['public'], effort: 'direct' })
    expect(evidence[0]).toMatchObject({ found: true, payload: OPTIONS.payload })
  }
})
