// Texts on the paths of marking and verifying: the label and the character mark in plain text, Markdown and pages.
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { findTextLabel, labelText, TEXT_LABELS, type TextFormat } from '../text/label.js'
import { detectText, markText, stripText, tokensOf } from '../text/text.js'
import { wrappers } from '../text/inspect.js'
import type { Evidence, Finding, Key, LabelEvidence, Policy, Record, WatermarkEvidence } from '../types.js'
import { soleRecord, compared, type Request, type Sight } from './evidence.js'
import type { Plan } from './mark.js'
import { samePrefix } from './readback.js'

const FORMATS: { readonly [kind: string]: TextFormat } = { 'text/plain': 'plain', 'text/markdown': 'markdown', 'text/html': 'html' }

/** The text of a document whose text is marked, or undefined for the others. Strictly UTF-8: other encodings carry no mark. */
function open(bytes: Uint8Array, kind: string): { text: string; format: TextFormat } | undefined {
  const format = FORMATS[kind]
  if (format === undefined) return undefined
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), format }
  } catch {
    return undefined
  }
}

/** What was done to a text. */
export interface TextWork {
  bytes: Uint8Array
  label: { drawn: boolean; reason?: string; text?: string[] }
  watermark: { embedded: boolean; reason?: string; bits?: number; marks?: number }
  /** A mark of this content was there already. */
  found: boolean
  /** A label stands in the text, ours or another's. */
  labelled: boolean
  findings: Finding[]
}

/** The sentence of a policy: the caller's lines, or a whole sentence in the policy's language. */
export function sentenceOf(policy: Policy, lines: readonly string[], asked: boolean): string {
  if (asked) return lines.join(' ')
  const own = policy.label.text
  if (own[0] === 'AI生成') return own.length > 1 ? `${TEXT_LABELS.zh} (${TEXT_LABELS.en})` : TEXT_LABELS.zh
  return own[0] === 'AI GENERATED' || own[0] === 'AI-generated' ? TEXT_LABELS.en : own.join(' ')
}

/** Puts label and mark into a text. `bound`: the content is signed as it is, and stays so. */
export function changeText(engine: Engine, bytes: Uint8Array, kind: string, plan: Plan, record: Record, bound: boolean): TextWork {
  const work: TextWork = { bytes, label: { drawn: false }, watermark: { embedded: false }, found: false, labelled: false, findings: [] }
  const opened = open(bytes, kind)
  const reason = plan.metadataOnly ? 'metadata only'
    : bound ? 'the label that is kept is bound by its signature to the content as it is'
    : FORMATS[kind] === undefined ? `the text of files of type ${kind} is not changed in this version`
    : opened === undefined ? 'the text is not in UTF-8'
    : undefined
  if (opened === undefined || reason !== undefined) {
    work.label.reason = work.watermark.reason = reason ?? ''
    return work
  }
  let { text } = opened
  const { format } = opened
  if (plan.label === undefined) work.label.reason = plan.waiver === undefined ? 'the policy does not ask for one' : `left out under agreement ${plan.waiver}`
  else {
    const sentence = sentenceOf(plan.policy, plan.label.text, plan.label.asked)
    const { text: labelled, added, reason: why } = labelText(text, { text: sentence, position: plan.text?.position ?? 'end', format })
    text = labelled
    work.label = { drawn: added, ...(why === undefined ? {} : { reason: why }), ...(added ? { text: [sentence] } : {}) }
  }
  work.labelled = findTextLabel(text, format) !== undefined || work.label.drawn
  if (!plan.watermark) work.watermark.reason = 'not asked for'
  else {
    const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
    text = mark(engine, text, plan, payload, work)
  }
  work.bytes = new TextEncoder().encode(text)
  return work
}

function mark(engine: Engine, text: string, plan: Plan, payload: string, work: TextWork): string {
  const profile = plan.text?.profile ?? 'id'
  const [standing] = detectText(engine, text, { keys: [plan.key] })
  if (standing?.found === true) {
    if (standing.payload === undefined || samePrefix(standing.payload, payload)) {
      work.found = true
      work.watermark.reason = 'it is there already'
      return text
    }
    if (plan.remark !== 'replace')
      throw new CountermarkError('ERR_CONFLICT', `The text has a watermark of this key (${plan.keyId}) already, of other content: its payload is ${standing.payload}.`, { remedy: 'Give that content number, use another key, or remark: \'replace\' (--remark replace), which takes the old one out.' })
    text = stripText(engine, text, { key: plan.key, profile: standing.profile ?? profile })
  }
  const { text: marked, watermark } = markText(engine, text, { payload, key: plan.key, profile })
  const { pValue: _pValue, ...said } = watermark
  work.watermark = said
  return marked
}

/** Looks for label and mark in the text of a document, and adds what is found to `sight`. */
export function seeText(engine: Engine, bytes: Uint8Array, kind: string, request: { keys: Key[]; expect?: Request['expect'] }, sight: Sight): void {
  const opened = open(bytes, kind)
  if (opened === undefined) {
    sight.findings.push({ rule: 'P2', severity: 'info', message: 'Of this kind of document the metadata is read only; its text is not searched for labels or watermarks.' })
    return
  }
  delete sight.unsearched
  sight.pixels = 'read'
  const { text, format } = opened
  sight.tokens = tokensOf(text)
  const aigc = soleRecord(sight.evidence)
  const marks = detectText(engine, text, { keys: request.keys }).map((one): WatermarkEvidence => compared(engine, one, request, aigc))
  const label = findTextLabel(text, format)
  const said: LabelEvidence = label === undefined ? { kind: 'label', modality: 'text', found: false } : {
    kind: 'label', modality: 'text', found: true, text: [label.text], range: { position: label.position, start: label.start, end: label.end },
    ...(label.service === undefined ? {} : { service: label.service }),
  }
  sight.evidence = [...marks, ...sight.evidence, said] satisfies Evidence[]
  const wrapped = wrappers(text)
  if (wrapped.length > 1 || (wrapped.length > 0 && text.normalize('NFC') !== text))
    sight.findings.push({
      rule: 'T4', severity: 'warning',
      message: wrapped.length > 1 ? `The text has ${wrapped.length} C2PA wrappers; one is allowed.` : 'The text has a C2PA wrapper and is not in the normal form NFC.',
    })
}
