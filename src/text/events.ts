// Event streams of language models: chat completions and completions of OpenAI-style APIs, the Responses API, and the Messages API
// of Anthropic. Only the text that a reader sees is changed, in its place; every other byte stays, event by event.
import type { Engine } from '../engine/engine.js'
import { pathKey, withValues } from '../document/json-walk.js'
import { textWriter, type TextStreamOptions, type TextWriter } from './stream.js'

/** One event as it stands, its empty line included, and where its only data line is. */
interface Block { raw: string; at: number; data: string }

/** Values of an event's data that become others (by `pathKey`, as JSON), and what comes before it. */
interface Change { edits: Map<string, string>; before: string }

/** The events of one API. Undefined: not one of its events. */
interface Reader { read(event: Json, block: Block): Change | undefined; /** What is left of texts that nobody ended. */ end(): string }

/** What an API sends has the shape that it has; every step into it is checked. */
type Json = any

const quoted = (text: string): string => JSON.stringify(text)

function blockOf(raw: string): Block | undefined {
  const lines = [...raw.matchAll(/^(\uFEFF?data: ?)(.*?)\r?$/gm)]
  const [line] = lines
  return line === undefined || lines.length > 1 ? undefined : { raw, at: line.index + line[1]!.length, data: line[2]! }
}

/** The event with other values in its data. */
function edited({ raw, at, data }: Block, edits: ReadonlyMap<string, string>): string {
  return edits.size === 0 ? raw : raw.slice(0, at) + withValues(data, edits) + raw.slice(at + data.length)
}

/** Chat completions (`delta.content`) and completions (`text`): a writer for each choice. */
function completions(writerOf: () => TextWriter): Reader {
  const writers = new Map<number, { writer: TextWriter; block: Block; legacy: boolean }>()
  /** An event like the last one of a choice, that holds nothing but this text of it. */
  const extra = (index: number, text: string): string => {
    const { block, legacy } = writers.get(index)!
    const choice = legacy ? { index, text, finish_reason: null } : { index, delta: { content: text }, finish_reason: null }
    return text === '' ? '' : edited(block, new Map([[pathKey(['choices']), JSON.stringify([choice])]]))
  }
  return {
    read: (event, block) => {
      if (!Array.isArray(event.choices)) return undefined
      const change: Change = { edits: new Map(), before: '' }
      for (const [at, choice] of (event.choices as Json[]).entries()) {
        if (typeof choice !== 'object' || choice === null) continue
        const index = typeof choice.index === 'number' ? choice.index : 0
        const legacy = typeof choice.text === 'string'
        const said: unknown = legacy ? choice.text : choice.delta?.content
        const known = writers.get(index)
        if (typeof said === 'string' && said !== '') writers.set(index, { writer: known?.writer ?? writerOf(), block, legacy })
        const { writer } = writers.get(index) ?? {}
        if (writer === undefined) continue
        let ready = typeof said === 'string' ? writer.push(said) : ''
        const ended = choice.finish_reason !== undefined && choice.finish_reason !== null
        if (ended) ready += writer.end()
        if (typeof said !== 'string') change.before += extra(index, ready)
        else if (ready !== said) change.edits.set(pathKey(legacy ? ['choices', at, 'text'] : ['choices', at, 'delta', 'content']), quoted(ready))
        if (ended) writers.delete(index)
      }
      return change
    },
    end: () => {
      const rest = [...writers].map(([index, { writer }]) => extra(index, writer.end())).join('')
      writers.clear()
      return rest
    },
  }
}

/** The Responses API: text comes in deltas, and whole in the events that end a part, an item and the response. */
function responses(writerOf: () => TextWriter): Reader {
  const parts = new Map<string, { writer: TextWriter; full: string; block?: Block; ended: boolean }>()
  let inserted = 0
  const partOf = (output: unknown, content: unknown): { writer: TextWriter; full: string; block?: Block; ended: boolean } => {
    const key = `${String(output)}/${String(content)}`
    const part = parts.get(key) ?? { writer: writerOf(), full: '', ended: false }
    parts.set(key, part)
    return part
  }
  /** Ends a part; where something of its text is left, gives a delta of it with this number in the sequence. */
  const finish = (part: ReturnType<typeof partOf>, sequence: unknown): string => {
    if (part.ended) return ''
    part.ended = true
    const rest = part.writer.end()
    part.full += rest
    if (rest === '' || part.block === undefined) return ''
    const edits = new Map([[pathKey(['delta']), quoted(rest)]])
    if (typeof sequence === 'number') edits.set(pathKey(['sequence_number']), String(sequence + inserted))
    inserted += 1
    return edited(part.block, edits)
  }
  /** Takes the text of a part that is told whole. */
  const whole = (change: Change, part: ReturnType<typeof partOf>, said: unknown, path: readonly (string | number)[], sequence: unknown): void => {
    if (typeof said !== 'string') return
    if (!part.ended && part.block === undefined) part.full += part.writer.push(said)
    change.before += finish(part, sequence)
    if (part.full !== said) change.edits.set(pathKey(path), quoted(part.full))
  }
  const items = (change: Change, item: Json, output: unknown, path: readonly (string | number)[], sequence: unknown): void => {
    if (item?.type !== 'message' || !Array.isArray(item.content)) return
    for (const [at, content] of (item.content as Json[]).entries())
      if (content?.type === 'output_text') whole(change, partOf(output, at), content.text, [...path, 'content', at, 'text'], sequence)
  }
  return {
    read: (event, block) => {
      const { type, sequence_number: sequence } = event
      if (typeof type !== 'string' || !type.startsWith('response.')) return undefined
      const change: Change = { edits: new Map(), before: '' }
      if (type === 'response.output_text.delta' && typeof event.delta === 'string') {
        const part = partOf(event.output_index, event.content_index)
        part.block = block
        const ready = part.writer.push(event.delta)
        part.full += ready
        if (ready !== event.delta) change.edits.set(pathKey(['delta']), quoted(ready))
      } else if (type === 'response.output_text.done') whole(change, partOf(event.output_index, event.content_index), event.text, ['text'], sequence)
      else if (type === 'response.content_part.done' && event.part?.type === 'output_text') whole(change, partOf(event.output_index, event.content_index), event.part.text, ['part', 'text'], sequence)
      else if (type === 'response.output_item.done') items(change, event.item, event.output_index, ['item'], sequence)
      else if (Array.isArray(event.response?.output))
        for (const [at, item] of (event.response.output as Json[]).entries()) items(change, item, at, ['response', 'output', at], sequence)
      if (inserted > 0 && typeof sequence === 'number') change.edits.set(pathKey(['sequence_number']), String(sequence + inserted))
      return change
    },
    end: () => [...parts.values()].map((part) => finish(part, undefined)).join(''),
  }
}

const MESSAGES: readonly unknown[] = ['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop', 'error']

/**
 * The Messages API of Anthropic. Text blocks that follow each other are one text (citations part them), so the event that ends one
 * waits for the next event, before which the label is put if no text follows.
 */
function messages(writerOf: () => TextWriter): Reader {
  let writer: TextWriter | undefined
  let index: unknown
  let held: Block | undefined
  const released = (rest: string): string => {
    const block = held
    held = undefined
    if (block === undefined) return ''
    const newline = block.raw.includes('\r\n') ? '\r\n' : '\n'
    const delta = JSON.stringify({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: rest } })
    return (rest === '' ? '' : `event: content_block_delta${newline}data: ${delta}${newline}${newline}`) + block.raw
  }
  const close = (): string => {
    const rest = writer?.end() ?? ''
    writer = undefined
    return released(rest)
  }
  return {
    read: (event, block) => {
      const { type } = event
      if (!MESSAGES.includes(type)) return undefined
      const change: Change = { edits: new Map(), before: '' }
      const put = (said: unknown, path: readonly string[]): void => {
        if (typeof said !== 'string') return
        writer ??= writerOf()
        const ready = writer.push(said)
        if (ready !== said) change.edits.set(pathKey(path), quoted(ready))
      }
      if (type === 'content_block_start' && event.content_block?.type === 'text') {
        change.before = released(held === undefined ? '' : writer!.pause())
        index = event.index
        put(event.content_block.text, ['content_block', 'text'])
      } else if (type === 'content_block_delta' && event.delta?.type === 'text_delta') put(event.delta.text, ['delta', 'text'])
      else if (type === 'content_block_stop' && writer !== undefined && event.index === index) {
        held = block
        return { edits: change.edits, before: HELD }
      } else if (held !== undefined) change.before = close()
      return change
    },
    end: close,
  }
}

/** Stands for an event that is not given yet. */
const HELD = '\0'

/**
 * The body of a streamed answer: events `data: {...}` in, the same events out, whose text has mark and label. Tool calls, reasoning
 * and every other field and line stay as they are, byte for byte.
 */
export function eventStream(engine: () => Promise<Engine>, options: TextStreamOptions): TransformStream<Uint8Array, Uint8Array> {
  return eventsThrough(async () => {
    const loaded = await engine()
    // The settings are checked now, and not at the first event.
    textWriter(loaded, options)
    return { writerOf: () => textWriter(loaded, options) }
  })
}

/** Makes the writers of a stream's texts. `settled`: what must have happened before texts that ended are given. */
export interface Writers { writerOf(): TextWriter; settled?(): Promise<unknown> }

/** As [`eventStream`], with writers of the caller's. */
export function eventsThrough(open: () => Promise<Writers>): TransformStream<Uint8Array, Uint8Array> {
  let readers: Reader[] = []
  let writers: Writers
  const [decoder, encoder] = [new TextDecoder('utf-8', { ignoreBOM: true }), new TextEncoder()]
  let waiting = ''
  const ends = (): string => readers.map((reader) => reader.end()).join('')
  const through = (raw: string): string => {
    const block = blockOf(raw)
    if (block === undefined) return raw
    if (block.data.trim() === '[DONE]') return ends() + raw
    let event: Json
    try {
      event = JSON.parse(block.data)
    } catch {
      // Not for us: whoever reads the stream will say so.
      return raw
    }
    if (typeof event !== 'object' || event === null) return raw
    for (const reader of readers) {
      const change = reader.read(event, block)
      if (change !== undefined) return change.before === HELD ? '' : change.before + edited(block, change.edits)
    }
    return raw
  }
  /** Events are whole with their empty line. */
  const blocks = (text: string): string => {
    const from = Math.max(0, waiting.length - 2)
    waiting += text
    const ending = /\n\r?\n/g
    ending.lastIndex = from
    let out = ''
    let at = 0
    while (ending.test(waiting)) {
      out += through(waiting.slice(at, ending.lastIndex))
      at = ending.lastIndex
    }
    waiting = waiting.slice(at)
    return out
  }
  return new TransformStream<Uint8Array, Uint8Array>({
    start: async () => {
      writers = await open()
      readers = [completions, responses, messages].map((reader) => reader(() => writers.writerOf()))
    },
    transform: async (bytes, out) => {
      const ready = blocks(decoder.decode(bytes, { stream: true }))
      await writers.settled?.()
      if (ready !== '') out.enqueue(encoder.encode(ready))
    },
    flush: async (out) => {
      const ready = blocks(decoder.decode())
      const last = waiting === '' ? '' : through(waiting)
      const rest = ends()
      await writers.settled?.()
      // An event ends with an empty line.
      const gap = rest === '' || last === '' ? '' : last.endsWith('\n') ? '\n' : '\n\n'
      if (ready + last + rest !== '') out.enqueue(encoder.encode(ready + last + gap + rest))
    },
  })
}
