// What an inspector gets: what was marked, how, under which policy, by which version, and the proof that the log was not
// altered (Interim Measures Art. 19). Of other entries only hashes are given.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CountermarkError, fromSystem } from '../errors.js'
import { sha256 } from '../ledger/entry.js'
import type { Ledger } from '../ledger/ledger.js'
import { pathOf, writeWhole } from '../media/source.js'
import type { Dossier, Entry, SignOptions, StoredEntry } from '../types.js'
import { CHECK_SCRIPT, howToCheck } from './proof.js'
import { htmlOf } from './readable.js'
import { csvOf } from './sheet.js'

/** Of what: one content number, or a period: from <= time < to. */
export type DossierOptions = ({ produceId: string } | { from: Date; to: Date }) & {
  /** Signs a head first, so that the newest entries are covered too. */
  sign?: SignOptions
  /** PEM texts of keys or certificates that may sign heads. Default: any key counts, and is named. */
  trust?: string[]
}

/** Entries that one dossier holds; of more than this, ask for a shorter period. */
const MOST = 100_000

/**
 * Writes a dossier into an empty folder, which is made: `dossier.html` for people; `entries.json` and `entries.csv` for
 * programs; `entries.jsonl`, `chain.txt`, `heads.json` and `check.py`, which prove it without us; `check.json`, what we
 * found. A ledger that was altered gives a dossier that says so. ERR_USAGE where the folder is not empty.
 */
export async function dossier(ledger: Ledger, where: string | URL, options: DossierOptions): Promise<Dossier> {
  const folder = pathOf(where)
  await empty(folder)
  if (options.sign !== undefined) await ledger.sign(options.sign)
  const entries = chosen(ledger, options)
  const check = await ledger.check(options.trust === undefined ? {} : { trust: options.trust })
  const heads = ledger.heads().filter(({ number }) => number <= check.last.number)
  const files: { [name: string]: string } = {
    'dossier.html': htmlOf({ about: aboutOf(options), entries, policies: policiesOf(ledger, entries), check, heads: heads.length }),
    'entries.json': `${JSON.stringify(entries.map(({ entry, hash }) => ({ ...entry, hash })), null, 2)}\n`,
    'entries.csv': csvOf(entries),
    'entries.jsonl': entries.map(({ body }) => `${body}\n`).join(''),
    'policies.json': `${JSON.stringify(policiesOf(ledger, entries).map(({ policy, policyHash, document, time }) => ({ policy, policyHash, since: time, document })), null, 2)}\n`,
    'heads.json': `${JSON.stringify(heads, null, 2)}\n`,
    'chain.txt': chainOf(ledger),
    'check.json': `${JSON.stringify(check, null, 2)}\n`,
    'check.py': CHECK_SCRIPT,
    'README.txt': howToCheck(check),
  }
  for (const [name, text] of Object.entries(files)) await writeWhole(join(folder, name), Buffer.from(text))
  return { folder, ok: check.ok, entries: entries.length, deleted: check.deleted, files: Object.keys(files), ledger: check.ledger, heads: check.heads }
}

async function empty(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) throw new CountermarkError('ERR_USAGE', `The folder ${folder} is not empty.`, { remedy: 'Choose an empty folder for the dossier.' })
  } catch (thrown) {
    throw fromSystem(thrown, folder)
  }
}

function aboutOf(options: DossierOptions): string {
  return 'produceId' in options ? `content number ${options.produceId}` : `${options.from.toISOString()} to ${options.to.toISOString()}`
}

function chosen(ledger: Ledger, options: DossierOptions): StoredEntry[] {
  if ('produceId' in options) return ledger.find({ produceId: options.produceId })
  const { from, to } = options
  if (from.getTime() === to.getTime()) throw new CountermarkError('ERR_PARAMETER', 'The period is empty: its end is not included.', { remedy: 'Give the day after the last one as to (--to).' })
  if (!(from < to)) throw new CountermarkError('ERR_PARAMETER', 'The period ends before it begins.')
  const entries: StoredEntry[] = []
  for (const one of ledger.entries({ from: from.toISOString(), to: to.toISOString() })) {
    if (!['mark', 'propagate', 'void', 'tombstone', 'unreadable'].includes(one.entry.kind)) continue
    if (entries.length === MOST) throw new CountermarkError('ERR_LIMIT', `The period has more than ${MOST} entries.`, { remedy: 'Make one dossier for each part of it.' })
    entries.push(one)
  }
  return entries
}

function policiesOf(ledger: Ledger, entries: readonly StoredEntry[]): Entry[] {
  const wanted = new Set(entries.map(({ entry }) => entry.policyHash))
  return ledger.policies().map(({ entry }) => entry).filter(({ policyHash }) => wanted.has(policyHash))
}

/** One line an entry: its number and the hash of its body; for deleted ones the hash of the chain after them. */
function chainOf(ledger: Ledger): string {
  const lines: string[] = []
  const gaps: Entry[] = []
  for (const { entry } of ledger.entries()) if (entry.kind === 'tombstone') gaps.push(entry)
  const deletions = new Map(gaps.map((one) => [one.first, one]))
  let expected = 1
  for (const { entry, body } of ledger.entries()) {
    for (let gap = deletions.get(expected); gap !== undefined && entry.number > (gap.last ?? 0); gap = deletions.get(expected)) {
      lines.push(`${gap.first}-${gap.last} deleted ${gap.hash}`)
      expected = (gap.last ?? 0) + 1
    }
    lines.push(`${entry.number} ${sha256(body)}`)
    expected = entry.number + 1
  }
  return `${lines.join('\n')}\n`
}

