// Files whose samples stay as they are: only their metadata is written, read back and judged. Any size, bytes or a path.
import type { Disk, Engine, MetadataReport, MetadataText, WriteOptions } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { modalityOf } from '../media/kind.js'
import type { Finding, Record } from '../types.js'
import { contentHasher, diskHasher, type Hasher } from './content.js'
import { addFurther, addMetadata, type Sight } from './evidence.js'
import { judge } from './judge.js'
import { begin } from './kept.js'
import { disclosure, signed, undrawn, type Marked, type Plan } from './mark.js'
import { checkLabel, failed } from './readback.js'

/** Longest label, in bytes, as the second reader looks for it. */
const LABEL = 200_000

/** A file, wherever it lies. */
export interface Container<Output> {
  /** MIME type by the first bytes. */
  type: string
  /** Of the coded samples, which writing does not change. */
  hash: Hasher
  read(): Promise<MetadataReport>
  /** The new file; without options a copy. Not yet where the caller looks for it. */
  write(options?: WriteOptions): Promise<Written<Output>>
}

/** A new file that nobody has seen yet. */
export interface Written<Output> {
  read(): Promise<MetadataReport>
  /** Every text of its metadata; not of a file on disk. */
  texts?: () => MetadataText[]
  /** At most `count` of its bytes, as they are. */
  bytes(at: number, count: number): Promise<Uint8Array>
  /** Hands it over. */
  keep(): Promise<Output>
  drop(): Promise<void>
}

/** A file in memory. */
export function inMemory(engine: Engine, bytes: Uint8Array, type: string): Container<Uint8Array> {
  return {
    type,
    hash: contentHasher(engine, bytes),
    read: async () => engine.metadataRead(bytes),
    write: async (options) => {
      const output = options === undefined ? bytes : engine.metadataWrite(bytes, options)
      return {
        read: async () => engine.metadataRead(output),
        texts: () => engine.metadataTexts(output),
        bytes: async (at, count) => output.subarray(at, at + count),
        keep: async () => output,
        drop: async () => {},
      }
    },
  }
}

/** Writes the metadata of a file and reads it back. Errors: see ErrorCode; on any of them there is no output. */
export async function markContainer<Output>(engine: Engine, file: Container<Output>, plan: Plan, deadline: Deadline): Promise<Marked<Output>> {
  if (modalityOf(file.type) === 'image' && !plan.metadataOnly)
    throw new CountermarkError('ERR_UNSUPPORTED', `Pictures of type ${file.type} are not labelled or watermarked.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert the picture to JPEG, PNG or WebP first.' })
  if (plan.label?.asked)
    throw new CountermarkError('ERR_UNSUPPORTED', `No label is put into ${file.type} in this version.`, { remedy: 'Leave out its text and place (--label-text, --label-position).' })
  if (plan.c2pa !== undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', `C2PA manifests are not written into ${file.type} in this version.`, { remedy: 'Leave out c2pa (--c2pa-key, --c2pa-cert).' })
  const before = await file.read()
  const modality = modalityOf(before.type)
  deadline.check()
  const { kept, first, sourceType, findings } = begin(before, plan)
  let record: Record = kept ?? first
  if (kept === undefined && plan.signer !== undefined) record = await signed(file.hash, record, plan.signer)
  const absent = plan.metadataOnly ? undefined : `this version does not do that for ${modality}`
  if (absent !== undefined) findings.push(...notDone(plan, modality))
  else if (kept === undefined && plan.policy.label.demand === 'required' && plan.waiver === undefined)
    findings.push(undrawn(plan, modality === 'audio' ? 'A1' : modality === 'video' ? 'V1' : 'I1', modality === 'audio' ? 'audible' : 'visible'))
  const written = await file.write(kept === undefined ? { aigc: record, ...disclosure(plan), ...(sourceType === undefined ? {} : { digitalSourceType: sourceType }) } : undefined)
  try {
    deadline.check()
    const sight: Sight = { type: file.type, evidence: [], metadata: 'read', pixels: 'skipped', findings: [] }
    await addMetadata(() => written.read(), {}, sight)
    if (sight.report === undefined) throw failed(sight.findings.map(({ message }) => message).join(' '))
    await addFurther({ hash: file.hash, ...(written.texts === undefined ? {} : { texts: written.texts }) }, {}, sight)
    await readBack(written, sight, record, kept === undefined)
    const judged = judge(plan.policy, { ...sight, findings: [...findings, ...sight.findings] }, false, {
      firstWrite: kept === undefined,
      ...(plan.label === undefined && plan.waiver !== undefined ? { waiver: plan.waiver } : {}),
      ...(plan.metadataOnly ? {} : { watermark: false }),
    })
    return {
      bytes: await written.keep(),
      report: {
        type: sight.type, status: kept === undefined ? 'done' : 'kept', produceId: record.ProduceID,
        payload: engine.payloadOf(record.ContentProducer, record.ProduceID, 64), record,
        policy: plan.policy.name, key: plan.keyId,
        watermark: { embedded: false, reason: absent ?? 'metadata only' },
        label: { drawn: false, reason: absent ?? 'metadata only' },
        verdict: judged.verdict, state: judged.state, evidence: sight.evidence, findings: judged.findings,
      },
    }
  } catch (thrown) {
    await written.drop()
    throw thrown
  }
}

/** What the policy asks for and this version does not do: said, not passed over. W1 is judged with the rest. */
function notDone({ policy, waiver }: Plan, modality: 'image' | 'audio' | 'video'): Finding[] {
  if (policy.label.demand !== 'required' || waiver !== undefined) return []
  const [rule, what] = modality === 'audio' ? ['A1', 'audible'] as const : ['V1', 'visible'] as const
  return [{ rule, severity: 'error', message: `The policy asks for a label; this version puts no ${what} label into ${modality}. The metadata was written.` }]
}

/** Rule M11: our reader sees the label once and unchanged, and its text stands in the bytes where the report says. */
async function readBack(written: Written<unknown>, sight: Sight, record: Record, fresh: boolean): Promise<void> {
  checkLabel(sight, record, fresh)
  const site = sight.report?.sites[0]
  if (!fresh || site === undefined) return
  const there = await written.bytes(site.offset, LABEL)
  // ID3v2.3 knows no UTF-8.
  if (new TextDecoder('utf-16le').decode(there).startsWith(site.raw)) return
  const plain = new TextDecoder().decode(there).replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&apos;', '\'').replaceAll('&amp;', '&')
  if (!plain.includes(site.raw)) throw failed(`the label's text does not stand at byte ${site.offset}`)
}

/** A file on disk, written beside its target first. */
export type DiskWriter = (path: string, options: WriteOptions | undefined) => Promise<Written<string>>

/** A file on disk. */
export function onDisk(disk: Disk, path: string, type: string, write: DiskWriter): Container<string> {
  return { type, hash: diskHasher(disk, path), read: () => disk.metadataRead(path), write: (options) => write(path, options) }
}
