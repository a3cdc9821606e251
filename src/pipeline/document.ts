// Documents on the paths of marking and verifying: their code is loaded when the first one comes. Plain text, Markdown and pages
// get label and mark in their text (text.ts), the others their metadata only, and every result says so.
import type { DocumentKind } from '../document/index.js'
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { mayBeDocument, typeOfBytes } from '../media/kind.js'
import { isAiSourceType, recordOf, TRAINED } from '../metadata/record.js'
import type { Finding, Record } from '../types.js'
import { hasherOf } from './content.js'
import { addMetadata, readSignatures, type Request, type Sight } from './evidence.js'
import { judge } from './judge.js'
import { keptRecord } from './kept.js'
import { isBoundLabel, signed, UNSIGNED, type Marked, type Plan } from './mark.js'
import { checkLabel, failed } from './readback.js'
import { changeText, seeText } from './text.js'

/** A document's kind, the code for it, and the file beside a plain text where there is one. */
export interface Document { kind: DocumentKind; code: typeof import('../document/index.js'); sidecar?: Uint8Array; name?: string }

/** What stands beside a plain text: the ending of its name, and its bytes where the output is to have one. */
export interface MarkedDocument extends Marked { sidecar?: { ending: string; bytes: Uint8Array } }

const TEXTS: readonly string[] = ['text/plain', 'text/markdown', 'text/html']

/** The document that `bytes` are, or undefined. ERR_MISSING where its code cannot be loaded. */
export async function documentOf(bytes: Uint8Array, name?: string): Promise<Document | undefined> {
  if (typeOfBytes(bytes) !== undefined || !mayBeDocument(bytes, name)) return undefined
  let code
  try {
    code = await import('../document/index.js')
  } catch (thrown) {
    throw new CountermarkError('ERR_MISSING', 'The code for documents could not be loaded.', {
      remedy: 'It lies in the folder dist/document of the package: serve that folder too.', cause: thrown,
    })
  }
  const kind = code.documentKind(bytes, name)
  return kind === undefined ? undefined : { kind, code, ...(name === undefined ? {} : { name: name.replace(/^.*[/\\]/s, '') }) }
}

/** Everything that a document says. */
export async function seeDocument(engine: Engine, bytes: Uint8Array, { kind, code, sidecar, name }: Document, { expect, trust, keys = [] }: Partial<Pick<Request, 'expect' | 'trust' | 'keys'>> = {}): Promise<Sight> {
  const sight: Sight = { type: kind, evidence: [], metadata: 'read', pixels: 'skipped', unsearched: true, findings: [] }
  await addMetadata(() => code.readDocument(engine, bytes, kind, sidecar), expect === undefined ? {} : { expect }, sight)
  await readSignatures(hasherOf(() => code.contentBytes(engine, bytes, kind)), trust === undefined ? {} : { trust }, sight)
  seeText(engine, bytes, kind, { keys, ...(expect === undefined ? {} : { expect }) }, sight)
  // A label in a file of its own that nobody sees is not one that is missing.
  if (kind === 'text/plain' && sidecar === undefined) sight.metadata = 'unknown'
  if (kind === 'text/plain' && sidecar === undefined)
    sight.findings.push({ rule: 'P2', severity: 'info', message: `There is no file ${name ?? 'NAME'}${code.SIDECAR} beside this text, where its label would stand; it may have been left behind.` })
  return sight
}

/** Marks a document: writes its metadata label and reads it back. Errors: see ErrorCode; on any of them there is no output. */
export async function markDocument(engine: Engine, bytes: Uint8Array, document: Document, plan: Plan, deadline: Deadline): Promise<MarkedDocument> {
  const { kind, code, sidecar } = document
  const findings: Finding[] = []
  if (plan.label?.asked && !TEXTS.includes(kind))
    throw new CountermarkError('ERR_UNSUPPORTED', 'No label is drawn into documents in this version.', { remedy: 'Leave out its text and place, and put the label into the document\'s own text.' })
  if (plan.c2pa !== undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', 'C2PA manifests are not written into documents in this version.', { remedy: 'Leave out c2pa (--c2pa-key, --c2pa-cert).' })
  const before = code.readDocument(engine, bytes, kind, sidecar)
  if (before.c2pa) {
    if (plan.keepC2pa)
      throw new CountermarkError('ERR_CONFLICT', 'The file has a C2PA manifest, which any change breaks.', { remedy: 'Leave out keepC2pa to mark it all the same, and sign the result anew.' })
    findings.push({ rule: 'C1', severity: 'warning', message: 'The source\'s C2PA manifest no longer fits the file: it was signed over the unmarked bytes.' })
  }
  if (plan.system !== undefined)
    findings.push({ rule: 'C3', severity: 'warning', message: 'The system and its version are not written into documents by this version.', remedy: 'Write them into the document\'s own text or metadata.' })
  const kept = keptRecord(before.sites, plan)
  let record: Record = kept ?? recordOf(plan.producer, plan.produceId)
  const work = changeText(engine, bytes, kind, plan, record, kept !== undefined && await isBoundLabel(kept))
  findings.push(...work.findings)
  bytes = work.bytes
  deadline.check()
  // Writing changes nothing that the hash covers; checkOutput holds it to that.
  if (kept === undefined && plan.signer !== undefined) record = await signed(hasherOf(() => code.contentBytes(engine, bytes, kind)), record, plan.signer)
  if (kept !== undefined && plan.signer !== undefined) findings.push(UNSIGNED)
  if (kept !== undefined && kept.ContentProducer !== plan.producer)
    findings.push({ rule: 'M16', severity: 'warning', message: `The file is already labelled by ${kept.ContentProducer} as content ${kept.ProduceID}. That label is kept; the provider and content number that were given are not written.` })

  const text = kind === 'text/plain'
  let written = text ? sidecar : bytes
  if (kept === undefined) {
    const digitalSourceType = plan.digitalSourceType ?? (before.digitalSourceType !== undefined && isAiSourceType(before.digitalSourceType) ? undefined : TRAINED)
    written = code.writeDocument(engine, bytes, kind, { aigc: record, ...(digitalSourceType === undefined ? {} : { digitalSourceType }), ...(sidecar === undefined ? {} : { sidecar }) })
  }
  deadline.check()
  const output = text ? bytes : written!
  const beside = text ? written : undefined
  const sight = await seeDocument(engine, output, { kind, code, ...(beside === undefined ? {} : { sidecar: beside }) }, { keys: [plan.key] })
  checkOutput(engine, bytes, output, document, sight, record, kept === undefined)
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
