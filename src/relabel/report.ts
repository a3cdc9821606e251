// The report of a job: one line a file, and a summary for people.
import { open, rename, rm } from 'node:fs/promises'
import { CountermarkError, fromSystem } from '../errors.js'
import { besides, writeWhole } from '../media/source.js'
import { escaped, page, table } from '../page.js'
import type { Finding, Provider, RelabelLine } from '../types.js'
import type { Journal, Row } from './journal.js'

/** What the summary says of the whole job. */
export interface Summary {
  lineOf(row: Row): RelabelLine
  source: string
  target: string
  policy: string
  provider: Provider
  complete: boolean
  dryRun: boolean
  files: number
  done: number
  kept: number
  skipped: number
  failed: number
  nonCompliant: number
}

/** Files that each list of the summary has; the report has all. */
const LISTED = 1000

/** Writes both files whole; gives their paths. Every file of the job stands in the report once, by path. */
export async function writeReport(path: string, journal: Journal, summary: Summary): Promise<{ report: string; summary: string }> {
  const temporary = besides(path)
  try {
    const file = await open(temporary, 'wx')
    try {
      let text = ''
      for (const row of journal.rows()) {
        text += `${JSON.stringify(summary.lineOf(row))}\n`
        if (text.length > 1 << 16) {
          await file.write(text)
          text = ''
        }
      }
      await file.write(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => {})
    throw thrown instanceof CountermarkError ? thrown : fromSystem(thrown, path)
  }
  const beside = `${path.replace(/\.jsonl?$/i, '')}.html`
  await writeWhole(beside, Buffer.from(htmlOf(journal, summary)))
  return { report: path, summary: beside }
}

function htmlOf(journal: Journal, { lineOf, source, target, policy, provider, complete, dryRun, ...sums }: Summary): string {
  const left: RelabelLine[] = []
  for (const row of journal.rows("status IN ('failed', 'skipped')")) {
    left.push(lineOf(row))
    if (left.length === LISTED) break
  }
  const faulty: RelabelLine[] = []
  let doubts = 0
  for (const row of journal.rows("status IN ('done', 'kept') AND (verdict <> 'compliant' OR findings IS NOT NULL)")) {
    const line = lineOf(row)
    if (line.verdict === 'compliant' && grave(line).length === 0) continue
    doubts += 1
    if (faulty.length < LISTED) faulty.push(line)
  }
  return page(dryRun ? 'Relabelling: trial run' : 'Relabelling', [
    ...(complete ? [] : ['<p><strong>Not finished: the job was interrupted. --resume goes on.</strong></p>']),
    table(['', ''], [['Source', source], ['Target', target], ['Policy', policy], ['Provider', provider.code ?? provider.name ?? ''], ['Written', new Date().toISOString()]]),
    table(['Files', 'Done', 'Kept their label', 'Skipped', 'Failed', 'Done, but not compliant'], [[sums.files, sums.done, sums.kept, sums.skipped, sums.failed, sums.nonCompliant]]),
    '<h2>By kind</h2>',
    table(['Status', 'Kind', 'Verdict', 'Files', 'Bytes'], journal.counts().map(({ status, type, verdict, files, bytes }) => [status, type, verdict, files, bytes])),
    ...listed('Not compliant, cannot tell, or with a warning', ['File', 'Verdict', 'Rule', 'Message', 'What to do'], doubts, faulty.flatMap((line) => {
      const said = line.verdict === 'compliant' ? grave(line) : line.findings ?? []
      return (said.length === 0 ? [undefined] : said).map((one) => [line.file, line.verdict, one && `${one.rule} (${one.severity})`, one?.message, one?.remedy])
    })),
    ...listed('Skipped and failed', ['File', 'Status', 'Reason', 'Code', 'What to do'], sums.failed + sums.skipped, left.map(({ file, status, reason, code, remedy }) => [file, status, reason, code, remedy])),
  ].join('\n'))
}

/** The findings of a file that are more than notes. */
function grave({ findings = [] }: RelabelLine): Finding[] {
  return findings.filter(({ severity }) => severity !== 'info')
}

/** One list of the summary, with its heading; `files` is how many there are in all. */
function listed(heading: string, titles: readonly string[], files: number, rows: readonly (readonly unknown[])[]): string[] {
  if (files === 0) return []
  return [`<h2>${escaped(heading)}</h2>`, ...(files > LISTED ? [`<p>${escaped(`The first ${LISTED} of ${files}; the report has all.`)}</p>`] : []), table(titles, rows)]
}
