// The path of one output: decode, label, watermark, encode, metadata, read back. One direction; a failure gives no output.
import type { DrawReport, EmbedReport, Engine, FileInfo } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import { detect, drawLabel, embed, findLabel } from '../image/image.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Codec } from '../media/codec.js'
import { REDRAWN } from '../media/kind.js'
import { isAiSourceType, recordOf, TRAINED } from '../metadata/record.js'
import { WORDINGS } from '../policy/policy.js'
import type { Finding, Key, LabelPosition, MarkResult, Picture, Policy, Quality, Record } from '../types.js'
import { typeOrThrow } from './evidence.js'
import { judge } from './judge.js'
import { readBack } from './readback.js'
import { keptRecord } from './kept.js'

/** Everything decided before a byte is read: what `plan` in index.ts makes of MarkOptions. */
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
  /** Set by `markBytes` itself: the encoder took the watermark away, so the picture is done without one. */
  lost?: true
  /** Undefined: no label. `asked`: the caller named text or place. */
  label?: { text: string[]; position: LabelPosition; ratio?: number; font: Uint8Array; asked: boolean }
  waiver?: string
  metadataOnly: boolean
  keepC2pa: boolean
  digitalSourceType?: string
}

/** The largest label that the detector looks for, ink height over the shorter side (docs/limits.md). */
const MOST_FINDABLE = 0.12

/** What was made, before it takes the caller's form. */
export interface Marked<Bytes = Uint8Array> { bytes: Bytes; report: Omit<MarkResult, 'file' | 'output' | 'ms'> }

/** Marks one picture. Errors: see ErrorCode; on any of them there is no output. */
export async function markBytes(engine: Engine, codec: Codec, bytes: Uint8Array, plan: Plan, limits: Limits, deadline: Deadline): Promise<Marked> {
  const findings: Finding[] = []
  const info = inspect(engine, bytes, plan, limits)
  if (info.hasC2pa) {
    if (plan.keepC2pa)
      throw new CountermarkError('ERR_CONFLICT', 'The file has a C2PA manifest, which any change breaks.', { remedy: 'Leave out keepC2pa to mark it all the same, and sign the result anew.' })
    findings.push({ rule: 'C1', severity: 'warning', message: 'The source\'s C2PA manifest no longer fits the file: it was signed over the unmarked bytes.' })
  }

  const before = engine.metadataRead(bytes)
  const kept = keptRecord(before.sites, plan)
  const record: Record = kept ?? recordOf(plan.producer, plan.produceId)
  const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
  if (kept !== undefined && kept.ContentProducer !== plan.producer)
    findings.push({ rule: 'M16', severity: 'warning', message: `The file is already labelled by ${kept.ContentProducer} as content ${kept.ProduceID}. That label is kept; the provider and content number that were given are not written.` })

  const work = plan.metadataOnly ? untouched(bytes) : await changePixels(engine, codec, bytes, info, plan, kept, payload, limits, deadline)
  findings.push(...work.findings)

  let output = work.bytes
  if (kept === undefined) {
    const digitalSourceType = plan.digitalSourceType ?? (before.digitalSourceType !== undefined && isAiSourceType(before.digitalSourceType) ? undefined : TRAINED)
    output = engine.metadataWrite(output, { aigc: record, ...(digitalSourceType === undefined ? {} : { digitalSourceType }) })
  }
  deadline.check()

  const sight = await readBack(engine, codec, output, {
    record, payload, key: plan.key, firstWrite: kept === undefined, metadataOnly: plan.metadataOnly,
    ...(work.embedded?.embedded ? { bits: work.embedded.bits } : {}),
    // A mark that stood there before may need the whole search, a fresh one lies where we put it.
    effort: work.found ? 'full' : 'direct',
    // Our detector knows the built-in font only, and labels up to a share of the picture.
    ...(work.drawn === undefined || plan.label?.font.byteLength || work.drawn.ratio > MOST_FINDABLE ? {} : { text: work.drawn.text }),
    texts: plan.label === undefined ? [] : wordings(plan.label),
  }, limits, deadline)

  if (sight === 'watermark lost') return markBytes(engine, codec, bytes, { ...plan, watermark: false, lost: true }, limits, deadline)

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
      watermark: watermarkReport(plan, work),
      label: labelReport(plan, work),
      ...(work.embedded?.embedded ? { quality: { psnr: work.embedded.psnr, ssim: work.embedded.ssim, setting: work.embedded.quality } } : {}),
      verdict: judged.verdict,
      state: judged.state,
      evidence: sight.evidence,
      findings: judged.findings,
    },
  }
}

function inspect(engine: Engine, bytes: Uint8Array, plan: Plan, limits: Limits): FileInfo {
  const type = typeOrThrow(bytes)
  if (!REDRAWN.includes(type))
    throw new CountermarkError('ERR_UNSUPPORTED', `Files of type ${type} cannot be marked yet.`, { remedy: 'Convert the picture to JPEG, PNG or WebP first.' })
  const info = engine.fileInspect(bytes)
  checkPixels(info.width, info.height, limits)
  if (info.animated && !plan.metadataOnly)
    throw new CountermarkError('ERR_UNSUPPORTED', 'Animated pictures are not labelled or watermarked yet.', { remedy: 'Use metadata-only marking, which changes no frame.' })
  return info
}

/** What happened to the samples. */
interface Work {
  bytes: Uint8Array
  drawn?: DrawReport
  /** Why no label was drawn although the plan has one. */
  undrawn?: string
  embedded?: EmbedReport
  /** A watermark of the kept label was there already. */
  found: boolean
  findings: Finding[]
}

function untouched(bytes: Uint8Array): Work {
  return { bytes, found: false, findings: [] }
}

async function changePixels(
  engine: Engine, codec: Codec, bytes: Uint8Array, info: FileInfo, plan: Plan, kept: Record | undefined, payload: string, limits: Limits, deadline: Deadline,
): Promise<Work> {
  const work = untouched(bytes)
  const decoded = await codec.decode(bytes, limits, deadline)
  work.findings.push(...decoded.findings)
  const picture: Picture = { ...decoded.picture, orientation: info.orientation }

  if (kept !== undefined) await lookForOwn(engine, picture, plan, kept, work, deadline)
  if (plan.label !== undefined && work.undrawn === undefined) {
    await draw(engine, picture, plan.policy, plan.label, work, deadline)
  }
  if (plan.watermark && !work.found)
    work.embedded = await deadline.within(embed(engine, picture, { payload, key: plan.key, quality: plan.quality }))

  if (work.drawn === undefined && work.embedded?.embedded !== true) return work
  const encoded = await codec.encode(picture, info, deadline)
  work.bytes = engine.metadataCarry(bytes, encoded)
  return work
}

/**
 * A file whose label is kept may have a visible label and a watermark already: what is there is not added again.
 * Another producer's visible label may be one that we cannot see, so nothing is drawn over it unless the caller asks.
 */
async function lookForOwn(engine: Engine, picture: Picture, plan: Plan, kept: Record, work: Work, deadline: Deadline): Promise<void> {
  if (plan.watermark) {
    const marks = await deadline.within(detect(engine, picture, { keys: [plan.key], effort: 'full' }))
    const own = engine.payloadOf(kept.ContentProducer, kept.ProduceID, 128)
    work.found = marks.some(({ found, payload }) => found && payload !== undefined && own.startsWith(payload))
  }
  if (plan.label === undefined) return
  const seen = await deadline.within(findLabel(engine, picture, wordings(plan.label)))
  if (seen.found) work.undrawn = 'a label is there already'
  else if (kept.ContentProducer !== plan.producer && !plan.label.asked) {
    work.undrawn = 'another producer\'s label may be there, which cannot be seen and must not be covered; name a text or a position to draw one'
    work.findings.push({ rule: 'I1', severity: 'info', message: `No label was drawn: ${work.undrawn}.` })
  }
}

/** A picture that is too small for the policy's own wording goes on without label, and the verdict says so. */
async function draw(engine: Engine, picture: Picture, policy: Policy, { asked, ...label }: NonNullable<Plan['label']>, work: Work, deadline: Deadline): Promise<void> {
  try {
    work.drawn = await deadline.within(drawLabel(engine, picture, label))
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (asked || (error.code !== 'ERR_LIMIT' && error.code !== 'ERR_UNSUPPORTED') || !(await fontWorks(engine, label))) throw error
    deadline.check()
    work.undrawn = error.message
    work.findings.push({ rule: 'I1', severity: policy.label.demand === 'required' ? 'error' : 'info', message: `No label was drawn: ${error.message}.` })
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

function watermarkReport(plan: Plan, work: Work): MarkResult['watermark'] {
  if (work.embedded) {
    const { embedded, reason, bits } = work.embedded
    return { embedded, ...(reason === undefined ? {} : { reason }), ...(embedded ? { bits } : {}) }
  }
  if (plan.lost) return { embedded: false, reason: 'it could not be read any more once the picture was encoded; quality robust, or a source of higher encoder quality, may help' }
  return { embedded: false, reason: work.found ? 'it is there already' : plan.metadataOnly ? 'metadata only' : 'not asked for' }
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
