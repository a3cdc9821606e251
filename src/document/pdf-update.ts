// Incremental updates of a PDF (ISO 32000-2, 7.5.6): objects behind the file's own bytes, which stay.
import { encoded, joined, latin1 } from './label.js'
import type { Found, PdfFile } from './pdf-file.js'
import type { Dict, Ref } from './pdf-syntax.js'

/** The first line of the update that holds a metadata label. */
export const MARK = '%countermark-label\n'

/** The bytes of a dictionary with one member changed or added; all others as they stand. */
export function dictWith({ value, reader }: Found & { value: Dict }, key: string, text: string): Uint8Array {
  const old = value.members.get(key)
  const cut = (from: number, to: number): Uint8Array => reader.bytes.subarray(from, to)
  if (old) return joined([cut(value.start, old.start), encoded(` ${text}`), cut(old.end, value.end)])
  return joined([cut(value.start, value.end - 2), encoded(`/${key} ${text}>>`)])
}

/** Objects that go behind the file, and the section that names them. */
export class Update {
  /** The next number of an object that is free. */
  next: number
  /** The information dictionary, where it is a new one. */
  info: Ref | undefined
  private readonly pieces: Uint8Array[] = []
  private readonly places: { number: number; generation: number; offset: number }[] = []
  private length: number

  /** `mark`: the first line of the update, by which it is found again. */
  constructor(private readonly file: PdfFile, mark = MARK) {
    this.next = file.size
    const last = file.bytes.at(-1)
    this.pieces.push(file.bytes, encoded(`${last === 10 || last === 13 ? '' : '\n'}${mark}`))
    this.length = this.pieces[0]!.length + this.pieces[1]!.length
  }

  private push(piece: Uint8Array): void {
    this.pieces.push(piece)
    this.length += piece.length
  }

  /** An object; `instead`: its bytes where there was one before. */
  add(number: number, generation: number, body: Uint8Array, instead?: Uint8Array): void {
    this.places.push({ number, generation, offset: this.length - this.file.base })
    this.push(joined([encoded(`${number} ${generation} obj\n`), instead ?? body, encoded('\nendobj\n')]))
  }

  /** The file with the update behind it. */
  bytes(): Uint8Array {
    const start = this.length - this.file.base
    if (this.file.streams) this.stream(start)
    else this.table()
    this.push(encoded(`startxref\n${start}\n%%EOF\n`))
    return joined(this.pieces)
  }

  /** What the newest trailer says, but for what belongs to its own section. */
  private trailer(): string {
    const { trailer, reader, last } = this.file
    const own = new Set(['Size', 'Prev', 'XRefStm', ...(this.info === undefined ? [] : ['Info']), 'Type', 'W', 'Index', 'Length', 'Filter', 'DecodeParms'])
    const kept = [...trailer.members].filter(([key]) => !own.has(key)).map(([key, { start, end }]) => `/${key.replace(/[^!-~]|[#()<>[\]{}/%]/g, (one) => `#${one.charCodeAt(0).toString(16).padStart(2, '0')}`)} ${latin1(reader.bytes.subarray(start, end))}`)
    const info = this.info === undefined ? '' : `/Info ${this.info.number} ${this.info.generation} R`
    return `${kept.join('')}${info}/Prev ${last}`
  }

  private table(): void {
    const rows = [...this.places].sort((a, b) => a.number - b.number).map(({ number, generation, offset }) => `${number} 1\n${String(offset).padStart(10, '0')} ${String(generation).padStart(5, '0')} n\r\n`)
    this.push(Uint8Array.from(`xref\n${rows.join('')}trailer\n<</Size ${this.next}${this.trailer()}>>\n`, (one) => one.charCodeAt(0)))
  }

  private stream(start: number): void {
    const own = this.next++
    const places = [...this.places, { number: own, generation: 0, offset: start }].sort((a, b) => a.number - b.number)
    const data = new Uint8Array(places.length * 11)
    const view = new DataView(data.buffer)
    for (const [row, { generation, offset }] of places.entries()) {
      view.setUint8(row * 11, 1)
      view.setBigUint64(row * 11 + 1, BigInt(offset))
      view.setUint16(row * 11 + 9, generation)
    }
    const head = `${own} 0 obj\n<</Type/XRef/Size ${this.next}/W[1 8 2]/Index[${places.map(({ number }) => `${number} 1`).join(' ')}]${this.trailer()}/Length ${data.length}>>\nstream\n`
    this.push(joined([Uint8Array.from(head, (one) => one.charCodeAt(0)), data, encoded('\nendstream\nendobj\n')]))
  }
}
