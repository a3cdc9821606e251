// The hash that binds a label to its content: over the bytes that a decoder needs, wherever they come from.
import { hexOf } from './der.js'
import { sm3 } from './sm2.js'

/** SM3 (GB/T 32905) or SHA-256 (FIPS 180-4). */
export type HashAlgorithm = 'SM3' | 'SHA-256'

/** The chunks, in order; how they are cut does not matter. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Hash over all chunks, hexadecimal, 64 digits. In Node one chunk at a time is held; elsewhere all of them, since WebCrypto
 * takes a whole message only.
 */
export async function contentHash(chunks: Chunks, algorithm: HashAlgorithm): Promise<string> {
  const stream = await nodeHash(algorithm)
  if (stream) {
    for await (const chunk of chunks) stream.update(chunk)
    return stream.digest('hex')
  }
  const held: Uint8Array[] = []
  for await (const chunk of chunks) held.push(chunk)
  const all = new Uint8Array(held.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of held) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return algorithm === 'SM3' ? sm3(all) : hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', all)))
}

/** The parts of `bytes` between these ends, without copies. */
export function* partsOf(bytes: Uint8Array, ranges: readonly (readonly [number, number])[]): Generator<Uint8Array> {
  for (const [start, end] of ranges) yield bytes.subarray(start, end)
}

/** Node's own hash, or undefined in browsers and in builds of Node without SM3. */
async function nodeHash(algorithm: HashAlgorithm): Promise<import('node:crypto').Hash | undefined> {
  if (typeof process === 'undefined' || process.versions?.node === undefined) return undefined
  const name = 'node:crypto'
  const { createHash, getHashes } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as typeof import('node:crypto')
  const wanted = algorithm === 'SM3' ? 'sm3' : 'sha256'
  return getHashes().includes(wanted) ? createHash(wanted) : undefined
}
