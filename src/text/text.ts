// The work on texts: label, character mark, what is found of them. Strings in, strings out; no files.
import type { Engine, TextDetection } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { keyOf, keysOf } from '../engine/keys.js'
import type { Key, TextProfile, WatermarkEvidence } from '../types.js'
import { findTextLabel, labelText, type TextFormat, type TextLabelOptions } from './label.js'

/** What a mark is made of. */
export interface TextMarkOptions {
  /** 16 hexadecimal digits, e.g. of `payloadOf`. Needed for the profile `id`. */
  payload?: string
  /** Default `public`. */
  key?: Key
  /** `presence` is found in shorter excerpts, `id` (default) also says which content it is. */
  profile?: TextProfile
}

const PROFILES: readonly unknown[] = ['presence', 'id']

/** The options as the engine takes them. */
export function settingsOf({ payload, key = 'public', profile = 'id' }: TextMarkOptions): { key: Key; profile: TextProfile; payload?: string } {
  if (!PROFILES.includes(profile)) throw new CountermarkError('ERR_PARAMETER', `The profile of a text is presence or id, not ${String(profile)}.`)
  if (profile === 'id' && !/^[0-9a-f]{16}$/i.test(payload ?? '')) throw new CountermarkError('ERR_PARAMETER', 'The profile id needs a payload of 16 hexadecimal digits.', { remedy: 'Take it from payloadOf, or use the profile presence.' })
  return { key: keyOf(key), profile, ...(payload === undefined ? {} : { payload: payload.toLowerCase() }) }
}

/** Puts the character mark into a text, whether or not it is long enough to be found. */
export function embedText(engine: Engine, text: string, options: TextMarkOptions): string {
  return engine.textEmbed(text, settingsOf(options))
}

/** One finding a key. */
export function detectText(engine: Engine, text: string, { keys = ['public'] }: { keys?: Key[] } = {}): WatermarkEvidence[] {
  const wanted = keysOf(keys)
  return wanted.length === 0 ? [] : engine.textDetect(text, wanted).map(evidenceOf)
}

function evidenceOf({ keyId, where, ...rest }: TextDetection): WatermarkEvidence {
  return { ...rest, key: keyId, ...(where === undefined ? {} : { spans: where.spans.map(({ start, end }): [number, number] => [start, end]) }) }
}

/**
 * The text without the provider's own mark, e.g. before it goes into a model as input. What was marked here is restored to the
 * unit; of a text that was edited since, what the key accounts for is taken out. Marks of others and all else stay.
 */
export function stripText(engine: Engine, text: string, { key, profile = 'id' }: { key: Key; profile?: TextProfile }): string {
  const settings = settingsOf({ key, profile, payload: '0'.repeat(16) })
  // The longest first: what a shorter one leaves out, a line of a page that ends in its label, may hold marks too.
  const parts = [['', text, ''] as const, around(text, 'markdown'), around(text, 'plain'), around(text, 'html')].sort((a, b) => b[1].length - a[1].length)
  for (const [head, body, tail] of parts) {
    const bare = engine.textStrip(body, settings)
    if (sameButCarried(engine.textEmbed(bare, settings), body)) return head + bare + tail
  }
  return engine.textStrip(text, settings)
}

/** Whether two marked texts differ at most in what symbols of alphabet A carry. */
function sameButCarried(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  const carrier = (unit: number): boolean => unit >= 0xfe03 && unit <= 0xfe0a
  for (let at = 0; at < a.length; at++) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (one !== other && !(carrier(one) && carrier(other))) return false
  }
  return true
}

/** The format of a text of which nothing is known. */
const formatOf = (text: string): TextFormat => (text.includes('data-ai-label') || /<(?:body|html)[\s>]/i.test(text) ? 'html' : 'markdown')

/** What is marked of a text, and what stands before and behind it: a label, which others look for letter by letter, stays as it is. */
function around(text: string, format: TextFormat): readonly [head: string, body: string, tail: string] {
  const label = findTextLabel(text, format)
  if (label === undefined) return ['', text, '']
  return label.position === 'start' ? [text.slice(0, label.end), text.slice(label.end), ''] : ['', text.slice(0, label.start), text.slice(label.start)]
}

/** What became of the mark. */
export interface TextMark { embedded: boolean; reason?: string; bits?: number; marks?: number; pValue?: number }

/**
 * Puts the mark in, around the label, and looks for it: a text that is too short to be found stays as it is, and the reason says so. `bits` is
 * there where the identifier was read back.
 */
export function markText(engine: Engine, text: string, options: TextMarkOptions, format = formatOf(text)): { text: string; watermark: TextMark } {
  const settings = settingsOf(options)
  const [head, body, tail] = around(text, format)
  const marked = head + engine.textEmbed(body, settings) + tail
  const marks = marked.length - text.length
  const [seen] = marks === 0 ? [] : engine.textDetect(marked, [settings.key])
  if (seen?.found !== true)
    return { text, watermark: { embedded: false, reason: `the text is too short for a mark that would be found (${marks} places)` } }
  const wrong = seen.payload !== undefined && settings.payload?.startsWith(seen.payload) !== true
  if (wrong || stripText(engine, marked, settings) !== text) throw new CountermarkError('ERR_READBACK', 'The mark of the text did not come out again as it was put in.')
  return {
    text: marked,
    watermark: {
      embedded: true, marks, pValue: seen.pValue, ...(seen.bits === undefined ? {} : { bits: seen.bits }),
      ...(settings.profile === 'id' && seen.bits === undefined ? { reason: 'the text is long enough to be found, but not for its identifier' } : {}),
    },
  }
}

/** A rough count of a model's tokens, for rule T5: one for an ideograph or syllable, one for four other characters. */
export function tokensOf(text: string): number {
  const wide = text.match(/[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]/g)?.length ?? 0
  return Math.round(wide + (text.length - wide) / 4)
}

/** Label and mark of one text. */
export function labelAndMark(engine: Engine, text: string, label: TextLabelOptions | false, mark: TextMarkOptions | false): { text: string; label: { added: boolean; reason?: string }; watermark: TextMark } {
  const format = label === false ? undefined : label.format
  const labelled = label === false ? { text, added: false, reason: 'not asked for' } : labelText(text, label)
  const { text: whole, ...said } = labelled
  if (mark === false) return { text: whole, label: said, watermark: { embedded: false, reason: 'not asked for' } }
  if (format === 'code' || format === 'csv') return { text: whole, label: said, watermark: { embedded: false, reason: 'code and CSV are left as they are' } }
  return { label: said, ...markText(engine, whole, mark, format ?? (label === false ? undefined : 'plain')) }
}
