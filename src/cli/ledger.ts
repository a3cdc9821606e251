import { CountermarkError, openLedger, type Ledger, type LedgerHead, type StoredEntry } from '../index.js'
import { signFlags, textFrom } from './inputs.js'
import type { Speech } from './language.js'
import { terminalOf, usage, type CommonOptions } from './terminal.js'

/** The flags of `countermark ledger ...`, as commander names them. */
export interface LedgerFlags extends CommonOptions {
  ledger?: string
  head?: string[]
  trust?: string[]
  produceId?: string
  payload?: string
  before?: string
  early?: boolean
  signKey?: string
  signCert?: string
}

/** `--ledger`, else COUNTERMARK_LEDGER. */
export function ledgerPath(asked: string | undefined): string | undefined {
  return asked ?? (process.env['COUNTERMARK_LEDGER'] || undefined)
}

/** `countermark ledger check|head|find|prune`: gives the exit code. */
export async function runLedger(action: 'check' | 'head' | 'find' | 'prune', flags: LedgerFlags): Promise<number> {
  const { speech } = terminalOf(flags)
  const path = ledgerPath(flags.ledger)
  if (path === undefined) throw usage(speech.say('whichLedger'))
  const ledger = await openLedger(path, { create: false })
  try {
    return await { check, head, find, prune }[action](ledger, flags)
  } finally {
    ledger.close()
  }
}

async function check(ledger: Ledger, flags: LedgerFlags): Promise<number> {
  const { json, speech, result } = terminalOf(flags)
  const heads = await Promise.all((flags.head ?? []).map(headFrom))
  const trust = flags.trust === undefined ? undefined : await Promise.all(flags.trust.map(textFrom))
  const seen = await ledger.check({ heads, ...(trust === undefined ? {} : { trust }) })
  if (json) result(JSON.stringify(seen))
  else {
    const { ok, entries, deleted, last, heads: { valid, upTo }, signers, problems } = seen
    result(speech.say(ok ? 'ledgerSound' : 'ledgerAltered', { path: ledger.path, entries, deleted, number: last.number, hash: last.hash }))
    result(`  ${speech.say(valid === 0 ? 'noHeads' : 'headsHold', { valid, number: upTo })}`)
    for (const { keyId, algorithm, trusted } of signers) result(`  ${speech.say('headKey', { id: keyId, algorithm })}${trusted === undefined ? '' : `, ${speech.say(trusted ? 'trustedKey' : 'unknownKey')}`}`)
    for (const { what, message } of problems) result(`  ${what}: ${speech.text(message)}`)
  }
  return seen.ok ? 0 : 1
}

async function headFrom(path: string): Promise<LedgerHead> {
  const text = await textFrom(path)
  let head: LedgerHead | null
  try {
    head = JSON.parse(text) as LedgerHead | null
  } catch {
    head = null
  }
  if (typeof head !== 'object' || head === null || typeof head.number !== 'number' || typeof head.signature !== 'string') throw new CountermarkError('ERR_PARAMETER', `${path} is not a head of a ledger.`, { remedy: 'Export one with countermark ledger head.' })
  return head
}

async function head(ledger: Ledger, flags: LedgerFlags): Promise<number> {
  const { speech, result } = terminalOf(flags)
  const sign = await signFlags(flags, speech)
  if (sign === undefined) throw usage(speech.say('headNeedsKey'))
  result(JSON.stringify(await ledger.sign(sign)))
  return 0
}

async function find(ledger: Ledger, flags: LedgerFlags): Promise<number> {
  const { json, speech, result } = terminalOf(flags)
  const { produceId, payload } = flags
  if ((produceId === undefined) === (payload === undefined)) throw usage(speech.say('findWhat'))
  const found = ledger.find(produceId === undefined ? { payload: payload ?? '' } : { produceId })
  for (const one of found) result(json ? JSON.stringify({ ...one.entry, hash: one.hash }) : line(one, speech))
  if (found.length === 0 && !json) result(speech.say('noEntry'))
  return found.length === 0 ? 1 : 0
}

function line({ entry }: StoredEntry, speech: Speech): string {
  const { number, time, kind, contentProducer = '', produceId = '', type = '', verdict, of, reason } = entry
  if (kind === 'void') return `${number} ${time} ${speech.say('takenBack', { number: of ?? 0, reason: reason ?? '' })}`
  return `${number} ${time} ${kind} ${contentProducer} ${produceId} ${type}${verdict === undefined ? '' : ` ${speech.verdict(verdict as 'compliant')}`}`
}

async function prune(ledger: Ledger, flags: LedgerFlags): Promise<number> {
  const { json, speech, result } = terminalOf(flags)
  const sign = await signFlags(flags, speech)
  if (sign === undefined) throw usage(speech.say('headNeedsKey'))
  const before = timeFrom(flags.before ?? '', '--before', speech)
  const { deleted, head: made } = await ledger.prune({ before, sign, ...(flags.early ? { early: true } : {}) })
  result(json ? JSON.stringify({ deleted, ...(made === undefined ? {} : { head: made }) }) : speech.say('pruned', { deleted }))
  return 0
}

/** A day (its beginning, UTC) or a time of ISO 8601. */
export function timeFrom(text: string, name: string, speech: Speech): Date {
  const time = new Date(text)
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) || Number.isNaN(time.getTime())) throw usage(speech.say('badTime', { name }))
  return time
}
