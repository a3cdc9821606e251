// The coded content of a file, as the hash of a signature sees it. Every kind of file joins here: what a decoder needs, in file
// order, in pieces.
import type { Engine } from '../engine/engine.js'
import type { HashAlgorithm } from '../signature/hash.js'

/** Hashes the content; each algorithm once, however many labels ask. */
export function contentHasher(engine: Engine, bytes: Uint8Array): (algorithm: HashAlgorithm) => Promise<string> {
  const done = new Map<HashAlgorithm, Promise<string>>()
  return (algorithm) => {
    const known = done.get(algorithm)
    if (known !== undefined) return known
    const made = import('../signature/hash.js').then(({ contentHash, partsOf }) => contentHash(partsOf(bytes, engine.codedRanges(bytes)), algorithm))
    done.set(algorithm, made)
    return made
  }
}
