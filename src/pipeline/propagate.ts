// The platform's step (Labeling Measures Art. 6): the propagation pair of the label, and nothing of the producer's.
import type { Engine, MetadataReport } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import type { Codec } from '../media/codec.js'
import { modalityOf } from '../media/kind.js'
import { FIELDS, isValid } from '../metadata/record.js'
import { WORDINGS } from '../policy/policy.js'
import { explained, finding } from '../policy/rules.js'
import type { Finding, Key, Policy, PropagateResult, Record } from '../types.js'
import { seeDocument, type Document } from './document.js'
import { gather, soleRecord, type Request, type Sight } from './evidence.js'
import { judge } from './judge.js'

/** Everything decided before a byte is read. */
export interface PropagatePlan {
  policy: Policy
  /** ContentPropagator. */
  propagator: string
  propagateId: string
  declared: boolean
  keys: Key[]
}

/** The file with the platform's pair, before it takes the caller's form. */
export interface Propagated { bytes: Uint8Array; report: Omit<PropagateResult, 'file' | 'output' | 'ms'> }

/** The producer's part of a label (rule M16). */
const PRODUCERS = FIELDS.slice(0, 4)

/** A platform signs what others made without changing a sample of it. */
const BROKEN_MANIFEST: Finding = {
  ...finding('C1', 'The source\'s C2PA manifest no longer fits the file once a label is written.', 'warning'),
  remedy: 'Sign the result with a C2PA tool, the source as its parent, e.g. c2patool OUT --parent SOURCE --manifest FILE --output SIGNED; that changes no sample.',
}

/**
 * Sets or adds the propagation pair. A label that is not valid, and one of several, stays as it is and is reported. Errors:
 * see ErrorCode; on any of them there is no output.
 */
export async function propagateBytes(
  engine: Engine, codec: Codec, bytes: Uint8Array, plan: PropagatePlan, limits: Limits, deadline: Deadline, { document, ...decoders }: { document?: Document } & Pick<Request, 'sound' | 'film'> = {},
): Promise<Propagated> {
  const labels = labelsOf(engine, document)
  const before = labels.read(bytes)
  // With a label there is nothing to look for in the samples.
  const sight = document !== undefined ? await seeDocument(engine, bytes, document)
    : await gather(engine, codec, bytes, { keys: plan.keys, effort: 'full', texts: WORDINGS, pixels: before.sites.length === 0, ...decoders }, limits, deadline)
  const { state, findings: judged } = judge(plan.policy, sight, plan.declared)
  const findings: Finding[] = sight.report?.c2pa ? [BROKEN_MANIFEST] : []
  const unchanged = (reason: string, said = sight.findings): Propagated => ({ bytes, report: { type: sight.type, status: 'unchanged', reason, state, findings: said.map(explained) } })

  if (before.sites.length > 1) return unchanged(`the file has ${before.sites.length} labels, and none of them may be removed`)
  const [site] = before.sites
  if (site !== undefined && !isValid(site.aigc)) return unchanged(`its label is not valid (${site.problem ?? 'a field is missing or not defined'}), and may be neither removed nor doubled`)
  // Whoever puts his name beside it says that this label is of this content.
  if (judged.some(({ rule, severity }) => rule === 'S1' && severity === 'error')) return unchanged('its signature shows that the label was edited or belongs to other content', judged)
  if (site === undefined && state === 'none') {
    if (seenWhole(sight)) return unchanged('nothing shows that it was generated')
    const blind = unchanged('nothing that could be read shows that it was generated')
    return lookedAt(sight) ? blind : { ...blind, report: { ...blind.report, looked: false } }
  }

  const old = soleRecord(sight.evidence)
  const record = old === undefined ? firstRecord(plan, findings) : nextRecord(old, plan, findings)
  const output = write(labels, bytes, record)
  checkWritten(labels, output, record, old)
  return { bytes: output, report: { type: sight.type, status: old === undefined ? 'added' : 'set', state, record, findings: findings.map(explained) } }
}

function seenWhole({ metadata, pixels }: Sight): boolean {
  return metadata === 'read' && pixels === 'read'
}

/** Sound and films need ffmpeg; of documents, and of pictures that nobody decodes, only the metadata is ever looked at. */
function lookedAt({ type, metadata, pixels }: Sight): boolean {
  const modality = modalityOf(type)
  return metadata === 'read' && pixels !== 'failed' && (pixels !== 'skipped' || (modality !== 'audio' && modality !== 'video'))
}

/** Another platform's pair is replaced; the producer's part is copied as it stands. */
function nextRecord(old: Partial<Record>, { propagator, propagateId }: PropagatePlan, findings: Finding[]): Record {
  const kept = Object.fromEntries(FIELDS.map((key) => [key, String(old[key] ?? '')])) as unknown as Record
  if (kept.ReservedCode2 !== '' && (kept.ContentPropagator !== propagator || kept.PropagateID !== propagateId)) {
    findings.push(finding('M16', `ReservedCode2 protected the pair of the propagator before (${kept.ContentPropagator}, ${kept.PropagateID}) and is not carried on: ${kept.ReservedCode2.slice(0, 200)}`, 'info'))
    kept.ReservedCode2 = ''
  }
  return { ...kept, ContentPropagator: propagator, PropagateID: propagateId }
}

/**
 * Label 2 where the user declared it (Art. 6(2)), 3 where it was detected (Art. 6(3)). What belongs into the producer's fields
 * when nobody knows the producer is not settled: the first writer stands in both pairs (Annex E, note 1), and we say so.
 */
function firstRecord({ declared, propagator, propagateId }: PropagatePlan, findings: Finding[]): Record {
  findings.push(finding('P1', 'The producer is not known. The platform stands in the producer\'s fields as the first who wrote a label; whether the standard wants that is not verified.', 'info'))
  return {
    Label: declared ? '2' : '3',
    ContentProducer: propagator, ProduceID: propagateId, ReservedCode1: '',
    ContentPropagator: propagator, PropagateID: propagateId, ReservedCode2: '',
  }
}

/** Reads and replaces labels, in whatever kind. */
interface Labels { read(bytes: Uint8Array): MetadataReport; write(bytes: Uint8Array, aigc: Record): Uint8Array }

function labelsOf(engine: Engine, document: Document | undefined): Labels {
  if (document === undefined) return { read: (bytes) => engine.metadataRead(bytes), write: (bytes, aigc) => engine.metadataWrite(bytes, { aigc, replace: true }) }
  const { kind, code } = document
  return { read: (bytes) => code.readDocument(engine, bytes, kind), write: (bytes, aigc) => code.writeDocument(engine, bytes, kind, { aigc, replace: true }) }
}

function write(labels: Labels, bytes: Uint8Array, record: Record): Uint8Array {
  try {
    return labels.write(bytes, record)
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (error.code !== 'ERR_PARAMETER') throw error
    throw new CountermarkError('ERR_CONFLICT', `The label cannot be carried on as it stands: ${error.message}`, { remedy: 'Leave the file as it is: the producer\'s part may not be changed.', cause: error })
  }
}

/** Rules M11, M12 and M16 on the very bytes that are given out. */
function checkWritten(labels: Labels, output: Uint8Array, record: Record, old: Partial<Record> | undefined): void {
  const { sites } = labels.read(output)
  const read = sites.length === 1 ? sites[0]?.aigc : undefined
  const differs = (wanted: Partial<Record>, keys: readonly (keyof Record)[]): boolean => keys.some((key) => String(read?.[key] ?? '') !== String(wanted[key] ?? ''))
  if (read === undefined || differs(record, FIELDS) || (old !== undefined && differs(old, PRODUCERS)))
    throw new CountermarkError('ERR_READBACK', 'The label that was written did not read back as it should, so there is no output.')
}
