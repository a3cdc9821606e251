// One modality's work on samples: settings and defaults, no files.
import type { DrawReport, EmbedReport, Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { POSITIONS } from '../policy/policy.js'
import type { Effort, Key, LabelEvidence, LabelPosition, Picture, Quality, WatermarkEvidence } from '../types.js'

const QUALITIES: readonly unknown[] = ['standard', 'high', 'robust']
const EFFORTS: readonly unknown[] = ['direct', 'scan', 'full']

/** The key as the engine takes it. ERR_PARAMETER for anything but `public` and 64 hexadecimal digits. */
export function keyOf(key: Key): Key {
  if (key === 'public') return key
  if (typeof key === 'string' && /^[0-9a-f]{64}$/i.test(key)) return key.toLowerCase()
  throw new CountermarkError('ERR_PARAMETER', 'A key is "public" or 64 hexadecimal digits.', { remedy: 'Make one with countermark keygen.' })
}

function shape(picture: Picture): Picture {
  const { samples, width, height, channels, depth } = picture
  const expected = width * height * channels * (depth >> 3)
  if (!(samples instanceof Uint8Array) || samples.byteLength !== expected)
    throw new CountermarkError('ERR_PARAMETER', `samples must be ${expected} bytes for ${width} x ${height} x ${channels} at ${depth} bits.`)
  return picture
}

/** Marks samples in place. `payload`: 16 or 32 hexadecimal digits, e.g. from `payloadOf`. */
export function embed(engine: Engine, picture: Picture, options: { payload: string; key?: Key; quality?: Quality }): Promise<EmbedReport> {
  const { payload, key = 'public', quality = 'standard' } = options
  if (!QUALITIES.includes(quality)) throw new CountermarkError('ERR_PARAMETER', `quality is standard, high or robust, not ${String(quality)}.`)
  if (!/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(payload)) throw new CountermarkError('ERR_PARAMETER', 'payload must be 16 or 32 hexadecimal digits.')
  return engine.imageEmbed(shape(picture), { key: keyOf(key), payload: payload.toLowerCase(), quality })
}

/** Looks for each key's mark. Not finding one is a result, not an error. */
export async function detect(engine: Engine, picture: Picture, options: { keys?: Key[]; effort?: Effort } = {}): Promise<WatermarkEvidence[]> {
  const { keys = ['public'], effort = 'full' } = options
  if (!EFFORTS.includes(effort)) throw new CountermarkError('ERR_PARAMETER', `effort is direct, scan or full, not ${String(effort)}.`)
  if (!Array.isArray(keys)) throw new CountermarkError('ERR_PARAMETER', 'keys is a list of keys.')
  if (keys.length === 0) return []
  const found = await engine.imageDetect(shape(picture), { keys: [...new Set(keys.map(keyOf))], effort })
  return found.map(({ keyId, ...rest }) => ({ ...rest, key: keyId }))
}

/** Draws the visible label into samples, in place. Without a font the built-in one is used. */
export function drawLabel(
  engine: Engine, picture: Picture, options: { text: string[]; position?: LabelPosition; ratio?: number; font?: Uint8Array },
): Promise<DrawReport> {
  const { text, position = 'bottom-right', ratio, font = new Uint8Array() } = options
  if (!(POSITIONS as readonly unknown[]).includes(position)) throw new CountermarkError('ERR_PARAMETER', `position is one of ${POSITIONS.join(', ')}, not ${String(position)}.`)
  return engine.labelDraw(shape(picture), font, { text, position, ...(ratio === undefined ? {} : { ratio }) })
}

/** Wordings that one search takes. */
const MOST_TEXTS = 8

/**
 * Looks for labels of these wordings, as Countermark draws them with its own font; the first line of each is looked for.
 * ERR_PARAMETER for characters that the built-in font lacks.
 */
export async function findLabel(engine: Engine, picture: Picture, texts: readonly (readonly string[])[]): Promise<LabelEvidence> {
  const wanted = [...new Map(texts.map((lines) => [lines[0], [...lines]])).values()]
  let best: LabelEvidence | undefined
  for (let at = 0; at < wanted.length; at += MOST_TEXTS) {
    const seen = await engine.labelDetect(shape(picture), wanted.slice(at, at + MOST_TEXTS))
    if (best === undefined || (seen.score ?? 0) > (best.score ?? 0)) best = seen
  }
  if (best === undefined) throw new CountermarkError('ERR_PARAMETER', 'texts names no label to look for.')
  return best
}
