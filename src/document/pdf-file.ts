// Where the objects of a PDF lie: cross-reference tables, streams and both at once, object streams, several revisions
// (ISO 32000-2, 7.5). Nothing is guessed or repaired: what contradicts itself is ERR_BROKEN.
import { inflate } from './inflate.js'
import { latin1, tooMuch, unsupported } from './label.js'
import { Dict, Name, Reader, Ref, type Value } from './pdf-syntax.js'

const MAX_SECTIONS = 4096
const MAX_OBJECTS = 8_388_607
const MAX_TABLE = 128 * 1024 * 1024
const MAX_STREAM = 64 * 1024 * 1024

/** Where one object lies: in the file, in an object stream, or nowhere. */
type Place = { offset: number; generation: number } | { stream: number; index: number } | 'free'

/** An object, the reader of the bytes it stands in, and the body of its stream. */
export interface Found { value: Value; reader: Reader; stream?: Uint8Array; offset: number; generation: number }

/** A file that was opened. */
export class PdfFile {
  readonly reader: Reader
  /** The newest trailer. */
  readonly trailer: Dict
  /** Whether the newest section is a stream. */
  readonly streams: boolean
  /** What `startxref` says. */
  readonly last: number
  /** Bytes before `%PDF-`, which offsets do not count. */
  readonly base: number
  /** One more than the highest number of an object. */
  size = 0
  private readonly places = new Map<number, Place>()
  private readonly packed = new Map<number, { reader: Reader; offsets: Map<number, number> }>()

  constructor(readonly bytes: Uint8Array) {
    this.base = latin1(bytes.subarray(0, 1024)).indexOf('%PDF-')
    this.reader = new Reader(bytes)
    if (this.base < 0) throw this.reader.fail('the PDF has no header', 0)
    const start = lastOf(bytes, 'startxref')
    const said = start < 0 ? undefined : this.reader.integers(start + 9, 1)
    if (said === undefined) throw this.reader.fail('the PDF ends without saying where its objects are', bytes.length)
    const last = said.values[0]!
    if (this.base > 0 && !this.isSection(last + this.base) && this.isSection(last)) this.base = 0
    this.last = last
    const newest = this.section(this.at(last))
    this.trailer = newest.trailer
    this.streams = newest.stream
    const seen = new Set([last])
    const waiting = [newest.trailer]
    for (let trailer = waiting.shift(); trailer !== undefined; trailer = waiting.shift()) {
      this.size = Math.max(this.size, trailer.number('Size') ?? 0)
      for (const key of ['XRefStm', 'Prev']) {
        const next = trailer.number(key)
        if (next === undefined || (key === 'Prev' && next === 0 && !this.isSection(this.at(0)))) continue
        if (seen.has(next)) {
          if (key === 'Prev') throw this.reader.fail('the sections of the PDF refer to each other in a circle', this.at(next))
          continue
        }
        seen.add(next)
        if (seen.size > MAX_SECTIONS) throw tooMuch(`The PDF has more than ${MAX_SECTIONS} revisions.`)
        const { trailer: older } = this.section(this.at(next))
        // Of a hybrid file only its own `Prev` leads on.
        if (key === 'Prev') waiting.push(older)
      }
    }
    if (this.trailer.get('Encrypt') !== undefined && this.trailer.get('Encrypt') !== null)
      throw unsupported('The PDF is encrypted: its texts cannot be read or added to without the password.', 'Decrypt it (qpdf --decrypt), mark it, and encrypt the result.')
  }

  private at(offset: number): number {
    return offset + this.base
  }

  private isSection(at: number): boolean {
    const start = this.reader.skip(at)
    return this.reader.has('xref', start) || (this.reader.integers(start, 2) !== undefined)
  }

  private section(from: number): { trailer: Dict; stream: boolean } {
    if (from >= this.bytes.length) throw this.reader.fail('the PDF refers to a section behind its end', from)
    const at = this.reader.skip(from)
    if (!this.reader.has('xref', at)) return { trailer: this.crossStream(at), stream: true }
    return { trailer: this.table(at + 4), stream: false }
  }

  private place(number: number, place: Place): void {
    if (number > MAX_OBJECTS) throw tooMuch(`The PDF has an object of number ${number}.`)
    if (!this.places.has(number)) this.places.set(number, place)
    if (number >= this.size) this.size = number + 1
  }

  private table(from: number): Dict {
    let at = this.reader.skip(from)
    while (!this.reader.has('trailer', at)) {
      const head = this.reader.integers(at, 2)
      if (head === undefined) throw this.reader.fail('the table of the PDF is damaged', at)
      const [first, count] = head.values as [number, number]
      at = head.end
      for (let index = 0; index < count; index++) {
        const entry = this.reader.integers(at, 2)
        const kind = entry && this.reader.skip(entry.end)
        const word = kind === undefined ? '' : this.reader.word(kind)
        if (entry === undefined || kind === undefined || (word !== 'n' && word !== 'f')) throw this.reader.fail('the table of the PDF is damaged', at)
        this.place(first + index, word === 'f' ? 'free' : { offset: entry.values[0]!, generation: entry.values[1]! })
        at = kind + 1
      }
      at = this.reader.skip(at)
    }
    const { value } = this.reader.value(at + 7)
    if (!(value instanceof Dict)) throw this.reader.fail('the PDF has no trailer', at)
    return value
  }

  private crossStream(at: number): Dict {
    const { value: dict, stream } = this.objectAt(at, undefined)
    if (!(dict instanceof Dict) || stream === undefined || dict.name('Type') !== 'XRef') throw this.reader.fail('the PDF has no table of its objects where it says', at)
    const data = this.decoded(dict, stream, at, MAX_TABLE)
    const widths = dict.get('W')
    const numbers = (value: Value | undefined): number[] | undefined => (Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isInteger(one) && one >= 0) ? (value as number[]) : undefined)
    const [kind, second, third] = numbers(widths) ?? []
    if (kind === undefined || second === undefined || third === undefined || kind > 8 || second > 8 || third > 8 || kind + second + third === 0) throw this.reader.fail('the table of the PDF has no widths', at)
    const field = (from: number, width: number): number => data.subarray(from, from + width).reduce((sum, byte) => sum * 256 + byte, 0)
    const index = numbers(dict.get('Index')) ?? [0, dict.number('Size') ?? 0]
    const width = kind + second + third
    let from = 0
    for (let pair = 0; pair + 1 < index.length; pair += 2) {
      for (let number = index[pair]!; number < index[pair]! + index[pair + 1]!; number++) {
        if (from + width > data.length) throw this.reader.fail('the table of the PDF ends early', at)
        const type = kind === 0 ? 1 : field(from, kind)
        const [a, b] = [field(from + kind, second), field(from + kind + second, third)]
        if (type === 1) this.place(number, { offset: a, generation: b })
        else if (type === 2) this.place(number, { stream: a, index: b })
        else if (type === 0) this.place(number, 'free')
        from += width
      }
    }
    return dict
  }

  /** The body of a stream behind its filters. */
  decoded(dict: Dict, stream: Uint8Array, at: number, limit = MAX_STREAM): Uint8Array {
    const one = (value: Value | undefined): Value | undefined => (Array.isArray(value) ? (value.length <= 1 ? value[0] : new Name('several')) : value)
    const filter = one(this.resolved(dict.get('Filter')))
    if (filter === undefined || filter === null) return stream
    if (!(filter instanceof Name) || (filter.name !== 'FlateDecode' && filter.name !== 'Fl')) throw unsupported('A stream of the PDF that holds its structure or metadata has a filter other than FlateDecode.')
    const data = inflate(stream, limit, at, true)
    const parameters = one(this.resolved(dict.get('DecodeParms')))
    return parameters instanceof Dict ? this.unpredicted(data, parameters, at) : data
  }

  /** PNG predictors (7.4.4.4), which tables are written with. */
  private unpredicted(data: Uint8Array, parameters: Dict, at: number): Uint8Array {
    const predictor = parameters.number('Predictor') ?? 1
    if (predictor === 1) return data
    const columns = parameters.number('Columns') ?? 1
    const bits = (parameters.number('Colors') ?? 1) * (parameters.number('BitsPerComponent') ?? 8)
    if (predictor < 10 || bits !== 8 || columns < 1 || columns > 65_536) throw unsupported('A stream of the PDF has a predictor that is not read.')
    const rows = Math.floor(data.length / (columns + 1))
    const out = new Uint8Array(rows * columns)
    for (let row = 0; row < rows; row++) {
      const type = data[row * (columns + 1)]!
      for (let column = 0; column < columns; column++) {
        const raw = data[row * (columns + 1) + 1 + column]!
        const left = column > 0 ? out[row * columns + column - 1]! : 0
        const up = row > 0 ? out[(row - 1) * columns + column]! : 0
        const corner = row > 0 && column > 0 ? out[(row - 1) * columns + column - 1]! : 0
        const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][type]
        if (guess === undefined) throw this.reader.fail('a stream of the PDF has a row of no known kind', at)
        out[row * columns + column] = raw + guess
      }
    }
    return out
  }

  /** The object at `at`; `number`: which one must stand there. */
  private objectAt(at: number, number: number | undefined): Found {
    const head = at < this.bytes.length ? this.reader.integers(at, 2) : undefined
    const word = head && this.reader.skip(head.end)
    if (head === undefined || word === undefined || this.reader.word(word) !== 'obj' || (number !== undefined && head.values[0] !== number))
      throw this.reader.fail(`the object ${number ?? ''} is not where the PDF says`.replace('  ', ' '), at)
    const { value, end } = this.reader.value(word + 3)
    const found: Found = { value, reader: this.reader, offset: at, generation: head.values[1]! }
    const next = this.reader.skip(end)
    if (!(value instanceof Dict) || !this.reader.has('stream', next)) return found
    let start = next + 6
    if (this.bytes[start] === 13) start++
    if (this.bytes[start] === 10) start++
    const length = this.resolved(value.get('Length'))
    if (typeof length !== 'number' || length < 0 || !this.reader.has('endstream', this.reader.skipBreak(start + length))) throw this.reader.fail('a stream of the PDF is not as long as it says', next)
    return { ...found, stream: this.bytes.subarray(start, start + length) }
  }

  /** The object of a reference, or undefined where there is none. */
  object(ref: Ref, depth = 0): Found | undefined {
    const place = this.places.get(ref.number)
    if (place === undefined || place === 'free') return undefined
    if ('offset' in place) return this.objectAt(this.at(place.offset), ref.number)
    if (depth > 0) throw this.reader.fail('an object stream of the PDF lies in another one', 0)
    return this.packedObject(place.stream, ref.number, depth)
  }

  private packedObject(stream: number, number: number, depth: number): Found {
    let packed = this.packed.get(stream)
    if (packed === undefined) {
      const holder = this.object(new Ref(stream, 0), depth + 1)
      if (!(holder?.value instanceof Dict) || holder.stream === undefined || holder.value.name('Type') !== 'ObjStm') throw this.reader.fail(`the object stream ${stream} is not there`, holder?.offset ?? this.bytes.length)
      const reader = new Reader(this.decoded(holder.value, holder.stream, holder.offset), holder.offset)
      const [count, first] = [holder.value.number('N') ?? 0, holder.value.number('First') ?? 0]
      if (count > 1_000_000) throw tooMuch('An object stream of the PDF holds more objects than are read.')
      const offsets = new Map<number, number>()
      for (let index = 0, at = 0; index < count; index++) {
        const pair = reader.integers(at, 2)
        if (pair === undefined) throw this.reader.fail('an object stream of the PDF is damaged', holder.offset)
        offsets.set(pair.values[0]!, first + pair.values[1]!)
        at = pair.end
      }
      packed = { reader, offsets }
      this.packed.set(stream, packed)
    }
    const at = packed.offsets.get(number)
    if (at === undefined) throw this.reader.fail(`the object ${number} is not in its object stream`, packed.reader.base)
    return { value: packed.reader.value(at).value, reader: packed.reader, offset: packed.reader.base, generation: 0 }
  }

  /** A value, or what it refers to. */
  resolved(value: Value | undefined): Value | undefined {
    for (let steps = 0; value instanceof Ref; steps++) {
      if (steps > 16) throw this.reader.fail('references of the PDF lead in a circle', 0)
      value = this.object(value)?.value
    }
    return value
  }

  /** The dictionary that a member of another one is or refers to. */
  dict(outer: Dict, key: string): Dict | undefined {
    const value = this.resolved(outer.get(key))
    return value instanceof Dict ? value : undefined
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}

/** Where `text` stands last; no further than 1 MiB from the end. */
function lastOf(bytes: Uint8Array, text: string): number {
  const from = Math.max(0, bytes.length - 1_048_576)
  const at = latin1(bytes.subarray(from)).lastIndexOf(text)
  return at < 0 ? -1 : from + at
}
