// Where a page of a PDF is painted on, roughly: enough to find a corner that is free for a label. Letters are taken for half an em
// or more, curves for their points, and what covers half of the page for its ground (ISO 32000-2, 8 and 9).
import { CountermarkError } from '../errors.js'
import { latin1 } from './label.js'
import type { PdfFile } from './pdf-file.js'
import { Dict, Ref, type Value } from './pdf-syntax.js'

/** Left, bottom, right, top, in points of the page. */
export type Box = readonly [number, number, number, number]
type Matrix = readonly [number, number, number, number, number, number]

const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0]
/** Operators that are read of a page with its forms (32 bytes count as one), nesting of forms, bytes of a page and of an appearance. */
const [MAX_STEPS, MAX_DEPTH, MAX_BYTES, MAX_APPEARANCE] = [500_000, 4, 16 * 1024 * 1024, 65_536]
const TOKEN = /%[^\r\n]*|\(|<[0-9a-fA-F\s]{0,65535}>|[[\]]|\/[^\s()<>[\]{}/%]{0,127}|[^\s()<>[\]{}/%]{1,127}/g
const PAINTS = new Set(['f', 'F', 'f*', 'B', 'B*', 'b', 'b*', 'S', 's'])
const PAINTING = /(?<![^\s\])>])(?:Do|Tj|TJ|'|"|sh|EI|[fB]\*?|b\*?|[FSs])(?![^\s/[(<%])/

/** First `a`, then `b`. */
function times(a: Matrix, b: Matrix): Matrix {
  return [a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3], a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5]]
}

/** The box around a box that was moved, turned or scaled. */
function moved([left, bottom, right, top]: Box, m: Matrix): Box {
  const xs = [left, right].flatMap((x) => [bottom, top].map((y) => x * m[0] + y * m[2] + m[4]))
  const ys = [left, right].flatMap((x) => [bottom, top].map((y) => x * m[1] + y * m[3] + m[5]))
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}

/** The content of a stream that a reference names, or undefined where it cannot be read: no reason to refuse the document. */
function contentOf(file: PdfFile, ref: Value | undefined, limit: number): string | undefined {
  try {
    const found = ref instanceof Ref ? file.object(ref) : undefined
    if (!(found?.value instanceof Dict) || found.stream === undefined) return undefined
    return latin1(file.decoded(found.value, found.stream, found.offset, limit))
  } catch (thrown) {
    if (thrown instanceof CountermarkError && ['ERR_BROKEN', 'ERR_LIMIT', 'ERR_UNSUPPORTED'].includes(thrown.code)) return undefined
    throw thrown
  }
}

/** Whether the appearance of an annotation (12.5.5) paints anything; what cannot be read is taken to. */
export function paints(file: PdfFile, ref: Value | undefined): boolean {
  const found = ref instanceof Ref ? file.object(ref) : undefined
  if (!(found?.value instanceof Dict) || found.stream === undefined) return false
  const box = file.resolved(found.value.get('BBox'))
  const [left, bottom, right, top] = Array.isArray(box) ? box.map((side) => file.resolved(side)) : []
  if (left === right || bottom === top) return false
  const content = contentOf(file, ref, MAX_APPEARANCE)
  return content === undefined || PAINTING.test(content)
}

/** Behind a string in brackets, which may hold others; undefined where it does not end. */
function endOfString(text: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return undefined
}

/** What is painted on a page. `inherited`: its resources, where an ancestor has them. */
export function inkOf(file: PdfFile, page: Dict, inherited: Value | undefined): Box[] {
  const contents = file.resolved(page.get('Contents'))
  let text = ''
  for (const one of Array.isArray(contents) ? contents.slice(0, 1000) : [page.get('Contents')]) if (text.length < MAX_BYTES) text += `${contentOf(file, one, MAX_BYTES) ?? ''}\n`
  const resources = file.resolved(page.get('Resources') ?? inherited)
  const boxes: Box[] = []
  painted(file, text, resources instanceof Dict ? resources : undefined, IDENTITY, 0, { steps: 0, boxes })
  return boxes
}

function painted(file: PdfFile, text: string, resources: Dict | undefined, base: Matrix, depth: number, all: { steps: number; boxes: Box[] }): void {
  all.steps += text.length / 32
  const objects = resources && file.dict(resources, 'XObject')
  const saved: Matrix[] = []
  let [matrix, line, letters] = [base, IDENTITY, IDENTITY]
  let [size, leading, shown] = [0, 0, 0]
  let operands: number[] = []
  let name = ''
  let path: [number, number][] = []
  const next = (x: number, y: number): void => { letters = line = times([1, 0, 0, 1, x, y], line) }
  const show = (): void => {
    const width = shown * size
    if (width !== 0) all.boxes.push(moved([0, -size * 0.25, width, size], times(letters, matrix)))
    letters = times([1, 0, 0, 1, width, 0], letters)
    shown = 0
  }
  const tokens = new RegExp(TOKEN)
  for (let token = tokens.exec(text); token !== null && all.steps++ < 2 * MAX_STEPS; token = tokens.exec(text)) {
    const word = token[0]
    const number = Number(word)
    if (word === '(') {
      const end = endOfString(text, token.index)
      if (end === undefined) return
      shown += (end - token.index - 2) * 0.6
      tokens.lastIndex = end
    } else if (word.startsWith('<')) shown += (word.length - 2) / 4
    else if (word.startsWith('/')) name = word.slice(1)
    else if (!Number.isNaN(number)) operands.push(number)
    else if (!/^[[\]%]/.test(word)) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = operands
      if (word === 'q') saved.push(matrix)
      else if (word === 'Q') matrix = saved.pop() ?? base
      else if (word === 'cm') matrix = times([a, b, c, d, e, f], matrix)
      else if (word === 'BT') letters = line = IDENTITY
      else if (word === 'Tf') size = a
      else if (word === 'TL') leading = a
      else if (word === 'Tm') letters = line = [a, b, c, d, e, f]
      else if (word === 'Td' || word === 'TD') {
        if (word === 'TD') leading = -b
        next(a, b)
      } else if (word === 'T*') next(0, -leading)
      else if (word === 'Tj' || word === 'TJ') show()
      else if (word === "'" || word === '"') {
        next(0, -leading)
        show()
      } else if (word === 're') path.push([a, b], [a + c, b + d])
      else if (word === 'm' || word === 'l' || word === 'c') path.push(operands.slice(-2) as [number, number])
      else if (word === 'Do') drawn(file, objects?.get(name), resources, matrix, depth, all)
      else if (word === 'ID') {
        const end = text.indexOf('EI', tokens.lastIndex)
        if (end < 0) return
        tokens.lastIndex = end
      } else if (word === 'EI') all.boxes.push(moved([0, 0, 1, 1], matrix))
      else if (word === 'n' || PAINTS.has(word)) {
        let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity]
        for (const [x, y] of path) [left, bottom, right, top] = [Math.min(left, x), Math.min(bottom, y), Math.max(right, x), Math.max(top, y)]
        if (word !== 'n' && left <= right) all.boxes.push(moved([left, bottom, right, top], matrix))
        path = []
      }
      operands = []
    }
  }
}

/** A picture covers its unit square; of a form its content is read. */
function drawn(file: PdfFile, ref: Value | undefined, resources: Dict | undefined, matrix: Matrix, depth: number, all: { steps: number; boxes: Box[] }): void {
  const value = file.resolved(ref)
  if (!(value instanceof Dict)) return
  if (value.name('Subtype') !== 'Form') all.boxes.push(moved([0, 0, 1, 1], matrix))
  else if (depth < MAX_DEPTH && all.steps < MAX_STEPS) {
    const own = file.resolved(value.get('Matrix'))
    const turned = Array.isArray(own) && own.length === 6 && own.every((one) => typeof one === 'number') ? times(own as unknown as Matrix, matrix) : matrix
    painted(file, contentOf(file, ref, MAX_BYTES) ?? '', file.dict(value, 'Resources') ?? resources, turned, depth + 1, all)
  }
}

/** The first of `places` that nothing lies under, else that with the least; what covers half of `page` is its ground. */
export function freest(places: readonly Box[], boxes: readonly Box[], page: Box): number {
  const area = ([left, bottom, right, top]: Box): number => Math.max(0, right - left) * Math.max(0, top - bottom)
  const common = (a: Box, b: Box): number => area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])])
  const things = boxes.filter((box) => common(box, page) < area(page) / 2)
  const covered = places.map((place) => things.reduce((sum, box) => sum + common(place, box), 0))
  return covered.indexOf(Math.min(...covered))
}
