// Texts that come in pieces: token deltas, and the event streams of chat completions. Pieces of any size give the same result.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { findTextLabel, labelParts, type TextLabelOptions } from './label.js'
import { settingsOf, type TextMarkOptions } from './text.js'

/** What a stream does. */
export interface TextStreamOptions extends TextMarkOptions {
  /** False: no label. */
  label?: false | TextLabelOptions
  /** False: no mark. */
  watermark?: false
}

/** Takes pieces, gives what is ready; at most a space and half a character are held back. */
export interface TextWriter { push(piece: string): string; end(): string }

/** Characters at either end of the text in which a label is looked for. */
const EDGE = 512

/**
 * A writer for one text. The label at the end is left out where the text has one already; one at the start cannot wait to see.
 * The whole is what `mark` gives of the whole text, white space at the text's end aside: a label at the end comes behind it.
 */
export function textWriter(engine: Engine, options: TextStreamOptions): TextWriter {
  const marker = options.watermark === false ? undefined : engine.textEmbedder(settingsOf(options))
  const format = options.label === false ? undefined : options.label?.format
  const still = format === 'code' || format === 'csv'
  const { before, behind } = options.label === false || still ? { before: '', behind: '' } : labelParts(options.label ?? {})
  let first = true
  let head = ''
  let tail = ''
  const marked = (text: string, end = false): string => (marker === undefined || still ? text : `${text === '' ? '' : marker.push(text)}${end ? marker.end() : ''}`)
  return {
    push: (piece) => {
      if (piece === '') return ''
      if (first && format === 'html' && /^\s*<(?:!doctype|html)\b/i.test(piece))
        throw new CountermarkError('ERR_PARAMETER', 'A stream takes parts of pages; the label of a whole page stands in its body, which has not come yet.', { remedy: 'Use text.mark, or mark, on the whole page.' })
      const start = first ? before : ''
      first = false
      if (head.length < EDGE) head += piece.slice(0, EDGE)
      tail = (tail + piece).slice(-EDGE)
      return start + marked(piece)
    },
    end: () => {
      const labelled = first || behind === '' || findTextLabel(head, format) !== undefined || findTextLabel(tail, format) !== undefined
      return marked('', true) + (labelled ? '' : behind)
    },
  }
}

/** Token deltas in, token deltas out. */
export function textStream(engine: () => Promise<Engine>, options: TextStreamOptions): TransformStream<string, string> {
  let writer: TextWriter
  return new TransformStream<string, string>({
    start: async () => {
      writer = textWriter(await engine(), options)
    },
    transform: (piece, out) => {
      const ready = writer.push(piece)
      if (ready !== '') out.enqueue(ready)
    },
    flush: (out) => {
      const rest = writer.end()
      if (rest !== '') out.enqueue(rest)
    },
  })
}

interface Choice { index?: number; delta?: { content?: unknown }; text?: unknown; finish_reason?: unknown }
interface Event { choices?: Choice[] }

/**
 * The body of a streamed chat completion (or completion) of an OpenAI-style API: events `data: {...}` in, the same events out
 * with marked `delta.content` (or `text`). Tool calls, reasoning and every other field and line stay as they are; an event
 * whose text does not change stays byte for byte.
 */
export function eventStream(engine: () => Promise<Engine>, options: TextStreamOptions): TransformStream<Uint8Array, Uint8Array> {
  let loaded: Engine
  const writers = new Map<number, TextWriter>()
  const shapes = new Map<number, { event: Event; legacy: boolean }>()
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()]
  let line = ''
  const writerOf = (index: number): TextWriter => {
    const writer = writers.get(index) ?? textWriter(loaded, options)
    writers.set(index, writer)
    return writer
  }
  /** The rest of the choices that nobody ended. */
  const ends = (): string => [...writers].map(([index, writer]) => {
    const { event, legacy } = shapes.get(index)!
    writers.delete(index)
    const rest = writer.end()
    const choice = legacy ? { index, text: rest, finish_reason: null } : { index, delta: { content: rest }, finish_reason: null }
    return rest === '' ? '' : `data: ${JSON.stringify({ ...event, choices: [choice] })}\n\n`
  }).join('')
  const through = (text: string): string => {
    const match = /^(data: ?)(.*?)(\r?)$/s.exec(text)
    if (match === null) return text
    if (match[2]!.trim() === '[DONE]') return ends() + text
    let event: Event
    try {
      event = JSON.parse(match[2]!) as Event
    } catch {
      // Not for us: whoever reads the stream will say so.
      return text
    }
    if (!Array.isArray(event?.choices)) return text
    let changed = false
    for (const choice of event.choices) {
      if (typeof choice !== 'object' || choice === null) continue
      const index = choice.index ?? 0
      const legacy = typeof choice.text === 'string'
      const said = legacy ? choice.text : choice.delta?.content
      const ended = choice.finish_reason !== undefined && choice.finish_reason !== null
      if (typeof said === 'string' && (said !== '' || writers.has(index))) shapes.set(index, { event, legacy })
      if (typeof said !== 'string' && !writers.has(index)) continue
      let ready = typeof said === 'string' && said !== '' ? writerOf(index).push(said) : ''
      if (ended && writers.has(index)) {
        ready += writerOf(index).end()
        writers.delete(index)
      }
      if (ready === (typeof said === 'string' ? said : '')) continue
      changed = true
      if (legacy) choice.text = ready
      else choice.delta = { ...choice.delta, content: ready }
    }
    return changed ? `${match[1]}${JSON.stringify(event)}${match[3]}` : text
  }
  const lines = (text: string, end: boolean): string => {
    const all = (line + text).split('\n')
    line = end ? '' : all.pop()!
    return all.map((one, at) => through(one) + (end && at === all.length - 1 ? '' : '\n')).join('')
  }
  return new TransformStream<Uint8Array, Uint8Array>({
    start: async () => {
      loaded = await engine()
    },
    transform: (bytes, out) => {
      const ready = lines(decoder.decode(bytes, { stream: true }), false)
      if (ready !== '') out.enqueue(encoder.encode(ready))
    },
    flush: (out) => {
      const last = lines(decoder.decode(), true)
      const rest = ends()
      // An event ends with an empty line; one more is nothing.
      const ready = last + (rest === '' ? '' : last === '' ? '\n' : '\n\n') + rest
      if (ready !== '') out.enqueue(encoder.encode(ready))
    },
  })
}
