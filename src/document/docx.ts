// The visible label of Word documents: a paragraph of its own at the start or the end of the body (Labeling Measures Art. 4(2)).
import { broken, encoded, utf8, type Sentence, type VisibleLabel } from './label.js'
import { attribute, elements, escaped, unescaped } from './xml.js'
import { entryOf, openZip, partOf, withParts, type Zip } from './zip.js'

const RELATIONS = '_rels/.rels'

/** The part that holds the text. */
function mainPart(zip: Zip): { name: string; text: string } {
  const relations = entryOf(zip, RELATIONS)
  if (relations === undefined) throw broken(`the package lacks ${RELATIONS}`, zip.directory)
  const all = elements(utf8(partOf(zip, relations), RELATIONS, relations.offset), RELATIONS, relations.offset)
  const target = all.filter((one) => attribute(one, 'Type')?.endsWith('/officeDocument')).map((one) => attribute(one, 'Target')?.replace(/^(\.?\/)+/, ''))[0]
  const entry = entryOf(zip, target ?? 'word/document.xml')
  if (entry === undefined) throw broken('the package does not say which part holds its text', zip.directory)
  return { name: entry.name, text: utf8(partOf(zip, entry), entry.name, entry.offset) }
}

/** The document's paragraphs, one a line. Only runs of text count, which is enough to find a label. */
function read(bytes: Uint8Array): string {
  let out = ''
  for (const [, text, paragraph] of mainPart(openZip(bytes)).text.matchAll(/<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<|(<\/(?:\w+:)?p>)/g)) out += paragraph === undefined ? unescaped(text!) : '\n'
  return out
}

async function write(bytes: Uint8Array, { sentence, position }: VisibleLabel): Promise<Uint8Array> {
  const zip = openZip(bytes)
  const { name, text } = mainPart(zip)
  const body = /<((?:\w+:)?)body(?:\s[^>]*)?>/.exec(text)
  if (body === null) throw broken(`${name} has no body`, entryOf(zip, name)!.offset)
  const w = body[1]!
  const paragraph = `<${w}p><${w}r><${w}t>${escaped(sentence)}</${w}t></${w}r></${w}p>`
  // The settings of the last section stand behind the last paragraph.
  const end = text.lastIndexOf(`</${w}body>`)
  const section = text.lastIndexOf(`<${w}sectPr`, end)
  const last = section > text.lastIndexOf(`</${w}p>`, end) && section > text.lastIndexOf(`</${w}tbl>`, end) ? section : end
  const at = position === 'start' ? body.index + body[0].length : last
  return withParts(zip, new Map([[name, encoded(text.slice(0, at) + paragraph + text.slice(at))]]))
}

/** Reading and writing the visible label. */
export const docxSentence: Sentence = { read, write }
