// The ledger's file: how it is made, opened and waited for.
import { open } from 'node:fs/promises'
import { CountermarkError, fromSystem } from '../errors.js'
import type { StoredEntry } from '../types/ledger.js'
import { isBusy, type Database } from './database.js'
import { NONE, stored } from './entry.js'
import { SCHEMA, VERSION } from './schema.js'

/** Milliseconds for which a writer waits for the others. */
const PATIENCE = 30_000

/** Makes what is missing; gives the hash of the first entry. */
export function prepare(database: Database, path: string): string {
  // The log of SQLite lets readers go on while one writes; FULL flushes it before a transaction counts as done.
  for (const pragma of ['busy_timeout=20', 'journal_mode=WAL', 'synchronous=FULL', 'fullfsync=1', 'secure_delete=ON']) database.all(`PRAGMA ${pragma}`)
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(Object.values(database.get('PRAGMA user_version') ?? {})[0] ?? 0)
    const tables = Number(database.get("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table'")?.['n'] ?? 0)
    if (version === 0 && tables > 0) throw new CountermarkError('ERR_BROKEN', `${path} is a database, but no ledger.`)
    if (version > VERSION) throw new CountermarkError('ERR_UNSUPPORTED', `${path} is a ledger of a newer version.`, { remedy: 'Use the newer version of Countermark.' })
    if (version === 0) {
      database.exec(SCHEMA)
      insert(database, stored({ number: 1, time: new Date().toISOString(), kind: 'open', version: String(VERSION) }, NONE))
    }
    database.exec('COMMIT')
  } catch (thrown) {
    database.rollback()
    throw thrown
  }
  const first = database.get('SELECT hash FROM entries WHERE number = 1')?.['hash']
  if (typeof first !== 'string') throw new CountermarkError('ERR_BROKEN', `${path}: the ledger's first entry is missing.`)
  return first
}

/** Adds a row. */
export function insert(database: Database, one: StoredEntry): void {
  const { entry, body, hash } = one
  const reference = entry.task ?? (entry.kind === 'policy' ? entry.policyHash : entry.of?.toString())
  database.run('INSERT INTO entries (number, hash, body, time, kind, produce_id, payload, reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    entry.number, hash, body, entry.time, entry.kind, entry.produceId ?? null, entry.payload ?? null, reference ?? null)
}

/** A new file is there only when its folder was flushed. */
export async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (thrown) {
    // Windows cannot flush a folder.
    if (process.platform !== 'win32') throw fromSystem(thrown, folder)
  }
}

/** Tries again while another process holds the database. */
export async function patiently<T>(path: string, work: () => T): Promise<T> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      return work()
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown
      if (performance.now() > end) throw new CountermarkError('ERR_IO', `${path}: another process has held the ledger for ${PATIENCE / 1000} seconds.`, { cause: thrown })
    }
    await new Promise((done) => setTimeout(done, 2 + Math.random() * 10))
  }
}
