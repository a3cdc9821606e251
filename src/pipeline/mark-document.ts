// Documents on the path of marking. Plain text, Markdown, pages and answers of models in JSON get label and mark in their text,
// Word documents and PDFs the label (text.ts), the others their metadata only, and every result says so.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import type { Record } from '../types.js'
import { hasherOf } from './content.js'
import { seeDocument, type Document } from './document.js'
import type { Sight } from './evidence.js'
import { judge } from './judge.js'
import { begin } from './kept.js'
import { disclosure, isBoundLabel, signed, type Marked, type Plan } from './mark.js'
import { checkLabel, failed } from './readback.js'
import { changeText, takesLabel } from './text.js'

/** What stands beside a plain text: the ending of its name, and its bytes where the output is to have one. */
export interface MarkedDocument extends Marked { sidecar?: { ending: string; bytes: Uint8Array } }

/** Marks a document: writes its metadata label and reads it back. Errors: see ErrorCode; on any of them there is no output. */
export async function markDocument(engine: Engine, bytes: Uint8Array, document: Document, plan: Plan, deadline: Deadline): Promise<MarkedDocument> {
  const { kind, code, sidecar } = document
  if (plan.label?.asked && !takesLabel(bytes, document))
    throw new CountermarkError('ERR_UNSUPPORTED', 'No visible label is put into documents of this kind in this version.', { remedy: 'Leave out its text and place, and put the label into the document\'s own text.' })
  if (plan.sound?.position === 'middle')
    throw new CountermarkError('ERR_UNSUPPORTED', 'A label in the middle is for a sound, and this is a text.', { remedy: 'Take start, end or inline (--label-position).' })
  if (plan.c2pa !== undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', 'C2PA manifests are not written into documents in this version.', { remedy: 'Leave out c2pa (--c2pa-key, --c2pa-cert).' })
  const { kept, first, sourceType, findings } = begin(code.readDocument(engine, bytes, kind, sidecar), plan)
  let record: Record = kept ?? first
  const work = await changeText(engine, bytes, document, plan, record, kept !== undefined && await isBoundLabel(kept))
  findings.push(...work.findings)
  bytes = work.bytes
  deadline.check()
  // Writing changes nothing that the hash covers; checkOutput holds it to that.
  if (kept === undefined && plan.signer !== undefined) record = await signed(hasherOf(() => code.contentBytes(engine, bytes, kind)), record, plan.signer)

  const text = kind === 'text/plain'
  let written = text ? sidecar : bytes
  if (kept === undefined) {
    written = code.writeDocument(engine, bytes, kind, { aigc: record, ...(sourceType === undefined ? {} : { digitalSourceType: sourceType }), ...disclosure(plan), ...(sidecar === undefined ? {} : { sidecar }) })
  }
  deadline.check()
  const output = text ? bytes : written!
  const beside = text ? written : undefined
  const sight = await seeDocument(engine, output, { kind, code, ...(beside === undefined ? {} : { sidecar: beside }) }, { keys: [plan.key] })
  checkOutput(engine, bytes, output, document, sight, record, kept === undefined)
  if (kept === undefined && plan.system !== undefined && code.readDocument(engine, output, kind, beside).aiSystemUsed !== plan.system.name)
    findings.push({ rule: 'C3', severity: 'warning', message: 'The system and its version are not written into documents of this kind by this version.', remedy: 'Write them into the document\'s own text or metadata.' })
  deadline.check()

  if (plan.policy.label.demand === 'required' && plan.waiver === undefined && !work.labelled)
    findings.push({
      rule: kind === 'text/plain' ? 'T1' : 'T2', severity: 'warning',
      message: `The policy ${plan.policy.name} requires a visible label, and none was put into the text (${work.label.reason}): whether it has one cannot be told.`,
    })
  const judged = judge(plan.policy, { ...sight, findings: [...findings, ...sight.findings] }, false, {
    firstWrite: kept === undefined,
    drawn: work.labelled,
    ...(plan.label === undefined && plan.waiver !== undefined ? { waiver: plan.waiver } : {}),
    ...(plan.metadataOnly ? {} : { watermark: work.watermark.embedded || work.found }),
  })
  return {
    bytes: output,
    ...(beside === undefined ? {} : { sidecar: { ending: code.SIDECAR, bytes: beside } }),
    report: {
      type: kind, status: kept === undefined ? 'done' : 'kept', produceId: record.ProduceID,
      payload: engine.payloadOf(record.ContentProducer, record.ProduceID, 64), record, policy: plan.policy.name, key: plan.keyId,
      watermark: work.watermark, label: work.label,
      verdict: judged.verdict, state: judged.state, evidence: sight.evidence, findings: judged.findings,
    },
  }
}

/** A sidecar that stands where one is to be written may be replaced only if it holds a label of the same producer. Else ERR_CONFLICT. */
export function checkSidecar(engine: Engine, standing: Uint8Array, { code }: Document, path: string, producer: string): void {
  let said: string | undefined
  try {
    const { sites } = code.readDocument(engine, new Uint8Array(), 'text/plain', standing)
    said = sites[0]?.aigc?.ContentProducer
  } catch (thrown) {
    if (!(thrown instanceof CountermarkError) || thrown.code === 'ERR_INTERNAL') throw thrown
  }
  if (said === producer) return
  throw new CountermarkError('ERR_CONFLICT', said === undefined ? `${path} stands there already, and is no label.` : `${path} stands there already, and holds the label of ${said}, which is not replaced.`, {
    remedy: 'Choose another output, or move that file away.',
  })
}

/** Rules M11 and M12: the label comes out again, and the content is the same as before. */
function checkOutput(engine: Engine, bytes: Uint8Array, output: Uint8Array, { kind, code }: Document, sight: Sight, record: Record, fresh: boolean): void {
  if (sight.metadata !== 'read') throw failed(sight.findings.map(({ message }) => message).join(' '))
  checkLabel(sight, record, fresh)
  const [before, after] = [bytes, output].map((one) => code.contentBytes(engine, one, kind)) as [Uint8Array[], Uint8Array[]]
  const same = before.length === after.length && before.every((piece, index) => sameBytes(piece, after[index]!))
  if (!same) throw failed('the content of the document is not the same as before')
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
