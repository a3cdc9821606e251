import { propagate, type PropagateOptions } from '../index.js'
import { limitsFrom, outputsOf, policyFrom, providerFrom, type FileOptions } from './inputs.js'
import { terminalOf, type CommonOptions } from './terminal.js'

/** The flags of `countermark propagate`, as commander names them. */
export interface PropagateFlags extends CommonOptions, FileOptions {
  output: string
  providerCode?: string
  providerName?: string
  propagateId: string
  declared?: boolean
}

/** `countermark propagate`: gives the exit code. A file that is left as it is counts as done: it is written, and the reason is told. */
export async function runPropagate(file: string, flags: PropagateFlags, signal: AbortSignal): Promise<number> {
  const { json, speech, result, note } = terminalOf(flags)
  const policy = await policyFrom(flags.policy, speech)
  const options: PropagateOptions = {
    propagator: providerFrom(flags, speech) ?? {}, propagateId: flags.propagateId, limits: limitsFrom(flags, speech), signal,
    ...(policy === undefined ? {} : { policy }),
    ...(flags.declared ? { declared: true } : {}),
  }
  let unseen = false
  for (const { input, output } of await outputsOf([file], flags.output, speech)) {
    const made = await propagate(input, { ...options, to: output })
    unseen ||= made.looked === false
    if (json) result(JSON.stringify({ ...made, file: input }))
    else {
      result(speech.say(made.looked === false ? 'notLooked' : made.status === 'unchanged' ? 'notPropagated' : 'propagated', { file: input, output, state: speech.state(made.state), label: made.record?.Label ?? '-' }))
      if (made.reason !== undefined) note(`  ${made.reason}`)
      for (const finding of made.findings) note(`  ${speech.finding(finding)}`)
    }
  }
  return unseen ? 1 : 0
}
