// The visible label of PDFs: an annotation on the first page, whose appearance is the drawn label, so that every viewer and printer
// shows it whatever fonts it has; its words are its contents (ISO 32000-2, 12.5). An incremental update: the page's own content stays.
import { zlibSync } from 'fflate'
import { CountermarkError } from '../errors.js'
import { encoded, joined, latin1, unsupported, type DrawnLabel, type Sentence } from './label.js'
import { certified, isDict, open, PDFA } from './pdf.js'
import { freest, inkOf, paints, type Box } from './pdf-ink.js'
import type { Found, PdfFile } from './pdf-file.js'
import { Dict, Ref, Text, textOf, textString, type Value } from './pdf-syntax.js'
import { dictWith, Update } from './pdf-update.js'

const MARK = '%countermark-visible-label\n'
/** Height of the letters and distance from the page's edges, as parts of its shorter side. */
const [INK, MARGIN] = [0.022, 0.02]
/** Print, read only, locked (table 167). */
const FLAGS = 4 + 64 + 128
/** Hidden, or not shown on a screen (table 167). */
const UNSEEN = 2 + 32
const MAX_DEPTH = 64

interface Page { ref: Ref; found: Found & { value: Dict }; resources: Value | undefined; box: Box; rotation: 0 | 90 | 180 | 270 }

/** The first page with what it inherits; undefined in a file without pages. */
function firstPage(file: PdfFile, catalog: Dict): Page | undefined {
  const inherited = new Map<string, Value>()
  let ref = catalog.get('Pages')
  for (let depth = 0; ref instanceof Ref && depth < MAX_DEPTH; depth++) {
    const found = file.object(ref)
    if (!isDict(found)) return undefined
    for (const key of ['MediaBox', 'CropBox', 'Rotate', 'Resources']) {
      const value = file.resolved(found.value.get(key))
      if (value !== undefined) inherited.set(key, value)
    }
    const kids = file.resolved(found.value.get('Kids'))
    if (!Array.isArray(kids)) {
      const box = inherited.get('CropBox') ?? inherited.get('MediaBox')
      const sides = Array.isArray(box) ? box.map((side) => file.resolved(side)) : []
      if (sides.length !== 4 || !sides.every((side) => typeof side === 'number')) return undefined
      const [a, b, c, d] = sides as [number, number, number, number]
      const turned = ((Number(inherited.get('Rotate') ?? 0) % 360) + 360) % 360
      return { ref, found, resources: inherited.get('Resources'), box: [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)], rotation: turned === 90 || turned === 180 || turned === 270 ? turned : 0 }
    }
    ref = kids.find((kid) => kid instanceof Ref)
  }
  return undefined
}

function annotations(file: PdfFile, page: Page): Value[] {
  const all = file.resolved(page.found.value.get('Annots'))
  return Array.isArray(all) ? all : []
}

/** Four numbers as a box. */
function boxOf(file: PdfFile, value: Value | undefined): Box | undefined {
  const sides = file.resolved(value)
  const [a, b, c, d] = Array.isArray(sides) ? sides.map((side) => file.resolved(side)) : []
  return typeof a === 'number' && typeof b === 'number' && typeof c === 'number' && typeof d === 'number' ? [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)] : undefined
}

/**
 * Whether a stamp or free text is shown: not hidden, not transparent, on the page, with an appearance that paints something. Free
 * text without an appearance is drawn by the viewer.
 */
function isShown(file: PdfFile, value: Dict, { box: page }: Page): boolean {
  const box = boxOf(file, value.get('Rect'))
  if (((value.number('F') ?? 0) & UNSEEN) !== 0 || value.number('CA') === 0 || box === undefined) return false
  if (Math.min(box[2], page[2]) - Math.max(box[0], page[0]) < 1 || Math.min(box[3], page[3]) - Math.max(box[1], page[1]) < 1) return false
  const appearance = file.dict(value, 'AP')
  if (appearance === undefined) return value.name('Subtype') === 'FreeText'
  const normal = appearance.get('N')
  const held = normal instanceof Ref ? file.object(normal) : undefined
  const states = held?.stream === undefined ? file.resolved(normal) : undefined
  return paints(file, states instanceof Dict ? states.get(value.name('AS') ?? '') : normal)
}

/** What stamps and free text that are shown on the first page say, one a line. Words in the page's own content are not read. */
function read(bytes: Uint8Array): string {
  const { file, catalog } = open(bytes)
  const page = firstPage(file, catalog.value)
  const lines: string[] = []
  for (const one of page === undefined ? [] : annotations(file, page).slice(0, 10_000)) {
    const value = file.resolved(one)
    const text = value instanceof Dict && ['Stamp', 'FreeText'].includes(value.name('Subtype') ?? '') && isShown(file, value, page!) ? file.resolved(value.get('Contents')) : undefined
    if (text instanceof Text) lines.push(textOf(text).replace(/\s+/g, ' '))
  }
  return lines.join('\n')
}

/** Where the label could lie: upright in the corners of what is shown, the upper left first, or between two; and how it is turned. */
function places({ box: [left, bottom, right, top], rotation }: Page, width: number, height: number, margin: number): { rects: Box[]; matrix: string } {
  const [across, along] = rotation % 180 === 0 ? [right - left, top - bottom] : [top - bottom, right - left]
  const [far, low, middle] = [across - margin - width, along - margin - height, (across - width) / 2]
  const rects = [[margin, margin], [far, margin], [far, low], [margin, low], [middle, margin], [middle, low]].map(([x, y]): Box => {
    switch (rotation) {
      case 90: return [left + y!, bottom + x!, left + y! + height, bottom + x! + width]
      case 180: return [right - x! - width, bottom + y!, right - x!, bottom + y! + height]
      case 270: return [right - y! - height, top - x! - width, right - y!, top - x!]
      default: return [left + x!, top - y! - height, left + x! + width, top - y!]
    }
  })
  return { rects, matrix: { 0: '1 0 0 1 0 0', 90: '0 1 -1 0 0 0', 180: '-1 0 0 -1 0 0', 270: '0 -1 1 0 0 0' }[rotation] }
}

async function write(bytes: Uint8Array, { lines, draw }: { lines: readonly string[]; draw: () => Promise<DrawnLabel> }): Promise<Uint8Array> {
  const opened = open(bytes)
  const { file, catalog, packet } = opened
  if (((file.dict(catalog.value, 'AcroForm')?.number('SigFlags') ?? 0) & 1) === 1) throw new CountermarkError('ERR_CONFLICT', 'the PDF is signed, and an annotation would count as a change of what was signed', { remedy: 'Mark the document before it is signed.' })
  const level = certified(opened)
  if (level !== undefined && level < 3) throw new CountermarkError('ERR_CONFLICT', `the PDF is certified, and its author allows no annotation (DocMDP level ${level})`, { remedy: 'Mark the document before it is signed.' })
  if (packet !== undefined && latin1(packet.bytes).includes(PDFA)) throw unsupported('the PDF is PDF/A, whose rules for annotations and colours a label might break', 'Put the label into the document before it is made PDF/A.')
  const page = firstPage(file, catalog.value)
  if (page === undefined) throw unsupported('the PDF has no page whose size is known')
  const standing = annotations(file, page)
  if (!standing.every((one) => one instanceof Ref)) throw unsupported('the first page of the PDF has annotations that stand in its list themselves')
  const drawn = await draw()
  const shorter = Math.min(page.box[2] - page.box[0], page.box[3] - page.box[1])
  const scale = (shorter * INK) / drawn.inkHeight
  const [width, height] = [drawn.width * scale, drawn.height * scale]
  const { rects, matrix } = places(page, width, height, shorter * MARGIN)
  const beside = standing.map((one) => file.resolved(one)).map((one) => (one instanceof Dict ? boxOf(file, one.get('Rect')) : undefined))
  const ink = [...inkOf(file, page.found.value, page.resources), ...beside.filter((one) => one !== undefined)]
  const rect = rects[freest(rects, ink, page.box)]!
  const update = new Update(file, MARK)
  const [image, form, annotation] = [update.next++, update.next++, update.next++]
  const number = (one: number): string => String(Math.round(one * 1000) / 1000)
  const stream = (head: string, data: Uint8Array): Uint8Array => joined([encoded(`<<${head}/Length ${data.length}>>\nstream\n`), data, encoded('\nendstream')])
  update.add(image, 0, stream(`/Type/XObject/Subtype/Image/Width ${drawn.width}/Height ${drawn.height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode`, zlibSync(drawn.samples, { level: 9 })))
  update.add(form, 0, stream(`/Type/XObject/Subtype/Form/BBox[0 0 ${number(width)} ${number(height)}]/Matrix[${matrix}]/Resources<</XObject<</L ${image} 0 R>>>>`, encoded(`q ${number(width)} 0 0 ${number(height)} 0 0 cm/L Do Q`)))
  update.add(annotation, 0, encoded(`<</Type/Annot/Subtype/Stamp/Rect[${rect.map(number).join(' ')}]/Contents ${textString(lines.join('\n'))}/NM(countermark-label)/F ${FLAGS}/AP<</N ${form} 0 R>>/P ${page.ref.number} ${page.ref.generation} R>>`))
  const list = [...(standing as Ref[]), new Ref(annotation, 0)].map((one) => `${one.number} ${one.generation} R`).join(' ')
  update.add(page.ref.number, page.found.generation, dictWith(page.found, 'Annots', `[${list}]`))
  return update.bytes()
}

/** Reading and writing the visible label. */
export const pdfSentence: Sentence = { read, write }
