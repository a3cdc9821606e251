// The token mark: choosing tokens so that the choice carries it, and testing ids for it. No files, no tokenizer, no model.
import type { TokenEngine, TokenPick, TokenPickOptions, TokenReport } from '../engine/token.js'
import { CountermarkError } from '../errors.js'
import { engineMark, type TokenMark } from './mark.js'

/** How a sampler chooses. */
export interface TokenSamplerOptions {
  mark: TokenMark
  /** 0..100; 0 takes the most probable token, which only green lists (`sbw`, `kgw`) can mark. Default 1. */
  temperature?: number
  /** The most probable so many; 0 for all. Default 0. */
  topK?: number
  /** The fewest that hold this much chance together, above 0 to 1. Default 1. */
  topP?: number
  /** Those with at least this part of the largest chance, 0..1. Default 0. */
  minP?: number
  /**
   * Which earlier contexts leave a place to plain chance, since they would choose alike again: none, those of the output, or
   * those of the prompt too. Default `output`; `none` with `kgw`, as the Transformers library does it.
   */
  repeats?: 'none' | 'output' | 'all'
  /** Places that are looked back over for a repeated context. Default 8,192; 1,024 with `synthid`. */
  history?: number
  /** Numbers from 0 to below 1, for what is left to chance. Default: the platform's generator of random bytes. */
  random?: () => number
}

/** Some tokens with their logits, or with their chances; lists of one length, or a map from token to value. */
export type TokenCandidates =
  | { ids: Uint32Array | readonly number[]; logits: Float32Array | readonly number[] }
  | { ids: Uint32Array | readonly number[]; chances: Float32Array | readonly number[] }
  | { logits: ReadonlyMap<number, number> }
  | { chances: ReadonlyMap<number, number> }

/** Chooses tokens. It keeps no state: the tokens so far are given with every call. */
export interface TokenSampler {
  /**
   * The next token. `logits`: those of the whole vocabulary, or of some candidates. `tokens`: prompt and output so far;
   * `start`: where the output starts, so the length of the prompt. Throws ERR_PARAMETER for settings out of range.
   */
  pick(logits: Float32Array | TokenCandidates, tokens: Uint32Array | readonly number[], start?: number): TokenPick
}

/** How tokens are tested. */
export interface TokenDetectArguments {
  /** The marks that are looked for: chances are multiplied by their number. */
  marks: TokenMark | readonly TokenMark[]
  /** Further tests of the same text that these belong to, e.g. with other tokenizers. Default 1. */
  tries?: number
  /** The chance at or below which a mark is found, between 0 and 1. Default 1e-4. */
  threshold?: number
  /** Also look for a marked part of a longer text. Default false. */
  scan?: boolean
  /** Count repeated contexts too. The chance is then wrong where text repeats itself. Default false. */
  keepRepeats?: boolean
  /** Give every scored token's score. Default false. */
  each?: boolean
  /** What is added up with `gumbel`: the likelihood ratio, which needs less text, or -ln(1 - u) as vLLM's detector does. Default `likelihood`. */
  statistic?: 'likelihood' | 'sum'
}

/** What the test of one mark says. */
export interface TokenEvidence extends Omit<TokenReport, 'keyId'> {
  kind: 'token mark'
  /** The place of the mark in `marks`. */
  mark: number
  /** Names a Countermark key; whole numbers are not named. */
  key?: string
}

/** The token mark. */
export interface TokenFunctions {
  /** Something that chooses tokens. */
  sampler(options: TokenSamplerOptions): Promise<TokenSampler>
  /** Tests the ids of an output, without its prompt, for marks. One finding a mark, in their order. */
  detect(tokens: Uint32Array | readonly number[], options: TokenDetectArguments): Promise<TokenEvidence[]>
}

/** See TokenFunctions. Settings are checked here, before the first token. */
export function tokenSampler(engine: TokenEngine, options: TokenSamplerOptions): TokenSampler {
  const { mark, temperature = 1, topK = 0, topP = 1, minP = 0, repeats, history, random = secureRandom } = options
  if (!Number.isInteger(topK) || topK < 0) throw new CountermarkError('ERR_PARAMETER', 'topK is a whole number, 0 for all.')
  const settings: TokenPickOptions = {
    mark: engineMark(mark), start: 0, temperature, topK, topP, minP,
    ...(repeats === undefined ? {} : { repeats }), ...(history === undefined ? {} : { history }),
  }
  // What is wrong with the settings is said now and not in the middle of a text.
  engine.tokenPick(new Float32Array([0]), NONE, NONE, { ...settings, random: [0, 0] })
  return {
    pick: (logits, tokens, start = 0) => {
      const given = logits instanceof Float32Array ? { ids: NONE, logits } : candidatesOf(logits)
      return engine.tokenPick(given.logits, given.ids, idsOf(tokens), { ...settings, start, random: [random(), random()] })
    },
  }
}

/** See TokenFunctions. */
export async function detectTokens(engine: TokenEngine, tokens: Uint32Array | readonly number[], options: TokenDetectArguments): Promise<TokenEvidence[]> {
  const { marks, tries = 1, threshold, scan, keepRepeats, each, statistic } = options
  const list = [marks].flat() as TokenMark[]
  if (list.length === 0) throw new CountermarkError('ERR_PARAMETER', 'marks names no mark to look for.')
  if (!Number.isInteger(tries) || tries < 1) throw new CountermarkError('ERR_PARAMETER', 'tries is a whole number of at least 1.')
  const ids = idsOf(tokens)
  const settings = {
    tries: tries * list.length,
    ...(threshold === undefined ? {} : { threshold }), ...(scan === undefined ? {} : { scan }),
    ...(keepRepeats === undefined ? {} : { keepRepeats }), ...(each === undefined ? {} : { each }),
    ...(statistic === undefined ? {} : { statistic }),
  }
  return Promise.all(list.map(async (mark, at) => {
    const { keyId, ...report } = await engine.tokenDetect(ids, { mark: engineMark(mark), ...settings })
    return { kind: 'token mark' as const, mark: at, ...(keyId === undefined ? {} : { key: keyId }), ...report }
  }))
}

const NONE = new Uint32Array()

/** Ids as the engine takes them. ERR_PARAMETER for anything that is no id. */
export function idsOf(tokens: Uint32Array | readonly number[]): Uint32Array {
  if (tokens instanceof Uint32Array) return tokens
  if (!Array.isArray(tokens) || !tokens.every((token) => Number.isInteger(token) && token >= 0 && token < 2 ** 31))
    throw new CountermarkError('ERR_PARAMETER', 'Tokens are a list of whole numbers from 0 to 2147483647, or a Uint32Array.')
  return Uint32Array.from(tokens)
}

function candidatesOf(given: TokenCandidates): { ids: Uint32Array; logits: Float32Array } {
  if (typeof given !== 'object' || given === null || !('logits' in given || 'chances' in given))
    throw new CountermarkError('ERR_PARAMETER', 'Candidates have logits or chances.')
  const values = 'logits' in given ? given.logits : given.chances
  const [ids, numbers] = values instanceof Map
    ? [[...values.keys()], [...values.values()]]
    : [(given as { ids: Uint32Array | readonly number[] }).ids, values as Float32Array | readonly number[]]
  if (ids === undefined || ids.length === 0 || ids.length !== numbers.length)
    throw new CountermarkError('ERR_PARAMETER', 'Candidates have as many ids as values, and at least one.')
  const logits = Float32Array.from(numbers as ArrayLike<number>)
  return { ids: idsOf(ids), logits: 'logits' in given ? logits : logits.map(Math.log) }
}

/** 32 random bits at a time would show in rare choices: 53 of them. */
function secureRandom(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}
