// Documents: which kind, what its metadata says, the same with a label. Bytes in, bytes out, in Node and in browsers alike.
import type { Engine, MetadataReport, MetadataSite } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Record } from '../types.js'
import { docxSentence } from './docx.js'
import { epub } from './epub.js'
import { epubSentence } from './epub-label.js'
import { html } from './html.js'
import { json } from './json.js'
import { latin1, type Contents, type Disclosure, type Format, type Sentence } from './label.js'
import { markdown } from './markdown.js'
import { ooxml } from './ooxml.js'
import { pdf } from './pdf.js'
import { pdfSentence } from './pdf-label.js'
import { readSidecar, sidecarOf } from './text.js'
import { openZip } from './zip.js'

export { SIDECAR } from './text.js'

const OFFICE = 'application/vnd.openxmlformats-officedocument.'

/** MIME types of the documents that are read and marked. */
export type DocumentKind = keyof typeof FORMATS | 'text/plain'

const FORMATS = {
  'application/pdf': pdf,
  [`${OFFICE}wordprocessingml.document`]: ooxml,
  [`${OFFICE}spreadsheetml.sheet`]: ooxml,
  [`${OFFICE}presentationml.presentation`]: ooxml,
  'application/epub+zip': epub,
  'text/html': html,
  'text/markdown': markdown,
  'application/json': json,
} satisfies { [type: string]: Format }

/** The ends of names, where the bytes cannot say the kind. */
const NAMES: readonly (readonly [RegExp, DocumentKind])[] = [
  [/\.(html?|xhtml)$/i, 'text/html'], [/\.(md|markdown)$/i, 'text/markdown'], [/\.json$/i, 'application/json'], [/\.(txt|text)$/i, 'text/plain'],
]

/**
 * The kind of a document by its bytes; of texts by the end of the name, as their bytes do not say it. Undefined for anything
 * else. Bytes win over names. ERR_UNSUPPORTED for the old binary Office format, which password-protected files use too.
 */
export function documentKind(bytes: Uint8Array, name?: string): DocumentKind | undefined {
  const head = latin1(bytes.subarray(0, 1024))
  if (head.includes('%PDF-')) return 'application/pdf'
  if (head.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'))
    throw new CountermarkError('ERR_UNSUPPORTED', 'This is an Office file of the old binary kind, or one with a password.', { remedy: 'Save it as DOCX, XLSX or PPTX without a password, and mark that.' })
  if (head.startsWith('PK\x03\x04')) return packageKind(bytes)
  if (head.startsWith('{') && name === undefined) return undefined
  if (/^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html)[\s>]/i.test(head)) return 'text/html'
  const wide = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff')
  if (head.includes('\0') && !wide) return undefined
  return NAMES.find(([end]) => name !== undefined && end.test(name))?.[1]
}

function packageKind(bytes: Uint8Array): DocumentKind | undefined {
  let names: string[]
  try {
    names = openZip(bytes).entries.map((entry) => entry.name)
  } catch {
    // A package that is cut short is still told apart by the names it starts with.
    names = [...latin1(bytes.subarray(0, 65_536)).matchAll(/PK\x03\x04[\s\S]{26}([\w./[\]-]+)/g)].map(([, one]) => one!)
  }
  const starts = (folder: string): boolean => names.some((one) => one.startsWith(folder))
  if (names.some((one) => one.startsWith('mimetype')) && (starts('META-INF/') || latin1(bytes.subarray(30, 60)).includes('application/epub'))) return 'application/epub+zip'
  if (starts('word/')) return `${OFFICE}wordprocessingml.document`
  if (starts('xl/')) return `${OFFICE}spreadsheetml.sheet`
  return starts('ppt/') ? `${OFFICE}presentationml.presentation` : undefined
}

/** Every label of a document. `sidecar`: the file beside a plain text, where there is one. */
export function readDocument(engine: Engine, bytes: Uint8Array, kind: DocumentKind, sidecar?: Uint8Array): MetadataReport & Pick<Disclosure, 'aiSystemUsed'> {
  const { found, digitalSourceType, aiSystemUsed, c2pa = false } = contentsOf(engine, bytes, kind, sidecar)
  return {
    type: kind,
    sites: found.map(({ location, offset, text, official }): MetadataSite => {
      const { raw, aigc, problems } = engine.labelParse(text)
      const said = problems.filter(({ rule }) => rule === 'M3').map(({ message }) => message)
      if (!official) said.push(`the label stands in ${location}, which is not the place for it in this kind of file`)
      return { format: 'aigc', location, offset, raw, ...(aigc === undefined ? {} : { aigc }), ...(said.length > 0 ? { problem: said.join('; ') } : {}) }
    }),
    ...(digitalSourceType === undefined ? {} : { digitalSourceType }),
    ...(aiSystemUsed === undefined ? {} : { aiSystemUsed }),
    c2pa,
  }
}

function contentsOf(engine: Engine, bytes: Uint8Array, kind: DocumentKind, sidecar?: Uint8Array): Contents {
  if (kind === 'text/plain') return sidecar === undefined ? { found: [] } : readSidecar(sidecar, engine)
  return FORMATS[kind].read(bytes, engine)
}

/** Kinds into which a visible label is put beside their text; that of plain texts, Markdown, pages and JSON is their text itself. */
const SENTENCES: { readonly [kind: string]: Sentence } = { 'application/pdf': pdfSentence, [`${OFFICE}wordprocessingml.document`]: docxSentence, 'application/epub+zip': epubSentence }

/** The visible label of a kind, where one is put into it. */
export function sentenceIn(kind: DocumentKind): Sentence | undefined {
  return SENTENCES[kind]
}

/** What is written into a document. */
export interface DocumentOptions extends Disclosure {
  aigc: Record
  /** Full URI. */
  digitalSourceType?: string
  /** Labels of the same producer may be replaced; another producer's never are. */
  replace?: boolean
  /** The file beside a plain text, where there is one. */
  sidecar?: Uint8Array
}

/**
 * The document with exactly one label; of a plain text the bytes of its sidecar. ERR_CONFLICT where a label stands that
 * must not be replaced, ERR_PARAMETER for one that may not be written, others as the kind's own file says.
 */
export function writeDocument(engine: Engine, bytes: Uint8Array, kind: DocumentKind, options: DocumentOptions): Uint8Array {
  const { aigc, digitalSourceType, replace = false, sidecar, ...disclosure } = options
  const { found } = contentsOf(engine, bytes, kind, sidecar)
  const source = digitalSourceType === undefined ? {} : { digitalSourceType }
  const label = engine.labelText({ aigc, replace, standing: found.map(({ location, offset, text }) => ({ location, offset, raw: text })), ...source })
  const other = found.find(({ official }) => !official) ?? found[1]
  if (other)
    throw new CountermarkError('ERR_CONFLICT', `The label in ${other.location} at byte ${other.offset} cannot be replaced there.`, { remedy: 'Start from the unlabelled document.', offset: other.offset })
  const values = { label, ...source, ...disclosure }
  return kind === 'text/plain' ? sidecarOf(values) : FORMATS[kind].write(bytes, values, engine)
}

/**
 * What stands for the content of a document, in pieces: writing and replacing labels never changes it, any other change does
 * (docs/formats.md says for each kind what it is). To be hashed in this order.
 */
export function contentBytes(engine: Engine, bytes: Uint8Array, kind: DocumentKind): Uint8Array[] {
  return kind === 'text/plain' ? [bytes] : FORMATS[kind].content(bytes, engine)
}
