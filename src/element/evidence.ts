// One detector's finding as a line of words.
import type { AudioLabelEvidence, AudioWatermarkEvidence, Evidence, LabelEvidence, MetadataEvidence, SignatureEvidence, VideoLabelEvidence, VideoWatermarkEvidence, WatermarkEvidence } from '../browser.js'
import type { Speech } from './words.js'

/** What it is called, whether it was found, and what else is known of it. */
export interface Line { name: string; found: boolean; facts: string[] }

/** The lines of all evidence, in its order. */
export function linesOf(evidence: readonly Evidence[], speech: Speech): Line[] {
  return evidence.map((one) => ({ name: nameOf(one, speech), found: one.found, facts: one.found ? factsOf(one, speech) : [] }))
}

function nameOf(one: Evidence, { say }: Speech): string {
  if (one.kind === 'metadata') return say(one.format === 'aigc' ? 'metadataLabel' : one.format)
  if (one.kind === 'label') return say(one.modality === 'audio' ? 'soundLabel' : one.modality === 'text' ? 'textMark' : 'label')
  if (one.kind === 'watermark' && one.modality === 'audio') return say('soundMark')
  return say(one.kind)
}

function factsOf(one: Evidence, speech: Speech): string[] {
  switch (one.kind) {
    case 'watermark': return watermark(one, speech)
    case 'label': return label(one, speech)
    case 'metadata': return metadata(one, speech)
    case 'signature': return signature(one, speech)
    case 'trace': return [`${speech.sdk(one.generator)}: ${one.value}`, speech.say('where', { place: one.location })]
  }
}

function watermark(one: WatermarkEvidence | AudioWatermarkEvidence | VideoWatermarkEvidence, { say, chance }: Speech): string[] {
  const facts: string[] = []
  if (one.pValue !== undefined) facts.push(chance(one.pValue, one.extrapolated === true))
  facts.push(one.key === 'public' ? say('publicKey') : say('key', { key: one.key }))
  if (one.payload !== undefined) facts.push(say('bits', { payload: one.payload, bits: one.bits ?? one.payload.length * 4 }))
  if (one.asked !== undefined) facts.push(say('asked', { payload: one.asked }))
  if (one.matchesMetadata !== undefined) facts.push(say(one.matchesMetadata ? 'matches' : 'differs'))
  if (one.matchesExpected !== undefined) facts.push(say(one.matchesExpected ? 'isExpected' : 'isNotExpected'))
  const { where } = one
  if (where !== undefined && 'transform' in where) {
    const { rotation, mirrored } = where.transform
    if (Math.abs(rotation) >= 0.5) facts.push(say('rotated', { degrees: Number(rotation.toFixed(1)) }))
    if (mirrored) facts.push(say('mirrored'))
  }
  if (where !== undefined && 'spans' in where) facts.push(say('seconds', { spans: spansOf(where.spans) }))
  if (where !== undefined && 'speed' in where) {
    if (Math.abs(where.speed - 1) > 0.002) facts.push(say('speed', { speed: where.speed.toFixed(3) }))
    if (Math.abs(where.tempo - 1) > 0.002) facts.push(say('tempo', { tempo: where.tempo.toFixed(3) }))
  }
  if ('spans' in one && one.spans !== undefined) facts.push(say('passages', { count: one.spans.length }))
  if ('frame' in one && one.frame !== undefined) facts.push(say('frame', { frame: one.frame + 1 }))
  return facts
}

function label(one: LabelEvidence | AudioLabelEvidence | VideoLabelEvidence, { say }: Speech): string[] {
  const facts: string[] = []
  if (one.text !== undefined) facts.push(say('says', { text: one.text.join(' / ') }))
  if ('range' in one && one.range !== undefined) facts.push(say(one.range.position === 'start' ? 'atStart' : 'atEnd'))
  if ('service' in one && one.service !== undefined) facts.push(say('service', { service: one.service }))
  if (one.where !== undefined && 'spans' in one.where) facts.push(say('seconds', { spans: spansOf(one.where.spans) }))
  if (one.where !== undefined && 'turned' in one.where && one.where.turned !== undefined) facts.push(say('rotated', { degrees: one.where.turned }))
  if ('frame' in one && one.frame !== undefined) facts.push(say('frame', { frame: one.frame + 1 }))
  return facts
}

function metadata(one: MetadataEvidence, { say, sdk }: Speech): string[] {
  const facts: string[] = []
  if (one.digitalSourceType !== undefined) facts.push(one.digitalSourceType.replace(/^.*\//, ''))
  if (one.format === 'c2pa')
    facts.push(one.c2pa === undefined ? say('unchecked') : [say(one.c2pa.valid ? 'holds' : 'holdsNot'), one.c2pa.signer, say(one.c2pa.trusted ? 'trusted' : 'untrusted')].filter(Boolean).join(', '))
  if (one.location !== undefined) facts.push(say('where', { place: one.location }))
  if (one.problem !== undefined) facts.push(sdk(one.problem))
  if (one.matchesExpected !== undefined) facts.push(say(one.matchesExpected ? 'isExpected' : 'isNotExpected'))
  return facts
}

function signature({ algorithm, valid, bound, trusted, keyId, problem }: SignatureEvidence, { say, sdk }: Speech): string[] {
  return [
    valid === undefined ? say('unchecked') : say(valid ? 'holds' : 'holdsNot'),
    bound === undefined ? undefined : say(bound ? 'ofThis' : 'ofOther'),
    trusted === undefined ? undefined : say(trusted ? 'trusted' : 'untrusted'),
    algorithm, keyId, problem === undefined ? undefined : sdk(problem),
  ].filter((fact) => fact !== undefined)
}

/** `0.0–6.2, 9.0–12.5` */
export function spansOf(spans: readonly (readonly [number, number])[]): string {
  return spans.map(([from, to]) => `${from.toFixed(1)}–${to.toFixed(1)}`).join(', ')
}
