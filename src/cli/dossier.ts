import { dossier, openLedger, type DossierOptions } from '../index.js'
import { signFlags } from './inputs.js'
import { ledgerPath, timeFrom, type LedgerFlags } from './ledger.js'
import { terminalOf, usage } from './terminal.js'

/** The flags of `countermark dossier`, as commander names them. */
export interface DossierFlags extends LedgerFlags { from?: string; to?: string; output: string }

/** `countermark dossier`: gives the exit code; 1 where nothing was found, or the ledger was altered. */
export async function runDossier(flags: DossierFlags): Promise<number> {
  const { json, speech, result } = terminalOf(flags)
  const path = ledgerPath(flags.ledger)
  if (path === undefined) throw usage(speech.say('whichLedger'))
  const { produceId, from, to } = flags
  if ((produceId === undefined) === (from === undefined) || (from === undefined) !== (to === undefined)) throw usage(speech.say('dossierWhat'))
  const sign = await signFlags(flags, speech)
  const about: DossierOptions = produceId !== undefined ? { produceId } : { from: timeFrom(from ?? '', '--from', speech), to: timeFrom(to ?? '', '--to', speech) }
  const ledger = await openLedger(path, { create: false })
  try {
    const made = await dossier(ledger, flags.output, { ...about, ...(sign === undefined ? {} : { sign }) })
    if (json) result(JSON.stringify(made))
    else {
      result(speech.say('dossierMade', { folder: made.folder, entries: made.entries, sound: speech.say(made.ok ? 'chainHolds' : 'chainBroken') }))
      if (made.entries === 0 && made.deleted > 0) result(speech.say('perhapsDeleted', { deleted: made.deleted }))
    }
    return made.ok && made.entries > 0 ? 0 : 1
  } finally {
    ledger.close()
  }
}
