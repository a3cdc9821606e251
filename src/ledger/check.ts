// Whether a ledger was altered: every hash, every link, every deletion, every head.
import { keyIdOf, type PublicKey } from '../signature/keys.js'
import { judgeTrust, trustOf } from '../signature/trust.js'
import type { Entry, LedgerCheck, LedgerHead, LedgerProblem } from '../types/ledger.js'
import { linked, NONE, sha256 } from './entry.js'
import { deletionSigner, headSigner, type Signed } from './head.js'
import type { Row } from './schema.js'

/** What to check against. */
export interface CheckOptions {
  /** Heads that were exported and kept elsewhere: they show that a ledger was cut or made anew. */
  heads?: LedgerHead[]
  /** PEM texts of keys or certificates that may sign heads. Default: any key counts, and is named. */
  trust?: string[]
}

/** What is looked at. `rows`: a few entries after that number, in their order. `heads`: undefined where their table is gone. */
export interface Checked { rows(after: number): Row[]; heads: LedgerHead[] | undefined }

interface Gap { first: number; last: number; before: string; hash: string; signed: Partial<Signed> }

const MOST = 100

/** Reads everything once, holding a page of entries, the deletions and the heads. */
export async function checkLedger({ rows, heads: kept }: Checked, { heads: exported = [], trust }: CheckOptions = {}): Promise<LedgerCheck> {
  const problems: LedgerProblem[] = []
  const say = (what: LedgerProblem['what'], number: number, message: string): void => void (problems.length < MOST && problems.push({ what, number, message }))
  if (kept === undefined) say('head', 0, 'The table of signed heads is gone.')
  const all = [...(kept ?? []), ...exported]
  const wanted = new Set(all.map(({ number }) => number))
  const hashes = new Map<number, string>()
  const gaps = gapsIn(rows)

  let [count, deleted, expected, previous, ledger] = [0, 0, 1, NONE, '']
  let last = { number: 0, hash: NONE }
  for (const row of each(rows)) {
    count++
    for (let gap = gaps.get(expected); gap !== undefined && row.number > gap.last; gap = gaps.get(expected)) {
      if (gap.before !== previous) say('broken', gap.first, `The deletion of entries ${gap.first} to ${gap.last} does not follow entry ${gap.first - 1}.`)
      deleted += gap.last - gap.first + 1
      expected = gap.last + 1
      previous = gap.hash
      hashes.set(gap.last, gap.hash)
    }
    if (row.number > expected) say('deleted', expected, row.number === expected + 1 ? `Entry ${expected} is missing.` : `Entries ${expected} to ${row.number - 1} are missing.`)
    const entry = parsed(row.body)
    // After a hole nothing is known of the hash before: the stored one is taken, and the next entries are judged by it.
    const whole = row.number === expected && linked(previous, sha256(row.body)) === row.hash
    if (entry !== undefined && entry.number !== row.number) say('moved', row.number, `Entry ${row.number} says that it is entry ${entry.number}.`)
    else if (entry === undefined || !sameColumns(row, entry)) say('edited', row.number, `Entry ${row.number} was edited: what is looked for in it is not what it says.`)
    else if (row.number === expected && !whole) say('edited', row.number, `Entry ${row.number} does not follow from entry ${row.number - 1}: one of the two was edited or replaced.`)
    const { hash } = row
    if (row.number === 1) ledger = hash
    if (wanted.has(row.number)) hashes.set(row.number, hash)
    last = { number: row.number, hash }
    previous = hash
    expected = row.number + 1
  }

  const { valid, upTo, signers, problems: faults } = await judgeSignatures(all, { ledger, last, hashes, gaps, ...(trust === undefined ? {} : { trust }) })
  for (const { what, number, message } of faults) say(what, number, message)
  return { ok: problems.length === 0, ledger, entries: count, deleted, last, heads: { valid, upTo }, signers, problems }
}

function* each(rows: Checked['rows']): Generator<Row> {
  let after = Number.MIN_SAFE_INTEGER
  for (;;) {
    const page = rows(after)
    const end = page.at(-1)
    if (end === undefined) return
    yield* page
    after = end.number
  }
}

/** Deletions that tombstones of the chain name, by their first entry. The table of gaps is not trusted. */
function gapsIn(rows: Checked['rows']): Map<number, Gap> {
  const gaps = new Map<number, Gap>()
  for (const row of each(rows)) {
    if (row.kind !== 'tombstone') continue
    const { first, last, before, hash, algorithm, publicKey, signature } = parsed(row.body) ?? {}
    if (first !== undefined && last !== undefined && before !== undefined && hash !== undefined && last >= first) gaps.set(first, { first, last, before, hash, signed: { ...(algorithm && { algorithm }), ...(publicKey && { publicKey }), ...(signature && { signature }) } })
  }
  return gaps
}

function parsed(body: string): Entry | undefined {
  try {
    return JSON.parse(body) as Entry
  } catch {
    return undefined
  }
}

function sameColumns(row: Row, entry: Entry): boolean {
  const reference = entry.task ?? (entry.kind === 'policy' ? entry.policyHash : entry.of?.toString()) ?? null
  return row.time === entry.time && row.kind === entry.kind && row.produceId === (entry.produceId ?? null) && row.payload === (entry.payload ?? null) && row.reference === reference
}

interface Seen { ledger: string; last: { number: number }; hashes: ReadonlyMap<number, string>; gaps: ReadonlyMap<number, Gap>; trust?: string[] }

/** Heads, and the signatures of deletions. */
async function judgeSignatures(heads: LedgerHead[], { ledger, last, hashes, gaps, trust }: Seen): Promise<{ valid: number; upTo: number; signers: LedgerCheck['signers']; problems: LedgerProblem[] }> {
  const problems: LedgerProblem[] = []
  const signers = new Map<string, LedgerCheck['signers'][number]>()
  const trusted = trust === undefined ? undefined : trustOf(trust)
  const fault = (what: LedgerProblem['what'], number: number, message: string): void => void problems.push({ what, number, message })
  /** Undefined where the key may sign, else its id. */
  const stranger = async (key: PublicKey): Promise<string | undefined> => {
    const keyId = await keyIdOf(key)
    const known = trusted === undefined ? undefined : (await judgeTrust(key, [], trusted)).trusted
    signers.set(keyId, { keyId, algorithm: key.algorithm, ...(known === undefined ? {} : { trusted: known }) })
    return known === false ? keyId : undefined
  }
  for (const gap of gaps.values()) {
    const key = await deletionSigner({ ledger, ...gap }, gap.signed)
    const keyId = key === undefined ? undefined : await stranger(key)
    if (key === undefined) fault('unsigned', gap.first, `The deletion of entries ${gap.first} to ${gap.last} is not signed.`)
    else if (keyId !== undefined) fault('unsigned', gap.first, `The deletion of entries ${gap.first} to ${gap.last} is signed by a key that is not trusted (${keyId}).`)
  }
  let [valid, upTo] = [0, 0]
  for (const head of heads) {
    const { number } = head
    const key = await headSigner(head)
    const keyId = key === undefined ? undefined : await stranger(key)
    if (key === undefined) fault('head', number, `The signature of the head at entry ${number} does not hold.`)
    else if (keyId !== undefined) fault('head', number, `The head at entry ${number} is signed by a key that is not trusted (${keyId}).`)
    else if (head.ledger !== ledger) fault('head', number, `The head at entry ${number} is of another ledger.`)
    else if (number > last.number) fault('cut', number, `A signed head is at entry ${number}, but the ledger ends at entry ${last.number}: it was cut.`)
    else if (hashes.get(number) === head.hash) {
      valid++
      upTo = Math.max(upTo, number)
    } else if (hashes.has(number) || ![...gaps.values()].some(({ first, last: end }) => number >= first && number <= end))
      fault('head', number, `The head at entry ${number} does not fit that entry: the entry, or one before it, was replaced.`)
  }
  return { valid, upTo, signers: [...signers.values()], problems }
}
