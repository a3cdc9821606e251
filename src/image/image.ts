// One modality's work on samples: settings and defaults, no files.
import type { DrawReport, EmbedReport, Engine } from '../engine/engine.js'
import { keyOf, keysOf } from '../engine/keys.js'
import { CountermarkError } from '../errors.js'
import { POSITIONS } from '../policy/policy.js'
import type { Box, Effort, Key, LabelEvidence, LabelPosition, Picture, Point, Quality, Transform, WatermarkEvidence } from '../types.js'

const QUALITIES: readonly unknown[] = ['standard', 'high', 'robust']
const EFFORTS: readonly unknown[] = ['direct', 'scan', 'full']

export { keyOf, keysOf } from '../engine/keys.js'

function shape(picture: Picture): Picture {
  const { samples, width, height, channels, depth } = picture
  const expected = width * height * channels * (depth >> 3)
  if (!(samples instanceof Uint8Array) || samples.byteLength !== expected)
    throw new CountermarkError('ERR_PARAMETER', `samples must be ${expected} bytes for ${width} x ${height} x ${channels} at ${depth} bits.`)
  return picture
}

const PAYLOAD = /^([0-9a-f]{16}|[0-9a-f]{32})$/i

/** Marks samples in place. `payload`: 16 or 32 hexadecimal digits, e.g. from `payloadOf`. */
export function embed(engine: Engine, picture: Picture, options: { payload: string; key?: Key; quality?: Quality }): Promise<EmbedReport> {
  const { payload, key = 'public', quality = 'standard' } = options
  if (!QUALITIES.includes(quality)) throw new CountermarkError('ERR_PARAMETER', `quality is standard, high or robust, not ${String(quality)}.`)
  if (!PAYLOAD.test(payload)) throw new CountermarkError('ERR_PARAMETER', 'payload must be 16 or 32 hexadecimal digits.')
  return engine.imageEmbed(shape(picture), { key: keyOf(key), payload: payload.toLowerCase(), quality })
}

/** How many payloads one call may ask for; as in the core. */
const MOST_ASKED = 8

/**
 * Looks for each key's mark. Not finding one is a result, not an error. `expect`: payloads, each 16 or 32 hexadecimal digits, that the picture
 * may carry: whether it does can be told of marks too weak to be read (`asked` in the evidence).
 */
export async function detect(engine: Engine, picture: Picture, options: { keys?: Key[]; effort?: Effort; expect?: string[] } = {}): Promise<WatermarkEvidence[]> {
  const { keys = ['public'], effort = 'full', expect = [] } = options
  if (expect.length > MOST_ASKED || !expect.every((payload) => PAYLOAD.test(payload)))
    throw new CountermarkError('ERR_PARAMETER', `expect holds at most ${MOST_ASKED} payloads of 16 or 32 hexadecimal digits.`)
  if (!EFFORTS.includes(effort)) throw new CountermarkError('ERR_PARAMETER', `effort is direct, scan or full, not ${String(effort)}.`)
  const wanted = keysOf(keys)
  if (wanted.length === 0) return []
  const found = await engine.imageDetect(shape(picture), { keys: wanted, effort, ...(expect.length === 0 ? {} : { expect }) })
  return found.map(({ keyId, where, ...rest }) => ({ ...rest, key: keyId, ...(where === undefined ? {} : { where: { ...where, tile: tileOf(where.transform, picture) } }) }))
}

/** Canonical pixels of a tile's side; as in the core. */
const TILE = 128

/** Corners of the tile that `transform` names, in displayed pixels. */
function tileOf({ scale, rotation, mirrored, offset: [x, y] }: Transform, { width, height, orientation = 1 }: Picture): [Point, Point, Point, Point] {
  const [across, down] = [Math.cos((rotation * Math.PI) / 180), Math.sin((rotation * Math.PI) / 180)].map((part) => part * TILE * scale) as Point
  const right: Point = mirrored ? [-across, -down] : [across, down]
  const corner = (a: number, b: number): Point => {
    const [shownX, shownY] = shown([x + a * right[0] - b * down, y + a * right[1] + b * across], width, height, orientation)
    return [Math.round(shownX * 10) / 10, Math.round(shownY * 10) / 10]
  }
  return [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)]
}

/** A place in stored pixels as one in displayed pixels; `width` and `height` as stored. */
function shown([x, y]: Point, width: number, height: number, orientation: number): Point {
  switch (orientation) {
    case 2: return [width - x, y]
    case 3: return [width - x, height - y]
    case 4: return [x, height - y]
    case 5: return [y, x]
    case 6: return [height - y, x]
    case 7: return [height - y, width - x]
    case 8: return [y, width - x]
    default: return [x, y]
  }
}

/** Draws the visible label into samples, in place. Without a font the built-in one is used. */
export function drawLabel(
  engine: Engine, picture: Picture, options: { text: string[]; position?: LabelPosition; ratio?: number; font?: Uint8Array },
): Promise<DrawReport> {
  const { text, position = 'bottom-right', ratio, font = new Uint8Array() } = options
  if (!(POSITIONS as readonly unknown[]).includes(position)) throw new CountermarkError('ERR_PARAMETER', `position is one of ${POSITIONS.join(', ')}, not ${String(position)}.`)
  return engine.labelDraw(shape(picture), font, { text, position, ...(ratio === undefined ? {} : { ratio }) })
}

/**
 * Copies what was drawn into a picture (`before`: its samples until then) into others of its shape, so that a label
 * stands still in an animation.
 */
export function stamp(before: Uint8Array, { samples, channels, depth }: Picture, others: readonly Picture[]): void {
  const pixel = channels * (depth >> 3)
  for (let at = 0; at < samples.length; at += pixel) {
    let same = true
    for (let byte = at; byte < at + pixel; byte++) same &&= samples[byte] === before[byte]
    if (!same) for (const other of others) other.samples.set(samples.subarray(at, at + pixel), at)
  }
}

/** Wordings that one search takes. */
const MOST_TEXTS = 8

/** Orientations in steps of a quarter turn clockwise, and those of flipped pictures. */
const QUARTERS = [[1, 6, 3, 8], [2, 7, 4, 5]] as const

/**
 * Looks for labels of these wordings, as Countermark draws them with its own font; the first line of each is looked for.
 * `turned`: also for ones that lie on a side, as in a file that has lost its orientation.
 * ERR_PARAMETER for characters that the built-in font lacks.
 */
export async function findLabel(engine: Engine, picture: Picture, texts: readonly (readonly string[])[], turned = false): Promise<LabelEvidence> {
  const upright = await findUpright(engine, picture, texts)
  if (upright.found || !turned) return upright
  const { orientation = 1, width, height } = picture
  const row = QUARTERS.find((one) => (one as readonly number[]).includes(orientation)) ?? QUARTERS[0]
  const at = (row as readonly number[]).indexOf(orientation)
  for (const quarters of [1, 3, 2] as const) {
    const seen = await findUpright(engine, { ...picture, orientation: row[(at + quarters) % 4] ?? 1 }, texts)
    if (!seen.found || seen.where === undefined) continue
    // The search saw the displayed picture after so many quarter turns: its box is turned back.
    const [across, down] = (orientation >= 5) === (quarters === 2) ? [height, width] : [width, height]
    return { ...seen, where: { box: turnedBox(seen.where.box, across, down, QUARTERS[0][4 - quarters] ?? 1), turned: ((4 - quarters) * 90) as 90 | 180 | 270, ...(seen.where.ratio === undefined ? {} : { ratio: seen.where.ratio }) } }
  }
  return upright
}

function turnedBox(box: Box, width: number, height: number, orientation: number): Box {
  const [ax, ay] = shown([box.x, box.y], width, height, orientation)
  const [bx, by] = shown([box.x + box.width, box.y + box.height], width, height, orientation)
  return { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(ax - bx), height: Math.abs(ay - by) }
}

async function findUpright(engine: Engine, picture: Picture, texts: readonly (readonly string[])[]): Promise<LabelEvidence> {
  const wanted = [...new Map(texts.map((lines) => [lines[0], [...lines]])).values()]
  let best: LabelEvidence | undefined
  for (let at = 0; at < wanted.length; at += MOST_TEXTS) {
    const seen = await engine.labelDetect(shape(picture), wanted.slice(at, at + MOST_TEXTS))
    if (best === undefined || (seen.score ?? 0) > (best.score ?? 0)) best = seen
  }
  if (best === undefined) throw new CountermarkError('ERR_PARAMETER', 'texts names no label to look for.')
  return best
}
