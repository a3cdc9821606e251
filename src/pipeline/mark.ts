// The path of one output: decode, label, watermark, encode, metadata, read back. One direction; a failure gives no output.
import type { DrawReport, EmbedReport, Engine, FileInfo, WriteOptions } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import { detect, drawLabel, embed, findLabel, stamp } from '../image/image.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Codec } from '../media/codec.js'
import type { Encoding } from '../media/encoders.js'
import { TRAINED } from '../metadata/record.js'
import { WORDINGS } from '../policy/policy.js'
import type { Signer } from '../signature/keys.js'
import type { C2paOptions, Finding, Key, LabelPosition, MarkOptions, MarkResult, Picture, Policy, Quality, Record, Remark, SoundPosition, VideoOptions } from '../types.js'
import type { LabelTimes } from '../video/video.js'
import { contentHasher, type Hasher } from './content.js'
import type { Sight } from './evidence.js'
import { judge } from './judge.js'
import { MARKED_REMEDY, readBack, samePrefix } from './readback.js'
import { begin } from './kept.js'

/** Everything decided before a byte is read: what `planOf` in countermark.ts makes of MarkOptions. */
export interface Plan {
  policy: Policy
  /** ContentProducer of a first write. */
  producer: string
  produceId: string
  /** True where the caller chose the number. */
  numbered: boolean
  key: Key
  /** `public` or the 8-digit id. */
  keyId: string
  quality: Quality
  watermark: boolean
  /** Of a text: profile and place of the label. */
  text?: NonNullable<MarkOptions['text']>
  /** What to do with a watermark of the key that is there already, of other content. */
  remark: Remark
  /** Set by `markBytes` itself: the encoder took the watermark away, so the picture is done without one. */
  lost?: true
  /** Undefined: no label. `asked`: the caller named text or place. `placed`: a place in a picture or within a text. */
  label?: { text: string[]; position: LabelPosition; ratio?: number; font: Uint8Array; asked: boolean; placed?: boolean }
  /** How a sound is labelled; undefined: no label. `asked`: the caller named a place, a clip or a voice. */
  sound?: { position: SoundPosition; form: 'rhythm' | 'clip' | 'voice'; clip?: Uint8Array; program?: string; text: string[]; asked: boolean }
  /** Of a film: how it is coded, and when its label is shown. */
  video?: { encoding: Encoding; times: LabelTimes; progress?: NonNullable<VideoOptions['progress']> }
  /** Set by the path of films itself: an encoder took the watermark of the sound away, so its sound stays as it is. */
  silent?: true
  waiver?: string
  metadataOnly: boolean
  keepC2pa: boolean
  digitalSourceType?: string
  system?: { name: string; version?: string }
  /** Undefined: the label is not signed. */
  signer?: Signer
  /** Undefined: no manifest is written. */
  c2pa?: C2paOptions
}

/** The largest label that the detector looks for, ink height over the shorter side (docs/limits.md). */
export const MOST_FINDABLE = 0.12

/** What was made, before it takes the caller's form. */
export interface Marked<Bytes = Uint8Array> { bytes: Bytes; report: Omit<MarkResult, 'file' | 'output' | 'ms'> }

/** Marks one picture. Errors: see ErrorCode; on any of them there is no output. */
export async function markBytes(engine: Engine, codec: Codec, bytes: Uint8Array, plan: Plan, limits: Limits, deadline: Deadline): Promise<Marked> {
  if (plan.sound?.asked)
    throw new CountermarkError('ERR_UNSUPPORTED', 'A place in time, a clip or a voice is for the label of a sound, and this is a picture.', { remedy: 'Leave out label (--label-position, --label-audio, --label-voice).' })
  const info = inspect(engine, bytes, limits)
  const { kept, first, sourceType, findings } = begin(engine.metadataRead(bytes), plan)
  let record: Record = kept ?? first
  const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
  if (plan.metadataOnly && kept === undefined && plan.policy.label.demand === 'required' && plan.waiver === undefined)
    findings.push(undrawn(plan, 'I1', 'visible'))

  const work = plan.metadataOnly ? untouched(bytes) : await changePixels(engine, codec, bytes, info, plan, kept, payload, limits, deadline)
  findings.push(...work.findings)

  let output = work.bytes
  if (kept === undefined) {
    if (plan.signer !== undefined) record = await signed(contentHasher(engine, output), record, plan.signer)
    output = engine.metadataWrite(output, { aigc: record, ...(sourceType === undefined ? {} : { digitalSourceType: sourceType }), ...disclosure(plan) })
  }
  if (plan.c2pa !== undefined) output = await manifested(engine, bytes, output, info, plan, plan.c2pa, kept, work, payload)
  deadline.check()

  const sight = await readBack(engine, codec, output, {
    record, payload, key: plan.key, firstWrite: kept === undefined, metadataOnly: plan.metadataOnly,
    ...(work.embedded?.embedded ? { bits: work.embedded.bits } : {}),
    // A mark that stood there before may need the whole search, a fresh one lies where we put it.
    effort: work.found ? 'full' : 'direct',
    // Our detector knows the built-in font only, and labels up to a share of the picture.
    ...(work.drawn === undefined || plan.label?.font.byteLength || work.drawn.ratio > MOST_FINDABLE ? {} : { text: work.drawn.text }),
    texts: plan.label === undefined ? [] : wordings(plan.label),
    ...(plan.c2pa === undefined ? {} : { manifest: true }),
  }, limits, deadline)

  if (sight === 'watermark lost') return markBytes(engine, codec, bytes, { ...plan, watermark: false, lost: true }, limits, deadline)
  if (work.seen && work.embedded?.embedded && !sight.evidence.some(({ kind, found }) => kind === 'label' && found)) findings.push(HIDDEN)
  if (work.embedded?.embedded && sight.frames !== undefined && sight.frames.read < sight.frames.looked)
    findings.push({ rule: 'W1', severity: 'warning', message: `Of ${sight.frames.looked} frames that were read back, ${sight.frames.looked - sight.frames.read} did not give back the watermark.` })

  const judged = judge(plan.policy, { ...sight, findings: [...findings, ...sight.findings] }, false, {
    firstWrite: kept === undefined,
    drawn: work.drawn !== undefined,
    ...(plan.label === undefined && plan.waiver !== undefined ? { waiver: plan.waiver } : {}),
    ...(plan.metadataOnly ? {} : { watermark: work.embedded?.embedded === true || work.found }),
  })
  return {
    bytes: output,
    report: {
      type: info.type,
      status: kept === undefined ? 'done' : 'kept',
      produceId: record.ProduceID,
      payload,
      record,
      policy: plan.policy.name,
      key: plan.keyId,
      watermark: watermarkReport(plan, work, sight),
      label: labelReport(plan, work),
      ...(work.embedded?.embedded ? { quality: { psnr: work.embedded.psnr, ssim: work.embedded.ssim, setting: work.embedded.quality } } : {}),
      verdict: judged.verdict,
      state: judged.state,
      evidence: sight.evidence,
      findings: judged.findings,
    },
  }
}

/** Metadata alone where the policy requires a label. */
export function undrawn({ policy }: Plan, rule: 'I1' | 'V1' | 'A1', how: 'visible' | 'audible'): Finding {
  return {
    rule, severity: 'warning', message: `Nothing was drawn, but the policy ${policy.name} requires a label that is ${how}: the file must have one already.`,
    remedy: 'Make sure that the content has its label, or give waiver (--no-explicit --waiver).',
  }
}

/** ReservedCode1 binds the label to the coded content, which is final by now. */
export async function signed(hash: Hasher, record: Record, signer: Signer): Promise<Record> {
  const { hashFor, secure } = await import('../signature/security.js')
  return { ...record, ReservedCode1: await secure(record, await hash(hashFor(signer)), signer) }
}

/** The manifest comes last, over everything. A source with a manifest or a label of its own becomes its parent. */
async function manifested(
  engine: Engine, source: Uint8Array, output: Uint8Array, info: FileInfo, plan: Plan, options: C2paOptions, kept: Record | undefined, work: Work, payload: string,
): Promise<Uint8Array> {
  const { signManifest } = await import('../c2pa/bridge.js')
  const carries = work.embedded?.embedded === true || work.found
  return signManifest(output, info.type, {
    version: engine.version(),
    digitalSourceType: plan.digitalSourceType ?? TRAINED,
    ...(plan.system === undefined ? {} : { system: plan.system }),
    ...(info.hasC2pa || kept !== undefined ? { parent: source } : {}),
    ...(carries ? { watermark: payload } : {}),
  }, options)
}

/** California asks for system (B) and time (C) beside provider, number and kind (rule C3); a system that is named is written under every policy. */
export function disclosure({ policy, system }: Plan): Pick<WriteOptions, 'aiSystemUsed' | 'aiSystemVersionUsed' | 'createDate'> {
  return {
    ...(system === undefined ? {} : { aiSystemUsed: system.name }),
    ...(system?.version === undefined ? {} : { aiSystemVersionUsed: system.version }),
    ...(policy.name === 'us-ca' || policy.name === 'all' ? { createDate: new Date().toISOString() } : {}),
  }
}

function inspect(engine: Engine, bytes: Uint8Array, limits: Limits): FileInfo {
  const info = engine.fileInspect(bytes)
  checkPixels(info.width, info.height, limits)
  return info
}

export const BOUND = 'the label that is kept is bound by its signature to the content as it is'

/** The label that was there was seen before the watermark was embedded, and not behind it. */
const HIDDEN: Finding = {
  rule: 'I1', severity: 'warning', message: 'No label was drawn, as the picture has one; with the watermark in it that label is no longer recognised, so that who verifies the file cannot tell that it is there.',
  remedy: 'Mark the source with watermark: false (--no-watermark): its label stays as it is.',
}

/** What happened to the samples. */
interface Work {
  bytes: Uint8Array
  drawn?: DrawReport
  /** Why no label was drawn although the plan has one. */
  undrawn?: string
  /** A label was seen that was there already. */
  seen?: true
  /** Of an animation: that of the frame with the lowest PSNR. */
  embedded?: EmbedReport
  /** The payload of an older watermark of the key that a stronger one was put over. */
  replaced?: string
  /** Frames of an animation that got a watermark. */
  marked?: number
  /** A watermark of the kept label was there already. */
  found: boolean
  /** The kept label is signed for the content as it is, so nothing was changed. */
  bound?: true
  findings: Finding[]
}

function untouched(bytes: Uint8Array): Work {
  return { bytes, found: false, findings: [] }
}

async function changePixels(
  engine: Engine, codec: Codec, bytes: Uint8Array, info: FileInfo, plan: Plan, kept: Record | undefined, payload: string, limits: Limits, deadline: Deadline,
): Promise<Work> {
  const work = untouched(bytes)
  if (info.depth > 16)
    throw new CountermarkError('ERR_UNSUPPORTED', `The picture has ${info.depth} bits a sample; 16 are handled.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert it first.' })
  const moving = info.animated ? await codec.decodeAll(bytes, limits, deadline) : undefined
  const decoded = moving === undefined ? await codec.decode(bytes, limits, deadline) : undefined
  if (decoded !== undefined && decoded.frames > 1)
    throw new CountermarkError('ERR_UNSUPPORTED', `The TIFF has ${decoded.frames} pages; only single ones are labelled and watermarked.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or mark its pages one by one.' })
  work.findings.push(...(decoded?.findings ?? []))
  if (info.hasGainMap)
    work.findings.push({ rule: 'I6', severity: 'warning', message: 'The picture has a gain map (Ultra HDR), which was made for the unmarked samples: it is left out, and HDR screens show the standard picture.' })
  const pictures = (moving?.pictures ?? (decoded === undefined ? [] : [decoded.picture])).map((picture): Picture => ({ ...picture, orientation: info.orientation }))
  const [picture, ...others] = pictures
  if (picture === undefined) throw new CountermarkError('ERR_BROKEN', 'The animation has no frame.')

  if (plan.watermark) await lookForMark(engine, picture, plan, kept !== undefined, payload, work, deadline)
  if (plan.label !== undefined && (kept !== undefined || work.found)) await lookForLabel(engine, picture, plan.label, kept !== undefined && kept.ContentProducer !== plan.producer, work, deadline)
  if (kept !== undefined && await isBoundLabel(kept)) {
    // Whatever is drawn or embedded now would make a good label look copied.
    work.bound = true
    work.undrawn ??= BOUND
    return work
  }
  if (plan.label !== undefined && work.undrawn === undefined) {
    const before = others.length > 0 ? new Uint8Array(picture.samples) : picture.samples
    await draw(engine, picture, plan.policy, plan.label, work, deadline)
    if (work.drawn !== undefined) stamp(before, picture, others)
  }
  if (plan.watermark && !work.found)
    for (const one of pictures) {
      const report = await deadline.within(embed(engine, one, { payload, key: plan.key, quality: work.replaced === undefined ? plan.quality : 'robust' }))
      if (report.embedded) work.marked = (work.marked ?? 0) + 1
      const before = work.embedded
      if (before === undefined || (report.embedded && (!before.embedded || report.psnr < before.psnr))) work.embedded = report
    }

  if (work.drawn === undefined && work.embedded?.embedded !== true) return work
  const encoded = moving === undefined ? await codec.encode(picture, info, deadline) : await codec.encodeAll(moving, info, deadline)
  release(pictures)
  work.bytes = engine.metadataCarry(bytes, encoded)
  return work
}

/** Whether the label's signature covers the content as it is. */
export async function isBoundLabel({ ReservedCode1 }: Record): Promise<boolean> {
  return ReservedCode1.includes('SecurityData') && (await import('../signature/security.js')).isBound(ReservedCode1)
}
/** From this size on, a buffer is no part of a pool that other buffers share. */
const OWN = 1 << 20

/**
 * Gives the samples' memory back now (Node 22 and newer; before, a later collection does): reading back decodes the
 * picture a second time, and two copies would be held.
 */
function release(pictures: readonly Picture[]): void {
  for (const { samples } of pictures) {
    const buffer = samples.buffer as ArrayBufferLike & { transfer?: (bytes: number) => unknown }
    if (buffer.byteLength >= OWN) buffer.transfer?.(0)
  }
}

/**
 * A watermark of the key that is there already: of the same content it is not added again. One of other content cannot
 * be taken out, and which of two as strong is read is a matter of chance (docs/watermark-image.md): ERR_CONFLICT, unless
 * the caller asks for a stronger one over it.
 */
async function lookForMark(engine: Engine, picture: Picture, plan: Plan, kept: boolean, payload: string, work: Work, deadline: Deadline): Promise<void> {
  // A fresh picture is looked at as it is; one that has been out there may have been cut and turned.
  const [mark] = await deadline.within(detect(engine, picture, { keys: [plan.key], effort: kept ? 'full' : 'direct' }))
  if (mark?.found !== true || mark.payload === undefined) return
  work.found = samePrefix(mark.payload, payload)
  if (work.found) return
  if (plan.remark === 'replace') {
    work.replaced = mark.payload
    work.findings.push({ rule: 'W1', severity: 'info', message: `The picture had a watermark of this key, of other content (payload ${mark.payload}). It cannot be taken out; the new one is stronger, and is the one that is read.` })
  } else
    throw new CountermarkError('ERR_CONFLICT', `The picture has a watermark of this key (${plan.keyId}) already, of other content: its payload is ${mark.payload}.`, { remedy: MARKED_REMEDY })
}

/** A label that is there is not drawn again. Another producer's may be one that we cannot see, so nothing is drawn over it unless the caller asks. */
async function lookForLabel(engine: Engine, picture: Picture, label: NonNullable<Plan['label']>, foreign: boolean, work: Work, deadline: Deadline): Promise<void> {
  const seen = await deadline.within(findLabel(engine, picture, wordings(label), true))
  if (seen.found) {
    work.undrawn = 'a label is there already'
    work.seen = true
  } else if (foreign && !label.asked) {
    work.undrawn = 'another producer\'s label may be there, which cannot be seen and must not be covered; name a text or a position to draw one'
    work.findings.push({ rule: 'I1', severity: 'info', message: `No label was drawn: ${work.undrawn}.` })
  }
}

/** A picture that is too small for the policy's own wording goes on without label, and the verdict says so. */
async function draw(engine: Engine, picture: Picture, policy: Policy, { asked, placed: _, ...label }: NonNullable<Plan['label']>, work: Work, deadline: Deadline): Promise<void> {
  try {
    work.drawn = await deadline.within(drawLabel(engine, picture, label))
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (asked || (error.code !== 'ERR_LIMIT' && error.code !== 'ERR_UNSUPPORTED') || !(await fontWorks(engine, label))) throw error
    deadline.check()
    work.undrawn = error.message
    work.findings.push({ rule: 'I1', severity: policy.label.demand === 'required' ? 'error' : 'info', message: `No label was drawn: ${error.message}.`, remedy: 'Enlarge the picture to at least 64 pixels a side, more for a long label, or give waiver (--no-explicit --waiver).' })
    return
  }
  work.findings.push(...judgeDrawn(policy, work.drawn))
}

/** Whether the caller's font is to blame, and not the size of the picture: it draws nothing anywhere then. */
async function fontWorks(engine: Engine, label: { text: string[]; position: LabelPosition; font: Uint8Array }): Promise<boolean> {
  if (label.font.byteLength === 0) return true
  const side = 1024
  const blank: Picture = { samples: new Uint8Array(side * side), width: side, height: side, channels: 1, depth: 8 }
  return drawLabel(engine, blank, label).then(() => true, () => false)
}

/** What is looked for: the plan's own lines, where our font drew them, and those of the policies. */
function wordings({ text, font }: NonNullable<Plan['label']>): (readonly string[])[] {
  return font.byteLength > 0 ? [...WORDINGS] : [text, ...WORDINGS]
}

/** Rules I3 and I4 on what was really drawn. */
function judgeDrawn(policy: Policy, drawn: DrawReport): Finding[] {
  const findings: Finding[] = []
  if (drawn.ratio < policy.label.ratio)
    findings.push({ rule: 'I3', severity: 'error', message: `The label's ink is ${(drawn.ratio * 100).toFixed(2)} % of the shortest side high; ${policy.label.ratio * 100} % is demanded.` })
  if (drawn.contrast < 4.5)
    findings.push({ rule: 'I4', severity: 'warning', message: `The label's contrast is ${drawn.contrast.toFixed(1)} : 1; 4.5 : 1 is our own bound.` })
  return findings
}

function watermarkReport(plan: Plan, work: Work, { frames }: Sight): MarkResult['watermark'] {
  if (work.embedded) {
    const { embedded, reason, bits } = work.embedded
    return {
      embedded, ...(reason === undefined ? {} : { reason }), ...(embedded ? { bits } : {}),
      ...(embedded && work.replaced !== undefined ? { replaced: work.replaced } : {}),
      ...(embedded && frames !== undefined ? { frames: { marked: work.marked ?? 0, checked: frames.looked, read: frames.read } } : {}),
    }
  }
  if (plan.lost) return { embedded: false, reason: 'it could not be read any more once the picture was encoded; quality robust, or a source of higher encoder quality, may help' }
  return { embedded: false, reason: work.found ? 'it is there already' : work.bound ? BOUND : plan.metadataOnly ? 'metadata only' : 'not asked for' }
}

function labelReport(plan: Plan, work: Work): MarkResult['label'] {
  if (work.drawn) {
    const { text, box, ratio, contrast } = work.drawn
    return { drawn: true, text, box, ratio, contrast }
  }
  const reason = work.undrawn
    ?? (plan.metadataOnly ? 'metadata only'
      : plan.waiver !== undefined ? `left out under agreement ${plan.waiver}`
      : 'the policy does not ask for one')
  return { drawn: false, reason }
}
