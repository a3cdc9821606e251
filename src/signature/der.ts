// DER (X.690) as far as keys, signatures and certificates need it, and PEM around it. Reading only, bounds checked.
import { CountermarkError } from '../errors.js'

/** One value: its tag, its content, and all its bytes. */
export interface Der { tag: number; body: Uint8Array; whole: Uint8Array }

const broken = (what: string): CountermarkError => new CountermarkError('ERR_PARAMETER', `${what} is not valid DER.`)

/** The values that stand one after another in `bytes`, at most 64. ERR_PARAMETER where one runs over the end. */
export function valuesOf(bytes: Uint8Array, what: string): Der[] {
  const values: Der[] = []
  let at = 0
  while (at < bytes.length && values.length < 64) {
    const first = bytes[at + 1]
    if (first === undefined) throw broken(what)
    const extra = first < 0x80 ? 0 : first & 0x7f
    if (first === 0x80 || extra > 4) throw broken(what)
    let length = extra === 0 ? first : 0
    for (let i = 0; i < extra; i++) length = length * 256 + (bytes[at + 2 + i] ?? Number.NaN)
    const start = at + 2 + extra
    if (!(start + length <= bytes.length)) throw broken(what)
    values.push({ tag: bytes[at] ?? 0, body: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) })
    at = start + length
  }
  return values
}

/** The members of the one SEQUENCE that `bytes` is. */
export function sequenceOf(bytes: Uint8Array, what: string): Der[] {
  const [only, more] = valuesOf(bytes, what)
  if (only?.tag !== 0x30 || more !== undefined) throw broken(what)
  return valuesOf(only.body, what)
}

/** An object identifier in dotted form. */
export function oidOf(value: Der | undefined): string {
  if (value?.tag !== 0x06) return ''
  const arcs: number[] = []
  let arc = 0
  for (const byte of value.body) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)))
    else arcs.push(arc)
    arc = 0
  }
  return arcs.join('.')
}

/** The bits of a BIT STRING without unused ones. */
export function bitsOf(value: Der | undefined, what: string): Uint8Array {
  if (value?.tag !== 0x03 || value.body[0] !== 0) throw broken(what)
  return value.body.subarray(1)
}

/** The two numbers of an ECDSA or SM2 signature as 64 bytes; undefined where `bytes` is neither DER nor 64 bytes. */
export function rawSignature(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length === 64 && bytes[0] !== 0x30) return bytes
  try {
    const numbers = sequenceOf(bytes, 'The signature')
    if (numbers.length !== 2) return undefined
    const raw = new Uint8Array(64)
    for (const [index, { tag, body }] of numbers.entries()) {
      const digits = body[0] === 0 ? body.subarray(1) : body
      if (tag !== 0x02 || digits.length > 32) return undefined
      raw.set(digits, 32 * (index + 1) - digits.length)
    }
    return raw
  } catch {
    return bytes.length === 64 ? bytes : undefined
  }
}

/** 64 bytes r, s as DER. */
export function derSignature(raw: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array): number[] => {
    const from = bytes.findIndex((byte) => byte !== 0)
    const digits = [...bytes.subarray(from < 0 ? 31 : from)]
    if ((digits[0] ?? 0) & 0x80) digits.unshift(0)
    return [0x02, digits.length, ...digits]
  }
  const inside = [...number(raw.subarray(0, 32)), ...number(raw.subarray(32, 64))]
  return Uint8Array.from([0x30, inside.length, ...inside])
}

/** Every block of a PEM text, in order. ERR_PARAMETER where there is none. */
export function pemBlocks(text: string, what: string): { label: string; der: Uint8Array }[] {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)]
  if (blocks.length === 0) throw new CountermarkError('ERR_PARAMETER', `${what} is not a PEM text.`, { remedy: 'Give a text with -----BEGIN ...----- blocks.' })
  return blocks.map(([, label = '', base64 = '']) => {
    // RFC 1421 headers stand only in encrypted keys of the old form.
    if (/:/.test(base64)) throw new CountermarkError('ERR_PARAMETER', `${what} is encrypted.`, { remedy: 'Decrypt it first: openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pem' })
    try {
      return { label, der: Uint8Array.from(atob(base64.replace(/\s/g, '')), (character) => character.charCodeAt(0)) }
    } catch (cause) {
      throw new CountermarkError('ERR_PARAMETER', `${what} holds a block that is not Base64.`, { cause })
    }
  })
}

/** What is needed of a certificate (RFC 5280, 4.1). */
export interface Certificate { der: Uint8Array; signed: Uint8Array; algorithm: string; signature: Uint8Array; spki: Uint8Array }

/** Reads a certificate's outer form; nothing is checked. ERR_PARAMETER where it is none. */
export function certificateOf(der: Uint8Array): Certificate {
  const what = 'The certificate'
  const [signed, algorithm, signature] = sequenceOf(der, what)
  if (signed === undefined || algorithm === undefined) throw broken(what)
  const fields = sequenceOf(signed.whole, what)
  // The version is there from version 2 on, explicitly tagged; the key is the sixth field behind it.
  const spki = fields[(fields[0]?.tag === 0xa0 ? 1 : 0) + 5]
  if (spki === undefined) throw broken(what)
  return { der, signed: signed.whole, algorithm: oidOf(sequenceOf(algorithm.whole, what)[0]), signature: bitsOf(signature, what), spki: spki.whole }
}

/** Lower-case hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Bytes of a hexadecimal text, or undefined where it is none. */
export function bytesOfHex(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length === 0 || text.length > 65_536 || text.length % 2 > 0 || !/^[0-9a-f]+$/i.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
