// Inflating within bounds: a few bytes may claim to be gigabytes.
import { Inflate, Unzlib } from 'fflate'
import { broken, joined, tooMuch } from './label.js'

/** What one step may be fed with: deflate grows data by a factor of 1032 at most. */
const STEP = 4096

/**
 * Inflates `bytes` (raw deflate, or zlib where `wrapped`), at most `limit` bytes of output.
 * ERR_LIMIT beyond it, ERR_BROKEN (at `offset`) where the data is damaged or ends early.
 */
export function inflate(bytes: Uint8Array, limit: number, offset: number, wrapped = false): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  let done = false
  const take = (part: Uint8Array, last: boolean): void => {
    size += part.length
    if (size > limit) throw tooMuch(`A compressed part at byte ${offset} holds more than ${limit} bytes.`)
    parts.push(part)
    done ||= last
  }
  const stream = wrapped ? new Unzlib(take) : new Inflate(take)
  try {
    for (let at = 0; at < bytes.length || at === 0; at += STEP) stream.push(bytes.slice(at, at + STEP), at + STEP >= bytes.length)
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ERR_LIMIT') throw thrown
    throw broken('a compressed part is damaged or ends early', offset)
  }
  if (!done) throw broken('a compressed part ends early', offset)
  return joined(parts)
}
