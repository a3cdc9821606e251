// PDF: the key AIGC of the document information dictionary (TC260-PG-20258A, 6.3), DigitalSourceType and what discloses the
// system in the XMP metadata of the catalog. Written as an incremental update (ISO 32000-2, 7.5.6): the file's own bytes stay, and signatures with them.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { encoded, isOurText, joined, latin1, type Contents, type Disclosure, type Format, type Found as Label, type Values } from './label.js'
import { PdfFile, type Found } from './pdf-file.js'
import { Dict, Ref, Text, textOf, textString } from './pdf-syntax.js'

/** The first line of our update, by which it is found again. */
const MARK = '%countermark-label\n'
/** A file whose XMP says so is PDF/A, where a property without an extension schema is a fault. */
const PDFA = 'http://www.aiim.org/pdfa/ns/id/'
const MAX_REVISIONS = 64
/** What the packet may hold beside a label. */
const KEYS = { DigitalSourceType: 'digitalSourceType', AISystemUsed: 'aiSystemUsed', AISystemVersionUsed: 'aiSystemVersionUsed', CreateDate: 'createDate' } as const

interface Opened { file: PdfFile; catalog: Found & { value: Dict }; root: Ref; info?: Found & { value: Dict }; packet?: { bytes: Uint8Array; found: Found; ref: Ref } }

function open(bytes: Uint8Array): Opened {
  const file = new PdfFile(bytes)
  const root = file.trailer.get('Root')
  const catalog = root instanceof Ref ? file.object(root) : undefined
  if (!(root instanceof Ref) || !isDict(catalog)) throw file.reader.fail('the PDF has no catalog', file.trailer.start)
  const named = file.trailer.get('Info')
  const info = named instanceof Ref ? file.object(named) : named instanceof Dict ? { value: named, reader: file.reader, offset: named.start, generation: 0 } : undefined
  const ref = catalog.value.get('Metadata')
  const found = ref instanceof Ref ? file.object(ref) : undefined
  const packet = found?.stream !== undefined && found.value instanceof Dict && ref instanceof Ref ? { bytes: file.decoded(found.value, found.stream, found.offset, 16 * 1024 * 1024), found, ref } : undefined
  return { file, catalog, root, ...(isDict(info) ? { info } : {}), ...(packet === undefined ? {} : { packet }) }
}

function isDict(found: Found | undefined): found is Found & { value: Dict } {
  return found?.value instanceof Dict
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const { file, catalog, info, packet } = open(bytes)
  const found: Label[] = []
  for (const [key, { value, start }] of info?.value.members ?? []) {
    const text = file.resolved(value)
    const said = text instanceof Text ? textOf(text) : ''
    if (key !== 'AIGC' && !(said.includes('{') && engine.labelParse(said).looksLike)) continue
    // Of an object in a stream only the stream's place is known.
    const offset = info!.reader === file.reader ? start : info!.offset
    found.push({ location: `Info /${key}`, offset, text: said, official: key === 'AIGC' })
  }
  const said: { digitalSourceType?: string } & Disclosure = {}
  for (const { name, value, official, offset } of packet === undefined ? [] : engine.xmpRead(packet.bytes)) {
    // Adobe's programs show every key of Info in the packet too (pdfx:AIGC): the same label, seen twice.
    if (name !== 'AIGC') said[KEYS[name]] ??= value
    else if (official || !found.some(({ text }) => text === value))
      found.push({ location: 'XMP metadata TC260:AIGC', offset: packet!.found.value instanceof Dict && packet!.found.value.get('Filter') === undefined ? packet!.found.stream!.byteOffset - bytes.byteOffset + offset : packet!.found.offset, text: value, official: false })
  }
  return { found, c2pa: hasManifest(file, catalog.value), ...said }
}

/** Whether the catalog names an associated file that is a C2PA manifest. */
function hasManifest(file: PdfFile, catalog: Dict): boolean {
  const files = file.resolved(catalog.get('AF'))
  return Array.isArray(files) && files.slice(0, 1000).some((one) => {
    const value = file.resolved(one)
    return value instanceof Dict && value.name('AFRelationship') === 'C2PA_Manifest'
  })
}

function write(bytes: Uint8Array, values: Values, engine: Engine): Uint8Array {
  const opened = open(bytes)
  const { file } = opened
  if (certified(opened) === 1)
    throw new CountermarkError('ERR_CONFLICT', 'The PDF is certified, and its author allows no change (DocMDP level 1): a label would make the signature invalid.', { remedy: 'Mark the document before it is signed.' })
  const update = new Update(file)
  addLabel(update, opened, values.label)
  const { label: _, createDate, ...said } = values
  // The document has a date of its own already, which a second one would contradict.
  const dated = createDate === undefined || opened.info?.value.get('CreationDate') !== undefined
  const beside = dated ? said : { ...said, createDate }
  if (Object.keys(beside).length > 0) addProperties(update, opened, beside, engine)
  return update.bytes()
}

function addLabel(update: Update, { file, info }: Opened, label: string): void {
  const text = textString(label)
  const named = file.trailer.get('Info')
  const ref = named instanceof Ref && info !== undefined ? named : new Ref(update.next++, 0)
  update.info = ref
  update.add(ref.number, info === undefined ? 0 : ref.generation, encoded(`<</AIGC${text}>>`), info && dictWith(info, 'AIGC', text))
}

/** The bytes of a dictionary with one member changed or added; all others as they stand. */
function dictWith({ value, reader }: Found & { value: Dict }, key: string, text: string): Uint8Array {
  const old = value.members.get(key)
  const cut = (from: number, to: number): Uint8Array => reader.bytes.subarray(from, to)
  if (old) return joined([cut(value.start, old.start), encoded(` ${text}`), cut(old.end, value.end)])
  return joined([cut(value.start, value.end - 2), encoded(`/${key} ${text}>>`)])
}

function addProperties(update: Update, { catalog, root, packet }: Opened, values: Omit<Values, 'label'>, engine: Engine): void {
  if (packet !== undefined && latin1(packet.bytes).includes(PDFA)) return
  const text = engine.xmpWrite(packet?.bytes ?? new Uint8Array(), values)
  const ref = packet?.ref ?? new Ref(update.next++, 0)
  update.add(ref.number, ref.generation, joined([encoded(`<</Type/Metadata/Subtype/XML/Length ${text.length}>>\nstream\n`), text, encoded('\nendstream')]))
  if (packet === undefined) update.add(root.number, root.generation, dictWith(catalog, 'Metadata', `${ref.number} 0 R`))
}

/** The level of a certification (12.8.2.2): 1 allows no change, 2 and 3 some; undefined where there is none. */
function certified({ file, catalog }: Opened): number | undefined {
  const permissions = file.dict(catalog.value, 'Perms')
  const signature = permissions && file.dict(permissions, 'DocMDP')
  if (signature === undefined) return undefined
  const references = file.resolved(signature.get('Reference'))
  for (const one of Array.isArray(references) ? references : []) {
    const reference = file.resolved(one)
    if (reference instanceof Dict && reference.name('TransformMethod') === 'DocMDP') return file.dict(reference, 'TransformParams')?.number('P') ?? 2
  }
  return 2
}

/** Objects that go behind the file, and the section that names them. */
class Update {
  next: number
  info: Ref | undefined
  private readonly pieces: Uint8Array[] = []
  private readonly places: { number: number; generation: number; offset: number }[] = []
  private length: number

  constructor(private readonly file: PdfFile) {
    this.next = file.size
    const last = file.bytes.at(-1)
    this.pieces.push(file.bytes, encoded(`${last === 10 || last === 13 ? '' : '\n'}${MARK}`))
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
    const own = new Set(['Size', 'Prev', 'XRefStm', 'Info', 'Type', 'W', 'Index', 'Length', 'Filter', 'DecodeParms'])
    const kept = [...trailer.members].filter(([key]) => !own.has(key)).map(([key, { start, end }]) => `/${key.replace(/[^!-~]|[#()<>[\]{}/%]/g, (one) => `#${one.charCodeAt(0).toString(16).padStart(2, '0')}`)} ${latin1(reader.bytes.subarray(start, end))}`)
    return `${kept.join('')}/Info ${this.info!.number} ${this.info!.generation} R/Prev ${last}`
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

/**
 * The file before our updates: an update is ours if writing its label into what stands before it gives the very same bytes.
 * Line breaks at the end do not count.
 */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  let left = bytes
  for (let step = 0; step < MAX_REVISIONS; step++) {
    const at = latin1(left.subarray(Math.max(0, left.length - 262_144))).lastIndexOf(`\n${MARK}`)
    if (at < 0) break
    const before = left.subarray(0, at + 1 + Math.max(0, left.length - 262_144))
    const { found, digitalSourceType, c2pa: _, ...disclosure } = read(left, engine)
    const label = found.find(({ location }) => location === 'Info /AIGC')?.text
    if (label === undefined || !isOurText(engine, label)) break
    const source = digitalSourceType === undefined ? {} : { digitalSourceType }
    const forms: Values[] = [{ label, ...source, ...disclosure }, { label, ...source }, { label, ...disclosure }, { label }]
    if (!forms.some((values) => rebuilds(before, values, left, engine))) break
    left = before
  }
  let end = left.length
  while (end > 0 && (left[end - 1] === 10 || left[end - 1] === 13)) end--
  return [left.subarray(0, end)]
}

/** Whether writing `values` into `before` gives `whole`. What cannot be written again is not of our making. */
function rebuilds(before: Uint8Array, values: Values, whole: Uint8Array, engine: Engine): boolean {
  try {
    return same(write(before, values, engine), whole)
  } catch (thrown) {
    if (thrown instanceof CountermarkError && thrown.code !== 'ERR_INTERNAL') return false
    throw thrown
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Documents of any revision of PDF, not encrypted. */
export const pdf: Format = { read, write, content }
