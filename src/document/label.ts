// What every kind of document gives and takes: the label as a text, and where it stands. The text itself is the engine's.
import type { Engine, WriteOptions } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Record } from '../types.js'

/** One text that stands where a label stands, or that has the shape of one. */
export interface Found {
  /** For people: `docProps/custom.xml AIGC`. */
  location: string
  /** Bytes from the start of the file; of a compressed part, where the part starts. */
  offset: number
  text: string
  /** Whether this is the place that the guide (or, where it names none, our own convention) gives. */
  official: boolean
}

/** What a document says about its origin. `c2pa`: there is a C2PA manifest; it is not checked. */
export interface Contents extends Disclosure { found: Found[]; digitalSourceType?: string; c2pa?: boolean }

/** Which system made the content, and when: in XMP only, so in PDF only. */
export type Disclosure = Pick<WriteOptions, 'aiSystemUsed' | 'aiSystemVersionUsed' | 'createDate'>

/** What is written: the label's text, and IPTC DigitalSourceType as a full URI. */
export interface Values extends Disclosure { label: string; digitalSourceType?: string }

/** One kind of document. Every function throws CountermarkErrors: ERR_BROKEN with offset, ERR_UNSUPPORTED, ERR_LIMIT, ERR_CONFLICT. */
export interface Format {
  /** Every label of the document, official place or not. An empty list is the truth about the whole document. */
  read(bytes: Uint8Array, engine: Engine): Contents
  /** The document with exactly this label in the official place, in the place of an official one that stands. All else stays. */
  write(bytes: Uint8Array, values: Values, engine: Engine): Uint8Array
  /**
   * What stands for the content, in pieces: writing and replacing labels never changes it. Left out is only what can be written
   * again, bit for bit, from the label that stands in it.
   */
  content(bytes: Uint8Array, engine: Engine): Uint8Array[]
}

/** A label as pixels, RGB of 8 bits, cut to its edges. */
export interface DrawnLabel { width: number; height: number; inkHeight: number; samples: Uint8Array }

/** What a visible label says: a sentence where the document has its own fonts, lines that can be drawn where it has not. */
export interface VisibleLabel { sentence: string; lines: readonly string[]; position: 'start' | 'end'; draw: () => Promise<DrawnLabel> }

/** The visible label of a kind of document. */
export interface Sentence {
  /** What a reader sees, as lines: enough to find a label at its start or end. */
  read(bytes: Uint8Array): string
  /** The document with the label. Errors as those of a `Format`. */
  write(bytes: Uint8Array, label: VisibleLabel): Promise<Uint8Array>
}

/** A document that contradicts itself at `offset`. */
export function broken(message: string, offset: number): CountermarkError {
  return new CountermarkError('ERR_BROKEN', message, { offset })
}

/** A feature that is not handled. */
export function unsupported(message: string, remedy?: string): CountermarkError {
  return new CountermarkError('ERR_UNSUPPORTED', message, remedy === undefined ? {} : { remedy })
}

/** A stated bound that was passed. */
export function tooMuch(message: string): CountermarkError {
  return new CountermarkError('ERR_LIMIT', message)
}

/** UTF-8, strictly, a byte order mark kept. `what` names the text in the error, `base` is where it starts in the file. */
export function utf8(bytes: Uint8Array, what: string, base = 0): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw unsupported(`${what} is in UTF-16, which is not handled.`, 'Save it as UTF-8.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw broken(`${what} is not valid UTF-8`, base + validUpTo(bytes))
  }
}

/** The length of the longest valid start, by halving. */
function validUpTo(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true })
      good = middle
    } catch {
      bad = middle
    }
  }
  return good
}

/** All pieces in a row. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

/**
 * Whether this is, character for character, the text that is written for the label it holds: nothing else hides in it. The
 * propagation pair may be another platform's, which sets it later (Labeling Measures Art. 6).
 */
export function isOurText(engine: Engine, text: string): boolean {
  const { aigc } = engine.labelParse(text)
  if (aigc === undefined) return false
  const { ContentProducer, ProduceID, ContentPropagator, PropagateID } = aigc as Record
  try {
    const first = engine.labelText({ aigc: { ...(aigc as Record), ContentPropagator: ContentProducer, PropagateID: ProduceID }, standing: [] })
    return first === text || JSON.stringify({ ...(JSON.parse(first) as Record), ContentPropagator, PropagateID }) === text
  } catch (thrown) {
    if (thrown instanceof CountermarkError && thrown.code !== 'ERR_INTERNAL') return false
    throw thrown
  }
}

/** Whether a DigitalSourceType has the form of one that is written: a URI. */
export function isUri(text: string | undefined): text is string {
  return text !== undefined && /^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(text)
}

/** A DigitalSourceType that stands in another form than ours is content, which marking never changes. */
export function foreignSource(where: string): CountermarkError {
  return new CountermarkError('ERR_CONFLICT', `The document has a DigitalSourceType of its own (${where}), in a form that is not written here, so it is not replaced.`, {
    remedy: 'Take it out of the document, and mark it then.',
  })
}

/** Text as UTF-8. */
export function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** One byte a character, as it stands. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

/** A text with pieces replaced; `edits` must not overlap. */
export function spliced(text: string, edits: readonly { start: number; end: number; text: string }[]): string {
  let out = ''
  let at = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return out + text.slice(at)
}
