// Where the values of a JSON text stand, so that one of them can be changed and all else stays, digits of large numbers included.

/** Containers within containers. */
export const MAX_DEPTH = 10_000
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const ATOM = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const SPACE = /[ \t\r\n]*/y

/** Keys and numbers from the root to a value. */
export type Path = readonly (string | number)[]

/** Why a text was not read to its end, and at which of its units. */
export interface Stopped { reason: 'syntax' | 'depth'; at: number }

/**
 * Reads a text strictly by RFC 8259, from `from` on, and tells of every value when it has ended: its path (the same array every
 * time: copy what you keep), where its key starts (that of the value in arrays), where the value starts and where it ends.
 * Nothing is told of a value that does not end. Without recursion.
 */
export function walkJson(text: string, from: number, visit: (path: Path, key: number, value: number, end: number) => void): Stopped | undefined {
  const path: (string | number)[] = []
  /** Open containers: the letter that ends each, where its key and it start. */
  const open: { close: string; key: number; value: number }[] = []
  const match = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at
    return pattern.test(text) ? pattern.lastIndex : -1
  }
  const space = (at: number): number => match(SPACE, at)
  let at = space(from)
  let key = at
  let next: 'value' | 'first' | 'key' | 'after' = 'value'
  for (;;) {
    at = space(at)
    const letter = text[at]
    const inside = open.at(-1)
    if (next === 'after' && inside === undefined) return at === text.length ? undefined : { reason: 'syntax', at }
    if ((next === 'after' || next === 'first') && letter === inside!.close) {
      open.pop()
      path.length = open.length
      visit(path, inside!.key, inside!.value, ++at)
      next = 'after'
      continue
    }
    if (next === 'after') {
      if (letter !== ',') return { reason: 'syntax', at }
      at = space(at + 1)
      if (typeof path.at(-1) === 'number') path.push((path.pop() as number) + 1)
      next = inside!.close === '}' ? 'key' : 'value'
      key = at
      continue
    }
    if (next === 'first' || next === 'key') {
      if (next === 'first') path.push(inside!.close === '}' ? '' : 0)
      key = at
      if (inside!.close === '}') {
        const end = match(STRING, at)
        const colon = end < 0 ? -1 : space(end)
        if (colon < 0 || text[colon] !== ':') return { reason: 'syntax', at }
        path[path.length - 1] = JSON.parse(text.slice(at, end)) as string
        at = space(colon + 1)
      }
      next = 'value'
      continue
    }
    if (letter === '{' || letter === '[') {
      if (open.length === MAX_DEPTH) return { reason: 'depth', at }
      open.push({ close: letter === '{' ? '}' : ']', key, value: at })
      at++
      next = 'first'
      continue
    }
    const end = match(letter === '"' ? STRING : ATOM, at)
    if (end < 0) return { reason: 'syntax', at }
    visit(path, key, at, end)
    at = end
    next = 'after'
  }
}

/** The text with other values at some paths; a path that is not there changes nothing. `edits`: by `pathKey`, JSON each. */
export function withValues(text: string, edits: ReadonlyMap<string, string>): string {
  const found: { start: number; end: number; text: string }[] = []
  walkJson(text, text.startsWith('\uFEFF') ? 1 : 0, (path, _key, start, end) => {
    const edit = edits.get(pathKey(path))
    if (edit !== undefined) found.push({ start, end, text: edit })
  })
  let out = ''
  let at = 0
  for (const { start, end, text: value } of found) {
    out += text.slice(at, start) + value
    at = end
  }
  return out + text.slice(at)
}

/** A path as a key of a map. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}
