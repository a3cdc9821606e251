// The elements of a small XML part with their places in the text. Not a validator: only what splicing needs, strictly nested.
import { broken, tooMuch, unsupported } from './label.js'

const MAX_ELEMENTS = 200_000
const MAX_DEPTH = 256

/** A name and its value, unescaped. */
export interface Attribute { name: string; value: string; start: number; end: number }

/** One element; places are indices of the text. */
export interface Element {
  /** As it stands, with its prefix. */
  name: string
  local: string
  attributes: Attribute[]
  start: number
  /** Behind the start tag; equal to `end` for an empty-element tag. */
  inner: number
  /** The start of the end tag. */
  innerEnd: number
  end: number
  empty: boolean
  parent?: Element
}

const OPENING = /<([A-Za-z_:][^\s/>=<"']*)((?:\s+[^\s=/>"'<]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y
const CLOSING = /<\/([^\s>]+)\s*>/y
const PAIR = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

/** All elements in the order of their start tags. `base` is added to offsets in errors. */
export function elements(text: string, what: string, base = 0): Element[] {
  const all: Element[] = []
  const open: Element[] = []
  let at = text.indexOf('<')
  while (at >= 0) {
    if (text.startsWith('<!--', at)) at = after(text, '-->', at + 4, what, base)
    else if (text.startsWith('<![CDATA[', at)) at = after(text, ']]>', at, what, base)
    else if (text.startsWith('<?', at)) at = after(text, '?>', at, what, base)
    else if (text.startsWith('<!', at)) {
      const end = after(text, '>', at, what, base)
      if (text.slice(at, end).includes('[')) throw unsupported(`${what} declares entities of its own, which are not read.`)
      at = end
    } else if (text[at + 1] === '/') {
      CLOSING.lastIndex = at
      const tag = CLOSING.exec(text)
      const element = open.pop()
      if (tag === null || element === undefined || element.name !== tag[1]) throw broken(`${what} is not well-formed XML`, base + at)
      element.innerEnd = at
      at = element.end = CLOSING.lastIndex
    } else {
      OPENING.lastIndex = at
      const tag = OPENING.exec(text)
      if (tag === null) throw broken(`${what} is not well-formed XML`, base + at)
      const end = OPENING.lastIndex
      const name = tag[1]!
      const empty = tag[3] === '/'
      const parent = open.at(-1)
      const element: Element = {
        name, local: name.slice(name.indexOf(':') + 1), attributes: attributesOf(tag[2]!, at + 1 + name.length),
        start: at, inner: end, innerEnd: end, end, empty, ...(parent === undefined ? {} : { parent }),
      }
      all.push(element)
      if (all.length > MAX_ELEMENTS || open.length > MAX_DEPTH) throw tooMuch(`${what} holds more elements than are read.`)
      if (!empty) open.push(element)
      at = end
    }
    at = text.indexOf('<', at)
  }
  if (open.length > 0 || all.length === 0) throw broken(`${what} is not well-formed XML`, base + text.length)
  return all
}

function after(text: string, mark: string, from: number, what: string, base: number): number {
  const at = text.indexOf(mark, from)
  if (at < 0) throw broken(`${what} is not well-formed XML`, base + from)
  return at + mark.length
}

function attributesOf(text: string, from: number): Attribute[] {
  return [...text.matchAll(PAIR)].map((pair) => ({
    name: pair[1]!, value: unescaped(pair[2] ?? pair[3] ?? ''), start: from + pair.index, end: from + pair.index + pair[0].length,
  }))
}

/** The value of an attribute by its name as it stands. */
export function attribute(element: Element, name: string): string | undefined {
  return element.attributes.find((one) => one.name === name)?.value
}

/** The text inside an element, tags and comments left out, unescaped. */
export function textOf(text: string, element: Element): string {
  const inside = text.slice(element.inner, element.innerEnd)
  let out = ''
  for (const [, data, plain] of inside.matchAll(/<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<[^>]*>|([^<]+)/g)) out += data ?? unescaped(plain ?? '')
  return out
}

const NAMED: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' }

/** Character references as characters; unknown ones stay. */
export function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole
  })
}

/** Text for an element or an attribute in double quotes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** The edit that puts `added` at the end of an element. */
export function appended(element: Element, added: string): { start: number; end: number; text: string } {
  return element.empty
    ? { start: element.end - 2, end: element.end, text: `>${added}</${element.name}>` }
    : { start: element.innerEnd, end: element.innerEnd, text: added }
}

/** The prefix of an element with its colon, or nothing. */
export function prefixOf(element: Element): string {
  return element.name.slice(0, element.name.length - element.local.length)
}
