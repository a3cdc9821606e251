// The last steps of a call: the entry, on the disk; then the output. In this order no output is without its entry.
import { CountermarkError, messageOf } from '../errors.js'
import type { EntryDraft, LedgerWriter } from '../types/ledger.js'

/** Where an output's entry stands. */
export interface EntryPlace { number: number; hash: string }

/** Writes the entry; nothing where there is no ledger. */
export type Enter = (draft: () => Promise<EntryDraft>) => Promise<void>

/**
 * Runs `hand`, which calls `enter` when the output is complete and flushed but not yet where the caller looks for it.
 * An output that then is not handed over has its entry taken back by one of kind `void`.
 */
export async function settle<T>(ledger: LedgerWriter | undefined, policy: unknown, hand: (enter: Enter) => Promise<T>): Promise<{ output: T; entry?: EntryPlace }> {
  let place: EntryPlace | undefined
  const enter: Enter = async (draft) => {
    if (ledger === undefined) return
    const { entry, hash } = await ledger.append(await draft(), policy)
    place = { number: entry.number, hash }
  }
  try {
    const output = await hand(enter)
    return place === undefined ? { output } : { output, entry: place }
  } catch (thrown) {
    if (place !== undefined && ledger !== undefined)
      await ledger.append({ kind: 'void', of: place.number, reason: thrown instanceof CountermarkError ? thrown.code : 'ERR_INTERNAL' }).catch((second: unknown) => {
        throw new CountermarkError('ERR_IO', `${messageOf(thrown)} Entry ${place?.number} of the ledger says otherwise, and could not be taken back: ${messageOf(second)}`, { cause: thrown })
      })
    throw thrown
  }
}
