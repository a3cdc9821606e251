// Entries as CSV (RFC 4180), for spreadsheets.
import type { StoredEntry } from '../types.js'

const COLUMNS: readonly (readonly [name: string, value: (one: StoredEntry) => unknown])[] = [
  ['number', ({ entry }) => entry.number], ['time', ({ entry }) => entry.time], ['kind', ({ entry }) => entry.kind], ['status', ({ entry }) => entry.status],
  ['produceId', ({ entry }) => entry.produceId], ['contentProducer', ({ entry }) => entry.contentProducer], ['label', ({ entry }) => entry.label],
  ['contentPropagator', ({ entry }) => entry.contentPropagator], ['propagateId', ({ entry }) => entry.propagateId],
  ['type', ({ entry }) => entry.type], ['policy', ({ entry }) => entry.policy], ['policyHash', ({ entry }) => entry.policyHash], ['version', ({ entry }) => entry.version],
  ['verdict', ({ entry }) => entry.verdict], ['findings', ({ entry }) => entry.findings?.map(({ rule, severity }) => `${rule} ${severity}`).join('; ')],
  ['key', ({ entry }) => entry.key], ['payload', ({ entry }) => entry.payload], ['watermarkBits', ({ entry }) => entry.watermark?.bits],
  ['explicit', ({ entry }) => (entry.explicit === undefined ? undefined : entry.explicit.drawn ? entry.explicit.text?.join(' / ') : 'no')],
  ['waiver', ({ entry }) => entry.waiver?.reference], ['recipient', ({ entry }) => entry.recipient], ['retainUntil', ({ entry }) => entry.retainUntil],
  ['sourceSha256', ({ entry }) => entry.source?.sha256], ['outputSha256', ({ entry }) => entry.output?.sha256],
  ['of', ({ entry }) => entry.of], ['reason', ({ entry }) => entry.reason], ['hash', ({ hash }) => hash],
]

/** All entries with a line of titles. Texts that a spreadsheet would take for a formula begin with an apostrophe. */
export function csvOf(entries: readonly StoredEntry[]): string {
  const line = (values: readonly unknown[]): string => `${values.map(cell).join(',')}\r\n`
  return `\ufeff${line(COLUMNS.map(([name]) => name))}${entries.map((one) => line(COLUMNS.map(([, value]) => value(one)))).join('')}`
}

function cell(value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'number' ? String(value) : String(value).replace(/^[=+\-@\t\r]/, "'$&")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
