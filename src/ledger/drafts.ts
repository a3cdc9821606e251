// What the ledger keeps of a call: no content, no prompt, no path; of people only what the caller gives as recipient.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { fromSystem } from '../errors.js'
import type { MarkResult, Policy, PropagateResult } from '../types.js'
import type { Digest, EntryDraft } from '../types/ledger.js'
import { canonical, retention, sha256 } from './entry.js'

/** Everything about one output that the report does not say. */
export interface Circumstances {
  /** First 128 bits of the hash of ContentProducer and ProduceID. */
  payload: string
  policy: Policy
  waiver?: string
  recipient?: string
  system?: { name: string; version?: string }
  signed: boolean
  c2pa: boolean
  task?: string
  source: Digest
  output: Digest
  sidecar?: Digest
  /** Version of Countermark. */
  version: string
}

/** SHA-256 and length of bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return { sha256: sha256(bytes), bytes: bytes.byteLength }
}

/** SHA-256 and length of a file, read a piece at a time. */
export async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(piece)
      bytes += piece.byteLength
    }
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
  return { sha256: hash.digest('hex'), bytes }
}

/** SHA-256 of the canonical JSON of a policy. */
export function policyHashOf(policy: Policy): string {
  return sha256(canonical(policy))
}

/** The entry of a marked output. `now`: from when on a waiver's entry is kept. */
export function markDraft(report: Omit<MarkResult, 'output' | 'ms'>, facts: Circumstances, now = new Date()): EntryDraft {
  const { waiver, recipient, system, task, sidecar } = facts
  const { watermark, label } = report
  return {
    kind: 'mark', status: report.status,
    label: report.record.Label, contentProducer: report.record.ContentProducer, produceId: report.produceId,
    contentPropagator: report.record.ContentPropagator, propagateId: report.record.PropagateID,
    payload: facts.payload, type: report.type, policy: report.policy, policyHash: policyHashOf(facts.policy), key: report.key,
    watermark: { embedded: watermark.embedded, ...some('bits', watermark.bits), ...some('reason', watermark.reason), ...some('replaced', watermark.replaced) },
    explicit: { drawn: label.drawn, ...some('text', label.text), ...some('reason', label.reason) },
    signed: facts.signed, c2pa: facts.c2pa, verdict: report.verdict,
    findings: report.findings.map(({ rule, severity }) => ({ rule, severity })),
    source: facts.source, output: facts.output, version: facts.version,
    ...(waiver === undefined ? {} : { waiver: { reference: waiver }, retainUntil: retention(now.toISOString()) }),
    ...some('recipient', recipient), ...some('system', system), ...some('task', task), ...some('sidecar', sidecar),
  }
}

/** The entry of a platform's step that wrote a label. */
export function propagateDraft(report: Omit<PropagateResult, 'output' | 'ms'>, facts: Pick<Circumstances, 'payload' | 'policy' | 'source' | 'output' | 'version'>): EntryDraft {
  const { record } = report
  return {
    kind: 'propagate', status: report.status, type: report.type, policy: facts.policy.name, policyHash: policyHashOf(facts.policy),
    ...(record === undefined ? {} : {
      label: record.Label, contentProducer: record.ContentProducer, produceId: record.ProduceID, contentPropagator: record.ContentPropagator, propagateId: record.PropagateID, payload: facts.payload,
    }),
    findings: report.findings.map(({ rule, severity }) => ({ rule, severity })),
    source: facts.source, output: facts.output, version: facts.version,
  }
}

function some<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [key in K]: V }
}
