// Texts on standard input and output.
import { basename } from 'node:path'
import { randomUUID } from 'node:crypto'
import { policyOf, wordingOf } from '../policy/policy.js'
import { CountermarkError, TEXT_LABELS, image, text, type MarkOptions } from '../index.js'
import type { Terminal } from './terminal.js'

/** Most bytes of a text on standard input. */
const MOST = 64 << 20

async function read(): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of process.stdin) {
    size += (part as Buffer).byteLength
    if (size > MOST) throw new CountermarkError('ERR_LIMIT', `A text on standard input has at most ${MOST} bytes.`)
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts)
}

/** What stands on standard input as a file of the output's kind; without one, plain text. */
export async function fromStdin(output = 'stdin.txt'): Promise<File> {
  return new File([new Uint8Array(await read())], basename(output))
}

/** Marks the text on standard input and writes it to standard output: label and mark; metadata has no place there. */
export async function toStdout(options: MarkOptions, { json, result, note, speech }: Terminal): Promise<void> {
  const needsFile = [options.sign, options.c2pa, options.keepC2pa, options.metadataOnly, options.system].some(Boolean)
  if (needsFile) throw new CountermarkError('ERR_USAGE', 'A text on standard output has no place for metadata, signatures and manifests.', { remedy: 'Give -o a file, or leave those options out.' })
  let input: string
  try {
    input = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await read())
  } catch (thrown) {
    throw new CountermarkError('ERR_UNSUPPORTED', 'The text is not in UTF-8.', { remedy: 'Convert it first.', cause: thrown })
  }
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
    return result(JSON.stringify({ file: '-', output: '-', text: output, produceId, payload, ...said }))
  }
  process.stdout.write(made.text)
  if (!made.watermark.embedded) note(`  ${speech.say('noWatermark', { reason: speech.text(made.watermark.reason ?? '') })}`)
  if (!made.label.added) note(`  ${speech.say('noLabel', { reason: speech.text(made.label.reason ?? '') })}`)
}
