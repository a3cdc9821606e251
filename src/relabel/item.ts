// One file of a job that a queue deals out to machines: what relabel does with each, without folders and journal.
import { markStaged, type NoOther, type OutputFor } from '../countermark.js'
import { CountermarkError, messageOf } from '../errors.js'
import type { Input, MarkOptions, MarkResult, RelabelItem } from '../types.js'

/**
 * Marks one file and says what became of it as `relabel` would: what cannot be marked is an answer, not an error. Give each file
 * a `produceId` that follows from the job and the file, so that a machine that does it again gives it the same number; a file with a valid label of the same provider keeps that one's (`kept`). Errors that
 * are not of the file are thrown, and the queue shall try again: ERR_USAGE, ERR_IO, ERR_CANCELLED.
 */
export async function relabelItem<I extends Input, O extends MarkOptions>(input: I, options: O & NoOther<O, MarkOptions>): Promise<RelabelItem<OutputFor<I, O>>> {
  try {
    const { status, produceId, payload, verdict, findings, type, output } = (await markStaged(input, options, { keepOwn: true })) as MarkResult<OutputFor<I, O>>
    return { status, produceId, payload, verdict, ...(findings.length === 0 ? {} : { findings }), type, output }
  } catch (thrown) {
    const error = thrown instanceof CountermarkError ? thrown : new CountermarkError('ERR_INTERNAL', messageOf(thrown), { cause: thrown })
    if (['ERR_USAGE', 'ERR_IO', 'ERR_CANCELLED'].includes(error.code)) throw thrown
    return { status: statusOf(error), reason: error.message, code: error.code, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }
  }
}

/** What a file is that an error kept from being marked. */
export function statusOf({ code }: CountermarkError): 'skipped' | 'failed' {
  return code === 'ERR_UNSUPPORTED' ? 'skipped' : 'failed'
}
