// The token mark against what the public implementations answer (test/vectors/reference/token.json, made by
// bench/token/vectors.py), on both engines, and through the SDK's own functions.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { tokenEngineOver, type TokenBinding, type TokenEngine } from '../src/engine/token.js'
import { llamaTokens, logitsProcessor, token, type TokenMark } from '../src/index.js'
import { detectTokens, tokenSampler } from '../src/token/token.js'
import { nativeBinding, wasmTokenBinding } from './support/engines.js'

interface Reference {
  uniform: { key: string; context: number[]; tokens: number[]; uniform: number[] }[]
  gumbel: { scheme: string; key: string; width: number; alpha?: number; scope: string; vocabulary: number; prompt: number[]; routes: number[]; tokens: number[]; scored: number; score: number; pValue: number }[]
  sbw: { key: string; hash: 'self' | 'left'; width: number; gamma: number; context: number[]; green: number[]; greedy: number[] }[]
  kgw: { key: string; vocabulary: number; gamma: number; hash: 'self' | 'left'; width: number; prompt: number; tokens: number[]; green: boolean[] }[]
  synthid: { hash: string; layers: string[]; width: number; tableSize?: number; tableSeed?: number; prompt: number[]; tokens: number[]; chances: number[]; bits: string[]; fresh: boolean[] }[]
}
const reference = JSON.parse(readFileSync('test/vectors/reference/token.json', 'utf8')) as Reference

/** The fixture of vLLM's own golden tests: exact in single precision. */
function logitsAt(position: number, vocabulary: number, modulus = 131, denominator = 16): Float32Array {
  return Float32Array.from({ length: vocabulary }, (_, id) => (((id * 37 + position * 17) % modulus) - 56) / denominator)
}

const engines: { [name: string]: TokenEngine } = {}
beforeAll(async () => {
  engines['native'] = tokenEngineOver(nativeBinding() as unknown as TokenBinding, 'native')
  engines['wasm'] = tokenEngineOver(await wasmTokenBinding() as unknown as TokenBinding, 'wasm')
})

/** Numbers from 0 to below 1, the same at every run (mulberry32). */
function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

describe.each(['native', 'wasm'])('%s', (name) => {
  const engine = (): TokenEngine => engines[name]!

  test('vLLM: the generator gives the same numbers', async () => {
    for (const { key, context, tokens, uniform } of reference.uniform) {
      const width = context.length
      // Ids in place of what is missing would be others: those contexts are whole in front of a shorter text.
      const text = context.filter((id) => id >= 0)
      for (const [at, id] of tokens.entries()) {
        const { each } = await engine().tokenDetect(Uint32Array.from([...text, id]), { mark: { scheme: 'gumbel', key, width }, each: true, statistic: 'sum' })
        expect(each!.at(-1)![1] / -Math.log1p(-uniform[at]!), `${key} ${context} ${id}`).toBeCloseTo(1, 12)
      }
    }
  })

  test.each(reference.gumbel)('vLLM: $scheme, key $key, width $width, $scope', async ({ scheme, key, width, alpha, scope, vocabulary, prompt, routes, tokens, scored, score, pValue }) => {
    const mark = { scheme, key, width, ...(alpha === undefined ? {} : { alpha }) }
    const made: number[] = []
    for (let at = 0; at < tokens.length; at++) {
      const pick = engine().tokenPick(logitsAt(at, vocabulary), new Uint32Array(), Uint32Array.from([...prompt, ...made]), {
        mark, start: prompt.length, temperature: 1, topK: vocabulary, topP: 1, minP: 0, random: [0, routes[at]!],
        repeats: ({ none: 'none', single_turn: 'output', all: 'all' } as const)[scope as 'none'],
      })
      made.push(pick.token)
    }
    expect(made).toEqual(tokens)
    const report = await engine().tokenDetect(Uint32Array.from(tokens), { mark, keepRepeats: scope === 'none', ...(alpha === undefined ? { statistic: 'sum' as const } : {}) })
    expect(report.scored).toBe(scored)
    expect(report.score / score).toBeCloseTo(1, 9)
    // Of two keys, vLLM takes one gamma distribution with the same variance; the exact chance is near it in the body only.
    if (alpha === undefined || [0, 0.5, 1].includes(alpha)) expect(report.log10P / Math.log10(pValue)).toBeCloseTo(1, 9)
    else expect(Math.abs(report.log10P / Math.log10(pValue) - 1)).toBeLessThan(0.2)
  })

  test.each(reference.sbw)('vLLM pull request: sbw, key $key, $hash, width $width, gamma $gamma', async ({ key, hash, width, gamma, context, green, greedy }) => {
    const mark = { scheme: 'sbw', key, hash, width, gamma }
    const text = context.filter((id) => id >= 0)
    const seen: number[] = []
    for (let id = 0; id < 64; id++) {
      const { each } = await engine().tokenDetect(Uint32Array.from([...text, id]), { mark, each: true, keepRepeats: true })
      if (each!.at(-1)![1] === 1) seen.push(id)
    }
    expect(seen).toEqual(green)
    const made: number[] = []
    for (let at = 0; at < greedy.length; at++)
      made.push(engine().tokenPick(logitsAt(at, 128), new Uint32Array(), Uint32Array.from(made), { mark, start: 0, temperature: 0, topK: 0, topP: 1, minP: 0, repeats: 'none' }).token)
    expect(made).toEqual(greedy)
  })

  test.each(reference.kgw)('Transformers: kgw, vocabulary $vocabulary, $hash, width $width', async ({ key, vocabulary, gamma, hash, width, prompt, tokens, green }) => {
    const mark = { scheme: 'kgw', key, vocabulary, hash, width, gamma }
    const made = tokens.slice(0, prompt)
    for (let at = 0; at < tokens.length - prompt; at++)
      made.push(engine().tokenPick(logitsAt(at, vocabulary, 997, 64), new Uint32Array(), Uint32Array.from(made), { mark, start: prompt, temperature: 0, topK: 0, topP: 1, minP: 0 }).token)
    expect(made).toEqual(tokens)
    const { each } = await engine().tokenDetect(Uint32Array.from(tokens), { mark, each: true, keepRepeats: true })
    expect(each!.map(([, one]) => one === 1)).toEqual(green)
  })

  test.each(reference.synthid)('SynthID-Text: $hash, width $width', async ({ hash, layers, width, tableSize, tableSeed, prompt, tokens, chances, bits, fresh }) => {
    const mark = { scheme: 'synthid', hash, layers: layers.map(Number), width, ...(tableSize === undefined ? {} : { tableSize, tableSeed }) }
    const made = [...prompt]
    for (let at = 0; at < tokens.length; at++)
      made.push(engine().tokenPick(logitsAt(at, 128), new Uint32Array(), Uint32Array.from(made), { mark, start: prompt.length, temperature: 1, topK: 128, topP: 1, minP: 0, random: [0.5, 0] }).token)
    expect(made.slice(prompt.length)).toEqual(tokens)
    expect(chances.length).toBe(tokens.length)
    const { each } = await engine().tokenDetect(Uint32Array.from(tokens), { mark, each: true, keepRepeats: true })
    const depth = layers.length
    expect(each!.map(([, one]) => one)).toEqual(bits.map((row) => [...row].reduce((sum, bit, layer) => sum + Number(bit) * (10 * (depth - 1) - 9 * layer), 0)))
    const scored = (await engine().tokenDetect(Uint32Array.from(tokens), { mark, each: true })).each!.map(([place]) => place - width)
    // A table's states may be met twice, which the detector counts once: never more than what the reference leaves.
    if (hash === 'reference') expect(scored).toEqual(fresh.flatMap((one, at) => (one ? [at] : [])))
    else expect(scored.every((at) => fresh[at])).toBe(true)
  })

  test('a text is marked and found, by candidates of every form', async () => {
    const random = numbers(3)
    for (const mark of MARKS) {
      const sampler = tokenSampler(engine(), { mark, topK: 20, topP: 0.98, random })
      const text: number[] = [4, 5, 6]
      for (let at = 0; at < 160; at++) {
        const ids = Array.from({ length: 30 }, () => Math.floor(random() * 5000))
        const logits = ids.map((_, place) => -0.3 * place)
        const chances = logits.map(Math.exp)
        const form = [{ ids, logits }, { ids: Uint32Array.from(ids), chances: Float32Array.from(chances) }, { chances: new Map(ids.map((id, place) => [id, chances[place]!])) }, { logits: new Map(ids.map((id, place) => [id, logits[place]!])) }][at % 4]!
        const pick = sampler.pick(form, text, 3)
        expect(ids).toContain(pick.token)
        expect(pick.candidates).toBeLessThanOrEqual(20)
        text.push(pick.token)
      }
      const [own, other] = await detectTokens(engine(), text.slice(3), { marks: [mark, { ...mark, ...('layers' in mark ? { layers: [1, 2, 3] } : { key: 'public' }) } as TokenMark] })
      expect(own, JSON.stringify(own)).toMatchObject({ kind: 'token mark', mark: 0, verdict: 'found', scheme: mark.scheme, tokens: 160, weak: false, extrapolated: true })
      expect(other, JSON.stringify(other)).toMatchObject({ mark: 1, verdict: 'not found' })
    }
  })
})

const OURS = '2222222222222222222222222222222222222222222222222222222222222222'
const MARKS: TokenMark[] = [
  { scheme: 'gumbel', key: 42n }, { scheme: 'gumbel', key: OURS }, { scheme: 'dual-gumbel', key: 2n ** 64n - 1n }, { scheme: 'sbw', key: 7 },
  { scheme: 'synthid', key: OURS }, { scheme: 'synthid', layers: [654, 400, 836, 123, 340, 443, 597, 160, 57, 29], hash: 'transformers' }, { scheme: 'kgw', key: 15485863, vocabulary: 5000 },
]

test('a key of ours is named, a number is not', async () => {
  const text = Array.from({ length: 50 }, (_, at) => (at * at) % 977)
  const found = await token.detect(text, { marks: [{ scheme: 'gumbel', key: OURS }, { scheme: 'gumbel', key: 'public' }, { scheme: 'gumbel', key: 5 }] })
  expect(found.map(({ key }) => key)).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), 'public', undefined])
  // Three marks were looked for: chances are three times those of one.
  const [alone] = await token.detect(text, { marks: { scheme: 'gumbel', key: 5 } })
  expect(found[2]!.pValue).toBeCloseTo(Math.min(1, 3 * alone!.pValue), 12)
  expect((await token.detect(text.slice(0, 39), { marks: { scheme: 'gumbel', key: 5 } }))[0]!.verdict).toBe('cannot tell')
})

test.each<[string, () => Promise<unknown>]>([
  ['a scheme that is none', () => token.sampler({ mark: { scheme: 'other', key: 1 } as unknown as TokenMark })],
  ['a key that is too large', () => token.sampler({ mark: { scheme: 'gumbel', key: 2n ** 64n } })],
  ['a number beyond what JavaScript keeps', () => token.sampler({ mark: { scheme: 'gumbel', key: 2 ** 60 } })],
  ['a setting that the scheme does not have', () => token.sampler({ mark: { scheme: 'gumbel', key: 1, gamma: 0.5 } as unknown as TokenMark })],
  ['the greedy choice with a mark that needs chance', () => token.sampler({ mark: { scheme: 'gumbel', key: 1 }, temperature: 0 })],
  ['no mark', () => token.detect([1], { marks: [] })],
  ['a statistic of another scheme', () => token.detect([1], { marks: { scheme: 'sbw', key: 1 }, statistic: 'sum' })],
  ['ids that are none', () => token.detect([1.5], { marks: { scheme: 'gumbel', key: 1 } })],
  ['tries below one', () => token.detect([1], { marks: { scheme: 'gumbel', key: 1 }, tries: 0 })],
  ['topK below none', () => token.sampler({ mark: { scheme: 'gumbel', key: 1 }, topK: -1 })],
])('%s: ERR_PARAMETER', async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: 'ERR_PARAMETER', name: 'CountermarkError' })
})

test('what a mark lacks is named, with what to do', async () => {
  for (const mark of [{ scheme: 'kgw', key: 15485863 }, { scheme: 'gumbel' }] as unknown as TokenMark[])
    await expect(token.detect([1], { marks: mark })).rejects.toMatchObject({ code: 'ERR_PARAMETER', message: expect.stringMatching(/needs (vocabulary|key)/), remedy: expect.stringContaining('Give') })
})

test('candidates without values: ERR_PARAMETER', async () => {
  const sampler = await token.sampler({ mark: { scheme: 'gumbel', key: 1 } })
  for (const wrong of [{ ids: [1], logits: [] }, { ids: [1, 2], logits: [1] }, { chances: new Map() }, {}])
    expect(() => sampler.pick(wrong as never, [])).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
})

describe('where other libraries choose', () => {
  const mark: TokenMark = { scheme: 'gumbel', key: 42n }

  test('transformers.js: a batch through a logits processor carries the mark, prompts stay out of contexts', async () => {
    const sampler = await token.sampler({ mark, topK: 50, random: numbers(5) })
    const processor = logitsProcessor(sampler)
    const random = numbers(6)
    // Two texts of a batch, padded prompts of one length, as generate() hands them over.
    const ids: bigint[][] = [[1n, 2n, 3n], [0n, 0n, 9n]]
    for (let at = 0; at < 120; at++) {
      const logits = { dims: [2, 400], data: Float32Array.from({ length: 800 }, () => 6 * random()) }
      expect(processor(ids, logits)).toBe(logits)
      for (const [row, own] of ids.entries()) {
        const scores = logits.data.subarray(row * 400, row * 400 + 400)
        const left = [...scores.keys()].filter((id) => scores[id]! > -Infinity)
        expect(left.length).toBe(1)
        own.push(BigInt(left[0]!))
      }
    }
    for (const own of ids) {
      const [evidence] = await token.detect(own.slice(3).map(Number), { marks: mark })
      expect(evidence).toMatchObject({ verdict: 'found', tokens: 120 })
    }
    expect(() => processor(ids, { dims: [2, 400], data: new Float64Array(800) })).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  })

  test('node-llama-cpp: an answer is generated token by token and ends where asked', async () => {
    const sampler = await token.sampler({ mark, temperature: 0.9, topK: 40, random: numbers(8) })
    const random = numbers(9)
    const calls: unknown[] = []
    const sequence = {
      controlledEvaluate: async (input: unknown[]) => {
        calls.push(input)
        const logits = new Map(Array.from({ length: 100 }, (_, at) => [at === 99 && calls.length > 130 ? 2 : Math.floor(random() * 3000) + 3, calls.length > 130 && at === 99 ? 99 : -0.1 * at] as [number, number]))
        return [...input.slice(1).map(() => undefined), { next: { logits } }]
      },
    }
    const made: number[] = []
    for await (const one of llamaTokens(sampler, sequence, [10, 11, 12], { stop: [2, null], top: 100 })) made.push(one)
    expect(made.length).toBe(130)
    expect(calls[0]).toEqual([10, 11, [12, { generateNext: { logits: { filter: { tokens: [], includeTop: 100 } } } }]])
    expect(calls[1]).toEqual([[made[0], expect.anything()]])
    expect((await token.detect(made, { marks: mark }))[0]).toMatchObject({ verdict: 'found', scored: expect.any(Number) })
    const none = { controlledEvaluate: async () => [{ next: {} }] }
    await expect(llamaTokens(sampler, none, [1]).next()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    await expect(llamaTokens(sampler, none, []).next()).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  })
})
