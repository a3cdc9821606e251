// Texts on the paths of marking and verifying: the label and the character mark in plain text, Markdown and pages.
import type { DocumentKind } from '../document/index.js'
import type { DrawnLabel, Sentence } from '../document/label.js'
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { drawLabel } from '../image/image.js'
import { answerOf } from '../text/completions.js'
import { findTextLabel, labelText, TEXT_LABELS, type TextFormat } from '../text/label.js'
import { detectText, markText, stripText, tokensOf } from '../text/text.js'
import { wrappers } from '../text/inspect.js'
import type { Evidence, Finding, Key, LabelEvidence, Policy, Record, WatermarkEvidence } from '../types.js'
import { soleRecord, compared, type Request, type Sight } from './evidence.js'
import type { Plan } from './mark.js'
import { samePrefix } from './readback.js'

const JSON_KIND = 'application/json'
const FORMATS: { readonly [kind: string]: TextFormat } = { 'text/plain': 'plain', 'text/markdown': 'markdown', 'text/html': 'html' }

/** Why kinds of documents get no label that is seen. The metadata label is in all of them. */
const UNLABELLED: readonly (readonly [string, string])[] = [
  ['spreadsheetml.sheet', 'a sentence in a cell would be data of the workbook, which formulas and programs read'],
  ['presentationml.presentation', 'a text box on a slide is not laid out in this version; put the label on the slide in your template'],
]

/** A document's kind, and the code for documents. */
interface Kind { kind: DocumentKind; code: typeof import('../document/index.js') }

/** The texts of a document that are marked, and the document with others in their place. */
interface Texts { texts: string[]; format: TextFormat; put(texts: readonly string[]): Uint8Array }

/** The texts of a document whose text is marked, or undefined for the others. Strictly UTF-8: other encodings carry no mark. */
function open(bytes: Uint8Array, kind: string): Texts | undefined {
  const format = FORMATS[kind]
  if (format === undefined && kind !== JSON_KIND) return undefined
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
  const encoded = (one: string): Uint8Array => new TextEncoder().encode(one)
  if (format !== undefined) return { texts: [text], format, put: ([one]) => encoded(one!) }
  const answer = answerOf(text)
  return answer && { texts: answer.texts, format: 'markdown', put: (texts) => encoded(answer.put(texts)) }
}

/** Whether a label can be put into this document in this version. */
export function takesLabel(bytes: Uint8Array, { kind, code }: Kind): boolean {
  return FORMATS[kind] !== undefined || code.sentenceIn(kind) !== undefined || open(bytes, kind) !== undefined
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

/** Puts label and mark into a document. `bound`: the content is signed as it is, and stays so. */
export async function changeText(engine: Engine, bytes: Uint8Array, { kind, code }: Kind, plan: Plan, record: Record, bound: boolean): Promise<TextWork> {
  const work: TextWork = { bytes, label: { drawn: false }, watermark: { embedded: false }, found: false, labelled: false, findings: [] }
  const opened = open(bytes, kind)
  const beside = code.sentenceIn(kind)
  const reason = plan.metadataOnly ? 'metadata only'
    : bound ? 'the label that is kept is bound by its signature to the content as it is'
    : opened === undefined && FORMATS[kind] !== undefined ? 'the text is not in UTF-8'
    : opened === undefined && beside === undefined ? UNLABELLED.find(([end]) => kind.endsWith(end))?.[1] ?? `the text of files of type ${kind} is not changed in this version`
    : undefined
  if (reason !== undefined) {
    work.label.reason = work.watermark.reason = reason
    return work
  }
  const labelled = (put: (sentence: string) => string | undefined): void => {
    if (plan.label === undefined) {
      work.label.reason = plan.waiver === undefined ? 'the policy does not ask for one' : `left out under agreement ${plan.waiver}`
      return
    }
    const sentence = sentenceOf(plan.policy, plan.label.text, plan.label.asked)
    const why = put(sentence)
    if (why !== undefined) work.label.reason ??= why
    else work.label = { drawn: true, text: kind === 'application/pdf' ? plan.label.text : [sentence] }
  }
  if (opened === undefined) {
    work.watermark.reason = `the text of files of type ${kind} carries no mark in this version`
    const stands = findTextLabel(beside!.read(bytes)) !== undefined
    if (stands || plan.label === undefined) labelled(() => 'a label is there already')
    else {
      const put = await withLabel(engine, bytes, beside!, plan)
      if (put instanceof Uint8Array) work.bytes = put
      labelled(() => (put instanceof Uint8Array ? undefined : put))
    }
    work.labelled = stands || work.label.drawn
    return work
  }
  const { format } = opened
  const payload = engine.payloadOf(record.ContentProducer, record.ProduceID, 64)
  const texts = opened.texts.map((given) => {
    let text = given
    labelled((sentence) => {
      const { text: made, added, reason: why } = labelText(text, { text: sentence, position: plan.text?.position ?? 'end', format })
      text = made
      return added ? undefined : why
    })
    if (!plan.watermark) work.watermark.reason = 'not asked for'
    else text = mark(engine, text, format, plan, payload, work)
    return text
  })
  work.labelled = work.label.drawn || texts.every((text) => findTextLabel(text, format) !== undefined)
  work.bytes = opened.put(texts)
  return work
}

/** The document with its visible label, or why it cannot have one. */
async function withLabel(engine: Engine, bytes: Uint8Array, { write }: Sentence, plan: Plan): Promise<Uint8Array | string> {
  const { text: lines, asked } = plan.label!
  try {
    return await write(bytes, { sentence: sentenceOf(plan.policy, lines, asked), lines, position: plan.text?.position === 'end' ? 'end' : 'start', draw: () => drawnLabel(engine, lines) })
  } catch (thrown) {
    if (thrown instanceof CountermarkError && ['ERR_CONFLICT', 'ERR_UNSUPPORTED', 'ERR_LIMIT', 'ERR_PARAMETER'].includes(thrown.code)) return thrown.message
    throw thrown
  }
}

/** The lines as they are drawn into pictures, on white. */
async function drawnLabel(engine: Engine, lines: string[]): Promise<DrawnLabel> {
  const [width, height, channels] = [2400, 400, 3] as const
  const samples = new Uint8Array(width * height * channels).fill(255)
  const { box, inkHeight } = await drawLabel(engine, { width, height, channels, depth: 8, samples }, { text: lines, position: 'top-left', ratio: 0.12 })
  const cut = new Uint8Array(box.width * box.height * channels)
  for (let row = 0; row < box.height; row++) {
    const from = ((box.y + row) * width + box.x) * channels
    cut.set(samples.subarray(from, from + box.width * channels), row * box.width * channels)
  }
  return { width: box.width, height: box.height, inkHeight, samples: cut }
}

function mark(engine: Engine, text: string, format: TextFormat, plan: Plan, payload: string, work: TextWork): string {
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
  const { text: marked, watermark } = markText(engine, text, { payload, key: plan.key, profile }, format)
  const { pValue: _pValue, ...said } = watermark
  // Of several texts in one file, the marks of all and the most bits count.
  const { embedded, marks = 0, bits = 0 } = work.watermark
  if (!embedded) work.watermark = said
  else if (said.embedded) work.watermark = { ...work.watermark, marks: marks + (said.marks ?? 0), ...(Math.max(bits, said.bits ?? 0) > 0 ? { bits: Math.max(bits, said.bits ?? 0) } : {}) }
  return marked
}

/** Looks for label and mark in the text of a document, and adds what is found to `sight`. */
export function seeText(engine: Engine, bytes: Uint8Array, { kind, code }: Kind, request: { keys: Key[]; expect?: Request['expect'] }, sight: Sight): void {
  const opened = open(bytes, kind)
  const beside = code.sentenceIn(kind)
  if (opened === undefined) {
    const label = beside && sight.metadata !== 'broken' ? findTextLabel(beside.read(bytes)) : undefined
    if (label !== undefined) sight.evidence.push({ kind: 'label', modality: 'text', found: true, text: [label.text] })
    sight.findings.push({ rule: 'P2', severity: 'info', message: beside === undefined ? 'Of this kind of document the metadata is read only; its text is not searched for labels or watermarks.' : 'Of this kind of document the metadata and a visible label are read; its text is not searched for watermarks.' })
    return
  }
  delete sight.unsearched
  sight.pixels = 'read'
  const { texts, format } = opened
  // Places are told of the only text of a file; several texts of one answer are searched as one.
  const text = texts.join('\n\n')
  const alone = texts.length === 1 && FORMATS[kind] !== undefined
  sight.tokens = tokensOf(text)
  const aigc = soleRecord(sight.evidence)
  const marks = detectText(engine, text, { keys: request.keys }).map(({ spans, ...one }): WatermarkEvidence => compared(engine, { ...one, ...(alone && spans !== undefined ? { spans } : {}) }, request, aigc))
  const labels = texts.map((one) => findTextLabel(one, format))
  const [label] = labels
  const said: LabelEvidence = label === undefined || labels.includes(undefined) ? { kind: 'label', modality: 'text', found: false } : {
    kind: 'label', modality: 'text', found: true, text: [label.text], ...(alone ? { range: { position: label.position, start: label.start, end: label.end } } : {}),
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
