import { mark, openLedger, type MarkOptions, type MarkResult } from '../index.js'
import { limitsFrom, markingKey, outputsOf, policyFrom, providerFrom, textFrom, type FileOptions } from './inputs.js'
import type { Speech } from './language.js'
import { ledgerPath } from './ledger.js'
import { answersToStdout, fromStdin, standingInput, textToStdout } from './stdin.js'
import { errorOf, terminalOf, usage, type CommonOptions, type Terminal } from './terminal.js'

/** The flags of `countermark mark`, as commander names them. */
export interface MarkFlags extends CommonOptions, FileOptions {
  output: string
  providerCode?: string
  providerName?: string
  produceId?: string
  key?: string
  quality?: string
  remark?: string
  watermark: boolean
  explicit: boolean
  waiver?: string
  metadataOnly?: boolean
  keepC2pa?: boolean
  signKey?: string
  signCert?: string
  c2paKey?: string
  c2paCert?: string
  c2paTsa?: string
  systemName?: string
  systemVersion?: string
  labelText?: string[]
  labelPosition?: string
  labelFont?: string
  labelDuring?: string
  labelSeconds?: string
  encoder?: string
  encoderSetting?: string[]
  labelAudio?: string
  labelVoice?: string | true
  ledger?: string
  recipient?: string
  textProfile?: string
  textLabel?: string
}

/** The options of `mark` that the flags mean, and a sentence that says which key is used. */
export async function optionsFrom(flags: MarkFlags, speech: Speech, signal: AbortSignal): Promise<{ options: MarkOptions; said: string }> {
  const provider = providerFrom(flags, speech)
  const policy = await policyFrom(flags.policy, speech)
  const { key, said } = await markingKey(flags.key, speech)
  const options: MarkOptions = {
    provider: provider ?? {}, key, watermark: flags.watermark, limits: limitsFrom(flags, speech), signal,
    ...(policy === undefined ? {} : { policy }),
    ...(flags.produceId === undefined ? {} : { produceId: flags.produceId }),
    ...(flags.quality === undefined ? {} : { quality: flags.quality as 'standard' }),
    ...(flags.remark === undefined ? {} : { remark: flags.remark as 'replace' }),
    ...(flags.waiver === undefined ? {} : { waiver: flags.waiver }),
    ...(flags.metadataOnly ? { metadataOnly: true } : {}),
    ...(flags.ffmpeg === undefined ? {} : { ffmpeg: flags.ffmpeg }),
    ...(flags.keepC2pa ? { keepC2pa: true } : {}),
    ...(flags.textProfile === undefined && flags.textLabel === undefined ? {} : {
      text: { ...(flags.textProfile === undefined ? {} : { profile: flags.textProfile as 'id' }), ...(flags.textLabel === undefined ? {} : { position: flags.textLabel as 'end' }) },
    }),
    ...(await signFrom(flags, speech)),
    ...labelFrom(flags, speech),
    ...videoFrom(flags, speech),
    ...(flags.recipient === undefined ? {} : { recipient: flags.recipient }),
  }
  return { options, said }
}

/** `countermark mark`: gives the exit code. */
export async function runMark(inputs: string[], flags: MarkFlags, signal: AbortSignal): Promise<number> {
  const terminal = terminalOf(flags)
  const { speech } = terminal
  if (flags.produceId !== undefined && inputs.length > 1) throw usage(speech.say('oneNumber', { count: inputs.length }))
  const { options, said } = await optionsFrom(flags, speech, signal)
  const fromInput = inputs.length === 1 && inputs[0] === '-'
  const toStream = fromInput && flags.output === '-'
  const standing = toStream ? await standingInput() : undefined
  if (standing !== undefined && !(standing instanceof File)) {
    // A text without a file around it has no place for the record that an entry is of.
    if (ledgerPath(flags.ledger) !== undefined) throw usage(speech.say('ledgerNeedsFile'))
    await (typeof standing === 'string' ? textToStdout(standing, options, terminal) : answersToStdout(standing, options, terminal))
    return 0
  }
  if (toStream && terminal.json) throw usage(speech.say('fileOrJson'))
  const pairs = fromInput ? [{ input: '-', output: flags.output }] : await outputsOf(inputs, flags.output, speech)

  const place = ledgerPath(flags.ledger)
  const ledger = place === undefined ? undefined : await openLedger(place)
  if (ledger !== undefined) options.ledger = ledger
  const failed: { file: string; code: string }[] = []
  let breaches = 0
  let done = 0
  const progress = terminal.progress(pairs.length)
  options.video = { ...options.video, progress: (one) => progress.film(one) }
  try {
    for (const { input, output } of pairs) {
      try {
        const marked = (await mark(standing ?? (fromInput ? await fromStdin(output) : input), { ...options, ...(toStream ? { as: 'bytes' } : { to: output }) })) as MarkResult<string | Buffer>
        if (typeof marked.output !== 'string') process.stdout.write(marked.output)
        const result = { ...marked, output }
        if (done === 0 && flags.watermark && !flags.metadataOnly && (result.watermark.embedded || /^(image|video)\//.test(result.type))) terminal.note(said)
        done += 1
        // Another's label that is kept is his affair, but not one that its signature gives away as copied or edited.
        const betrayed = result.findings.some(({ rule, severity }) => rule === 'S1' && severity === 'error')
        if (result.verdict === 'non-compliant' && (result.status === 'done' || betrayed)) breaches += 1
        print(toStream ? { ...terminal, result: terminal.note } : terminal, result, input)
      } catch (thrown) {
        const error = errorOf(thrown)
        // The flags are at fault, not the file: the same would be said of every other file.
        if (done === 0 && (error.code === 'ERR_USAGE' || error.code === 'ERR_PARAMETER')) throw error
        failed.push({ file: input, code: error.code })
        if (terminal.json) terminal.result(JSON.stringify({ file: input, error: error.toJSON() }))
        terminal.complain(error, input)
      }
      progress.step(input)
    }
  } finally {
    progress.stop()
    // One signature for the whole run: it covers every entry before.
    if (ledger !== undefined && done > 0 && options.sign !== undefined) await ledger.sign(options.sign).finally(() => ledger.close())
    ledger?.close()
  }
  if (pairs.length > 1) {
    terminal.note(speech.say('summary', { all: pairs.length, done, failed: failed.length }))
    for (const one of failed) terminal.note(speech.say('failedFile', one))
  }
  return failed.length > 0 ? 3 : breaches > 0 ? 1 : 0
}

async function signFrom({ signKey, signCert, c2paKey, c2paCert, c2paTsa, systemName, systemVersion }: MarkFlags, speech: Speech): Promise<Pick<MarkOptions, 'sign' | 'c2pa' | 'system'>> {
  if ((c2paKey === undefined) !== (c2paCert === undefined) || (c2paTsa !== undefined && c2paKey === undefined)) throw usage(speech.say('c2paBoth'))
  if (signCert !== undefined && signKey === undefined) throw usage(speech.say('certAlone'))
  if (systemVersion !== undefined && systemName === undefined) throw usage(speech.say('versionAlone'))
  return {
    ...(signKey === undefined ? {} : { sign: { key: await textFrom(signKey), ...(signCert === undefined ? {} : { certificate: await textFrom(signCert) }) } }),
    ...(c2paKey === undefined || c2paCert === undefined ? {} : { c2pa: { key: await textFrom(c2paKey), certificate: await textFrom(c2paCert), ...(c2paTsa === undefined ? {} : { tsa: c2paTsa }) } }),
    ...(systemName === undefined ? {} : { system: { name: systemName, ...(systemVersion === undefined ? {} : { version: systemVersion }) } }),
  }
}

/** `--encoder-setting crf=20`. */
function videoFrom({ encoder, encoderSetting }: MarkFlags, speech: Speech): Pick<MarkOptions, 'video'> {
  if (encoder === undefined && encoderSetting === undefined) return {}
  const settings = (encoderSetting ?? []).map((text) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) throw usage(speech.say('badSetting', { text }))
    return [name, value] as const
  })
  return { video: { ...(encoder === undefined ? {} : { encoder }), ...(settings.length === 0 ? {} : { settings: Object.fromEntries(settings) }) } }
}

function labelFrom({ explicit, labelText, labelPosition, labelFont, labelAudio, labelVoice, labelDuring, labelSeconds }: MarkFlags, speech: Speech): Pick<MarkOptions, 'label'> {
  if (!explicit) return { label: false }
  if (labelSeconds !== undefined && !(Number(labelSeconds) > 0)) throw usage(speech.say('badNumber', { name: '--label-seconds' }))
  if ([labelText, labelPosition, labelFont, labelAudio, labelVoice, labelDuring, labelSeconds].every((flag) => flag === undefined)) return {}
  return {
    label: {
      ...(labelText === undefined ? {} : { text: labelText }),
      ...(labelPosition === undefined ? {} : { position: labelPosition as 'top' }),
      ...(labelFont === undefined ? {} : { font: labelFont }),
      ...(labelDuring === undefined ? {} : { during: labelDuring as 'start' }),
      ...(labelSeconds === undefined ? {} : { seconds: Number(labelSeconds) }),
      ...(labelAudio === undefined ? {} : { audio: labelAudio }),
      ...(labelVoice === undefined ? {} : { voice: labelVoice }),
    },
  }
}

function print({ json, speech, result, note }: Terminal, made: MarkResult<string>, file: string): void {
  const { output, sidecar, produceId, verdict, status, watermark, label, findings } = made
  if (json) result(JSON.stringify({ ...made, file }))
  else result(speech.say(status === 'kept' ? 'kept' : 'marked', { file, output: sidecar === undefined ? output : `${output} + ${sidecar}`, id: produceId, verdict: speech.verdict(verdict) }))
  if (json) return
  if (!watermark.embedded) note(`  ${speech.say('noWatermark', { reason: speech.text(watermark.reason ?? '') })}`)
  for (const { track, embedded, reason } of made.film?.sound ?? []) if (!embedded) note(`  ${speech.say('noTrack', { track, reason: speech.text(reason ?? '') })}`)
  if (!label.drawn) note(`  ${speech.say(made.type.startsWith('audio/') ? 'noSoundLabel' : 'noLabel', { reason: speech.text(label.reason ?? '') })}`)
  for (const finding of findings) if (finding.severity !== 'info') note(`  ${speech.finding(finding)}`)
}
