// The coded content of a file, as the hash of a signature sees it. Every kind of file joins here: what a decoder needs, in file
// order, in pieces.
import type { Disk, Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Chunks, HashAlgorithm } from '../signature/hash.js'

/** Hashes the content once an algorithm, however many labels ask. */
export type Hasher = (algorithm: HashAlgorithm) => Promise<string>

/** The hasher of a picture's coded samples. */
export function contentHasher(engine: Engine, bytes: Uint8Array): Hasher {
  return hasherOf(async () => (await import('../signature/hash.js')).partsOf(bytes, engine.codedRanges(bytes)))
}

/** A hasher over the pieces that `content` gives. */
export function hasherOf(content: () => Chunks | Promise<Chunks>): Hasher {
  const done = new Map<HashAlgorithm, Promise<string>>()
  return (algorithm) => {
    const known = done.get(algorithm)
    if (known !== undefined) return known
    const made = import('../signature/hash.js').then(async ({ contentHash }) => contentHash(await content(), algorithm))
    done.set(algorithm, made)
    return made
  }
}

/** The hasher of a file on disk, whose coded samples are never all in memory. */
export function diskHasher(disk: Disk, path: string): Hasher {
  return (algorithm) => {
    if (algorithm === 'SHA-256') return disk.codedDigest(path)
    throw new CountermarkError('ERR_UNSUPPORTED', `${algorithm} over a file of this size is not computed in this version.`)
  }
}
