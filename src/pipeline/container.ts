// Files whose samples stay as they are: only their metadata is written, read back and judged. Any size, bytes or a path.
import type { Disk, Engine, MetadataReport, MetadataText, WriteOptions } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { modalityOf } from '../media/kind.js'
import type { Finding, MarkResult, Record } from '../types.js'
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
  /** Every text of its metadata; not of a file on disk. */
  texts?: () => MetadataText[]
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
  /** Its samples. */
  source: { bytes: Uint8Array } | { path: string }
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
    texts: () => engine.metadataTexts(bytes),
    write: async (options) => {
      const output = options === undefined ? bytes : engine.metadataWrite(bytes, options)
      return {
        read: async () => engine.metadataRead(output),
        texts: () => engine.metadataTexts(output),
        bytes: async (at, count) => output.subarray(at, at + count),
        source: { bytes: output },
        keep: async () => output,
        drop: async () => {},
      }
    },
  }
}

/** What was done to the samples of a sound or a film. */
export interface Changed<Output> {
  /** The newly coded file; absent: no sample was changed. */
  file?: Container<Output>
  drop(): Promise<void>
  watermark: MarkResult['watermark']
  label: MarkResult['label']
  quality?: NonNullable<MarkResult['quality']>
  /** The watermark is in the file, by us or before. */
  carries: boolean
  /** Bits of the watermark that was embedded now; absent: none was. */
  bits?: number
  /** The label is there, or the policy's label is one that no detector knows. */
  labelled: boolean
  /** Of a film: how it was coded. */
  film?: NonNullable<MarkResult['film']>
  findings: Finding[]
}

/** Changes the samples of a file, once it is known which record it will have. */
export type Changer<Output> = (before: MetadataReport, kept: Record | undefined, payload: string) => Promise<Changed<Output>>

/** What an encoder has taken away, so that the file is done again without it: the watermark, or of a film that of its sound. */
export type Lost = 'watermark lost' | 'sound lost'

/** Work on the samples of one modality. */
export interface Work<Output> {
  change: Changer<Output>
  /** Rule M11 for the samples: the finished file is decoded and looked at, and what was seen is added to `sight`. ERR_READBACK. */
  check(written: Written<Output>, changed: Changed<Output>, payload: string, sight: Sight): Promise<Lost | undefined>
}

/**
 * Writes the metadata of a file and reads it back, after the work on its modality, if there is any, has labelled and watermarked it.
 * Errors: see ErrorCode; on any of them there is no output.
 */
export async function markContainer<Output>(engine: Engine, file: Container<Output>, plan: Plan, deadline: Deadline, works: { readonly [modality in 'audio' | 'video']?: Work<Output> } = {}): Promise<Marked<Output> | Lost> {
  if (modalityOf(file.type) === 'image' && !plan.metadataOnly)
    throw new CountermarkError('ERR_UNSUPPORTED', `Pictures of type ${file.type} are not labelled or watermarked.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert the picture to JPEG, PNG or WebP first.' })
  if (plan.c2pa !== undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', `C2PA manifests are not written into ${file.type} in this version.`, { remedy: 'Leave out c2pa (--c2pa-key, --c2pa-cert).' })
  const before = await file.read()
  const modality = modalityOf(before.type)
  if ((plan.label?.asked || plan.sound?.asked) && modality === 'image')
    throw new CountermarkError('ERR_UNSUPPORTED', `No label is put into ${file.type} in this version.`, { remedy: 'Leave out its text and place (--label-text, --label-position).' })
  deadline.check()
  const { kept, first, sourceType, findings } = begin(before, plan)
  let record: Record = kept ?? first
  const work = modality === 'image' || plan.metadataOnly ? undefined : works[modality]
  if (plan.metadataOnly && kept === undefined && plan.policy.label.demand === 'required' && plan.waiver === undefined)
    findings.push(undrawn(plan, modality === 'audio' ? 'A1' : modality === 'video' ? 'V1' : 'I1', modality === 'audio' ? 'audible' : 'visible'))

  const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
  const changed = await work?.change(before, kept, payload)
  try {
    const coded = changed?.file ?? file
    // Another program has written the new file: what it left out of the source's metadata is written again.
    const standing = changed?.file === undefined ? before : await coded.read()
    if (kept === undefined && plan.signer !== undefined) record = await signed(coded.hash, record, plan.signer)
    findings.push(...(changed?.findings ?? []))
    const digitalSourceType = sourceType ?? (standing.digitalSourceType === undefined ? before.digitalSourceType : undefined)
    const named = digitalSourceType === undefined ? {} : { digitalSourceType }
    const written = await coded.write(kept === undefined ? { aigc: record, ...disclosure(plan), ...named } : standing.sites.length === 0 ? { aigc: record, ...named } : undefined)
    try {
      deadline.check()
      const sight: Sight = { type: file.type, evidence: [], metadata: 'read', pixels: 'skipped', findings: [] }
      await addMetadata(() => written.read(), {}, sight)
      if (sight.report === undefined) throw failed(sight.findings.map(({ message }) => message).join(' '))
      await addFurther({ hash: coded.hash, ...(written.texts === undefined ? {} : { texts: written.texts }) }, {}, sight)
      await readBack(written, sight, record, kept === undefined)
      const lost = changed === undefined ? undefined : await work?.check(written, changed, payload, sight)
      if (lost !== undefined) {
        await written.drop()
        return lost
      }
      if (changed?.file !== undefined) findings.push(...missing(file.texts?.(), sight.texts))
      const judged = judge(plan.policy, { ...sight, findings: [...findings, ...sight.findings] }, false, {
        firstWrite: kept === undefined,
        drawn: changed?.labelled === true,
        ...(plan.label === undefined && plan.waiver !== undefined ? { waiver: plan.waiver } : {}),
        ...(plan.metadataOnly ? {} : { watermark: changed?.carries === true }),
      })
      return {
        bytes: await written.keep(),
        report: {
          type: sight.type, status: kept === undefined ? 'done' : 'kept', produceId: record.ProduceID, payload, record,
          policy: plan.policy.name, key: plan.keyId,
          watermark: changed?.watermark ?? { embedded: false, reason: 'metadata only' },
          label: changed?.label ?? { drawn: false, reason: 'metadata only' },
          ...(changed?.film === undefined ? {} : { film: changed.film }),
          ...(changed?.quality === undefined ? {} : { quality: changed.quality }),
          verdict: judged.verdict, state: judged.state, evidence: sight.evidence, findings: judged.findings,
        },
      }
    } catch (thrown) {
      await written.drop()
      throw thrown
    }
  } finally {
    await changed?.drop()
  }
}

/** What names the encoder, or counts the old samples, is no tag of the content; ffmpeg moves the title of a Matroska film to another place. */
const NO_CONTENT = /^(aigc|xmp|encoder|TSSE|©too|©swr|tool|MuxingApp|WritingApp|BPS|DURATION|NUMBER_OF_FRAMES|NUMBER_OF_BYTES|_STATISTICS_\w+|TITLE)(-\w+)?$/

/** Rule M14: tags of the source that another program's encoder has not written again. */
function missing(before: readonly MetadataText[] = [], after: readonly MetadataText[] | undefined): Finding[] {
  if (after === undefined) return []
  const there = new Set(after.map(({ key, value }) => `${key.toLowerCase()}=${value}`))
  const lost = before.filter(({ key, value }) => !there.has(`${key.toLowerCase()}=${value}`) && !NO_CONTENT.test(key) && !/^(aigc|xmp|encoder|tool)$/i.test(key) && !/:/.test(key))
  if (lost.length === 0) return []
  return [{ rule: 'M14', severity: 'warning', message: `These tags of the source are not in the output, as ffmpeg does not write them there: ${[...new Set(lost.map(({ key }) => key))].join(', ')}.`, remedy: 'Write them again, or use metadataOnly (--metadata-only), which keeps them all.' }]
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
