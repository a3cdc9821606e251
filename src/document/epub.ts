// EPUB 2 and 3: a meta element of the package document. No guide names a place; this is our own convention.
import type { Engine } from '../engine/engine.js'
import { broken, encoded, foreignSource, isOurText, isUri, spliced, unsupported, utf8, type Contents, type Format, type Found, type Values } from './label.js'
import { appended, attribute, elements, escaped, prefixOf, textOf, type Element } from './xml.js'
import { entryOf, hasManifest, openZip, packedContent, partOf, withParts, type Entry, type Zip } from './zip.js'

/** Prefixes that the package element declares, with the namespaces of the XMP properties of the same names. */
const PREFIXES = { TC260: 'http://www.tc260.org.cn/ns/AIGC/1.0/', Iptc4xmpExt: 'http://iptc.org/std/Iptc4xmpExt/2008-02-29/' }
const [LABEL, SOURCE] = ['TC260:AIGC', 'Iptc4xmpExt:DigitalSourceType']

/** A book whose package document is read. */
export interface Book { zip: Zip; entry: Entry; text: string; all: Element[]; metadata: Element; root: Element }

/** Opens a book. ERR_BROKEN for a container that contradicts itself, ERR_UNSUPPORTED for several renditions. */
export function openBook(bytes: Uint8Array): Book {
  const zip = openZip(bytes)
  const [first] = [...zip.entries].sort((a, b) => a.offset - b.offset)
  if (first?.name !== 'mimetype' || first.method !== 0) throw broken('an EPUB starts with its stored entry mimetype', first?.offset ?? 0)
  const container = entryOf(zip, 'META-INF/container.xml')
  if (container === undefined) throw broken('the EPUB lacks META-INF/container.xml', zip.directory)
  const text = utf8(partOf(zip, container), container.name, container.offset)
  const files = elements(text, container.name, container.offset).filter(({ local }) => local === 'rootfile')
  const path = files[0] && attribute(files[0], 'full-path')
  const entry = path === undefined ? undefined : entryOf(zip, path)
  if (entry === undefined) throw broken('the EPUB does not hold the package document that it names', container.offset)
  if (files.length > 1) throw unsupported('The EPUB has several renditions, which are not handled.')
  const opf = utf8(partOf(zip, entry), entry.name, entry.offset)
  const all = elements(opf, entry.name, entry.offset)
  const metadata = all.find(({ local, parent }) => local === 'metadata' && parent?.local === 'package')
  if (metadata === undefined) throw broken(`${entry.name} has no metadata`, entry.offset)
  return { zip, entry, text: opf, all, metadata, root: all[0]! }
}

/** The meta elements of a property, in the form of EPUB 3 or of EPUB 2. */
function metas({ all }: Book, property: string): Element[] {
  const short = property.slice(property.indexOf(':') + 1)
  return all.filter((one) => one.local === 'meta' && one.parent?.local === 'metadata'
    && (attribute(one, 'property') === property || attribute(one, 'property')?.endsWith(`:${short}`) || attribute(one, 'name') === short || attribute(one, 'name') === property))
}

function valueOf(book: Book, meta: Element): string {
  return attribute(meta, 'content') ?? textOf(book.text, meta)
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const book = openBook(bytes)
  const found: Found[] = metas(book, LABEL).map((meta) => ({ location: `${book.entry.name} meta ${attribute(meta, 'property') ?? attribute(meta, 'name')}`, offset: book.entry.offset, text: valueOf(book, meta), official: true }))
  const known = new Set(metas(book, LABEL))
  for (const element of book.all) {
    if (known.has(element) || !isWithin(element, book.metadata) || book.all.some(({ parent }) => parent === element)) continue
    const text = valueOf(book, element)
    if (text.includes('{') && engine.labelParse(text).looksLike) found.push({ location: `${book.entry.name} ${element.name}`, offset: book.entry.offset, text, official: false })
  }
  const source = metas(book, SOURCE)[0]
  return { found, c2pa: hasManifest(book.zip), ...(source === undefined ? {} : { digitalSourceType: valueOf(book, source).trim() }) }
}

function isWithin(element: Element, outer: Element): boolean {
  for (let at = element.parent; at !== undefined; at = at.parent) if (at === outer) return true
  return false
}

/** What is written for a property, in the forms of EPUB 3 and of EPUB 2. */
function metaOf({ metadata }: Book, property: string, value: string): [string, string] {
  const name = `${prefixOf(metadata)}meta`
  const short = property.slice(property.indexOf(':') + 1)
  return [`<${name} property="${property}">${escaped(value)}</${name}>`, `<${name} name="${short}" content="${escaped(value)}"/>`]
}

function isOurs(book: Book, meta: Element, property: string, engine?: Engine): boolean {
  const value = valueOf(book, meta)
  return metaOf(book, property, value).includes(book.text.slice(meta.start, meta.end)) && (engine === undefined ? isUri(value) : isOurText(engine, value))
}

function write(bytes: Uint8Array, values: Values): Uint8Array {
  const book = openBook(bytes)
  if (entryOf(book.zip, 'META-INF/signatures.xml') !== undefined)
    throw unsupported('The EPUB is signed, and a label in its package document would break the signature.', 'Mark the book before it is signed.')
  const three = attribute(book.root, 'version')?.startsWith('3') === true
  const declared = declaredIn(book.root)
  const edits: { start: number; end: number; text: string }[] = []
  const missing: string[] = []
  let added = ''
  for (const [property, value] of [[LABEL, values.label], [SOURCE, values.digitalSourceType]] as const) {
    if (value === undefined) continue
    const prefix = property.slice(0, property.indexOf(':')) as keyof typeof PREFIXES
    // A prefix that stands for something else there cannot be ours.
    const other = declared.get(prefix) !== undefined && declared.get(prefix) !== PREFIXES[prefix]
    const meta = metaOf(book, property, value)[three && !other ? 0 : 1]
    if (three && !other && !declared.has(prefix)) missing.push(`${prefix}: ${PREFIXES[prefix]}`)
    const old = metas(book, property)[0]
    if (old && property === SOURCE && valueOf(book, old) !== value && !isOurs(book, old, property)) throw foreignSource(`${book.entry.name} ${property}`)
    if (old && property === SOURCE && valueOf(book, old) === value) continue
    if (old) edits.push({ start: old.start, end: old.end, text: meta })
    else added += meta
  }
  if (added !== '') edits.push(appended(book.metadata, added))
  if (missing.length > 0) {
    const old = book.root.attributes.find(({ name }) => name === 'prefix')
    const at = old === undefined ? book.root.start + 1 + book.root.name.length : old.start
    const text = `prefix="${escaped([...(old?.value.trim() ? [old.value.trim()] : []), ...missing].join(' '))}"`
    edits.push(old === undefined ? { start: at, end: at, text: ` ${text}` } : { start: old.start, end: old.end, text })
  }
  return withParts(book.zip, new Map([[book.entry.name, encoded(spliced(book.text, edits))]]))
}

function declaredIn(root: Element): Map<string, string> {
  return new Map([...(attribute(root, 'prefix') ?? '').matchAll(/([^\s:]+):\s+(\S+)/g)].map(([, prefix, uri]) => [prefix!, uri!]))
}

/** Packed bytes of every entry but the package document, and that without its label and prefixes, as far as they are as we write them. */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  const book = openBook(bytes)
  const [label, source] = [metas(book, LABEL)[0], metas(book, SOURCE)[0]]
  const ours = [...(label && isOurs(book, label, LABEL, engine) ? [label] : []), ...(source && isOurs(book, source, SOURCE) ? [source] : [])]
  const edits = ours.map(({ start, end }) => ({ start, end, text: '' }))
  const prefix = book.root.attributes.find(({ name }) => name === 'prefix')
  if (prefix) {
    // Ours are put behind what stands there.
    let kept = prefix.value.trim()
    const pairs = Object.entries(PREFIXES).map(([name, uri]) => `${name}: ${uri}`)
    for (let pair = pairs.find((one) => kept.endsWith(one)); pair !== undefined; pair = pairs.find((one) => kept.endsWith(one))) kept = kept.slice(0, -pair.length).trimEnd()
    const start = book.text.slice(0, prefix.start).trimEnd().length
    edits.push({ start, end: prefix.end, text: kept === '' ? '' : ` prefix="${escaped(kept)}"` })
  }
  return [...packedContent(book.zip, new Set([book.entry.name])), encoded(`${book.entry.name}\0${spliced(book.text, edits)}`)]
}

/** Electronic books. */
export const epub: Format = { read, write, content }
