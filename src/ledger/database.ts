// SQLite, by what this Node has: node:sqlite, else the package libsql. Only the few calls that we need.
import { createRequire } from 'node:module'
import { CountermarkError, fromSystem, messageOf } from '../errors.js'

/** A value of a column. */
export type Value = string | number | null

/** An open database. Every call is done when it returns. Paths in errors are the database's. */
export interface Database {
  exec(sql: string): void
  run(sql: string, ...values: Value[]): void
  get(sql: string, ...values: Value[]): { [column: string]: Value } | undefined
  all(sql: string, ...values: Value[]): { [column: string]: Value }[]
  /** Takes back what was begun. A database without space has done so itself already. */
  rollback(): void
  close(): void
}

interface Statement { run(...values: Value[]): unknown; get(...values: Value[]): unknown; all(...values: Value[]): unknown[] }
interface Handle { exec(sql: string): unknown; prepare(sql: string): Statement; close(): void }
type Open = (path: string, readOnly: boolean) => Handle

let opener: Open | undefined

/** Opens or makes a database. ERR_MISSING where this Node has no SQLite and libsql is not installed; ERR_IO, ERR_BROKEN. */
export function openDatabase(path: string, { readOnly = false } = {}): Database {
  opener ??= builtIn() ?? installed()
  let handle: Handle
  try {
    handle = opener(path, readOnly)
  } catch (thrown) {
    throw fromDatabase(thrown, path)
  }
  const statements = new Map<string, Statement>()
  const prepared = (sql: string): Statement => {
    let statement = statements.get(sql)
    if (statement === undefined) statements.set(sql, (statement = handle.prepare(sql)))
    return statement
  }
  const typed = <T>(work: () => T): T => {
    try {
      return work()
    } catch (thrown) {
      throw fromDatabase(thrown, path)
    }
  }
  return {
    exec: (sql) => typed(() => void handle.exec(sql)),
    run: (sql, ...values) => typed(() => void prepared(sql).run(...values)),
    get: (sql, ...values) => typed(() => prepared(sql).get(...values) as ReturnType<Database['get']>),
    all: (sql, ...values) => typed(() => prepared(sql).all(...values) as ReturnType<Database['all']>),
    rollback: () => {
      try {
        handle.exec('ROLLBACK')
      } catch (thrown) {
        if (!/no transaction is active/.test(messageOf(thrown))) throw fromDatabase(thrown, path)
      }
    },
    close: () => {
      statements.clear()
      handle.close()
    },
  }
}

/** Whether another process holds the database just now. */
export function isBusy(thrown: unknown): boolean {
  const cause = thrown instanceof CountermarkError ? thrown.cause : thrown
  const { code, errcode } = (cause ?? {}) as { code?: unknown; errcode?: unknown }
  return String(code).startsWith('SQLITE_BUSY') || (typeof errcode === 'number' && (errcode & 0xff) === 5) || /database is locked/.test(messageOf(cause))
}

function builtIn(): Open | undefined {
  const load = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule
  if (load === undefined) return undefined
  // Node says on stderr that its SQLite is young; our users cannot do anything about it.
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emitWarning.call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    const sqlite = load.call(process, 'node:sqlite') as { DatabaseSync: new (path: string, options: { readOnly: boolean }) => Handle } | undefined
    return sqlite === undefined ? undefined : (path, readOnly) => new sqlite.DatabaseSync(path, { readOnly })
  } finally {
    process.emitWarning = emitWarning
  }
}

function installed(): Open {
  try {
    const Libsql = createRequire(import.meta.url)('libsql') as new (path: string, options: { readonly: boolean }) => Handle
    return (path, readOnly) => new Libsql(path, { readonly: readOnly })
  } catch (cause) {
    throw new CountermarkError('ERR_MISSING', 'The ledger needs SQLite, which this version of Node does not have.', { remedy: 'Use Node 22.13 or newer, or install the package libsql: npm install libsql', cause })
  }
}

function fromDatabase(thrown: unknown, path: string): CountermarkError {
  if (thrown instanceof CountermarkError) return thrown
  const { code, errcode } = (thrown ?? {}) as { code?: unknown; errcode?: unknown }
  const is = (name: string, number: number): boolean => String(code).startsWith(name) || (typeof errcode === 'number' && (errcode & 0xff) === number)
  if (is('SQLITE_FULL', 13)) return fromSystem(Object.assign(new Error('full', { cause: thrown }), { code: 'ENOSPC' }), path)
  if (is('SQLITE_NOTADB', 26) || is('SQLITE_CORRUPT', 11)) return new CountermarkError('ERR_BROKEN', `${path} is damaged, or is no database.`, { cause: thrown })
  if (/append-only/.test(messageOf(thrown))) return new CountermarkError('ERR_CONFLICT', `${path}: entries are never changed or deleted.`, { cause: thrown })
  return new CountermarkError('ERR_IO', `${path}: ${messageOf(thrown)}.`, { cause: thrown })
}
