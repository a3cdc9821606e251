// What a job knows of its files, on the disk: it lies in the output folder, and `resume` goes on from it.
import { join } from 'node:path'
import { CountermarkError } from '../errors.js'
import { isBusy, openDatabase, type Database, type Value } from '../ledger/database.js'

/** What is known of one file. `staged`: its output is complete, and perhaps not yet in its place. */
export interface Row {
  path: string
  size: number
  modified: number
  status: 'staged' | 'done' | 'kept' | 'skipped' | 'failed'
  reason?: string
  code?: string
  remedy?: string
  produceId?: string
  payload?: string
  verdict?: string
  /** JSON, where there are any. */
  findings?: string
  type?: string
  /** SHA-256 of the output. */
  output?: string
}

const VERSION = 2
const NAME = '.countermark-relabel.db'
const LOCK = '.countermark-relabel.lock'
const COLUMNS = ['path', 'size', 'modified', 'status', 'reason', 'code', 'remedy', 'produceId', 'payload', 'verdict', 'findings', 'type', 'output'] as const

/** The journal of one output folder; held by one process at a time. */
export class Journal {
  readonly #database: Database
  readonly #lock: Database
  #staging: { row: Row; done: () => void; failed: (error: unknown) => void }[] = []

  private constructor(database: Database, lock: Database) {
    this.#database = database
    this.#lock = lock
  }

  static path(target: string): string {
    return join(target, NAME)
  }

  /**
   * Opens or makes it. `job`: what the job is, source and options; a journal of another one is ERR_CONFLICT, and so is one
   * that another process holds.
   */
  static open(target: string, job: string): Journal {
    const lock = lockOf(target)
    const database = openDatabase(Journal.path(target))
    try {
      for (const pragma of ['journal_mode=WAL', 'synchronous=NORMAL']) database.all(`PRAGMA ${pragma}`)
      database.exec('BEGIN IMMEDIATE')
      database.exec(`CREATE TABLE IF NOT EXISTS job (version INTEGER NOT NULL, job TEXT NOT NULL, id TEXT);
        CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, status TEXT NOT NULL, reason TEXT, code TEXT, remedy TEXT, produceId TEXT, payload TEXT, verdict TEXT, findings TEXT, type TEXT, output TEXT) WITHOUT ROWID;`)
      const known = database.get('SELECT version, job FROM job')
      if (known === undefined) database.run('INSERT INTO job (version, job) VALUES (?, ?)', VERSION, job)
      else if (known['job'] !== job || known['version'] !== VERSION)
        throw new CountermarkError('ERR_CONFLICT', `${target} holds the outputs of another job: another source, other options, or another version of Countermark.`, { remedy: 'Give the same source and options to go on, or another target.' })
      database.exec('COMMIT')
      return new Journal(database, lock)
    } catch (thrown) {
      database.close()
      lock.close()
      throw thrown
    }
  }

  /** The job's name: the one that it got first. */
  id(fresh: string): string {
    const known = this.#database.get('SELECT id FROM job')?.['id']
    if (typeof known === 'string') return known
    this.#database.run('UPDATE job SET id = ?', fresh)
    return fresh
  }

  get(path: string): Row | undefined {
    const row = this.#database.get(`SELECT ${COLUMNS.join(', ')} FROM files WHERE path = ?`, path)
    return row === undefined ? undefined : rowOf(row)
  }

  /** Notes a complete output, flushed: none has its name without its row. Rows that come together share the flush. */
  stage(row: Row): Promise<void> {
    return new Promise((done, failed) => {
      this.#staging.push({ row, done, failed })
      if (this.#staging.length === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const batch = this.#staging
    this.#staging = []
    try {
      this.#database.all('PRAGMA synchronous=FULL')
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        for (const { row } of batch) this.put(row)
        this.#database.exec('COMMIT')
      } catch (thrown) {
        this.#database.rollback()
        throw thrown
      } finally {
        this.#database.all('PRAGMA synchronous=NORMAL')
      }
    } catch (thrown) {
      for (const { failed } of batch) failed(thrown)
      return
    }
    for (const { done } of batch) done()
  }

  /** Notes what became of a file; a loss of power may take it, and the staged row or the next run says it again. */
  put(row: Row): void {
    this.#database.run(`INSERT OR REPLACE INTO files (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`, ...COLUMNS.map((column): Value => row[column] ?? null))
  }

  /** Every file that is through, by path. */
  *rows(where = "status <> 'staged'"): Generator<Row> {
    let after = ''
    for (;;) {
      const page = this.#database.all(`SELECT ${COLUMNS.join(', ')} FROM files WHERE path > ? AND ${where} ORDER BY path LIMIT 1000`, after).map(rowOf)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = last.path
    }
  }

  /** How many files of each status and verdict there are. */
  counts(): { status: Row['status']; verdict: string; type: string; files: number; bytes: number }[] {
    return this.#database.all("SELECT status, coalesce(verdict, '') AS verdict, coalesce(type, '') AS type, count(*) AS files, sum(size) AS bytes FROM files WHERE status <> 'staged' GROUP BY 1, 2, 3 ORDER BY 1, 3, 2")
      .map((row) => ({ status: row['status'] as Row['status'], verdict: String(row['verdict']), type: String(row['type']), files: Number(row['files']), bytes: Number(row['bytes']) }))
  }

  close(): void {
    this.#database.close()
    this.#lock.close()
  }
}

/** A lock that the system takes back when the process dies, however it dies: an empty database that is held. */
function lockOf(target: string): Database {
  const lock = openDatabase(join(target, LOCK))
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (thrown) {
    lock.close()
    if (isBusy(thrown)) throw new CountermarkError('ERR_CONFLICT', `Another process relabels into ${target} just now.`, { cause: thrown })
    throw thrown
  }
}

function rowOf(row: { [column: string]: Value }): Row {
  return Object.fromEntries(COLUMNS.flatMap((column) => (row[column] === null || row[column] === undefined ? [] : [[column, row[column]]]))) as unknown as Row
}
