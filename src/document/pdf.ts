// PDF: the key AIGC of the document information dictionary (TC260-PG-20258A, 6.3), DigitalSourceType and what discloses the
// system in the XMP metadata of the catalog. Written as an incremental update (ISO 32000-2, 7.5.6): the file's own bytes stay, and signatures with them.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { encoded, isOurText, joined, latin1, type Contents, type Disclosure, type Format, type Found as Label, type Values } from './label.js'
import { PdfFile, type Found } from './pdf-file.js'
import { Dict, Ref, Text, textOf, textString } from './pdf-syntax.js'
import { dictWith, MARK, Update } from './pdf-update.js'

/** A file whose XMP says so is PDF/A, where a property without an extension schema is a fault. */
export const PDFA = 'http://www.aiim.org/pdfa/ns/id/'
const MAX_REVISIONS = 64
/** What the packet may hold beside a label. */
const KEYS = { DigitalSourceType: 'digitalSourceType', AISystemUsed: 'aiSystemUsed', AISystemVersionUsed: 'aiSystemVersionUsed', CreateDate: 'createDate' } as const

/** A file with what its label stands in. */
export interface Opened { file: PdfFile; catalog: Found & { value: Dict }; root: Ref; info?: Found & { value: Dict }; packet?: { bytes: Uint8Array; found: Found; ref: Ref } }

/** Opens a file. Errors as those of a `Format`. */
export function open(bytes: Uint8Array): Opened {
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

/** Whether an object is a dictionary, or a stream with one. */
export function isDict(found: Found | undefined): found is Found & { value: Dict } {
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

function addProperties(update: Update, { catalog, root, packet }: Opened, values: Omit<Values, 'label'>, engine: Engine): void {
  if (packet !== undefined && latin1(packet.bytes).includes(PDFA)) return
  const text = engine.xmpWrite(packet?.bytes ?? new Uint8Array(), values)
  const ref = packet?.ref ?? new Ref(update.next++, 0)
  update.add(ref.number, ref.generation, joined([encoded(`<</Type/Metadata/Subtype/XML/Length ${text.length}>>\nstream\n`), text, encoded('\nendstream')]))
  if (packet === undefined) update.add(root.number, root.generation, dictWith(catalog, 'Metadata', `${ref.number} 0 R`))
}

/** The level of a certification (12.8.2.2): 1 allows no change, 2 and 3 some; undefined where there is none. */
export function certified({ file, catalog }: Opened): number | undefined {
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
