// The objects of a PDF (ISO 32000-2, 7.2 and 7.3) with their places in the bytes.
import { broken, latin1, tooMuch } from './label.js'

const MAX_DEPTH = 64
const MAX_MEMBERS = 1_000_000

/** A name, without its slash and with `#xx` resolved. */
export class Name { constructor(readonly name: string) {} }

/** A string's bytes. */
export class Text { constructor(readonly bytes: Uint8Array) {} }

/** `number generation R`. */
export class Ref { constructor(readonly number: number, readonly generation: number) {} }

/** A dictionary with the places of its values, for splicing. */
export class Dict {
  readonly members = new Map<string, { value: Value; start: number; end: number }>()
  constructor(readonly start: number, public end: number) {}
  get(key: string): Value | undefined {
    return this.members.get(key)?.value
  }
  number(key: string): number | undefined {
    const value = this.get(key)
    return typeof value === 'number' ? value : undefined
  }
  name(key: string): string | undefined {
    const value = this.get(key)
    return value instanceof Name ? value.name : undefined
  }
}

/** Anything but a stream. */
export type Value = null | boolean | number | Name | Text | Ref | Dict | Value[]

/** A value and where it ends. */
export interface Parsed { value: Value; end: number }

const SPACE = new Set([0, 9, 10, 12, 13, 32])
const DELIMITER = new Set([...'()<>[]{}/%'].map((one) => one.charCodeAt(0)))

/** Reads values out of bytes; every failure is ERR_BROKEN at its offset (plus `base`). */
export class Reader {
  constructor(readonly bytes: Uint8Array, readonly base = 0) {}

  fail(message: string, at: number): Error {
    return broken(message, this.base + at)
  }

  /** Behind white space and comments. */
  skip(at: number): number {
    for (;;) {
      const byte = this.bytes[at]
      if (byte === undefined) return at
      if (byte === 37) while (at < this.bytes.length && this.bytes[at] !== 10 && this.bytes[at] !== 13) at++
      else if (SPACE.has(byte)) at++
      else return at
    }
  }

  /** Behind one line break, if one stands there. */
  skipBreak(at: number): number {
    if (this.bytes[at] === 13) at++
    return this.bytes[at] === 10 ? at + 1 : at
  }

  /** The run of regular characters at `at`. */
  word(at: number): string {
    let end = at
    while (end < this.bytes.length && end - at < 256 && !SPACE.has(this.bytes[end]!) && !DELIMITER.has(this.bytes[end]!)) end++
    return latin1(this.bytes.subarray(at, end))
  }

  /** Whether `text` stands at `at`. */
  has(text: string, at: number): boolean {
    for (let index = 0; index < text.length; index++) if (this.bytes[at + index] !== text.charCodeAt(index)) return false
    return true
  }

  /** The integers that stand in a row at `at`, separated by white space, and the end of the last one. */
  integers(at: number, count: number): { values: number[]; end: number } | undefined {
    const values: number[] = []
    for (let index = 0; index < count; index++) {
      at = this.skip(at)
      const word = this.word(at)
      if (!/^\d{1,15}$/.test(word)) return undefined
      values.push(Number(word))
      at += word.length
    }
    return { values, end: at }
  }

  value(from: number, depth = 0): Parsed {
    const at = this.skip(from)
    const byte = this.bytes[at]
    if (depth > MAX_DEPTH) throw tooMuch(`The PDF nests deeper than ${MAX_DEPTH} levels at byte ${this.base + at}.`)
    if (byte === 47) return this.name(at)
    if (byte === 40) return this.literal(at)
    if (byte === 60) return this.bytes[at + 1] === 60 ? this.dict(at, depth) : this.hexadecimal(at)
    if (byte === 91) return this.array(at, depth)
    const word = this.word(at)
    const end = at + word.length
    if (word === 'true' || word === 'false') return { value: word === 'true', end }
    if (word === 'null') return { value: null, end }
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(word)) throw this.fail('the PDF has no value where one must stand', at)
    if (/^\d+$/.test(word)) {
      const rest = this.integers(end, 1)
      const sign = rest && this.skip(rest.end)
      if (rest && sign !== undefined && this.word(sign) === 'R') return { value: new Ref(Number(word), rest.values[0]!), end: sign + 1 }
    }
    return { value: Number(word), end }
  }

  private name(at: number): { value: Name; end: number } {
    const word = this.word(at + 1)
    return { value: new Name(word.replace(/#([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))), end: at + 1 + word.length }
  }

  private array(start: number, depth: number): Parsed {
    const value: Value[] = []
    for (let at = this.skip(start + 1); ; at = this.skip(at)) {
      if (this.bytes[at] === 93) return { value, end: at + 1 }
      if (at >= this.bytes.length) throw this.fail('the PDF ends within an array', at)
      const one = this.value(at, depth + 1)
      value.push(one.value)
      if (value.length > MAX_MEMBERS) throw tooMuch('An array of the PDF is longer than is read.')
      at = one.end
    }
  }

  private dict(start: number, depth: number): { value: Dict; end: number } {
    const value = new Dict(start, start)
    for (let at = this.skip(start + 2); ; at = this.skip(at)) {
      if (this.bytes[at] === 62 && this.bytes[at + 1] === 62) {
        value.end = at + 2
        return { value, end: at + 2 }
      }
      if (this.bytes[at] !== 47) throw this.fail('the PDF has a dictionary with a key that is no name', at)
      const key = this.name(at)
      const place = this.skip(key.end)
      const one = this.value(place, depth + 1)
      value.members.set(key.value.name, { value: one.value, start: place, end: one.end })
      at = one.end
    }
  }

  private literal(start: number): Parsed {
    const out: number[] = []
    let depth = 1
    for (let at = start + 1; at < this.bytes.length; at++) {
      let byte = this.bytes[at]!
      if (byte === 40) depth++
      if (byte === 41 && --depth === 0) return { value: new Text(Uint8Array.from(out)), end: at + 1 }
      if (byte === 92) {
        byte = this.bytes[++at] ?? 0
        const octal = /^[0-7]{1,3}/.exec(latin1(this.bytes.subarray(at, at + 3)))?.[0]
        if (octal !== undefined) {
          out.push(Number.parseInt(octal, 8) & 255)
          at += octal.length - 1
          continue
        }
        // A backslash at the end of a line takes the break with it.
        if (byte === 13 && this.bytes[at + 1] === 10) at++
        if (byte === 13 || byte === 10) continue
        const plain = { n: 10, r: 13, t: 9, b: 8, f: 12 }[String.fromCharCode(byte)]
        out.push(plain ?? byte)
      } else out.push(byte)
    }
    throw this.fail('the PDF ends within a string', start)
  }

  private hexadecimal(start: number): Parsed {
    const end = this.bytes.indexOf(62, start)
    if (end < 0) throw this.fail('the PDF ends within a string', start)
    const digits = latin1(this.bytes.subarray(start + 1, end)).replace(/[\0\t\n\f\r ]/g, '')
    if (/[^0-9a-fA-F]/.test(digits)) throw this.fail('the PDF has a string with characters that are no digits', start)
    return { value: new Text(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))), end: end + 1 }
  }
}

/** A text string (7.9.2.2): UTF-16 or UTF-8 with a mark, else one byte a character. */
export function textOf({ bytes }: Text): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder().decode(bytes)
  return latin1(bytes)
}

/** A text string as it is written: ASCII in brackets, else UTF-16 in hexadecimal digits. */
export function textString(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `(${text.replace(/[()\\]/g, '\\$&')})`
  return `<FEFF${[...Array(text.length).keys()].map((at) => text.charCodeAt(at).toString(16).padStart(4, '0').toUpperCase()).join('')}>`
}
