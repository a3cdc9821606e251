// The face for browsers: verify only, nothing is uploaded.
import { webReader, type C2paWeb } from './c2pa/web.js'
import { wasmEngine, wasmTokenEngine, type WasmSource } from './engine/wasm.js'
import { CountermarkError } from './errors.js'
import { checkBytes, Deadline, limitsOf, type Limits } from './limits.js'
import { canvasDecoder } from './media/canvas.js'
import { needsFull } from './media/kind.js'
import type { SoundDecoder } from './media/sound.js'
import { documentOf } from './pipeline/document.js'
import { verifyBytes } from './pipeline/verify.js'
import type { TokenFunctions } from './token/token.js'
import type { VerifyOptions, VerifyResult } from './types.js'

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

/** What `createVerifier` takes. */
export interface VerifierOptions {
  /** Where the WebAssembly module for pictures and texts lies. Default: beside the package, as `countermark/countermark.wasm` is exported. */
  wasm?: WasmSource
  /** Where the module lies that also knows sound and films, which is loaded with the first of them. Default: as `countermark/countermark-full.wasm`. */
  fullWasm?: WasmSource
  limits?: Partial<Limits>
  /** Load the module that checks signatures with the verifier. Default false: with the first file that is signed. */
  signatures?: boolean
  /** What `createC2pa` of @contentauth/c2pa-web gave the page. Default: manifests are found, and not checked. */
  c2pa?: C2paWeb
}

/** Says what pictures, sound and documents carry, in the page itself. */
export interface Verifier {
  /** Loads the module for pictures and texts now instead of at the first file. */
  ready(): Promise<void>
  /** One file. Default key: `public`. Throws CountermarkError where the input is of no kind that is read. */
  verify(input: Blob | ArrayBuffer | Uint8Array, options?: VerifyOptions): Promise<VerifyResult>
}

/**
 * A verifier. A module is loaded once, at the first call that needs it; a page's policy needs `wasm-unsafe-eval` in `script-src`.
 *
 * ```js
 * const verifier = createVerifier()
 * const { verdict, state } = await verifier.verify(file)
 * ```
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  return {
    ready: async () => {
      await wasmEngine('first', options.wasm)
      if (options.signatures) await Promise.all([import('./signature/security.js'), import('./signature/trust.js'), import('./signature/hash.js')])
    },
    verify: async (input, asked = {}) => {
      const start = performance.now()
      const limits = limitsOf({ ...options.limits, ...asked.limits })
      const deadline = new Deadline(limits, asked.signal)
      const bytes = await bytesOf(input, limits, deadline)
      const engine = await deadline.within(needsFull(bytes) ? wasmEngine('full', options.fullWasm) : wasmEngine('first', options.wasm))
      const document = await documentOf(bytes, input instanceof File ? input.name : undefined)
      const result = await verifyBytes(engine, canvasDecoder, bytes, asked, ['public'], limits, deadline, { document, sound: SOUND, manifests: options.c2pa && webReader(options.c2pa) })
      return { ...(input instanceof File ? { file: input.name } : {}), ...result, ms: Math.round(performance.now() - start) }
    },
  }
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

/** Loaded with the first sound. */
const SOUND: SoundDecoder = { open: async (file, deadline) => (await import('./media/websound.js')).webSound.open(file, deadline) }

async function bytesOf(input: Blob | ArrayBuffer | Uint8Array, limits: Limits, deadline: Deadline): Promise<Uint8Array> {
  if (input instanceof Blob) {
    checkBytes(input.size, limits)
    return new Uint8Array(await deadline.within(input.arrayBuffer()))
  }
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input
  if (!(bytes instanceof Uint8Array)) throw new CountermarkError('ERR_USAGE', 'The input is none of: Blob, File, ArrayBuffer, Uint8Array.')
  checkBytes(bytes.byteLength, limits)
  return bytes
}
