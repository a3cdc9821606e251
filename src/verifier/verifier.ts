// The verifier of web pages as types: what a page asks for, and what its two forms (in a worker, on the page) both are.
import type { C2paWeb } from '../c2pa/web.js'
import type { WasmSource } from '../engine/wasm.js'
import type { Limits } from '../limits.js'
import type { PartialResult, VerifyOptions, VerifyResult } from '../types.js'
import type { PageInput } from './input.js'

/** What `createVerifier` takes. */
export interface VerifierOptions {
  /** Where the WebAssembly module for pictures and texts lies. Default: beside the package, as `countermark/countermark.wasm` is exported. */
  wasm?: WasmSource
  /** Where the module lies that also knows sound and films, which is loaded with the first of them. Default: as `countermark/countermark-full.wasm`. */
  fullWasm?: WasmSource
  /**
   * Where the search runs, which takes seconds where nothing is found: the address of `countermark/worker` on the page's own
   * origin, or a function that makes that worker. Default: beside the package. False: on the page's own thread.
   */
  worker?: URL | string | (() => Worker) | false
  limits?: Partial<Limits>
  /** Load the module that checks signatures with the verifier. Default false: with the first file that is signed. */
  signatures?: boolean
  /** What `createC2pa` of @contentauth/c2pa-web gave the page. Default: manifests are found, and not checked. */
  c2pa?: C2paWeb
}

/** What `verify` of a page takes. */
export interface PageVerifyOptions extends VerifyOptions {
  /** Told of what is known so far, before a slower part of the search begins. */
  onPart?: (part: PartialResult) => void
}

/** Says what pictures, sound, texts and documents carry, in the page itself. */
export interface Verifier {
  /** Loads the module for pictures and texts now instead of at the first file. */
  ready(): Promise<void>
  /**
   * One file; in a worker, files are verified one after the other. Default key: `public`. Throws CountermarkError where the
   * input is of no kind that is read. A raised `signal` ends the search at once in a worker, at its next step on the page.
   */
  verify(input: PageInput, options?: PageVerifyOptions): Promise<VerifyResult>
  /** Ends the worker and what it is doing; the next call starts another. */
  close(): void
}
