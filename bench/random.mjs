// Repeatable chance. A stream is named by texts, so that leaving pictures or rows out changes no other draw.
import { createHash } from 'node:crypto'

function digest(names) {
  return createHash('sha256').update(names.join('\u001f')).digest()
}

/** A stream of numbers (mulberry32) that the names decide. */
export function randomOf(...names) {
  let state = digest(names).readUInt32LE(0)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    /** 0 .. count - 1. */
    whole: (count) => Math.floor(next() * count),
    sign: () => (next() < 0.5 ? -1 : 1),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

/** A private key, 64 hexadecimal digits, that the names decide. */
export function keyOf(...names) {
  return digest(['key', ...names]).toString('hex')
}
