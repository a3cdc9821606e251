// Keys as the engine takes them.
import { CountermarkError } from '../errors.js'
import type { Key } from '../types.js'

/** The key as the engine takes it. ERR_PARAMETER for anything but `public` and 64 hexadecimal digits. */
export function keyOf(key: Key): Key {
  if (key === 'public') return key
  if (typeof key === 'string' && /^[0-9a-f]{64}$/i.test(key)) return key.toLowerCase()
  throw new CountermarkError('ERR_PARAMETER', 'A key is "public" or 64 hexadecimal digits.', { remedy: 'Make one with countermark keygen.' })
}

/** The keys of a search as the engine takes them, each once. ERR_PARAMETER for what is no list of keys. */
export function keysOf(keys: readonly Key[]): Key[] {
  if (!Array.isArray(keys)) throw new CountermarkError('ERR_PARAMETER', 'keys is a list of keys.')
  return [...new Set(keys.map(keyOf))]
}
