// The canonical bytes of an entry, and what follows from them. docs/ledger.md describes them for other programs.
import { createHash } from 'node:crypto'
import type { Entry, StoredEntry } from '../types/ledger.js'

/** The hash before the first entry. */
export const NONE = '0'.repeat(64)

/** SHA-256 of a text in UTF-8 or of bytes, hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Canonical JSON (RFC 8785): keys in the order of their UTF-16 units, no space, no absent values. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = value as { [key: string]: unknown }
  return `{${Object.keys(fields).filter((key) => fields[key] !== undefined).sort().map((key) => `${JSON.stringify(key)}:${canonical(fields[key])}`).join(',')}}`
}

/** An entry with its bytes and its hash after `previous`. */
export function stored(entry: Entry, previous: string): StoredEntry {
  const body = canonical(entry)
  return { entry: JSON.parse(body) as Entry, body, hash: linked(previous, sha256(body)) }
}

/**
 * The hash of an entry in the chain, from the hash before and that of its body. Two steps, so that a dossier can prove a few
 * entries by the body hashes of all others, which give nothing away.
 */
export function linked(previous: string, bodyHash: string): string {
  return sha256(Buffer.from(previous + bodyHash, 'hex'))
}

/**
 * Six calendar months and a day after `time` (Labeling Measures Art. 9: "not less than six months"). Where the sixth month
 * lacks the day, the first days of the next month follow; the further day leaves room for the difference of time zones.
 */
export function retention(time: string): string {
  const end = new Date(time)
  end.setUTCMonth(end.getUTCMonth() + 6)
  end.setUTCDate(end.getUTCDate() + 1)
  return end.toISOString()
}
