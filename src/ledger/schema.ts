// The tables. `body` is what counts; the other columns of an entry repeat what is looked for.
import type { Database, Value } from './database.js'

/** Of the tables and of the entries. */
export const VERSION = 1

/** The triggers keep programs from mistakes; whoever can write to the file can also drop them, which the chain then shows. */
export const SCHEMA = `
  CREATE TABLE entries (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, body TEXT NOT NULL,
    time TEXT NOT NULL, kind TEXT NOT NULL, produce_id TEXT, payload TEXT, reference TEXT
  );
  CREATE INDEX by_produce_id ON entries (produce_id) WHERE produce_id IS NOT NULL;
  CREATE INDEX by_payload ON entries (payload) WHERE payload IS NOT NULL;
  CREATE INDEX by_reference ON entries (reference) WHERE reference IS NOT NULL;
  CREATE INDEX by_time ON entries (time);
  CREATE TABLE heads (number INTEGER NOT NULL, head TEXT NOT NULL);
  CREATE TABLE gaps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, hash TEXT NOT NULL, number INTEGER NOT NULL);
  CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
  CREATE TRIGGER entries_stay BEFORE DELETE ON entries
    WHEN NOT EXISTS (SELECT 1 FROM gaps WHERE OLD.number BETWEEN first AND last) BEGIN SELECT RAISE(ABORT, 'append-only'); END;
  PRAGMA user_version = ${VERSION};
  PRAGMA application_id = 1129132620;
`

/** A row as it stands. */
export interface Row { number: number; hash: string; body: string; time: string; kind: string; produceId: string | null; payload: string | null; reference: string | null }

/** A row of `entries`. */
export function recordOf(row: { [column: string]: Value }): Row {
  const text = (column: string): string | null => (row[column] === null || row[column] === undefined ? null : String(row[column]))
  return {
    number: Number(row['number']), hash: text('hash') ?? '', body: text('body') ?? '', time: text('time') ?? '', kind: text('kind') ?? '',
    produceId: text('produce_id'), payload: text('payload'), reference: text('reference'),
  }
}

/** The chain's hash at an entry, which may be the last of a gap. */
function hashAt(database: Database, number: number): string {
  return String((database.get('SELECT hash FROM entries WHERE number = ?', number) ?? database.get('SELECT hash FROM gaps WHERE last = ?', number))?.['hash'])
}

/** Runs of entries that may go: older than `before`, and not to be kept until after `now`. */
export function gapsOf(database: Database, before: string, now: string): { first: number; last: number; before: string; hash: string }[] {
  const gaps: { first: number; last: number; before: string; hash: string }[] = []
  let after = 0
  for (;;) {
    const rows = database.all("SELECT number, hash FROM entries WHERE number > ? AND time < ? AND kind IN ('mark', 'propagate', 'void') AND coalesce(json_extract(body, '$.retainUntil'), '') <= ? ORDER BY number LIMIT 1000", after, before, now)
    for (const row of rows) {
      const number = Number(row['number'])
      const open = gaps.at(-1)
      if (open !== undefined && open.last === number - 1) Object.assign(open, { last: number, hash: String(row['hash']) })
      else gaps.push({ first: number, last: number, before: hashAt(database, number - 1), hash: String(row['hash']) })
      after = number
    }
    if (rows.length < 1000) return gaps
  }
}
