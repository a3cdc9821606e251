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

/** Half points below which letters cannot be read. */
const SMALLEST = 8
/** Tags of runs, their properties, texts and the ends of paragraphs. */
const TOKEN = /<(\/?)(?:\w+:)?(r|rPr|rPrChange|vanish|color|sz|t|p)((?:\s[^<>]*)?)\/?>([^<]*)/g

/** Whether a property of a run (ECMA-376 part 1, 17.3.2) takes its text out of sight: hidden, as white as paper, or tiny. */
function hides(name: string, attributes: string): boolean {
  const value = /(?:\w+:)?val\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1]
  if (name === 'vanish') return value === undefined || !/^(?:0|false|off)$/.test(value)
  if (name === 'color') return /^(?:f[0-9a-f]){3}$/i.test(value ?? '')
  return name === 'sz' && /^\d+$/.test(value ?? '') && Number(value) < SMALLEST
}

/** The document's paragraphs, one a line. Only runs of text that can be seen count, which is enough to find a label; styles are not read. */
function read(bytes: Uint8Array): string {
  let out = ''
  let [hidden, properties, changed] = [false, false, false]
  for (const [tag, slash, name, attributes, text] of mainPart(openZip(bytes)).text.matchAll(TOKEN)) {
    const opens = slash === '' && !tag.slice(0, tag.length - text!.length).endsWith('/>')
    if (name === 'p') out += slash === '/' ? '\n' : ''
    else if (name === 't') out += opens && !hidden ? unescaped(text!) : ''
    else if (name === 'r') hidden = false
    else if (name === 'rPrChange') changed = opens
    else if (name === 'rPr') properties = changed || opens
    // What a change that was tracked says of before it, and properties of pictures and lists, do not count.
    else hidden ||= properties && !changed && slash === '' && hides(name!, attributes!)
  }
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
