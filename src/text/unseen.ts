// What nobody sees of a text, as far as the text itself says so: comments, elements that hide themselves, definitions of
// Markdown. Style sheets and scripts are not read.

/** What a text is written in. Code and CSV are never changed: a sentence or an invisible character would break them. */
export type TextFormat = 'plain' | 'markdown' | 'html' | 'code' | 'csv'

/** A part of a text in UTF-16 units; an element without an end reaches to Infinity. */
export type Range = readonly [start: number, end: number]

/** How deep browsers nest elements. */
const MAX_DEPTH = 512
const TOKEN = /<!--|<(\/?)([a-z][^\s/<>]*)([^<>]*)>/gi
const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'])
/** Elements that are never shown, and those of them whose inside holds no tags. */
const UNSEEN = new Set(['script', 'style', 'title', 'template', 'noscript'])
const RAW = new Set(['script', 'style', 'title'])
/** What ends a paragraph that was not ended (HTML, "optional tags"). */
const BLOCK = /^(?:address|article|aside|blockquote|details|div|dl|fieldset|figure|footer|form|h[1-6]|header|hr|main|menu|nav|ol|p|pre|section|table|ul)$/
/** Elements that end one of the same name before them. */
const ALONE = new Set(['li', 'dt', 'dd', 'tr', 'td', 'th', 'option'])

/** Declarations that take an element out of sight. Letters below 4 px or pt and less than a tenth of opacity cannot be read. */
const HIDING: readonly RegExp[] = [
  /^display:none\b/, /^visibility:(?:hidden|collapse)\b/, /^content-visibility:hidden\b/, /^color:transparent\b/,
  /^opacity:(?:[0.]+|0*\.0\d*|\d(?:\.\d*)?(?=%))%?(?:!|$)/,
  /^font-size:(?:[0.]+(?:[a-z]+|%)?|0*[0-3]?(?:\.\d*)?(?:px|pt)|0*\.[01]\d*r?em)(?:!|$)/,
  /^(?:left|top|text-indent):-\d{3,}/,
]

function hides(name: string, attributes: string): boolean {
  if (UNSEEN.has(name)) return true
  const bare = attributes.replace(/"[^"]*"|'[^']*'/g, '""')
  if (/(?:^|[\s"/])hidden(?=[\s=/]|$)/i.test(bare) || (name === 'dialog' && !/\sopen(?=[\s=/]|$)/i.test(bare))) return true
  const style = /(?:^|[\s"'/])style\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))/i.exec(attributes)
  const declarations = (style?.[1] ?? style?.[2] ?? style?.[3] ?? '').replace(/\/\*[^*]*\*\//g, '').toLowerCase().replace(/\s+/g, '').split(';')
  return declarations.some((one) => HIDING.some((hiding) => hiding.test(one)))
}

/** What a page, or a part of one, does not show, in order and without overlaps. */
export function unseenOf(text: string): Range[] {
  const ranges: Range[] = []
  const open: string[] = []
  const xml = /^\uFEFF?\s*<\?xml/.test(text)
  let hidden: { start: number; depth: number } | undefined
  const close = (depth: number, at: number): void => {
    open.length = depth
    if (hidden === undefined || depth > hidden.depth) return
    ranges.push([hidden.start, at])
    hidden = undefined
  }
  const tokens = new RegExp(TOKEN)
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [, slash, said, attributes = ''] = token
    const start = token.index
    if (said === undefined) {
      const end = text.indexOf('-->', start + 4)
      if (hidden === undefined) ranges.push([start, end < 0 ? Infinity : end + 3])
      if (end < 0) return ranges
      tokens.lastIndex = end + 3
      continue
    }
    const name = said.toLowerCase()
    if (slash === '/') {
      const at = open.lastIndexOf(name)
      if (at >= 0) close(at, tokens.lastIndex)
      continue
    }
    const last = open.at(-1)
    if (last !== undefined && ((last === 'p' && BLOCK.test(name)) || (last === name && ALONE.has(name)))) close(open.length - 1, start)
    if (VOID.has(name) || (xml && attributes.endsWith('/')) || open.length >= MAX_DEPTH) continue
    open.push(name)
    if (hidden === undefined && hides(name, attributes)) hidden = { start, depth: open.length - 1 }
    if (!RAW.has(name)) continue
    const end = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
    end.lastIndex = tokens.lastIndex
    const found = end.exec(text)
    if (found === null) break
    tokens.lastIndex = found.index
  }
  if (hidden !== undefined) ranges.push([hidden.start, Infinity])
  return ranges
}

/** The text with blanks in place of what a page does not show; a tag for others: the letters around do not join. */
function shownOfPage(text: string): string {
  let out = ''
  let at = 0
  for (const [start, end] of unseenOf(text)) {
    const length = Math.min(end, text.length) - start
    out += `${text.slice(at, start)}<${' '.repeat(length - 2)}>`
    at = start + length
  }
  return out + text.slice(at)
}

/** Blanks for everything but line breaks. */
const blank = (text: string): string => text.replace(/[^\r\n]/g, ' ')

/**
 * Comments, definitions of references with their titles (CommonMark 4.7), and elements of one line. What is longer than a label is
 * none in any case, hence the bounds, by which a stream decides as early as the whole text.
 */
const COMMENT = /<!--(?:[\s\S]*?-->|[^\r\n]*)/g
const DEFINITION = /^ {0,3}\[(?:[^\]\\\r\n]|\\.){1,60}\]:[ \t]*(?:\r?\n[ \t]*)?\S[^\r\n]*(?:\r?\n[ \t]*(?:"[^"\r\n]{0,60}"|'[^'\r\n]{0,60}'|\([^)\r\n]{0,60}\))[ \t]*(?=\r?$))?/gm
const ELEMENT = /<([a-z][a-z0-9]*)([^<>]*)>[^\r\n]*?<\/\1\s*>/gi

/** A text of the same length with blanks in place of what nobody sees. Of Markdown: give a part, since this takes its length squared. */
export function shown(text: string, format: TextFormat): string {
  if (format === 'html') return shownOfPage(text)
  if (format !== 'markdown') return text
  return text.replace(COMMENT, blank).replace(DEFINITION, blank).replace(ELEMENT, (whole, name: string, attributes: string) => (hides(name.toLowerCase(), attributes) ? blank(whole) : whole))
}
