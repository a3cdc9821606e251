// Reads the finished bytes again (rule M11): what the caller gets is what was checked.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import type { Codec } from '../media/codec.js'
import { FIELDS } from '../metadata/record.js'
import type { Effort, Key, LabelEvidence, MetadataEvidence, Record, SignatureEvidence, WatermarkEvidence } from '../types.js'
import { gather, soleRecord, type Sight } from './evidence.js'

/** What must be found in the finished file. */
export interface Expected {
  record: Record
  payload: string
  key: Key
  effort: Effort
  firstWrite: boolean
  metadataOnly: boolean
  /** Bits of the watermark that was embedded; absent: none was. */
  bits?: number
  /** Lines of the label that was drawn; absent: none was. */
  text?: string[]
  texts: readonly (readonly string[])[]
  /** A C2PA manifest was written. */
  manifest?: true
}

/**
 * Reads the output with every detector. ERR_READBACK where anything that was put in does not come out again; only a
 * watermark that the encoder has taken away is no error but an answer, as some pictures cannot carry one.
 */
export async function readBack(
  engine: Engine, codec: Codec, output: Uint8Array, expected: Expected, limits: Limits, deadline: Deadline,
): Promise<Sight | 'watermark lost'> {
  const sight = await gather(engine, codec, output, {
    keys: [expected.key],
    effort: expected.effort,
    texts: expected.text === undefined ? expected.texts : [expected.text],
    pixels: !expected.metadataOnly,
    everyFrame: expected.bits !== undefined,
  }, limits, deadline)
  if (sight.metadata === 'broken' || sight.pixels === 'failed')
    throw failed(sight.findings.map(({ message }) => message).join(' '))

  checkLabel(sight, expected.record, expected.firstWrite)
  const manifest = sight.evidence.find((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'c2pa')
  if (expected.manifest && !manifest?.c2pa?.valid) throw failed(`its C2PA manifest does not hold (${manifest?.c2pa?.problems.join(', ') ?? 'it is not there'})`)
  if (expected.firstWrite) await askSecondReader(codec, output, expected)

  const mark = sight.evidence.find((one): one is WatermarkEvidence => one.kind === 'watermark')
  if (expected.bits !== undefined && !(mark?.found && mark.payload !== undefined && samePrefix(mark.payload, expected.payload))) {
    if (mark?.found && mark.payload !== undefined)
      throw new CountermarkError('ERR_CONFLICT', `The picture had a watermark of this key (${mark.key}) already, of other content, and that is the one that is read: its payload is ${mark.payload}.`, { remedy: MARKED_REMEDY })
    return 'watermark lost'
  }
  const label = sight.evidence.find((one): one is LabelEvidence => one.kind === 'label')
  if (expected.text !== undefined && !label?.found) throw failed('the drawn label is not recognised in the encoded picture', 'Use a source with a higher encoder quality.')
  return sight
}

/** What to do about a watermark of the same key that is there already. */
export const MARKED_REMEDY = 'Mark the content as it was before that, or with another key, or give the provider and content number that it carries. A watermark cannot be taken out; of your own private key, remark: replace (--remark replace) puts a stronger one over it.'

/** Whether two payloads are of one content: the shorter one is a prefix of the same hash. */
export function samePrefix(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** Whether the watermark that was put in is read. ERR_CONFLICT where it is another of the same key that is read. */
export function isRead(mark: { found: boolean; payload?: string; key: string } | undefined, payload: string, what: 'sound' | 'film'): boolean {
  if (mark?.found !== true || mark.payload === undefined) return false
  if (samePrefix(mark.payload, payload)) return true
  const found = `watermark of this key (${mark.key}) already, of other content, and that is the one that is read: its payload is ${mark.payload}.`
  throw new CountermarkError('ERR_CONFLICT', what === 'sound' ? `The sound had a ${found}` : `The film had a ${found}`, { remedy: MARKED_REMEDY })
}

/** An independent parser (libvips) must see the same label; our own would repeat our own mistake. */
async function askSecondReader(codec: Codec, output: Uint8Array, { record, metadataOnly }: Expected): Promise<void> {
  let packet
  try {
    packet = await codec.xmp(output)
  } catch (thrown) {
    // Metadata-only marking is promised to work where sharp is not installed.
    if (metadataOnly && thrown instanceof CountermarkError && thrown.code === 'ERR_MISSING') return
    throw failed('a second reader cannot open the file', undefined, thrown)
  }
  const plain = packet?.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&apos;', '\'').replaceAll('&amp;', '&')
  if (plain === undefined || !plain.includes(record.ProduceID) || !plain.includes(record.ContentProducer)) throw failed('a second reader does not see the label')
}

export function failed(why: string, remedy?: string, cause?: unknown): CountermarkError {
  return new CountermarkError('ERR_READBACK', `The marked file did not pass its own check, so it was not written: ${why}.`, {
    ...(remedy === undefined ? {} : { remedy }), ...(cause === undefined ? {} : { cause }),
  })
}

/** Rule M11 for whatever kind: the label is there once and unchanged, and a signature of ours holds. ERR_READBACK. */
export function checkLabel(sight: Sight, record: Record, firstWrite: boolean): void {
  const read = soleRecord(sight.evidence) as { [key: string]: unknown } | undefined
  const differing = FIELDS.filter((key) => String(read?.[key] ?? '') !== record[key])
  if (read === undefined || differing.length > 0) throw failed(read === undefined ? 'the metadata label is not there exactly once' : `these fields of the label differ: ${differing.join(', ')}`)
  const signature = sight.evidence.find((one): one is SignatureEvidence => one.kind === 'signature')
  if (firstWrite && record.ReservedCode1 !== '' && !(signature?.valid && signature.bound !== false)) throw failed('its signature does not hold')
}
