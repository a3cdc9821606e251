// What a page and its worker say to each other. The worker does one thing at a time: after a request it may tell parts and
// ask for what only a page has, one question at a time, and then it is done or has failed.
import type { ManifestStore } from '../c2pa/reading.js'
import { CountermarkError, type ErrorCode } from '../errors.js'
import type { Limits } from '../limits.js'
import type { PartialResult, VerifyOptions, VerifyResult } from '../types.js'
import type { PageInput } from './input.js'

/** A module as it can be sent: its address, its bytes, or compiled. */
export type SentModule = string | ArrayBuffer | Uint8Array | WebAssembly.Module

/** The first message to a worker. `manifests`: the page can read C2PA manifests. */
export interface Setup { wasm?: SentModule; fullWasm?: SentModule; limits?: Partial<Limits>; signatures?: boolean; manifests: boolean }

/** A CountermarkError as it can be sent. */
export interface SentError { code: ErrorCode; message: string; remedy?: string; offset?: number }

/** The error that was sent. */
export function errorOf({ code, message, ...details }: SentError): CountermarkError {
  return new CountermarkError(code, message, details)
}

/** Sound that the page has decoded; interleaved. */
export interface SentSound { rate: number; channels: number; codec: string; samples: Float32Array }

/** From the page. `answer` follows `ask`. */
export type ToWorker =
  | { say: 'setup'; setup: Setup }
  | { say: 'load' }
  | { say: 'verify'; input: PageInput; options: VerifyOptions; parts: boolean }
  | { say: 'answer'; value: SentSound | ManifestStore | undefined }
  | { say: 'refusal'; error: SentError }

/** What only a page has: the browser's decoder of sound, and the library for C2PA. Both are asked about the file at hand. */
export type Question = { of: 'sound'; type: string } | { of: 'manifest'; type: string; anchors: string }

/** From the worker. */
export type ToPage =
  | { say: 'part'; part: PartialResult }
  | { say: 'ask'; question: Question }
  | { say: 'done'; result: VerifyResult | undefined }
  | { say: 'failed'; error: SentError }
