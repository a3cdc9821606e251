// The seven-field label of GB 45438-2025 Annex E: made here, judged here; its bytes are the engine's work.
import { CountermarkError } from '../errors.js'
import type { Finding, Provider, Record } from '../types.js'

/** The keys in the order of the standard. */
export const FIELDS = ['Label', 'ContentProducer', 'ProduceID', 'ReservedCode1', 'ContentPropagator', 'PropagateID', 'ReservedCode2'] as const

/** IPTC DigitalSourceType of content that a trained model made. */
export const TRAINED = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'

/** Last parts of the DigitalSourceType URIs that say "made by a model". */
const AI_TERMS: ReadonlySet<string> = new Set(['trainedAlgorithmicMedia', 'compositeWithTrainedAlgorithmicMedia', 'compositeSynthetic', 'trainedAlgorithmicData'])

/** True where a DigitalSourceType says that a model made the content or a part of it. */
export function isAiSourceType(uri: string): boolean {
  return AI_TERMS.has(uri.slice(uri.lastIndexOf('/') + 1))
}

/** True for the label of a platform that does not know the producer, and stands in both pairs as the first writer (Annex E, note 1). */
export function isPlatforms(record: Partial<Record> | undefined): boolean {
  const { Label, ContentProducer, ProduceID, ContentPropagator, PropagateID } = record ?? {}
  return (String(Label) === '2' || String(Label) === '3') && Boolean(ContentProducer) && ContentProducer === ContentPropagator && ProduceID === PropagateID
}

/** One platform's bound on a field; the standard fixes none. Longer values are refused on write. */
const FIELD_LIMIT = 1024

/** Annex E j, rule M7: printable ASCII without space, quotation mark and backslash ("mainly"). */
const CHARSET = /^[\x21\x23-\x5B\x5D-\x7E]*$/

/** The 27 characters of the coding rules, of an organisation or a subject of another kind. */
const CODE = /^00[0-9A-Z]{20}(00000|[12][0-9A-Z]{4})$/

/** GB 32100-2015: the characters of the unified social credit code, in the order of their values. */
const CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** Why `code` is not a provider code, or undefined where it is one (rule M9). */
export function codeProblem(code: string): string | undefined {
  if (!CODE.test(code)) return 'it is not 27 digits and capital letters of the form 00 + 20 + (00000, or 1 or 2 and 4 more)'
  // Only organisations (1) bound by their credit code (1) have a check character that we know.
  if (!code.startsWith('0011')) return undefined
  const credit = code.slice(4, 22)
  let sum = 0
  let weight = 1
  for (const character of credit.slice(0, 17)) {
    const value = CREDIT_ALPHABET.indexOf(character)
    if (value < 0) return `"${character}" does not occur in unified social credit codes`
    sum += value * weight
    weight = (weight * 3) % 31
  }
  return CREDIT_ALPHABET[(31 - (sum % 31)) % 31] === credit[17] ? undefined : 'its check character (position 22) is wrong'
}

/**
 * ContentProducer for a provider: the code where there is one, else the name.
 * ERR_USAGE without either; ERR_PARAMETER for a code that fails its check or is a propagator's, and for a name that
 * cannot be written.
 */
export function producerOf(provider: Provider | undefined): string {
  const { code, name } = provider ?? {}
  if (code !== undefined && code !== '') {
    const problem = codeProblem(code) ?? (code[22] === '2' ? 'it is the code of a propagation service (position 23)' : undefined)
    if (problem !== undefined) throw new CountermarkError('ERR_PARAMETER', `The provider code ${JSON.stringify(code)} is not valid: ${problem}.`, { remedy: 'Check the code, or give the provider\'s name instead.' })
    return code
  }
  if (name === undefined || name === '')
    throw new CountermarkError('ERR_USAGE', 'The provider is missing: a label must name who offers the service.', { remedy: 'Give the 27-character code as provider.code (--provider-code), or the name as provider.name (--provider-name).' })
  checkValue('The provider\'s name', name)
  return name
}

/**
 * ContentPropagator for a platform: the code where there is one, else the name.
 * ERR_USAGE without either; ERR_PARAMETER for a code that fails its check or is a generation service's.
 */
export function propagatorOf(provider: Provider | undefined): string {
  const { code, name } = provider ?? {}
  if (code !== undefined && code !== '') {
    const problem = codeProblem(code) ?? (code[22] === '1' ? 'it is the code of a generation service (position 23)' : undefined)
    if (problem !== undefined) throw new CountermarkError('ERR_PARAMETER', `The propagator's code ${JSON.stringify(code)} is not valid: ${problem}.`, { remedy: 'Check the code, or give the platform\'s name instead.' })
    return code
  }
  if (name === undefined || name === '')
    throw new CountermarkError('ERR_USAGE', 'The propagator is missing: the pair must name the platform.', { remedy: 'Give the 27-character code as propagator.code (--provider-code), or the name as propagator.name (--provider-name).' })
  checkValue('The propagator\'s name', name)
  return name
}

/** The content number: the given one, checked, or a fresh UUID. */
export function produceIdOf(given: string | undefined): string {
  if (given === undefined) return crypto.randomUUID()
  if (given === '') throw new CountermarkError('ERR_PARAMETER', 'The content number is empty.')
  checkValue('The content number', given)
  return given
}

function checkValue(what: string, value: string): void {
  // Quotation marks, backslashes and control characters break readers that paste the JSON text together.
  const bad = /["\\\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/u.exec(value)
  if (bad) throw new CountermarkError('ERR_PARAMETER', `${what} holds a character that a label cannot carry (position ${bad.index + 1}).`, { remedy: 'Use the provider\'s code, or letters, digits and - _ . only.' })
  if (value.length > FIELD_LIMIT) throw new CountermarkError('ERR_PARAMETER', `${what} has ${value.length} characters; the limit is ${FIELD_LIMIT}.`)
}

/** The record of a first write: generated, and the propagator is the producer (Annex E note 1). */
export function recordOf(producer: string, produceId: string): Record {
  return {
    Label: '1',
    ContentProducer: producer,
    ProduceID: produceId,
    ReservedCode1: '',
    ContentPropagator: producer,
    PropagateID: produceId,
    ReservedCode2: '',
  }
}

/** Rules M4 to M9 for one label as it was read. `writing`: M8 is an error then, as the first write is ours. */
export function judgeRecord(aigc: Partial<Record>, writing: boolean): Finding[] {
  const findings: Finding[] = []
  const say = (rule: string, severity: Finding['severity'], message: string): void => void findings.push({ rule, severity, message })
  const fields = aigc as { [key: string]: unknown }

  for (const [index, key] of FIELDS.entries()) {
    const value = fields[key]
    if (value === undefined) say('M4', index < 3 ? 'error' : 'warning', `The label has no ${key}.`)
    else if (typeof value !== 'string') say('M4', 'warning', `${key} is not a text.`)
  }
  for (const key of Object.keys(fields))
    if (!(FIELDS as readonly string[]).includes(key)) say('M4', 'warning', `The label has an unknown field ${JSON.stringify(key)}.`)

  const text = (key: keyof Record): string => (fields[key] === undefined ? '' : String(fields[key]))
  if (fields['Label'] !== undefined && !['1', '2', '3'].includes(text('Label')))
    say('M5', 'error', `Label is ${JSON.stringify(fields['Label'])}; 1, 2 and 3 are defined.`)
  for (const key of ['ContentProducer', 'ProduceID'] as const)
    if (fields[key] !== undefined && text(key) === '') say('M6', 'error', `${key} is empty.`)

  for (const key of FIELDS) {
    // SecurityData is JSON, so its quotation marks are expected.
    const value = key.startsWith('Reserved') ? text(key).replaceAll('"', '') : text(key)
    if (!CHARSET.test(value)) say('M7', 'warning', `${key} has characters outside printable ASCII without space, " and \\: some readers may refuse it.`)
  }
  const ownPair = text('ContentPropagator') === text('ContentProducer') && text('PropagateID') === text('ProduceID')
  if (!ownPair)
    say('M8', writing ? 'error' : 'info', 'ContentPropagator and PropagateID differ from ContentProducer and ProduceID: a platform wrote them, or they were left out at the first write.')

  const producer = text('ContentProducer')
  // A name is allowed; only what looks like a code is held to the rules of codes.
  if (/^00[0-9A-Z]{25}$/.test(producer)) {
    // A platform that writes the first label stands in the producer's fields too (Label 2 and 3).
    const problem = codeProblem(producer) ?? (producer[22] === '2' && text('Label') === '1' ? 'it is the code of a propagation service (position 23)' : undefined)
    if (problem !== undefined) say('M9', 'warning', `ContentProducer looks like a provider code, but ${problem}.`)
  }
  const propagator = text('ContentPropagator')
  if (!ownPair && /^00[0-9A-Z]{25}$/.test(propagator) && propagator !== producer) {
    const problem = codeProblem(propagator) ?? (propagator[22] === '1' ? 'it is the code of a generation service (position 23)' : undefined)
    if (problem !== undefined) say('M9', 'warning', `ContentPropagator looks like a provider code, but ${problem}.`)
  }
  return findings
}

/** True where a label can stand: defined Label, producer and content number. */
export function isValid(aigc: Partial<Record> | undefined): boolean {
  return aigc !== undefined && !judgeRecord(aigc, false).some(({ severity }) => severity === 'error')
}
