// The token mark as the engine takes and gives it. In WebAssembly it is a module of its own.
import { fromEngine } from '../errors.js'

/** What a binding exports for the token mark; native and WebAssembly alike. Tests may be given as a promise. */
export interface TokenBinding {
  tokenPick(logits: Float32Array, ids: Uint32Array, tokens: Uint32Array, options: string): string
  tokenDetect(tokens: Uint32Array, options: string): string | Promise<string>
}

/** Choosing and testing tokens, by whichever engine was loaded. Failures are CountermarkErrors. */
export interface TokenEngine {
  readonly kind: 'native' | 'wasm'
  /** Chooses the next token. `ids` empty: the logit at place n is that of token n. `tokens`: prompt and output so far. */
  tokenPick(logits: Float32Array, ids: Uint32Array, tokens: Uint32Array, options: TokenPickOptions): TokenPick
  /** Tests the ids of an output, without its prompt, for one mark. */
  tokenDetect(tokens: Uint32Array, options: TokenDetectOptions): Promise<TokenReport>
}

/** The typed engine over a binding. */
export function tokenEngineOver(binding: TokenBinding, kind: 'native' | 'wasm'): TokenEngine {
  return {
    kind,
    tokenPick: (logits, ids, tokens, options) => {
      try {
        return JSON.parse(binding.tokenPick(logits, ids, tokens, JSON.stringify(options))) as TokenPick
      } catch (thrown) {
        throw fromEngine(thrown)
      }
    },
    tokenDetect: async (tokens, options) => {
      try {
        return JSON.parse(await binding.tokenDetect(tokens, JSON.stringify(options))) as TokenReport
      } catch (thrown) {
        throw fromEngine(thrown)
      }
    },
  }
}

/** A token mark without its key's conversion: see TokenMark of src/token/mark.ts, which people write. */
export type EngineMark = { scheme: string } & { [setting: string]: unknown }

/** Options of `tokenPick`. */
export interface TokenPickOptions {
  mark: EngineMark
  start: number
  temperature: number
  topK: number
  topP: number
  minP: number
  repeats?: 'none' | 'output' | 'all'
  history?: number
  random?: [number, number]
}

/** What was chosen. */
export interface TokenPick {
  /** The token's id. */
  token: number
  /** Whether the mark had a say: it has none where a context comes back. */
  marked: boolean
  /** 0..1: the chance that the model gave the token, among the candidates and without the mark. */
  chance: number
  /** Candidates after temperature, top-k, top-p and min-p. */
  candidates: number
}

/** Options of `tokenDetect`. */
export interface TokenDetectOptions {
  mark: EngineMark
  tries?: number
  threshold?: number
  scan?: boolean
  keepRepeats?: boolean
  each?: boolean
  statistic?: 'likelihood' | 'sum'
}

/** A part of a text. */
export interface TokenPart {
  /** Its first token and the one after its last. */
  tokens: [number, number]
  /** Scored tokens in it. */
  scored: number
  score: number
  /** Chance without the mark; every part that was looked at is counted. */
  pValue: number
  /** Parts that were looked at. */
  looks: number
}

/** What a test of one mark says. */
export interface TokenReport {
  scheme: string
  /** Names a Countermark key; whole numbers are not named. */
  keyId?: string
  /** `cannot tell` below 40 scored tokens. `not found` does not say that there never was a mark. */
  verdict: 'found' | 'not found' | 'cannot tell'
  /** A find in fewer than 100 scored tokens. */
  weak: boolean
  /** Chance to see this much or more without the mark; all marks that were looked for are counted, and the scan. */
  pValue: number
  /** Its logarithm to base 10, which keeps what `pValue` rounds to 0. */
  log10P: number
  /** Below 1e-4, the smallest chance at which the test was measured. */
  extrapolated: boolean
  /** ln of the likelihood ratio (`gumbel`), sum of -ln(1 - u) (`dual-gumbel`, and `gumbel` where asked for), green tokens (`sbw`, `kgw`), weighted mean of bits, 0..1 (`synthid`). */
  score: number
  /** What it is on average without the mark. */
  expected: number
  /** Tokens that were given. */
  tokens: number
  /** Tokens that were scored: each context or draw counts once. */
  scored: number
  /** The most telling part, where a scan was asked for and the text is long enough. */
  part?: TokenPart
  /** Place and score of every scored token, where asked for. */
  each?: [number, number][]
}
