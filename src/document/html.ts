// HTML: a meta element and JSON-LD in the head. No guide names a place; this is our own convention. What is written is
// ASCII, so that it stands in any character set; the rest of the page keeps its bytes.
import type { Engine } from '../engine/engine.js'
import { broken, foreignSource, isOurText, isUri, joined, latin1, tooMuch, type Contents, type Format, type Found, type Values } from './label.js'
import { unescaped } from './xml.js'

const MAX_TAGS = 1_000_000
/** Elements whose inside is text and holds no tags. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'])
const IPTC = 'http://cv.iptc.org/newscodes/digitalsourcetype/'
/** The class of our own block, by which it is known again. */
const OURS = 'countermark-source'

/** A tag; places are indices of the text. `body`: the inside of an element that holds only text. */
interface Tag { name: string; closing: boolean; start: number; end: number; attributes: Map<string, string>; body?: { start: number; end: number } }

/** A page as characters that stand for one byte each, or for two where it is in UTF-16. */
interface Page { text: string; width: 1 | 2; little: boolean; tags: Tag[]; first: number; decode: (piece: string) => string }

function open(bytes: Uint8Array): Page {
  const little = bytes[0] === 0xff && bytes[1] === 0xfe
  const wide = little || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (wide && bytes.length % 2 !== 0) throw broken('the page is in UTF-16 and ends within a character', bytes.length)
  if (wide) {
    const text = new TextDecoder(little ? 'utf-16le' : 'utf-16be', { ignoreBOM: true }).decode(bytes)
    return { text, width: 2, little, tags: tagsOf(text, 2), first: 1, decode: (piece) => piece }
  }
  const text = latin1(bytes)
  const tags = tagsOf(text, 1)
  const first = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const decoder = decoderOf(first === 3 ? 'utf-8' : charsetOf(tags))
  return { text, width: 1, little, tags, first, decode: (piece) => decoder.decode(Uint8Array.from(piece, (one) => one.charCodeAt(0))) }
}

function charsetOf(tags: Tag[]): string {
  for (const { name, attributes } of tags) {
    if (name !== 'meta') continue
    const said = attributes.get('charset') ?? (/content-type/i.test(attributes.get('http-equiv') ?? '') ? /charset\s*=\s*["']?([\w.:-]+)/i.exec(attributes.get('content') ?? '')?.[1] : undefined)
    if (said !== undefined) return said
  }
  return 'utf-8'
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label.trim())
  } catch {
    // A name that nobody knows: browsers guess, and so does this.
    return new TextDecoder()
  }
}

/** Tags outside of comments and of elements that hold only text. Attribute values are as they stand. */
function tagsOf(text: string, width: number): Tag[] {
  const tags: Tag[] = []
  // Only ASCII: other letters may become longer, and places would move.
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  let at = text.indexOf('<')
  while (at >= 0) {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at + 4)
      if (end < 0) break
      at = end + 3
    } else if (/[!?]/.test(text[at + 1] ?? '')) {
      const end = text.indexOf('>', at)
      if (end < 0) break
      at = end + 1
    } else if (/[a-z/]/i.test(text[at + 1] ?? '')) {
      const tag = tagAt(text, at)
      if (tag === undefined) throw broken('the page ends within a tag', at * width)
      tags.push(tag)
      if (tags.length > MAX_TAGS) throw tooMuch(`The page has more than ${MAX_TAGS} tags.`)
      at = tag.end
      if (!tag.closing && RAW.has(tag.name)) {
        tag.body = { start: at, end: endOfRaw(lower, tag.name, at) }
        at = tag.body.end
      }
    } else at++
    at = text.indexOf('<', at)
  }
  return tags
}

/** Where the end tag of an element that holds only text stands: a longer name that starts like it is none. */
function endOfRaw(lower: string, name: string, from: number): number {
  for (let at = lower.indexOf(`</${name}`, from); at >= 0; at = lower.indexOf(`</${name}`, at + 1))
    if (/[\s/>]/.test(lower[at + 2 + name.length] ?? '')) return at
  return lower.length
}

const ATTRIBUTE = /[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/y

function tagAt(text: string, start: number): Tag | undefined {
  const closing = text[start + 1] === '/'
  const name = /^[^\s/>]*/.exec(text.slice(start + (closing ? 2 : 1), start + 66))![0].toLowerCase()
  const attributes = new Map<string, string>()
  let at = start + (closing ? 2 : 1) + name.length
  for (;;) {
    ATTRIBUTE.lastIndex = at
    const one = ATTRIBUTE.exec(text)
    if (one === null) break
    const key = one[1]!.toLowerCase()
    if (!attributes.has(key)) attributes.set(key, one[2] ?? one[3] ?? one[4] ?? '')
    at = ATTRIBUTE.lastIndex
  }
  const end = text.indexOf('>', at)
  return end < 0 ? undefined : { name, closing, start, end: end + 1, attributes }
}

function isLabel({ name, closing, attributes }: Tag): boolean {
  return name === 'meta' && !closing && /aigc/i.test(attributes.get('name') ?? attributes.get('property') ?? '')
}

function isSource({ name, closing, attributes }: Tag): boolean {
  return name === 'script' && !closing && attributes.get('type')?.toLowerCase() === 'application/ld+json' && attributes.get('class') === OURS
}

/** The attribute `content` as a text. */
function contentOf(page: Page, tag: Tag): string {
  return unescaped(page.decode(tag.attributes.get('content') ?? '').replaceAll('&#34;', '"'))
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const page = open(bytes)
  const found: Found[] = []
  let digitalSourceType: string | undefined
  for (const tag of page.tags) {
    const offset = tag.start * page.width
    if (tag.name === 'meta' && !tag.closing) {
      const text = contentOf(page, tag)
      const name = tag.attributes.get('name') ?? tag.attributes.get('property') ?? ''
      if (isLabel(tag) || (text.includes('{') && engine.labelParse(text).looksLike))
        found.push({ location: `meta ${name}`, offset, text, official: tag.attributes.get('name') === 'AIGC' })
    } else if (tag.name === 'script' && tag.body && /json/i.test(tag.attributes.get('type') ?? '')) {
      const text = page.decode(page.text.slice(tag.body.start, tag.body.end))
      if (engine.labelParse(text).looksLike) found.push({ location: 'script', offset, text, official: false })
      else digitalSourceType ??= sourceIn(text)
    }
  }
  return { found, ...(digitalSourceType === undefined ? {} : { digitalSourceType }) }
}

/** schema.org's `digitalSourceType` in a block of JSON-LD, as IPTC's URI. */
function sourceIn(text: string): string | undefined {
  const said = /"(?:https?:\/\/schema\.org\/|schema:)?digitalSourceType"\s*:\s*(?:\{\s*"@id"\s*:\s*)?"([^"\\]{1,1024})"/.exec(text)?.[1]
  const term = said === undefined ? undefined : /^(?:https?:\/\/schema\.org\/|schema:)?(\w+)DigitalSource$/.exec(said)?.[1]
  return term === undefined ? said : `${IPTC}${term[0]!.toLowerCase()}${term.slice(1)}`
}

/** IPTC's URI as schema.org's term (an enumeration with the same names), other URIs as they are. */
function termOf(uri: string): string {
  const term = uri.startsWith(IPTC) ? uri.slice(IPTC.length) : ''
  return /^[a-z]\w*$/.test(term) ? `https://schema.org/${term[0]!.toUpperCase()}${term.slice(1)}DigitalSource` : uri
}

function write(bytes: Uint8Array, values: Values): Uint8Array {
  const page = open(bytes)
  const meta = metaOf(values.label)
  const source = values.digitalSourceType === undefined ? '' : blockOf(values.digitalSourceType)
  const edits: { start: number; end: number; text: string }[] = []
  let added = ''
  const old = page.tags.find((tag) => isLabel(tag) && tag.attributes.get('name') === 'AIGC')
  if (old) edits.push({ start: old.start, end: old.end, text: meta })
  else added += meta
  const block = page.tags.find(isSource)
  if (block && source !== '' && !isOurBlock(page, block)) throw foreignSource(`script ${OURS}`)
  if (block && source !== '') edits.push({ start: block.start, end: endOf(page, block), text: source })
  else added += source
  if (added !== '') edits.push({ start: placeIn(page), end: placeIn(page), text: added })
  // In XHTML the same element must be closed.
  const closed = /^\s*<\?xml/.test(page.text.slice(page.first, page.first + 64)) ? edits.map((edit) => ({ ...edit, text: edit.text.replace(meta, meta.replace(/>$/, '/>')) })) : edits
  return bytesOf(page, bytes, closed)
}

function metaOf(label: string): string {
  return `<meta name="AIGC" content="${ascii(label)}">`
}

function blockOf(source: string): string {
  return `<script type="application/ld+json" class="${OURS}">{"@context":"https://schema.org","@type":"WebPage","digitalSourceType":"${termOf(source).replace(/[<&\\"]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}</script>`
}

/** Whether the tag is the one that is written for its label. */
function isOurMeta(page: Page, tag: Tag, engine: Engine): boolean {
  const label = contentOf(page, tag)
  const meta = metaOf(label)
  const stands = page.text.slice(tag.start, tag.end)
  return (stands === meta || stands === meta.replace(/>$/, '/>')) && isOurText(engine, label)
}

function isOurBlock(page: Page, tag: Tag): boolean {
  const source = tag.body && sourceIn(page.text.slice(tag.body.start, tag.body.end))
  return isUri(source) && page.text.slice(tag.start, endOf(page, tag)) === blockOf(source)
}

/** Behind the end tag of a script. */
function endOf({ tags, text }: Page, tag: Tag): number {
  return tags.find(({ start, closing, name }) => closing && name === tag.name && start >= tag.end)?.end ?? text.length
}

/** The end of the head; without one, before the body; a fragment takes it at its start. */
function placeIn({ tags, text, first }: Page): number {
  const found = (name: string, closing: boolean): Tag | undefined => tags.find((tag) => tag.name === name && tag.closing === closing)
  const end = found('head', true) ?? found('body', false)
  if (end) return end.start
  const start = found('head', false) ?? found('html', false)
  if (start) return start.end
  // Behind the document type: a page whose first thing is something else is shown in another mode.
  const before = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!doctype[^>]*>)/i.exec(text.slice(first))
  return first + (before?.[0].length ?? 0)
}

function bytesOf({ text, width, little }: Page, bytes: Uint8Array, edits: { start: number; end: number; text: string }[]): Uint8Array {
  const sorted = [...edits].sort((a, b) => a.start - b.start)
  const pieces: Uint8Array[] = []
  let at = 0
  for (const edit of sorted) {
    pieces.push(bytes.subarray(at * width, edit.start * width), inWidth(edit.text, width, little))
    at = edit.end
  }
  pieces.push(bytes.subarray(at * width, text.length * width))
  return joined(pieces)
}

/** ASCII as bytes. */
function inWidth(text: string, width: number, little: boolean): Uint8Array {
  const out = new Uint8Array(text.length * width)
  for (let at = 0; at < text.length; at++) out[at * width + (width === 2 && !little ? 1 : 0)] = text.charCodeAt(at)
  return out
}

/** Text for an attribute, in ASCII. */
function ascii(text: string): string {
  return text.replace(/[&<>"]|[^\x20-\x7e]/gu, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one] ?? `&#x${one.codePointAt(0)!.toString(16)};`)
}

/** The page without its label and without our block, each as far as it is as we write it. */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  const page = open(bytes)
  const meta = page.tags.find((tag) => isLabel(tag) && tag.attributes.get('name') === 'AIGC')
  const block = page.tags.find(isSource)
  return [bytesOf(page, bytes, [
    ...(meta && isOurMeta(page, meta, engine) ? [{ start: meta.start, end: meta.end, text: '' }] : []),
    ...(block && isOurBlock(page, block) ? [{ start: block.start, end: endOf(page, block), text: '' }] : []),
  ])]
}

/** Pages and fragments of them. */
export const html: Format = { read, write, content }
