// What comes on standard input, and what goes to standard output.
import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { documentKind } from '../document/index.js'
import { typeOfBytes } from '../media/kind.js'
import { planOf } from '../countermark.js'
import { sentenceOf } from '../pipeline/text.js'
import { answerOf } from '../text/completions.js'
import type { TextStreamOptions } from '../text/stream.js'
import { CountermarkError, image, text, type MarkOptions } from '../index.js'
import type { Terminal } from './terminal.js'

/** Most bytes on standard input. */
const MOST = 64 << 20

async function read(): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of process.stdin) {
    size += (part as Buffer).byteLength
    if (size > MOST) throw new CountermarkError('ERR_LIMIT', `On standard input there may be at most ${MOST} bytes.`, { remedy: 'Give the file by its name.' })
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts)
}

/** What stands on standard input as a file: of the output's name, else by its kind (`nameOf`), else plain text. */
export async function fromStdin(output?: string): Promise<File> {
  const bytes = await read()
  return new File([new Uint8Array(bytes)], output === undefined ? nameOf(bytes) ?? 'stdin.txt' : basename(output))
}

/** Answers of language models that are no file: events of a stream, or JSON a line. */
export interface Answers { answers: 'events' | 'lines'; text: string }

/**
 * What is to be marked onto standard output: a file, where the bytes say its kind or are JSON, answers of a language model, else a
 * plain text. ERR_UNSUPPORTED for anything else.
 */
export async function standingInput(): Promise<File | Answers | string> {
  const bytes = await read()
  const name = nameOf(bytes)
  if (name !== undefined) return new File([new Uint8Array(bytes)], name)
  try {
    const input = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return EVENTS.test(input) ? { answers: 'events', text: input } : areLines(input) ? { answers: 'lines', text: input } : input
  } catch (thrown) {
    throw new CountermarkError('ERR_UNSUPPORTED', 'Standard input holds neither a text in UTF-8 nor a file of a kind that is read.', { remedy: 'Convert a text to UTF-8. Of a file give the name, and -o FILE.', cause: thrown })
  }
}

/** How a stream of events begins (HTML, server-sent events) whose data is JSON. */
const EVENTS = /^\uFEFF?(?:(?:(?:event|id|retry):|:)[^\n]*\n|\r?\n)*data: ?(?:\{|\[DONE\])/

/** Whether a text is two objects or more, each on a line of its own. */
function areLines(input: string): boolean {
  const lines = input.replace(/^\uFEFF/, '').split('\n').filter((line) => line.trim() !== '')
  return lines.length > 1 && lines.every((line) => line.startsWith('{') && isJson(line))
}

function isJson(input: string): boolean {
  try {
    JSON.parse(input)
    return true
  } catch {
    return false
  }
}

/** A name that says the kind of what is no plain text. A programme reads JSON: a sentence behind its end would break it. */
function nameOf(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes) || bytes.includes(0)) return typeOfBytes(bytes) !== undefined || documentKind(bytes) !== undefined ? 'stdin' : undefined
  const text = new TextDecoder().decode(bytes)
  // A text may begin with ID3 or speak of %PDF-: only what is a file of text itself counts.
  if (text.startsWith('%PDF-') || typeOfBytes(bytes) === 'image/svg+xml' || documentKind(bytes) === 'text/html') return 'stdin'
  // A text may begin with a bracket.
  return /^\s*[{[]/.test(text) && isJson(text) ? 'stdin.json' : undefined
}

/** How a text on standard output is marked, and under which number. */
async function settingsOf(options: MarkOptions): Promise<{ produceId: string; wantsMetadata: boolean; settings: TextStreamOptions & { payload: string } }> {
  const needsFile = [options.sign, options.c2pa, options.keepC2pa, options.metadataOnly, options.system].some(Boolean)
  if (needsFile) throw new CountermarkError('ERR_USAGE', 'A text on standard output has no place for metadata, signatures and manifests.', { remedy: 'Give -o a file, or leave those options out.' })
  const { policy, producer, produceId, key, text: asked, label, watermark } = await planOf(options)
  return {
    produceId, wantsMetadata: policy.metadata.aigc !== 'optional',
    settings: {
      payload: await image.payloadOf(producer, produceId, 64), key, profile: asked?.profile ?? 'id',
      label: label === undefined ? false : { text: sentenceOf(policy, label.text, label.asked), position: asked?.position ?? 'end' },
      ...(watermark ? {} : { watermark: false }),
    },
  }
}

/** Marks a text and writes it to standard output: label and mark; metadata has no place there. */
export async function textToStdout(input: string, options: MarkOptions, { json, result, note, speech }: Terminal): Promise<void> {
  const { produceId, wantsMetadata, settings } = await settingsOf(options)
  const { text: output, ...said } = await text.mark(input, settings)
  if (json) return result(JSON.stringify({ file: '-', output: '-', text: output, produceId, payload: settings.payload, verdict: 'cannot tell', ...said }))
  process.stdout.write(output)
  if (wantsMetadata) note(`  ${speech.say('noMetadata')}`)
  if (!said.watermark.embedded) note(`  ${speech.say('noWatermark', { reason: speech.text(said.watermark.reason ?? '') })}`)
  if (!said.label.added) note(`  ${speech.say('noLabel', { reason: speech.text(said.label.reason ?? '') })}`)
}

/** Marks the texts of answers and writes all to standard output; every other byte stays. */
export async function answersToStdout({ answers, text: input }: Answers, options: MarkOptions, { json, result, note, speech }: Terminal): Promise<void> {
  const { produceId, wantsMetadata, settings } = await settingsOf(options)
  const output = await (answers === 'events' ? eventsMarked(input, settings) : linesMarked(input, settings))
  if (json) return result(JSON.stringify({ file: '-', output: '-', text: output, produceId, payload: settings.payload, verdict: 'cannot tell', changed: output !== input }))
  process.stdout.write(output)
  if (wantsMetadata) note(`  ${speech.say('noMetadata')}`)
  if (output === input) note(`  ${speech.say('noAnswer')}`)
}

function eventsMarked(input: string, settings: TextStreamOptions): Promise<string> {
  const label = settings.label === false ? false as const : { ...settings.label, format: 'markdown' as const }
  return new Response(new Blob([input]).stream().pipeThrough(text.eventStream({ ...settings, label }))).text().then((body) => (input.startsWith('\uFEFF') ? `\uFEFF${body}` : body))
}

async function linesMarked(input: string, { label, ...settings }: TextStreamOptions & { payload: string }): Promise<string> {
  const out: string[] = []
  for (const line of input.split('\n')) {
    const answer = answerOf(line)
    const made: string[] = []
    for (const one of answer?.texts ?? []) made.push((await text.mark(one, { ...settings, label: label === false ? false : { ...label, format: 'markdown' } })).text)
    out.push(answer === undefined ? line : answer.put(made))
  }
  return out.join('\n')
}
