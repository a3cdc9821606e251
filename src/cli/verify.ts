import { defaultKey, verify, type AudioWatermarkEvidence, type Evidence, type VerifyOptions, type VerifyResult, type VideoWatermarkEvidence, type WatermarkEvidence } from '../index.js'
import { keyFrom, limitsFrom, policyFrom, providerFrom, textFrom, type FileOptions } from './inputs.js'
import type { Speech } from './language.js'
import { fromStdin } from './stdin.js'
import { errorOf, terminalOf, usage, type CommonOptions } from './terminal.js'

/** The flags of `countermark verify`, as commander names them. */
export interface VerifyFlags extends CommonOptions, FileOptions {
  key?: string[]
  providerCode?: string
  providerName?: string
  produceId?: string
  declared?: boolean
  trust?: string[]
  effort?: string
}

/** `countermark verify`: gives the exit code. */
export async function runVerify(inputs: string[], flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const terminal = terminalOf(flags)
  const { speech } = terminal
  if (inputs.includes('-') && inputs.length > 1) throw usage(speech.say('stdin'))
  const provider = providerFrom(flags, speech)
  if ((provider === undefined) !== (flags.produceId === undefined)) throw usage(speech.say('expectBoth'))
  const policy = await policyFrom(flags.policy, speech)
  const options: VerifyOptions = {
    limits: limitsFrom(flags, speech), signal,
    ...(policy === undefined ? {} : { policy }),
    // Read before any file: a key that cannot be read is no file's fault.
    keys: flags.key === undefined ? [...new Set([(await defaultKey()).key, 'public'])] : await Promise.all(flags.key.map(keyFrom)),
    ...(provider === undefined || flags.produceId === undefined ? {} : { expect: { provider, produceId: flags.produceId } }),
    ...(flags.declared ? { declared: true } : {}),
    ...(flags.ffmpeg === undefined ? {} : { ffmpeg: flags.ffmpeg }),
    ...(flags.trust === undefined ? {} : { trust: await Promise.all(flags.trust.map(textFrom)) }),
    ...(flags.effort === undefined ? {} : { effort: flags.effort as 'full' }),
  }

  const failed: { file: string; code: string }[] = []
  let passed = 0
  const progress = terminal.progress(inputs.length)
  try {
    for (const file of inputs) {
      try {
        const result = await verify(file === '-' ? await fromStdin() : file, options)
        if (result.verdict === 'compliant' && result.matchesExpected !== false) passed += 1
        terminal.result(terminal.json ? JSON.stringify({ ...result, file }) : lines(result, file, speech))
      } catch (thrown) {
        const error = errorOf(thrown)
        if (error.code === 'ERR_USAGE' || error.code === 'ERR_PARAMETER') throw error
        failed.push({ file, code: error.code })
        if (terminal.json) terminal.result(JSON.stringify({ file, error: error.toJSON() }))
        terminal.complain(error, file)
      }
      progress.step(file)
    }
  } finally {
    progress.stop()
  }
  if (inputs.length > 1) {
    terminal.note(speech.say('summary', { all: inputs.length, done: inputs.length - failed.length, failed: failed.length }))
    for (const one of failed) terminal.note(speech.say('failedFile', one))
  }
  return failed.length > 0 ? 3 : passed < inputs.length ? 1 : 0
}

function lines({ verdict, state, policy, type, evidence, findings, matchesExpected }: VerifyResult, file: string, speech: Speech): string {
  const answer = matchesExpected === undefined ? undefined : matchesExpected ? expectedWord(evidence) : 'expectedNo'
  return [
    `${file}: ${speech.verdict(verdict)} (${policy}; ${speech.say('state')}: ${speech.state(state)}; ${type})`,
    ...evidence.map((one) => `  ${evidenceLine(one, speech)}`),
    ...(answer === undefined ? [] : [`  ${speech.say(answer)}`]),
    ...(state === 'suspected' && answer !== 'expectedPublic' && publicAlone(evidence) ? [`  ${speech.say('publicNote')}`] : []),
    ...findings.map((finding) => `  ${speech.finding(finding)}`),
  ].join('\n')
}

/** What a match is worth: only a private key's watermark, or a label that a trusted key signed for this content, says whose it is. */
function expectedWord(evidence: readonly Evidence[]): 'expectedYes' | 'expectedPublic' | 'expectedLabel' {
  const marks = evidence.filter((one) => one.kind === 'watermark' && one.matchesExpected === true)
  const labelled = evidence.some((one) => one.kind === 'metadata' && one.matchesExpected === true)
  const signed = evidence.some((one) => one.kind === 'signature' && one.valid === true && one.bound === true && one.trusted === true)
  if (marks.some((one) => one.kind === 'watermark' && one.key !== 'public') || (labelled && signed)) return 'expectedYes'
  return marks.length > 0 ? 'expectedPublic' : 'expectedLabel'
}

function publicAlone(evidence: readonly Evidence[]): boolean {
  const marks = evidence.filter((one) => one.kind === 'watermark' && one.found)
  return marks.length > 0 && marks.every((one) => one.kind === 'watermark' && one.key === 'public')
}

function evidenceLine(one: Evidence, speech: Speech): string {
  const parts: string[] = []
  if (one.kind === 'watermark') {
    parts.push(one.key)
    if (one.modality === 'video' || one.modality === 'audio') parts.push(speech.text(one.modality))
    if (one.found) {
      if (one.payload !== undefined) parts.push(`${one.payload} (${one.bits ?? one.payload.length * 4} bit)`)
      if (one.asked !== undefined) parts.push(`${one.asked} (${speech.say('recognised')})`)
      if (one.pValue !== undefined) parts.push(speech.say(one.extrapolated ? 'chanceUncounted' : 'chance', { bound: one.pValue.toExponential(1) }))
      if (one.matchesMetadata !== undefined) parts.push(speech.say(one.matchesMetadata ? 'matches' : 'differs'))
      if (one.matchesExpected !== undefined) parts.push(speech.say(one.matchesExpected ? 'isExpected' : 'isNotExpected'))
      const transform = one.modality === 'audio' ? undefined : (one as WatermarkEvidence | VideoWatermarkEvidence).where?.transform
      const spans = one.modality === 'audio' || one.modality === 'video' ? (one as AudioWatermarkEvidence | VideoWatermarkEvidence).where?.spans : undefined
      if (spans) parts.push(spans.map((span) => span.map((second) => second.toFixed(1)).join('-')).join(' ') + ' s')
      if (transform) parts.push(`${speech.say('patternScale')} ${Number(transform.scale.toFixed(3))}, ${speech.say('rotation')} ${Number(transform.rotation.toFixed(1))}°`)
    }
  } else if (one.kind === 'metadata') {
    parts.push(one.format)
    if (one.location !== undefined) parts.push(one.location)
    if (one.aigc) parts.push(`Label ${one.aigc.Label ?? '-'}, ${one.aigc.ContentProducer ?? '-'}, ${one.aigc.ProduceID ?? '-'}`)
    if (one.aigc?.ContentPropagator) parts.push(`${speech.say('propagator')} ${one.aigc.ContentPropagator}, ${one.aigc.PropagateID ?? '-'}`)
    if (one.digitalSourceType !== undefined) parts.push(one.digitalSourceType)
  } else if (one.kind === 'signature') {
    if (one.algorithm !== undefined) parts.push(one.algorithm)
    for (const [fact, yes, no] of [[one.valid, 'holds', 'holdsNot'], [one.bound, 'ofThisContent', 'ofOtherContent'], [one.trusted, 'trustedKey', 'unknownKey']] as const)
      if (fact !== undefined) parts.push(speech.say(fact ? yes : no))
    if (one.keyId !== undefined) parts.push(one.keyId)
  } else if (one.kind === 'trace') parts.push(speech.text(one.generator), one.location)
  else {
    if (one.text) parts.push(one.text.join(' / '))
    const { where } = one
    if (where !== undefined && 'turned' in where) parts.push(`${speech.say('rotation')} ${where.turned}°`)
    if (where !== undefined && 'spans' in where) parts.push(`${where.spans.map(([from, to]) => `${from.toFixed(1)}-${to.toFixed(1)} s`).join(' ')}, ${Math.round(where.frequency)} Hz`)
  }
  if ('frame' in one && one.found && one.frame !== undefined) parts.push(`${speech.say('frame')} ${one.frame}`)
  return `${speech.say(one.kind)} ${speech.say(one.found ? 'found' : 'notFound')}: ${parts.join(', ')}`.replace(/: $/, '')
}
