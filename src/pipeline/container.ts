// Files whose samples stay as they are: only their metadata is written, read back and judged. Any size, bytes or a path.
import type { Disk, Engine, MetadataReport, MetadataText, WriteOptions } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { modalityOf } from '../media/kind.js'
import type { SoundDecoder } from '../media/sound.js'
import type { Finding, MarkResult, Record } from '../types.js'
import { contentHasher, diskHasher, type Hasher } from './content.js'
import { addFurther, addMetadata, type Sight } from './evidence.js'
import { judge } from './judge.js'
import { begin } from './kept.js'
import { listen } from './listen.js'
import { disclosure, signed, undrawn, type Marked, type Plan } from './mark.js'
import { checkLabel, failed, MARKED_REMEDY, samePrefix } from './readback.js'

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

/** What was done to the samples of a sound. */
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
  /** A rhythm was put in now, or heard before. */
  rhythm: boolean
  /** It is there, or the policy's label is a clip whose words nobody hears. */
  labelled: boolean
  findings: Finding[]
}

/** Changes the samples of a file, once it is known which record it will have. */
export type Changer<Output> = (before: MetadataReport, kept: Record | undefined, payload: string) => Promise<Changed<Output>>

/** What a changed sound needs beside its container. */
export interface Hearing<Output> { change: Changer<Output>; codec: SoundDecoder }

/**
 * Writes the metadata of a file and reads it back; of a sound, after `hearing.change` has labelled and watermarked it.
 * `watermark lost`: the encoder has taken it away. Errors: see ErrorCode; on any of them there is no output.
 */
export async function markContainer<Output>(engine: Engine, file: Container<Output>, plan: Plan, deadline: Deadline, hearing?: Hearing<Output>): Promise<Marked<Output> | 'watermark lost'> {
  if (modalityOf(file.type) === 'image' && !plan.metadataOnly)
    throw new CountermarkError('ERR_UNSUPPORTED', `Pictures of type ${file.type} are not labelled or watermarked.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert the picture to JPEG, PNG or WebP first.' })
  if (plan.c2pa !== undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', `C2PA manifests are not written into ${file.type} in this version.`, { remedy: 'Leave out c2pa (--c2pa-key, --c2pa-cert).' })
  const before = await file.read()
  const modality = modalityOf(before.type)
  if ((plan.label?.asked || plan.sound?.asked) && modality !== 'audio')
    throw new CountermarkError('ERR_UNSUPPORTED', `No label is put into ${file.type} in this version.`, { remedy: 'Leave out its text and place (--label-text, --label-position).' })
  deadline.check()
  const { kept, first, sourceType, findings } = begin(before, plan)
  let record: Record = kept ?? first
  const heard = modality === 'audio' && !plan.metadataOnly ? hearing : undefined
  const absent = plan.metadataOnly || heard !== undefined ? undefined : `this version does not do that for ${modality}`
  if (absent !== undefined) findings.push(...notDone(plan, modality))
  else if (plan.metadataOnly && kept === undefined && plan.policy.label.demand === 'required' && plan.waiver === undefined)
    findings.push(undrawn(plan, modality === 'audio' ? 'A1' : modality === 'video' ? 'V1' : 'I1', modality === 'audio' ? 'audible' : 'visible'))

  const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
  const changed = await heard?.change(before, kept, payload)
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
      if (heard !== undefined && changed !== undefined && !(await soundsRight(engine, heard.codec, written, changed, plan, payload, sight, deadline))) {
        await written.drop()
        return 'watermark lost'
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
          watermark: changed?.watermark ?? { embedded: false, reason: absent ?? 'metadata only' },
          label: changed?.label ?? { drawn: false, reason: absent ?? 'metadata only' },
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

/** Rule M14: tags of the source that another program's encoder has not written again. What names the encoder is no tag of the content. */
function missing(before: readonly MetadataText[] = [], after: readonly MetadataText[] | undefined): Finding[] {
  if (after === undefined) return []
  const there = new Set(after.map(({ key, value }) => `${key.toLowerCase()}=${value}`))
  const lost = before.filter(({ key, value }) => !there.has(`${key.toLowerCase()}=${value}`) && !/^(aigc|xmp|encoder|TSSE|©too|tool)$/i.test(key) && !/:/.test(key))
  if (lost.length === 0) return []
  return [{ rule: 'M14', severity: 'warning', message: `These tags of the source are not in the output, as ffmpeg does not write them there: ${[...new Set(lost.map(({ key }) => key))].join(', ')}.`, remedy: 'Write them again, or use metadataOnly (--metadata-only), which keeps them all.' }]
}

/** Rule M11 for the sound itself: the finished file is decoded and listened to. False where the encoder has taken the watermark away. */
async function soundsRight(
  engine: Engine, codec: SoundDecoder, written: Written<unknown>, changed: Changed<unknown>, plan: Plan, payload: string, sight: Sight, deadline: Deadline,
): Promise<boolean> {
  const track = await codec.open({ ...written.source, type: sight.type }, deadline)
  const heard = await listen(engine, track, track.blocks(), { keys: changed.carries ? [plan.key] : [], effort: changed.bits === undefined ? 'full' : 'direct' }, deadline)
  sight.pixels = 'read'
  const [mark] = heard.marks
  const right = mark?.found === true && mark.payload !== undefined && samePrefix(mark.payload, payload)
  if (changed.bits !== undefined && !right) {
    if (mark?.found && mark.payload !== undefined)
      throw new CountermarkError('ERR_CONFLICT', `The sound had a watermark of this key (${mark.key}) already, of other content, and that is the one that is read: its payload is ${mark.payload}.`, { remedy: MARKED_REMEDY })
    return false
  }
  if (changed.rhythm && !heard.label.found) throw failed('the rhythm is not recognised in the encoded sound', 'Use a source with a higher encoder quality.')
  sight.evidence.unshift(...heard.marks.map((one) => ({ ...one, ...(one.found && one.payload !== undefined ? { matchesMetadata: samePrefix(one.payload, payload) } : {}) })))
  sight.evidence.push(heard.label)
  return true
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
