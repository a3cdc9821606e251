// The face for browsers: verify only, nothing is uploaded.
import { wasmTokenEngine, type WasmSource } from './engine/wasm.js'
import type { TokenFunctions } from './token/token.js'
import { verifierHere, verifierInWorker } from './verifier/page.js'
import type { Verifier, VerifierOptions } from './verifier/verifier.js'

export { CountermarkError } from './errors.js'
export type { ErrorCode, ErrorDetails } from './errors.js'
export { DEFAULT_LIMITS } from './limits.js'
export type { Limits } from './limits.js'
export { POLICIES } from './policy/policy.js'
export { checklist, RULES, ruleOf } from './policy/rules.js'
export type { Rule, RuleAnswer } from './policy/rules.js'
export type { C2paWeb } from './c2pa/web.js'
export type { TokenPart, TokenPick } from './engine/token.js'
export type { WasmSource } from './engine/wasm.js'
export type { TokenMark } from './token/mark.js'
export type { TokenDetectArguments, TokenEvidence, TokenFunctions, TokenSampler, TokenSamplerOptions } from './token/token.js'
export { copyWithLabel } from './text/copy.js'
export { defineNotice } from './text/notice.js'
export { inspect } from './text/inspect.js'
export { findTextLabel, INTERFACE_LABELS, KNOWN_LABELS, labelText, TEXT_LABELS } from './text/label.js'
export type * from './types.js'
export type { PageInput } from './verifier/input.js'
export type { PageVerifyOptions, Verifier, VerifierOptions } from './verifier/verifier.js'

/**
 * A verifier. The worker is started, and a module loaded, by the first call that needs it; the policies of page and worker need
 * `wasm-unsafe-eval` in `script-src`. Where there are no workers the search runs on the page's own thread.
 *
 * ```js
 * const verifier = createVerifier()
 * const { verdict, state } = await verifier.verify(file)
 * ```
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  return options.worker === false || typeof Worker !== 'function' ? verifierHere(options) : verifierInWorker(options)
}

/**
 * The mark in a language model's choice of tokens, as `token` in Node. Its module is one of its own, loaded at the first call:
 * `countermark_wasm_token_bg.wasm` beside the package, exported as `countermark/countermark-token.wasm`, or `wasm`.
 */
export function createTokenMarker(options: { wasm?: WasmSource } = {}): TokenFunctions {
  const parts = (): Promise<[typeof import('./token/token.js'), Awaited<ReturnType<typeof wasmTokenEngine>>]> => Promise.all([import('./token/token.js'), wasmTokenEngine(options.wasm)])
  return {
    sampler: async (settings) => {
      const [{ tokenSampler }, engine] = await parts()
      return tokenSampler(engine, settings)
    },
    detect: async (tokens, settings) => {
      const [{ detectTokens }, engine] = await parts()
      return detectTokens(engine, tokens, settings)
    },
  }
}
