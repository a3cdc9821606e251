// What comes on standard input, and what goes to standard output.
import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { randomUUID } from 'node:crypto'
import { documentKind } from '../document/index.js'
import { typeOfBytes } from '../media/kind.js'
import { policyOf, wordingOf } from '../policy/policy.js'
import { CountermarkError, TEXT_LABELS, image, text, type MarkOptions } from '../index.js'
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

/**
 * What is to be marked onto standard output: a file, where the bytes say its kind or are JSON, else a plain text.
 * ERR_UNSUPPORTED for anything else.
 */
export async function standingInput(): Promise<File | string> {
  const bytes = await read()
  const name = nameOf(bytes)
  if (name !== undefined) return new File([new Uint8Array(bytes)], name)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (thrown) {
    throw new CountermarkError('ERR_UNSUPPORTED', 'Standard input holds neither a text in UTF-8 nor a file of a kind that is read.', { remedy: 'Convert a text to UTF-8. Of a file give the name, and -o FILE.', cause: thrown })
  }
}

/** A name that says the kind of what is no plain text. A programme reads JSON: a sentence behind its end would break it. */
function nameOf(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes) || bytes.includes(0)) return typeOfBytes(bytes) !== undefined || documentKind(bytes) !== undefined ? 'stdin' : undefined
  const text = new TextDecoder().decode(bytes)
  // A text may begin with ID3 or speak of %PDF-: only what is a file of text itself counts.
  if (text.startsWith('%PDF-') || typeOfBytes(bytes) === 'image/svg+xml' || documentKind(bytes) === 'text/html') return 'stdin'
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    JSON.parse(text)
    return 'stdin.json'
  } catch {
    // A text that begins with a bracket.
    return undefined
  }
}

/** Marks a text and writes it to standard output: label and mark; metadata has no place there. */
export async function textToStdout(input: string, options: MarkOptions, { json, result, note, speech }: Terminal): Promise<void> {
  const needsFile = [options.sign, options.c2pa, options.keepC2pa, options.metadataOnly, options.system].some(Boolean)
  if (needsFile) throw new CountermarkError('ERR_USAGE', 'A text on standard output has no place for metadata, signatures and manifests.', { remedy: 'Give -o a file, or leave those options out.' })
  const policy = policyOf(options.policy)
  if (options.label === false && policy.label.demand === 'required' && (options.waiver ?? '') === '')
    throw new CountermarkError('ERR_USAGE', 'Leaving out the visible label needs the reference of the agreement with the user (Labeling Measures Art. 9).', { remedy: 'Give it as waiver (--waiver REF).' })
  const producer = options.provider.code ?? options.provider.name
  if (producer === undefined || producer === '') throw new CountermarkError('ERR_USAGE', 'The provider is missing: the label must name who offers the service.', { remedy: 'Give the 27-character code as provider.code (--provider-code), or the name as provider.name (--provider-name).' })
  const produceId = options.produceId ?? randomUUID()
  const payload = await image.payloadOf(producer, produceId, 64)
  const lines = typeof options.label === 'object' ? wordingOf(policy, options.label.text) : undefined
  const sentence = lines === undefined ? (policy.label.text[0] !== 'AI生成' ? TEXT_LABELS.en : policy.label.text.length > 1 ? `${TEXT_LABELS.zh} (${TEXT_LABELS.en})` : TEXT_LABELS.zh) : lines.join(' ')
  const made = await text.mark(input, {
    payload, key: options.key ?? 'public', profile: options.text?.profile ?? 'id',
    label: options.label === false || (policy.label.demand !== 'required' && options.label === undefined) ? false : { text: sentence, position: options.text?.position ?? 'end' },
    ...(options.watermark === false ? { watermark: false } : {}),
  })
  if (json) {
    const { text: output, ...said } = made
    return result(JSON.stringify({ file: '-', output: '-', text: output, produceId, payload, verdict: 'cannot tell', ...said }))
  }
  process.stdout.write(made.text)
  if (policy.metadata.aigc !== 'optional') note(`  ${speech.say('noMetadata')}`)
  if (!made.watermark.embedded) note(`  ${speech.say('noWatermark', { reason: speech.text(made.watermark.reason ?? '') })}`)
  if (!made.label.added) note(`  ${speech.say('noLabel', { reason: speech.text(made.label.reason ?? '') })}`)
}
