// The functions on texts, over whichever engine the face loads.
import { Duplex } from 'node:stream'
import type { Engine, Fingerprint } from './engine/engine.js'
import { CountermarkError } from './errors.js'
import { findTextLabel, labelText, type FoundLabel, type TextFormat, type TextLabelOptions } from './text/label.js'
import { inspect, type Invisible } from './text/inspect.js'
import { eventStream } from './text/events.js'
import { textStream, type TextStreamOptions } from './text/stream.js'
import { detectText, embedText, labelAndMark, stripText, type TextMark, type TextMarkOptions } from './text/text.js'
import type { Key, TextProfile, WatermarkEvidence } from './types.js'

/** Work on texts, without files. */
export interface TextFunctions {
  /** Puts the character mark into a text, whether or not it is long enough to be found. */
  embed(text: string, options: TextMarkOptions): Promise<string>
  /** Looks for character marks, one finding a key. Default: the public key. */
  detect(text: string, options?: { keys?: Key[] }): Promise<WatermarkEvidence[]>
  /** Puts the explicit label into a text that has none. */
  label(text: string, options?: TextLabelOptions): { text: string; added: boolean; reason?: string }
  /** The label that stands at the start or end of a text, whoever wrote it. */
  findLabel(text: string, format?: TextFormat): FoundLabel | undefined
  /** Label and mark; the mark is read back, and left out where the text is too short to be found. */
  mark(text: string, options: TextMarkOptions & { label?: false | TextLabelOptions; watermark?: false }): Promise<{ text: string; label: { added: boolean; reason?: string }; watermark: TextMark }>
  /** Token deltas in, marked token deltas out. */
  stream(options: TextStreamOptions): TransformStream<string, string>
  /** The body of a streamed chat completion of an OpenAI-style API in, the same with label and mark out. */
  eventStream(options: TextStreamOptions): TransformStream<Uint8Array, Uint8Array>
  /** `stream` as a Node stream of texts. */
  duplex(options: TextStreamOptions): Duplex
  /**
   * The text without the provider's own mark, before it goes into a model: needs the key it was marked with. Marks of other
   * keys stay: nobody may remove those (Labeling Measures Art. 10).
   */
  stripForModel(text: string, options: { key: Key; profile?: TextProfile }): Promise<string>
  /** Every invisible character by name and place, whoever put it there. */
  inspect(text: string): Invisible[]
  /** SimHash and MinHash of what a reader sees, for a provider's own log. */
  fingerprint(text: string): Promise<Fingerprint>
}

/** The functions over an engine that is loaded with the first call. */
export function texts(engine: () => Promise<Engine>): TextFunctions {
  return {
    embed: async (text, options) => embedText(await engine(), checked(text), options),
    detect: async (text, options) => detectText(await engine(), checked(text), options),
    label: labelText,
    findLabel: findTextLabel,
    mark: async (text, { label, watermark, ...options }) => labelAndMark(await engine(), checked(text), label ?? {}, watermark === false ? false : options),
    stream: (options) => textStream(engine, options),
    eventStream: (options) => eventStream(engine, options),
    duplex: (options) => Duplex.fromWeb(textStream(engine, options) as never, { encoding: 'utf8', decodeStrings: false, objectMode: true }),
    stripForModel: async (text, options) => stripText(await engine(), checked(text), options),
    inspect,
    fingerprint: async (text) => (await engine()).textFingerprint(checked(text)),
  }
}

function checked(text: unknown): string {
  if (typeof text !== 'string') throw new CountermarkError('ERR_PARAMETER', `A text is a string, not ${text === null ? 'null' : typeof text}.`)
  return text
}
