// Texts that come in pieces: token deltas. Pieces of any size give the same result.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { findTextLabel, labelParts, startOf, type FoundLabel, type TextLabelOptions } from './label.js'
import { settingsOf, type TextMarkOptions } from './text.js'

/** What a stream does. */
export interface TextStreamOptions extends TextMarkOptions {
  /** False: no label. */
  label?: false | TextLabelOptions
  /** False: no mark. */
  watermark?: false
}

/** Takes pieces, gives what is ready. `pause` gives what is held back, though the text goes on in another place. */
export interface TextWriter { push(piece: string): string; pause(): string; end(): string }

/** Characters at the text's start, front matter included, and at its end in which a label is looked for. */
const [HEAD, EDGE] = [65_536, 4096]
/** What only a whole page has, and how much of it may stand in another piece. */
const PAGE = /<(?:!doctype|html|body|\/body|\/head)[\s>]/i
const PAGE_LENGTH = 10

/**
 * A writer for one text; the whole is what `mark` gives of the whole text. Held back are a space and half a character, before a
 * label at the end also the white space that the text might end with, and before one at the start the text's first line, as
 * far as it might be a label, and its front matter. A label that the text brings along is not doubled, but its letters are
 * marked like others unless it stands at the start and is waited for. `marks` is how many marks (invisible characters) were put in, once `end` is through.
 */
export function textWriter(engine: Engine, options: TextStreamOptions): TextWriter & { marks(): number } {
  const label = options.label === false ? undefined : options.label ?? {}
  const format = label?.format ?? 'plain'
  const still = format === 'code' || format === 'csv'
  const marker = options.watermark === false || still ? undefined : engine.textEmbedder(settingsOf(options))
  const atStart = label !== undefined && !still && label.position === 'start'
  const atEnd = label !== undefined && !still && !atStart
  if (label !== undefined) labelParts(label, '\n')
  // What the marker holds back comes out later: over the whole text the difference is what was put in.
  let marks = 0
  const marked = (text: string, end = false): string => {
    if (marker === undefined) return text
    const ready = `${text === '' ? '' : marker.push(text)}${end ? marker.end() : ''}`
    marks += ready.length - text.length
    return ready
  }

  /** What has come and is not decided on; undefined once the text has started. */
  let waiting: string | undefined = atStart ? '' : undefined
  let [head, tail, white] = ['', '', '']
  let length = 0
  let windows = false

  const started = (ended: boolean): string => {
    const start = startOf(waiting!, format, ended)
    if (start === undefined) return ''
    const text = waiting!
    waiting = undefined
    if (text.trim() === '') return marked(text)
    if (start.label !== undefined) return text.slice(0, start.label.end) + marked(text.slice(start.label.end))
    const { before } = labelParts(label!, start.ends)
    const upTo = text.slice(0, start.at) + before
    // What follows the label's own letters is marked with the text. A sentence that nobody knows as a label is text like any other.
    const own = startOf(upTo, format, true)?.label?.end ?? 0
    return upTo.slice(0, own) + marked(upTo.slice(own) + text.slice(start.at))
  }
  const passed = (piece: string): string => {
    if (waiting !== undefined) {
      waiting += piece
      return started(false)
    }
    if (!atEnd) return marked(piece)
    const text = white + piece
    const words = text.trimEnd()
    white = text.slice(words.length)
    return marked(words)
  }
  return {
    marks: () => marks,
    push: (piece) => {
      if (piece === '') return ''
      if (format === 'html' && PAGE.test(tail.slice(-PAGE_LENGTH) + piece))
        throw new CountermarkError('ERR_PARAMETER', 'A stream takes parts of pages; the label of a whole page stands in its body, which has not come yet.', { remedy: 'Use text.mark, or mark, on the whole page.' })
      windows ||= (tail.slice(-1) + piece).includes('\r\n')
      length += piece.length
      if (head.length < HEAD) head += piece.slice(0, HEAD)
      tail = (tail + piece).slice(-EDGE)
      return passed(piece)
    },
    pause: () => {
      const held = marked(white, true)
      white = ''
      return held
    },
    end: () => {
      if (waiting !== undefined) return started(true) + marked('', true)
      if (!atEnd) return marked('', true)
      // The end of a long text has no front matter.
      const ending = (text: string): FoundLabel | undefined => findTextLabel(text, format === 'markdown' && length > EDGE ? 'plain' : format)
      if (head.trim() === '' || findTextLabel(head, format)?.position === 'start' || ending(tail)?.position === 'end') return marked(white, true)
      const { behind } = labelParts(label!, windows ? '\r\n' : '\n')
      const whole = tail.slice(0, tail.length - white.length) + behind
      const own = ending(whole)?.start ?? whole.length
      const before = Math.max(0, own - (whole.length - behind.length))
      return marked(behind.slice(0, before), true) + behind.slice(before) + white
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
