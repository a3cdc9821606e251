// Token marks as people write them, and as the engine takes them.
import type { EngineMark } from '../engine/token.js'
import { CountermarkError } from '../errors.js'
import type { Key } from '../types.js'

/** A key of ours, or a whole number from 0 to 2^64 - 1 as serving engines take it; numbers above 2^53 as a bigint. */
export type TokenKey = Key | bigint | number

/** Keyed Gumbel-max: vLLM's `gumbel` with the generator `philox4x32-10-v1`. Does not change what the model says on average. */
export interface GumbelMark {
  scheme: 'gumbel'
  key: TokenKey
  /** Tokens of context, 1..64; default 4. */
  width?: number
}

/** The same with two keys derived from one: vLLM's `dual_key_gumbel`. The same prompt gives different answers again. */
export interface DualGumbelMark {
  scheme: 'dual-gumbel'
  key: TokenKey
  /** Tokens of context, 1..64; default 4. */
  width?: number
  /** The second key's part, 0..1; default 0.1. */
  alpha?: number
}

/** Green lists, each token's colour drawn on its own: SBW. Raises logits, so it marks the greedy choice too. */
export interface SbwMark {
  scheme: 'sbw'
  key: TokenKey
  /** Whether the candidate itself is part of what decides its colour; default `self`. */
  hash?: 'self' | 'left'
  /** Tokens of context, 1..64; default 4 with `self`, 1 with `left`. */
  width?: number
  /** The green part of the vocabulary, between 0 and 1; default 0.5. */
  gamma?: number
  /** Added to green logits, 0..100; default 2. */
  delta?: number
}

/** SynthID-Text, with a key of ours or with the layers' own keys. */
export type SynthidMark = {
  scheme: 'synthid'
  /** Tokens of context, `ngram_len - 1`; default 4. */
  width?: number
} & ({ key: Key; layers?: never } | { layers: readonly (number | bigint)[]; key?: never })
  & ({ hash?: 'reference'; tableSize?: never; tableSeed?: never } | {
    /** The table of the Transformers library, as its generator draws it on a CPU. */
    hash: 'transformers'
    /** `sampling_table_size`, a power of two; default 65,536. */
    tableSize?: number
    /** `sampling_table_seed`; default 0. */
    tableSeed?: number
  })

/** Green lists by a permutation of the vocabulary: `WatermarkingConfig` of the Transformers library. */
export interface KgwMark {
  scheme: 'kgw'
  /** `hashing_key`; the library's default is 15485863. */
  key: TokenKey
  /** `vocab_size` of the model's configuration. */
  vocabulary: number
  /** `seeding_scheme`; default `left`. */
  hash?: 'self' | 'left'
  /** `context_width`; default 1. */
  width?: number
  /** `greenlist_ratio`; default 0.25. */
  gamma?: number
  /** `bias`; default 2. */
  delta?: number
}

/** One mark: a scheme, its key and its settings. Detection needs the same as generation. */
export type TokenMark = GumbelMark | DualGumbelMark | SbwMark | SynthidMark | KgwMark

const SCHEMES: readonly unknown[] = ['gumbel', 'dual-gumbel', 'sbw', 'synthid', 'kgw']

/** A mark as the engine takes it. ERR_PARAMETER for what is none; the engine checks the settings. */
export function engineMark(mark: TokenMark): EngineMark {
  if (typeof mark !== 'object' || mark === null || !SCHEMES.includes(mark.scheme))
    throw new CountermarkError('ERR_PARAMETER', `A token mark names its scheme: one of ${SCHEMES.join(', ')}.`)
  const { key, ...rest } = mark as { key?: unknown } & TokenMark
  const { vocabulary } = mark as { vocabulary?: unknown }
  if (mark.scheme === 'kgw' && (typeof vocabulary !== 'number' || !Number.isInteger(vocabulary)))
    throw new CountermarkError('ERR_PARAMETER', 'A mark of the scheme kgw needs vocabulary: its lists are permutations of the whole vocabulary.', { remedy: 'Give vocab_size of the model\'s configuration, e.g. vocabulary: 151936; it may be larger than the tokenizer\'s.' })
  if (mark.scheme !== 'synthid' && key === undefined)
    throw new CountermarkError('ERR_PARAMETER', `A mark of the scheme ${mark.scheme} needs key.`, { remedy: 'Give "public", a key of countermark keygen, or the number that the serving engine uses.' })
  const layers = (rest as { layers?: unknown }).layers
  return {
    ...rest,
    ...(key === undefined ? {} : { key: keyText(key) }),
    ...(Array.isArray(layers) ? { layers: layers.map((layer) => number64(layer, 'A layer of synthid')) } : {}),
  }
}

function keyText(key: unknown): string {
  if (typeof key === 'string' && (key === 'public' || /^[0-9a-f]{64}$/i.test(key))) return key.toLowerCase()
  const number = typeof key === 'number' && Number.isSafeInteger(key) ? BigInt(key) : key
  if (typeof number === 'bigint' && number >= 0n && number < 1n << 64n) return number.toString()
  throw new CountermarkError('ERR_PARAMETER', 'The key of a token mark is "public", 64 hexadecimal digits, or a whole number below 2^64.', { remedy: 'Give numbers above 2^53 as a bigint: 12345678901234567890n.' })
}

/** JSON has no large whole numbers that JavaScript would keep: layers go up to 2^53. */
function number64(layer: unknown, what: string): number {
  const number = typeof layer === 'bigint' ? Number(layer) : layer
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new CountermarkError('ERR_PARAMETER', `${what} is a whole number below 2^53.`)
}
