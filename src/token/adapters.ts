// The sampler where other libraries choose tokens. What they hand over is described by its shape: none of them is needed here.
import { CountermarkError } from '../errors.js'
import type { TokenSampler } from './token.js'

/** A tensor of transformers.js: logits of a batch, row by row. */
export interface LogitsTensor {
  readonly dims: readonly number[]
  readonly data: unknown
}

/** What `generate({ logits_processor: [...] })` of transformers.js calls for every token. */
export type LogitsProcessor = <T extends LogitsTensor>(ids: readonly (readonly (bigint | number)[])[], logits: T) => T

/**
 * A logits processor for transformers.js 3 and 4: it chooses the token and leaves no other. So temperature, top-k and top-p are
 * those of the sampler, and `generate` is called with `temperature: 1` and without others of its own. One for each call of
 * `generate`: its first call tells where the prompt ends. The model's repetition penalty and the like come before it.
 */
export function logitsProcessor(sampler: TokenSampler): LogitsProcessor {
  let starts: number[] | undefined
  return (ids, logits) => {
    const { data } = logits
    const width = logits.dims.at(-1) ?? 0
    if (!(data instanceof Float32Array) || width * ids.length !== data.length)
      throw new CountermarkError('ERR_UNSUPPORTED', 'The logits are no rows of 32-bit floating-point numbers, one for each text.', { remedy: 'Use a version of transformers.js that gives float32 logits, and no beam search.' })
    starts ??= ids.map((row) => row.length)
    for (const [at, row] of ids.entries()) {
      const own = data.subarray(at * width, (at + 1) * width)
      const { token } = sampler.pick(own, Uint32Array.from(row, Number), starts[at] ?? 0)
      own.fill(-Infinity)
      own[token] = 0
    }
    return logits
  }
}

/** What `llamaTokens` uses of a sequence of node-llama-cpp 3.22. */
export interface LlamaSequence {
  controlledEvaluate(input: (number | [number, { generateNext: { logits: { filter: { tokens: number[]; includeTop: number } } } }])[]):
    Promise<(undefined | { next: { logits?: ReadonlyMap<number, number> } })[]>
}

/** How `llamaTokens` goes on. */
export interface LlamaTokensOptions {
  /** Most tokens of the answer. Default 512. */
  limit?: number
  /** Ids that end the answer; they are not given: `[model.tokens.eos, model.tokens.eot]`. */
  stop?: readonly (number | null)[]
  /** Logits that are asked for, most probable first; more than the sampler's topK are of no use. Default 1,024. */
  top?: number
}

/** The tokens of an answer of node-llama-cpp, chosen by the sampler one after the other. `prompt`: its tokens, at least one. */
export async function* llamaTokens(sampler: TokenSampler, sequence: LlamaSequence, prompt: readonly number[], options: LlamaTokensOptions = {}): AsyncGenerator<number, void, undefined> {
  const { limit = 512, stop = [], top = 1024 } = options
  const last = prompt.at(-1)
  if (last === undefined) throw new CountermarkError('ERR_PARAMETER', 'The prompt has no token.')
  const tokens = [...prompt]
  const asked = { generateNext: { logits: { filter: { tokens: [], includeTop: top } } } }
  let input: Parameters<LlamaSequence['controlledEvaluate']>[0] = [...prompt.slice(0, -1), [last, asked]]
  for (let made = 0; made < limit; made++) {
    const logits = (await sequence.controlledEvaluate(input)).at(-1)?.next.logits
    if (logits === undefined) throw new CountermarkError('ERR_UNSUPPORTED', 'The sequence gives no logits.', { remedy: 'Use node-llama-cpp 3.22 or later.' })
    const { token } = sampler.pick({ logits }, tokens, prompt.length)
    if (stop.includes(token)) return
    yield token
    tokens.push(token)
    input = [[token, asked]]
  }
}
