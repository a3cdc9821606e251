// JSON: the first member AIGC of the top-level object. No guide names a place; this is our own convention.
import type { Engine } from '../engine/engine.js'
import { MAX_DEPTH, walkJson } from './json-walk.js'
import { broken, encoded, foreignSource, isOurText, isUri, spliced, tooMuch, unsupported, utf8, type Contents, type Format, type Found, type Values } from './label.js'

const SOURCE = 'digitalSourceType'
/** A member of the top level; places are indices of the text. `value`: start and end of the value. */
interface Member { key: string; start: number; value: number; end: number }

interface Document { text: string; members: Member[]; open: number; close: number }

/** Reads all of it, strictly by RFC 8259. */
function open(bytes: Uint8Array): Document {
  const text = utf8(bytes, 'The document')
  const members: Member[] = []
  let [root, close] = [-1, -1]
  const stopped = walkJson(text, text.startsWith('\uFEFF') ? 1 : 0, (path, start, value, end) => {
    if (path.length === 1 && typeof path[0] === 'string') members.push({ key: path[0], start, value, end })
    if (path.length === 0 && text[value] === '{') [root, close] = [value, end - 1]
  })
  if (stopped?.reason === 'depth') throw tooMuch(`The document nests deeper than ${MAX_DEPTH} levels.`)
  if (stopped !== undefined) throw broken('the document is not valid JSON', encoded(text.slice(0, stopped.at)).length)
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
  if (document.open < 0) throw unsupported('The document is not a JSON object, so it has no place for a label.', 'Put it into an object: a member of that holds the label.')
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
