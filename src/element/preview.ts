// Where something was found: outlines over a picture, a timeline, highlighted passages of a text.
import type { Evidence, LabelEvidence, WatermarkEvidence } from '../browser.js'
import { make } from './dom.js'
import { spansOf } from './evidence.js'
import type { Speech } from './words.js'

/** Longest side of a preview, in pixels of the screen. */
const SIDE = 1280
/** Lines of the repeated tile that are drawn in one direction; more would hide the picture. */
const LINES = 60
/** Characters of a text that are shown. */
const CHARACTERS = 20_000

/** The preview of a file, or undefined where there is nothing to show. */
export async function previewOf(file: Blob & { name?: string }, type: string, evidence: readonly Evidence[], speech: Speech): Promise<HTMLElement | undefined> {
  if (type.startsWith('image/')) return pictureOf(file, evidence, speech)
  if (/^(audio|video)\//.test(type)) return timelineOf(file, evidence, speech)
  if (type.startsWith('text/')) return textOf(file, evidence, speech)
  return undefined
}

async function pictureOf(file: Blob & { name?: string }, evidence: readonly Evidence[], { say, language }: Speech): Promise<HTMLElement | undefined> {
  let bitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    // A picture that the browser does not show has no preview; the findings say what is wrong with it.
    return undefined
  }
  const factor = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height))
  const canvas = make('canvas', { role: 'img', part: 'preview' })
  canvas.width = Math.max(1, Math.round(bitmap.width * factor))
  canvas.height = Math.max(1, Math.round(bitmap.height * factor))
  const context = canvas.getContext('2d')
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  // What was found in a later frame is not in the one that is shown.
  const shown = evidence.filter((one) => one.found && !('frame' in one && (one.frame ?? 0) > 0))
  const tile = shown.find((one): one is WatermarkEvidence => one.kind === 'watermark' && one.modality === 'image')?.where?.tile
  const label = shown.find((one): one is LabelEvidence => one.kind === 'label' && one.modality === 'image' && one.where !== undefined)
  if (context !== null && tile !== undefined) outlineTile(context, tile.map(([x, y]) => [x * factor, y * factor]) as Corners)
  if (context !== null && label?.where !== undefined) {
    const { x, y, width, height } = label.where.box
    outline(context, [[x, y], [x + width, y], [x + width, y + height], [x, y + height]].map(([across = 0, down = 0]) => [across * factor, down * factor]) as Corners, LABEL)
  }
  const marks = [
    tile === undefined ? undefined : say('previewTileSaid', { size: Math.round(Math.hypot(tile[1][0] - tile[0][0], tile[1][1] - tile[0][1])) }),
    label === undefined ? undefined : say('previewLabelSaid', { text: label.text?.join(' / ') ?? '' }),
  ].filter((mark) => mark !== undefined)
  canvas.setAttribute('aria-label', say('previewPicture', { file: file.name ?? '', marks: marks.join(language === 'zh' ? '' : ' ') || say('previewNone') }))
  return make('figure', {}, canvas, legend([...(tile === undefined ? [] : [['tile', say('previewTile')] as const]), ...(label === undefined ? [] : [['label', say('previewLabel')] as const])]))
}

type Corners = [[number, number], [number, number], [number, number], [number, number]]

/** Seen over light and dark pictures alike: a dark line under a bright one. The same colours are in the legend (style.ts). */
const TILE = '#2fd0ff'
const LABEL = '#ffb020'

function outline(context: CanvasRenderingContext2D, corners: Corners, colour: string): void {
  const path = new Path2D()
  corners.forEach(([x, y], at) => (at === 0 ? path.moveTo(x, y) : path.lineTo(x, y)))
  path.closePath()
  for (const [width, style] of [[6, 'rgb(0 0 0 / .65)'], [3, colour]] as const) {
    context.lineWidth = width
    context.strokeStyle = style
    context.stroke(path)
  }
}

/** The tile, and the lattice of its repetitions over the whole picture. */
function outlineTile(context: CanvasRenderingContext2D, corners: Corners): void {
  const { width, height } = context.canvas
  const [[x, y], [rightX, rightY], , [downX, downY]] = corners
  const [a, b] = [[rightX - x, rightY - y], [downX - x, downY - y]] as const
  const size = Math.hypot(...a)
  const reach = Math.ceil(Math.hypot(width, height) / size) + 1
  if (reach <= LINES) {
    const path = new Path2D()
    for (let step = -reach; step <= reach; step++)
      for (const [along, across] of [[a, b], [b, a]] as const) {
        path.moveTo(x + step * across[0] - reach * along[0], y + step * across[1] - reach * along[1])
        path.lineTo(x + step * across[0] + reach * along[0], y + step * across[1] + reach * along[1])
      }
    for (const [line, style, dashes] of [[1.5, 'rgb(0 0 0 / .35)', []], [1.5, 'rgb(140 230 255 / .75)', [5, 5]]] as const) {
      context.lineWidth = line
      context.strokeStyle = style
      context.setLineDash([...dashes])
      context.stroke(path)
    }
    context.setLineDash([])
  }
  outline(context, corners, TILE)
}

/** One row for what is seen and one for what is heard, up to the end of the last mark: how long the file is the result does not say. */
function timelineOf(file: Blob & { name?: string }, evidence: readonly Evidence[], { say }: Speech): HTMLElement | undefined {
  const spans = evidence.flatMap((one) =>
    one.found && (one.kind === 'watermark' || one.kind === 'label') && one.where !== undefined && 'spans' in one.where
      ? one.where.spans.map((span) => ({ span, kind: one.kind, row: one.modality })) : [])
  const end = Math.max(0, ...spans.map(({ span }) => span[1]))
  if (end === 0) return undefined
  const rows = (['video', 'audio'] as const).filter((row) => spans.some((one) => one.row === row))
  const canvas = make('canvas', { role: 'img', part: 'preview', class: 'timeline' })
  canvas.width = 1200
  canvas.height = 96 * rows.length
  canvas.setAttribute('aria-label', say('previewTime', { file: file.name ?? '', spans: say('seconds', { spans: spansOf(spans.map(({ span }) => span)) }) }))
  const context = canvas.getContext('2d')
  if (context !== null)
    for (const [at, row] of rows.entries()) {
      context.fillStyle = 'rgb(128 128 128 / .25)'
      context.fillRect(0, 96 * at + 36, 1200, 24)
      for (const { span: [from, to], kind } of spans.filter((one) => one.row === row)) {
        context.fillStyle = kind === 'watermark' ? TILE : LABEL
        context.fillRect((from / end) * 1200, 96 * at + (kind === 'watermark' ? 30 : 18), Math.max(4, ((to - from) / end) * 1200), kind === 'watermark' ? 36 : 60)
      }
    }
  const named = (kind: 'watermark' | 'label', row: 'video' | 'audio'): boolean => spans.some((one) => one.kind === kind && one.row === row)
  return make('figure', {}, canvas, make('div', { class: 'ends', 'aria-hidden': 'true' }, make('span', {}, '0.0'), make('span', {}, say('lastMark', { second: end.toFixed(1) }))), legend([
    ...(named('watermark', 'video') ? [['tile', say('previewFilm')] as const] : []), ...(named('watermark', 'audio') ? [['tile', say('previewSpan')] as const] : []),
    ...(named('label', 'audio') ? [['label', say('previewSound')] as const] : []),
  ]))
}

async function textOf(file: Blob, evidence: readonly Evidence[], { say }: Speech): Promise<HTMLElement | undefined> {
  const text = await file.text()
  const marks = evidence.filter((one) => one.found)
  const ranges = [
    ...marks.flatMap((one) => ('spans' in one && one.kind === 'watermark' ? (one.spans ?? []) : []).map(([start, end]) => ({ start, end, kind: 'tile' as const }))),
    ...marks.flatMap((one) => (one.kind === 'label' && 'range' in one && one.range !== undefined ? [{ start: one.range.start, end: one.range.end, kind: 'label' as const }] : [])),
  ].sort((a, b) => a.start - b.start)
  if (ranges.length === 0) return undefined
  const box = make('div', { class: 'text', part: 'preview', role: 'group', tabindex: '0', 'aria-label': say('previewText') })
  let at = 0
  for (const { start, end, kind } of ranges) {
    const [from, to] = [Math.max(at, start), Math.min(end, CHARACTERS)]
    if (from >= to) continue
    box.append(text.slice(at, from), make('mark', { class: kind }, text.slice(from, to)))
    at = to
  }
  box.append(text.slice(at, CHARACTERS), ...(text.length > CHARACTERS ? ['…'] : []))
  const kinds = new Set(ranges.map(({ kind }) => kind))
  return make('figure', {}, box, legend([...(kinds.has('tile') ? [['tile', say('previewSpan')] as const] : []), ...(kinds.has('label') ? [['label', say('textMark')] as const] : [])]))
}

function legend(entries: readonly (readonly ['tile' | 'label', string])[]): HTMLElement | undefined {
  return entries.length === 0 ? undefined : make('figcaption', {}, ...entries.map(([kind, text]) => make('span', { class: `swatch ${kind}` }, text)))
}
