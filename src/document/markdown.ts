// Markdown: the mapping AIGC of the YAML front matter, seven values in double quotes (TC260-PG-20258A, 6.5).
import type { Engine } from '../engine/engine.js'
import { encoded, foreignSource, isOurText, isUri, spliced, unsupported, utf8, type Contents, type Format, type Found, type Values } from './label.js'

/** The longest front matter that is read, in characters. */
const MAX_FRONT = 1_048_576
const SOURCE = 'digitalSourceType'

/** A line with its place in the text, line break included in `next`. */
interface Line { text: string; start: number; next: number }

/** The front matter: its lines without the two markers. */
interface Front { lines: Line[]; start: number; end: number }

/** Name of the key and what follows it, of a line that starts one on the top level. */
const KEY = /^(?:"([^"]+)"|'([^']+)'|([^\s#"'\-[\]{},&*!|>%@`][^:]*?))\s*:(?:\s+(.*))?$/

function frontOf(text: string): Front | undefined {
  const first = text.startsWith('\uFEFF') ? 1 : 0
  if (text.startsWith('+++', first) && /^\+\+\+\s*$/m.test(text.slice(first, first + 8)))
    throw unsupported('The document has TOML front matter, where the label has no place.', 'Turn it into YAML front matter first.')
  const head = lineAt(text, first)
  if (!/^---[ \t]*$/.test(head.text)) return undefined
  const lines: Line[] = []
  for (let at = head.next; at < text.length && at - first < MAX_FRONT;) {
    const line = lineAt(text, at)
    if (/^(---|\.\.\.)[ \t]*$/.test(line.text)) {
      // What is no mapping is a document that starts with a rule.
      return lines.every(({ text: one }) => /^(\s|#|$|- )/.test(one) || KEY.test(one)) ? { lines, start: head.next, end: line.start } : undefined
    }
    lines.push(line)
    at = line.next
  }
  return undefined
}

function lineAt(text: string, start: number): Line {
  const end = text.indexOf('\n', start)
  const next = end < 0 ? text.length : end + 1
  return { text: text.slice(start, next).replace(/\r?\n$/, ''), start, next }
}

/** A member of the top level: its key, the rest of its line, and the lines below it. */
interface Member { key: string; rest: string; below: Line[]; start: number; end: number }

function members({ lines }: Front): Member[] {
  const all: Member[] = []
  for (const line of lines) {
    const match = /^\s/.test(line.text) ? null : KEY.exec(line.text)
    if (match) all.push({ key: (match[1] ?? match[2] ?? match[3])!, rest: (match[4] ?? '').replace(/^#.*$/, ''), below: [], start: line.start, end: line.next })
    else {
      const last = all.at(-1)
      if (last === undefined) continue
      last.below.push(line)
      if (line.text.trim() !== '') last.end = line.next
    }
  }
  return all
}

/** The label as JSON: a mapping in its order, or the text that stands there. */
function labelOf({ rest, below }: Member): string {
  if (rest.trim() !== '') {
    const more = below.map(({ text }) => text.trim()).join(' ')
    if (/^[|>][+-]?\d?$/.test(rest.trim())) return more
    return scalar(`${rest} ${more}`.trim()) ?? rest
  }
  const pairs: string[] = []
  for (const { text } of below) {
    if (/^\s*(#.*)?$/.test(text)) continue
    const match = KEY.exec(text.trim())
    const value = match === null ? undefined : scalar((match[4] ?? '').trim())
    // Not a mapping of plain texts: what stands there is shown, and is no label.
    if (match === null || value === undefined) return below.map((line) => line.text.trim()).join('\n')
    pairs.push(`${JSON.stringify(match[1] ?? match[2] ?? match[3])}:${JSON.stringify(value)}`)
  }
  return `{${pairs.join(',')}}`
}

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', '0': '\0', '"': '"', '\\': '\\', '/': '/', ' ': ' ' }

/** A scalar of one line: in double quotes, in single quotes, or plain; a flow mapping stays as it is. */
function scalar(text: string): string | undefined {
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text)
  if (double) return double[1]!.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/gi, (whole, x?: string, u?: string, letter?: string) =>
    letter === undefined ? String.fromCharCode(Number.parseInt((x ?? u)!, 16)) : ESCAPES[letter] ?? whole)
  const single = /^'((?:[^']|'')*)'\s*(?:#.*)?$/.exec(text)
  if (single) return single[1]!.replaceAll("''", "'")
  if (/^["']/.test(text)) return undefined
  return text.replace(/\s+#.*$/, '')
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const text = utf8(bytes, 'The document')
  const front = frontOf(text)
  const found: Found[] = []
  let digitalSourceType: string | undefined
  for (const member of front === undefined ? [] : members(front)) {
    const offset = encoded(text.slice(0, member.start)).length
    if (member.key === SOURCE) digitalSourceType = scalar(member.rest)
    else if (/AIGC/i.test(member.key)) {
      const label = labelOf(member)
      if (member.key === 'AIGC' || engine.labelParse(label).looksLike) found.push({ location: `front matter ${member.key}`, offset, text: label, official: member.key === 'AIGC' })
    }
  }
  return { found, ...(digitalSourceType === undefined ? {} : { digitalSourceType }) }
}

function write(bytes: Uint8Array, values: Values): Uint8Array {
  const text = utf8(bytes, 'The document')
  const newline = /\r\n/.test(text.slice(0, 65_536)) ? '\r\n' : '\n'
  const label = mapping(values.label, newline)
  const source = values.digitalSourceType === undefined ? '' : sourceLine(values.digitalSourceType, newline)
  const front = frontOf(text)
  if (front === undefined) {
    const at = text.startsWith('\uFEFF') ? 1 : 0
    return encoded(spliced(text, [{ start: at, end: at, text: `---${newline}${label}${source}---${newline}` }]))
  }
  const all = members(front)
  const edits: { start: number; end: number; text: string }[] = []
  let added = ''
  for (const [key, lines] of [['AIGC', label], [SOURCE, source]] as const) {
    const old = all.find((member) => member.key === key)
    if (lines === '') continue
    if (old && key === SOURCE && scalar(old.rest) === values.digitalSourceType) continue
    if (old && key === SOURCE && !isOurs(text, old)) throw foreignSource(`front matter ${SOURCE}`)
    if (old) edits.push({ start: old.start, end: old.end, text: lines })
    else added += lines
  }
  if (added !== '') edits.push({ start: front.end, end: front.end, text: added })
  return encoded(spliced(text, edits))
}

/** A bare object as a YAML mapping: strings of JSON are double-quoted strings of YAML 1.2. */
function mapping(label: string, newline: string): string {
  const pairs = Object.entries(JSON.parse(label) as { [key: string]: string })
  return `AIGC:${newline}${pairs.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}${newline}`).join('')}`
}

function sourceLine(source: string, newline: string): string {
  return `${SOURCE}: ${JSON.stringify(source)}${newline}`
}

/** Whether a member's lines are those that are written for what it says. */
function isOurs(text: string, member: Member, engine?: Engine): boolean {
  const stands = text.slice(member.start, member.end)
  if (member.key === SOURCE) {
    const source = scalar(member.rest)
    return isUri(source) && ['\n', '\r\n'].some((newline) => stands === sourceLine(source, newline))
  }
  const label = labelOf(member)
  return engine !== undefined && isOurText(engine, label) && ['\n', '\r\n'].some((newline) => stands === mapping(label, newline))
}

/** The document without the label, as far as it is as we write it, and without front matter that holds nothing else. */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  const text = utf8(bytes, 'The document')
  const front = frontOf(text)
  if (front === undefined) return [bytes]
  const all = members(front)
  const ours = all.filter((member) => (member.key === 'AIGC' || member.key === SOURCE) && all.find(({ key }) => key === member.key) === member && isOurs(text, member, engine))
  const rest = spliced(text, ours.map(({ start, end }) => ({ start, end, text: '' })))
  return [encoded(rest.replace(/^(\uFEFF?)---(\r?\n)---\2/, '$1'))]
}

/** Markdown with or without front matter. */
export const markdown: Format = { read, write, content }
