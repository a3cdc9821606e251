// Plain text has no place for metadata: the label stands in a file beside it, NAME.aigc.json. Our own convention.
import type { Engine } from '../engine/engine.js'
import { encoded, utf8, type Contents, type Values } from './label.js'

/** What the name of the text is followed by. */
export const SIDECAR = '.aigc.json'

/** What a sidecar says: the object wrapped under the key AIGC, as in Annex E, and `digitalSourceType`. */
export function readSidecar(sidecar: Uint8Array, engine: Engine): Contents {
  const text = utf8(sidecar, 'The sidecar').replace(/^\uFEFF/, '')
  let aigc = text
  let source: unknown
  try {
    const parsed = JSON.parse(text) as { AIGC?: unknown; digitalSourceType?: unknown } | null
    source = parsed?.digitalSourceType
    if (typeof parsed === 'object' && parsed !== null && 'AIGC' in parsed) aigc = typeof parsed.AIGC === 'string' ? parsed.AIGC : JSON.stringify(parsed.AIGC)
  } catch {
    // Not JSON: the engine says what is wrong with it.
  }
  return { found: [{ location: 'sidecar', offset: 0, text: engine.labelParse(aigc).raw, official: true }], ...(typeof source === 'string' ? { digitalSourceType: source } : {}) }
}

/** The bytes of a sidecar. */
export function sidecarOf({ label, digitalSourceType }: Values): Uint8Array {
  return encoded(`{"AIGC":${label}${digitalSourceType === undefined ? '' : `,"digitalSourceType":${JSON.stringify(digitalSourceType)}`}}\n`)
}
