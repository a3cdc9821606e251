// The ledger: an append-only, hash-chained database of what was marked. docs/ledger.md has its bytes.
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CountermarkError } from '../errors.js'
import { pathOf } from '../media/source.js'
import { signerOf } from '../signature/keys.js'
import type { SignOptions } from '../types.js'
import type { Entry, EntryDraft, LedgerCheck, LedgerHead, LedgerQuery, LedgerWriter, StoredEntry } from '../types/ledger.js'
import { checkLedger, type CheckOptions } from './check.js'
import { openDatabase, type Database } from './database.js'
import { canonical, retention, stored } from './entry.js'
import { signDeletion, signHead } from './head.js'
import { gapsOf, recordOf } from './schema.js'
import { flushFolder, insert, patiently, prepare } from './store.js'

/** Entries that one look at the database holds. */
const PAGE = 500

/** One open ledger. Several processes may hold one file at the same time, each with its own. */
export interface Ledger extends LedgerWriter {
  /** Hash of the first entry: the ledger's name. */
  readonly id: string
  /**
   * Adds an entry; done when it lies on the disk. `policy`: put into the ledger once, where the draft names its hash.
   * A draft with a `task` is added once: where the same output stands already, that entry is given, and one of another
   * output is taken back. ERR_CONFLICT where the content number of a first marking was given to other content of the same producer before (rule M10).
   */
  append(draft: EntryDraft, policy?: unknown): Promise<StoredEntry>
  /** All entries that fit, oldest first, and those that take one of them back. */
  find(query: LedgerQuery): StoredEntry[]
  /** Entries in their order, a few at a time. `from` and `to` are times: from <= time < to. */
  entries(range?: { from?: string; to?: string }): Generator<StoredEntry>
  /** The policies under which was marked, as they were. */
  policies(): StoredEntry[]
  /** Signs the newest entry, and with it everything before, and keeps the head. */
  sign(options: SignOptions): Promise<LedgerHead>
  /** The heads that are kept, oldest first. */
  heads(): LedgerHead[]
  /** Reads everything and says whether it was altered. */
  check(options?: CheckOptions): Promise<LedgerCheck>
  /**
   * Deletes entries older than `before`, but none whose `retainUntil` is yet to come, and no policy, and leaves signed
   * tombstones: the chain can be checked as before. ERR_PARAMETER for a time in the future, and for one that is not six calendar
   * months ago unless `early` is true. A content number that was deleted with its entry may be given again: rule M10 knows it no more.
   */
  prune(options: { before: Date; sign: SignOptions; early?: boolean }): Promise<{ deleted: number; head?: LedgerHead }>
  close(): void
}

/** Opens a ledger, or makes one unless `create` is false. ERR_IO, ERR_BROKEN, ERR_MISSING (no SQLite). */
export async function openLedger(where: string | URL, { create = true }: { create?: boolean } = {}): Promise<Ledger> {
  const path = resolve(pathOf(where))
  const there = await stat(path).catch(() => undefined)
  if (there === undefined && !create) throw new CountermarkError('ERR_IO', `${path}: there is no such file.`)
  if ((await stat(dirname(path)).catch(() => undefined)) === undefined) throw new CountermarkError('ERR_IO', `${dirname(path)}: there is no such folder.`)
  if (there?.isDirectory()) throw new CountermarkError('ERR_IO', `${path}: it is a folder.`)
  const database = openDatabase(path)
  try {
    const first = await patiently(path, () => prepare(database, path))
    if (there === undefined) await flushFolder(dirname(path))
    return new FileLedger(path, first, database)
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

const shared = new Map<string, Promise<Ledger>>()

/** The ledger that an option names. A path is opened once and stays open as long as the process runs. */
export async function ledgerOf<L extends LedgerWriter>(option: string | URL | L): Promise<Ledger | L> {
  if (typeof option === 'object' && 'append' in option) return option
  const path = resolve(pathOf(option))
  let opening = shared.get(path)
  if (opening === undefined) {
    opening = openLedger(path)
    shared.set(path, opening)
    opening.catch(() => shared.delete(path))
  }
  return opening
}

interface Waiting { draft: EntryDraft; policy: unknown; done: (one: StoredEntry) => void; failed: (error: unknown) => void }

class FileLedger implements Ledger {
  readonly path: string
  readonly id: string
  readonly #database: Database
  #waiting: Waiting[] = []
  /** One transaction at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(path: string, id: string, database: Database) {
    this.path = path
    this.id = id
    this.#database = database
  }

  append(draft: EntryDraft, policy?: unknown): Promise<StoredEntry> {
    if (this.#closed) return Promise.reject(closed(this.path))
    return new Promise((done, failed) => {
      this.#waiting.push({ draft, policy, done, failed })
      // What comes while a transaction runs shares the next one, and its flush to the disk.
      if (this.#waiting.length === 1) this.#inTurn(() => this.#flush()).catch(() => {})
    })
  }

  find(query: LedgerQuery): StoredEntry[] {
    const marks = "kind IN ('mark', 'propagate')"
    const rows = 'produceId' in query ? this.#rows(`produce_id = ? AND ${marks}`, query.produceId)
      : 'task' in query ? this.#rows(`reference = ? AND ${marks}`, query.task)
      : this.#rows(`payload >= ? AND payload < ? AND ${marks}`, ...prefix(query.payload))
    const back = rows.flatMap(({ entry }) => this.#rows("kind = 'void' AND reference = ?", String(entry.number)))
    return [...rows, ...back]
  }

  policies(): StoredEntry[] {
    return this.#rows("kind = 'policy'")
  }

  *entries({ from, to }: { from?: string; to?: string } = {}): Generator<StoredEntry> {
    let after = 0
    for (;;) {
      const page = this.#rows('number > ? AND time >= ? AND time < ?', after, from ?? '', to ?? '~', PAGE)
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) return
      after = last.entry.number
    }
  }

  async sign(options: SignOptions): Promise<LedgerHead> {
    const signer = await signerOf(options)
    return this.#inTurn(async () => {
      const last = this.#last()
      const head = await signHead({ ledger: this.id, ...last }, signer)
      await patiently(this.path, () => this.#keep(head))
      return head
    })
  }

  heads(): LedgerHead[] {
    return this.#heads() ?? []
  }

  check(options: CheckOptions = {}): Promise<LedgerCheck> {
    return checkLedger({ rows: (after) => this.#database.all('SELECT * FROM entries WHERE number > ? ORDER BY number LIMIT ?', after, PAGE).map(recordOf), heads: this.#heads() }, options)
  }

  async prune({ before, sign, early = false }: { before: Date; sign: SignOptions; early?: boolean }): Promise<{ deleted: number; head?: LedgerHead }> {
    if (Number.isNaN(before.getTime())) throw new CountermarkError('ERR_PARAMETER', 'The time before which entries are deleted is no time.')
    const now = new Date()
    if (before > now) throw new CountermarkError('ERR_PARAMETER', 'The time before which entries are deleted lies in the future.', { remedy: 'Give a time that has passed.' })
    if (!early && retention(before.toISOString()) > now.toISOString())
      throw new CountermarkError('ERR_PARAMETER', 'Entries would be deleted that are not six months old; the Labeling Measures (Art. 9) ask for at least six.', { remedy: 'Give an earlier time, or early (--early) where these entries need not be kept.' })
    const signer = await signerOf(sign)
    return this.#inTurn(async () => {
      await patiently(this.path, () => this.#database.exec('BEGIN IMMEDIATE'))
      try {
        const gaps = gapsOf(this.#database, before.toISOString(), new Date().toISOString())
        let deleted = 0
        for (const gap of gaps) {
          const { first, last } = gap
          // Signed itself: else a forged one would be covered by the next head of an unsuspecting service.
          const tombstone = this.#add({ kind: 'tombstone', ...gap, ...(await signDeletion({ ledger: this.id, ...gap }, signer)) })
          this.#database.run('INSERT INTO gaps (first, last, hash, number) VALUES (?, ?, ?, ?)', first, last, gap.hash, tombstone.entry.number)
          this.#database.run('DELETE FROM entries WHERE number BETWEEN ? AND ?', first, last)
          deleted += last - first + 1
        }
        const head = deleted === 0 ? undefined : await signHead({ ledger: this.id, ...this.#last() }, signer)
        if (head !== undefined) this.#keep(head)
        this.#database.exec('COMMIT')
        if (head !== undefined) this.#database.all('PRAGMA wal_checkpoint(TRUNCATE)')
        return { deleted, ...(head === undefined ? {} : { head }) }
      } catch (thrown) {
        this.#database.rollback()
        throw thrown
      }
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    shared.delete(this.path)
    try {
      // So that the one file is the whole ledger, for whoever copies it.
      this.#database.all('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Another process writes: it will do so itself.
    }
    this.#database.close()
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    const settle: (() => void)[] = []
    try {
      await patiently(this.path, () => this.#database.exec('BEGIN IMMEDIATE'))
      try {
        for (const { draft, policy, done, failed } of batch) {
          const [same, others] = this.#before(draft)
          if (same !== undefined) {
            settle.push(() => done(same))
            continue
          }
          const clash = this.#clash(draft)
          if (clash !== undefined) {
            settle.push(() => failed(clash))
            continue
          }
          if (policy !== undefined && draft.policyHash !== undefined && this.#database.get("SELECT number FROM entries WHERE kind = 'policy' AND reference = ?", draft.policyHash) === undefined)
            this.#add({ kind: 'policy', policy: String(draft.policy), policyHash: draft.policyHash, document: policy })
          for (const { entry } of others) this.#add({ kind: 'void', of: entry.number, reason: 'made again' })
          const one = this.#add(draft)
          settle.push(() => done(one))
        }
        this.#database.exec('COMMIT')
      } catch (thrown) {
        this.#database.rollback()
        throw thrown
      }
    } catch (thrown) {
      for (const { failed } of batch) failed(thrown)
      return
    }
    for (const one of settle) one()
  }

  #add(draft: EntryDraft): StoredEntry {
    const { number, hash } = this.#last()
    const one = stored({ ...draft, number: number + 1, time: new Date().toISOString() }, hash)
    insert(this.#database, one)
    return one
  }

  /** Of a task: the entry that says the same already, and standing ones that say otherwise: one task, one standing entry. */
  #before({ task, produceId, output }: EntryDraft): [StoredEntry | undefined, StoredEntry[]] {
    if (task === undefined) return [undefined, []]
    const found = this.find({ task })
    const back = new Set(found.map(({ entry }) => entry.of))
    const standing = found.filter(({ entry }) => entry.kind === 'mark' && !back.has(entry.number))
    const same = standing.find(({ entry }) => entry.produceId === produceId && entry.output?.sha256 === output?.sha256)
    return [same, standing]
  }

  /** Rule M10: one number, one content. */
  #clash({ kind, status, produceId, contentProducer, source }: EntryDraft): CountermarkError | undefined {
    if (kind !== 'mark' || status !== 'done' || produceId === undefined) return undefined
    const other = this.#rows("produce_id = ? AND kind = 'mark'", produceId).find(({ entry }) =>
      entry.contentProducer === contentProducer && entry.status === 'done' && entry.source?.sha256 !== source?.sha256 && this.#rows("kind = 'void' AND reference = ?", String(entry.number)).length === 0)
    if (other === undefined) return undefined
    return new CountermarkError('ERR_CONFLICT', `The content number ${produceId} was given to other content already (entry ${other.entry.number} of the ledger).`, { remedy: 'Give every content a number of its own, or leave out produceId (--produce-id).' })
  }

  #last(): { number: number; hash: string } {
    const row = this.#database.get('SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1')
    if (row === undefined) throw new CountermarkError('ERR_BROKEN', `${this.path}: the ledger has no entries.`)
    return { number: Number(row['number']), hash: String(row['hash']) }
  }

  /** Undefined where somebody took the table away: what was exported can still be checked. */
  #heads(): LedgerHead[] | undefined {
    if (this.#database.get("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'heads'") === undefined) return undefined
    return this.#database.all('SELECT number, head FROM heads ORDER BY number, rowid').map(({ number, head }) => headOf(String(head), Number(number)))
  }

  #keep(head: LedgerHead): void {
    this.#database.run('INSERT INTO heads (number, head) VALUES (?, ?)', head.number, canonical(head))
  }

  #rows(where: string, ...values: (string | number)[]): StoredEntry[] {
    const limit = where.startsWith('number >') ? ' LIMIT ?' : ''
    return this.#database.all(`SELECT number, time, body, hash FROM entries WHERE ${where} ORDER BY number${limit}`, ...values).map(({ number, time, body, hash }) => {
      const text = String(body)
      return { entry: entryOf(text, Number(number), String(time)), body: text, hash: String(hash) }
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(() => {
      if (this.#closed) throw closed(this.path)
      return work()
    })
    this.#turn = next.catch(() => {})
    return next
  }
}

function closed(path: string): CountermarkError {
  return new CountermarkError('ERR_USAGE', `The ledger ${path} is closed.`)
}

/** Bounds of all texts that begin so. */
function prefix(payload: string): [string, string] {
  if (!/^[0-9a-f]{8,32}$/i.test(payload)) throw new CountermarkError('ERR_PARAMETER', 'A payload to look for has 8 to 32 hexadecimal digits.')
  const low = payload.toLowerCase()
  return [low, `${low}g`]
}

/** The entry that a row says, under the number of its row. A body that is none any more is shown as such; `check` tells what became of it. */
function entryOf(body: string, number: number, time: string): Entry {
  let entry: unknown
  try {
    entry = JSON.parse(body)
  } catch {
    entry = undefined
  }
  return typeof entry === 'object' && entry !== null ? { ...(entry as Entry), number } : { number, time, kind: 'unreadable' }
}

/** A head that is kept; one that cannot be read any more has no signature that holds. */
function headOf(text: string, number: number): LedgerHead {
  try {
    return JSON.parse(text) as LedgerHead
  } catch {
    return { ledger: '', number, hash: '', time: '', algorithm: 'Ed25519', publicKey: '', signature: '' }
  }
}
