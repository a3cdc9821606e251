// JSON: the first member AIGC of the top-level object. No guide names a place; this is our own convention.
import type { Engine } from '../engine/engine.js'
import { broken, encoded, foreignSource, isOurText, isUri, spliced, tooMuch, unsupported, utf8, type Contents, type Format, type Found, type Values } from './label.js'

const MAX_DEPTH = 10_000
const SOURCE = 'digitalSourceType'
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const ATOM = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const SPACE = /[ \t\r\n]*/y

/** A member of the top level; places are indices of the text. `value`: start and end of the value. */
interface Member { key: string; start: number; value: number; end: number }

interface Document { text: string; members: Member[]; open: number; close: number }

/** Reads all of it, strictly by RFC 8259; recursion has no place here. */
function open(bytes: Uint8Array): Document {
  const text = utf8(bytes, 'The document')
  const members: Member[] = []
  const stack: string[] = []
  const bad = (at: number): Error => broken('the document is not valid JSON', encoded(text.slice(0, at)).length)
  const match = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at
    return pattern.test(text) ? pattern.lastIndex : -1
  }
  const space = (at: number): number => match(SPACE, at)
  let at = space(text.startsWith('\uFEFF') ? 1 : 0)
  const root = at
  let close = -1
  if (text[root] !== '{') {
    if (text.trim() === '') throw bad(at)
    try {
      JSON.parse(text.replace(/^\uFEFF/, ''))
    } catch {
      throw bad(root)
    }
    return { text, members, open: -1, close }
  }
  // What may come next: a value, a key or the end of the object, or what stands between two.
  let next: 'value' | 'key' | 'first' | 'after' = 'value'
  for (;;) {
    at = space(at)
    const letter = text[at]
    if (next === 'after') {
      if (stack.length === 0) break
      if (letter === ',') next = stack.at(-1) === '{' ? 'key' : 'value'
      else if (letter === (stack.at(-1) === '{' ? '}' : ']')) {
        stack.pop()
        close = at
      } else throw bad(at)
      at++
    } else if (next === 'key' || (next === 'first' && stack.at(-1) === '{')) {
      if (letter === '}' && next === 'first') {
        close = at++
        stack.pop()
        next = 'after'
      } else {
        const end = match(STRING, at)
        const colon = end < 0 ? -1 : space(end)
        if (colon < 0 || text[colon] !== ':') throw bad(at)
        if (stack.length === 1) members.push({ key: JSON.parse(text.slice(at, end)) as string, start: at, value: space(colon + 1), end: 0 })
        at = colon + 1
        next = 'value'
      }
    } else if (next === 'first' && letter === ']') {
      at++
      stack.pop()
      next = 'after'
    } else if (letter === '{' || letter === '[') {
      stack.push(letter)
      if (stack.length > MAX_DEPTH) throw tooMuch(`The document nests deeper than ${MAX_DEPTH} levels.`)
      at++
      next = 'first'
      continue
    } else {
      const end = match(letter === '"' ? STRING : ATOM, at)
      if (end < 0) throw bad(at)
      at = end
      next = 'after'
    }
    if (next === 'after' && stack.length === 1) members.at(-1)!.end ||= at
  }
  if (at !== text.length) throw bad(at)
  return { text, members, open: root, close }
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const { text, members } = open(bytes)
  const found: Found[] = []
  let digitalSourceType: string | undefined
  for (const { key, start, value, end } of members) {
    const raw = text.slice(value, end)
    const said = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw
    if (key === SOURCE && raw.startsWith('"')) digitalSourceType = said
    if (/AIGC/i.test(key) && (key === 'AIGC' || engine.labelParse(said).looksLike))
      found.push({ location: `member ${key}`, offset: encoded(text.slice(0, start)).length, text: said, official: key === 'AIGC' })
  }
  return { found, ...(digitalSourceType === undefined ? {} : { digitalSourceType }) }
}

function write(bytes: Uint8Array, values: Values): Uint8Array {
  const document = open(bytes)
  const { text, members } = document
  if (document.open < 0) throw unsupported('The document is not a JSON object, so it has no place for a label.', 'Put it into an object, or rename it to .txt and mark it as plain text.')
  const edits: { start: number; end: number; text: string }[] = []
  const added: string[] = []
  for (const [key, value] of [['AIGC', values.label], [SOURCE, values.digitalSourceType && JSON.stringify(values.digitalSourceType)]] as const) {
    if (value === undefined) continue
    const old = members.find((member) => member.key === key)
    if (old && key === SOURCE && !isOurSource(text, old) && text.slice(old.value, old.end) !== value) throw foreignSource(`member ${SOURCE}`)
    if (old) edits.push({ start: old.value, end: old.end, text: value })
    else added.push(`${JSON.stringify(key)}:${colonSpace(document)}${value}`)
  }
  const first = members[0]
  if (added.length > 0 && first) {
    // What stands before the first member stands before each of ours.
    const gap = text.slice(document.open + 1, first.start)
    edits.push({ start: first.start, end: first.start, text: added.map((one) => `${one},${gap}`).join('') })
  } else if (added.length > 0) edits.push({ start: document.open + 1, end: document.open + 1, text: added.join(',') })
  return encoded(spliced(text, edits))
}

/** A space behind colons, where the document has it so. */
function colonSpace({ text, members: [first] }: Document): string {
  return first === undefined || text[first.value - 1] === ' ' ? ' ' : ''
}

/** Key and value without anything that is not written so. */
function isMember(text: string, { start, end }: Member, key: string, value: string): boolean {
  const stands = text.slice(start, end)
  return stands === `"${key}":${value}` || stands === `"${key}": ${value}`
}

function isOurSource(text: string, member: Member): boolean {
  const value = text.slice(member.value, member.end)
  const said: unknown = value.startsWith('"') ? JSON.parse(value) : undefined
  return typeof said === 'string' && isUri(said) && isMember(text, member, SOURCE, JSON.stringify(said))
}

/** The document without the label, as far as it is as we write it; a member goes with the comma and the space behind it. */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  const { text, members } = open(bytes)
  const edits = members.flatMap((member, index) => {
    const { key, start, value, end } = member
    if (members.findIndex((one) => one.key === key) !== index) return []
    const ours = key === 'AIGC' ? isMember(text, member, key, text.slice(value, end)) && isOurText(engine, text.slice(value, end)) : key === SOURCE && isOurSource(text, member)
    if (!ours) return []
    const next = members[index + 1]
    return [{ start, end: next ? next.start : end, text: '' }]
  })
  return [encoded(spliced(text, edits))]
}

/** JSON objects; other JSON is read, and has no place for a label. */
export const json: Format = { read, write, content }
