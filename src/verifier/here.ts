// Verifying on the thread that calls: a worker's, or the page's own.
import type { ManifestReader } from '../c2pa/reading.js'
import { wasmEngine, type WasmSource } from '../engine/wasm.js'
import { Deadline, limitsOf, type Limits } from '../limits.js'
import { canvasDecoder } from '../media/canvas.js'
import { needsFull } from '../media/kind.js'
import type { SoundDecoder } from '../media/sound.js'
import { documentOf } from '../pipeline/document.js'
import type { FilmReader } from '../pipeline/evidence.js'
import { verifyBytes } from '../pipeline/verify.js'
import type { PartialResult, VerifyOptions, VerifyResult } from '../types.js'
import { bytesOf, type PageInput } from './input.js'

/** What a verifier is made of; the fields as in VerifierOptions. */
export interface Parts {
  wasm?: WasmSource
  fullWasm?: WasmSource
  limits?: Partial<Limits>
  signatures?: boolean
  sound: SoundDecoder
  manifests?: ManifestReader
}

/** Loads what a first picture or text needs. */
export async function load({ wasm, signatures }: Parts): Promise<void> {
  await wasmEngine('first', wasm)
  if (signatures) await Promise.all([import('../signature/security.js'), import('../signature/trust.js'), import('../signature/hash.js')])
}

/** Verifies one file. `onPart` is waited for. */
export async function verifyHere(
  parts: Parts, input: PageInput, options: VerifyOptions, onPart?: (part: PartialResult) => Promise<void>,
): Promise<VerifyResult> {
  const start = performance.now()
  const limits = limitsOf({ ...parts.limits, ...options.limits })
  const deadline = new Deadline(limits, options.signal)
  const name = input instanceof File ? input.name : undefined
  const bytes = await bytesOf(input, limits, deadline)
  const engine = await deadline.within(needsFull(bytes) ? wasmEngine('full', parts.fullWasm) : wasmEngine('first', parts.wasm))
  const document = await documentOf(bytes, name)
  const tell = onPart && (async (part: PartialResult): Promise<void> => {
    await onPart(part)
    deadline.check()
  })
  const film: FilmReader = async (source, asked) => (await import('../pipeline/webview.js')).webFilmReader(engine, limits, deadline)(source, asked)
  const result = await verifyBytes(engine, canvasDecoder, bytes, options, ['public'], limits, deadline, { document, sound: parts.sound, film, manifests: parts.manifests, onPart: tell })
  return { ...(name === undefined ? {} : { file: name }), ...result, ms: Math.round(performance.now() - start) }
}
