// Marks a folder of any size into another one: file by file, each whole or not at all, and goes on after any interruption.
import { randomUUID } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, stat, utimes } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { markStaged, planOf } from '../countermark.js'
import { CountermarkError, fromSystem, messageOf } from '../errors.js'
import { SIDECAR } from '../document/text.js'
import { digestOfFile } from '../ledger/drafts.js'
import { sha256 } from '../ledger/entry.js'
import { ledgerOf, type Ledger } from '../ledger/ledger.js'
import { typeOfName } from '../media/kind.js'
import { pathOf, publish } from '../media/source.js'
import { sweepTemporary, temporaryFolder } from '../media/temporary.js'
import type { Finding, MarkOptions, MarkResult, RelabelLine, RelabelProgress, RelabelResult } from '../types.js'
import { fingerprint } from './fingerprint.js'
import { checkFolders, checkReport } from './folders.js'
import { statusOf } from './item.js'
import { Journal, type Row } from './journal.js'
import { writeReport } from './report.js'
import { memoryOf, Slots } from './slots.js'
import { walk, type Found } from './walk.js'

/** What `relabel` takes: the options of `mark` that make sense for many files, and its own. */
export interface RelabelOptions extends Omit<MarkOptions, 'to' | 'as' | 'produceId' | 'ledger'> {
  /** Path of a ledger, or an open one. Its entries grow by one for every marked file, however often the job is interrupted. */
  ledger?: string | URL | Ledger
  /** Go on with a job that was interrupted, or take up files that are new. Without it the target must be empty. */
  resume?: boolean
  /** Files at the same time. Default: twice the number of cores, at least 4: some wait for the disk. */
  concurrency?: number
  /** Bytes of memory that the files in work may take together, by estimate. Default: half of what is free, 256 MiB to 2 GiB. */
  memory?: number
  /** Path of the report, JSON lines; the HTML summary lies beside it. */
  report?: string | URL
  /** Mark everything into a temporary folder and keep only the report. Nothing is written to the target or the ledger. */
  dryRun?: boolean
  /** Told of every file that is through. */
  progress?: (progress: RelabelProgress) => void
}

/** Milliseconds between two looks at the count of files. */
const TICK = 200

type Task = Found & { kind: 'file' }
type Books = Pick<Ledger, 'path' | 'append' | 'find'>

/**
 * Marks every file below `source` into `target`, with the same names, kinds, tree and times. What is no file of a kind that
 * can be marked is skipped, and not copied. Errors that are not of one file end the job (ERR_IO where the disk is full):
 * `resume` goes on then. ERR_USAGE where one of the folders lies in the other, or the target is not empty.
 */
export async function relabel(source: string | URL, target: string | URL, options: RelabelOptions): Promise<RelabelResult> {
  return new Job(pathOf(source), pathOf(target), options).run()
}

class Job {
  readonly #source: string
  readonly #target: string
  readonly #options: RelabelOptions
  readonly #mark: MarkOptions
  readonly #start = performance.now()
  /** The error that ends the job. */
  #fatal: unknown
  #journal: Journal | undefined
  #job = ''
  #ledger: Books | undefined
  /** What is in work, by the name that it has on disks that do not tell capitals from small letters. */
  readonly #working = new Map<string, Promise<void>>()
  readonly #counts = { files: 0, before: 0, bytes: 0 }
  readonly #total = { files: 0, bytes: 0, counted: false }

  constructor(source: string, target: string, options: RelabelOptions) {
    this.#source = source
    this.#target = target
    this.#options = options
    const { resume: _resume, concurrency: _concurrency, memory: _memory, report: _report, dryRun: _dryRun, progress: _progress, ledger: _ledger, ...mark } = options
    this.#mark = mark
    if ('produceId' in mark || 'to' in mark || 'as' in mark) throw new CountermarkError('ERR_USAGE', 'Every file gets a content number and an output of its own.', { remedy: 'Leave out produceId, to and as.' })
  }

  async run(): Promise<RelabelResult> {
    const { concurrency = Math.max(4, 2 * availableParallelism()), memory = Math.min(Math.max(freemem() / 2, 256 << 20), 2 ** 31), dryRun = false, report } = this.#options
    for (const [name, value] of [['concurrency', concurrency], ['memory', memory]] as const)
      if (!(value >= 1)) throw new CountermarkError('ERR_PARAMETER', `${name} must be a number above 0.`)
    const plan = await planOf(this.#mark)
    await checkFolders(this.#source, this.#target)
    if (report !== undefined) await checkReport(pathOf(report), this.#source)
    const print = fingerprint(await realpath(this.#source), plan)
    await sweepTemporary()
    const scratch = dryRun ? await temporaryFolder() : undefined
    try {
      if (scratch === undefined) await this.#prepare()
      const journal = Journal.open(scratch ?? this.#target, print)
      this.#journal = journal
      this.#job = journal.id(randomUUID())
      try {
        if (this.#options.ledger !== undefined && scratch === undefined) this.#ledger = guarded(await ledgerOf(this.#options.ledger), (error) => (this.#fatal ??= error))
        const counting = this.#count()
        const slots = new Slots(concurrency, memory)
        const running = new Set<Promise<void>>()
        for await (const found of walk(this.#source)) {
          if (this.#stopped()) break
          if (found.kind !== 'file') {
            await this.#other(found, scratch)
            continue
          }
          const free = await slots.take(memoryOf(found.path, found.size))
          if (this.#stopped()) {
            free()
            break
          }
          const folded = found.path.normalize('NFC').toLowerCase()
          const before = this.#working.get(folded)
          const one = (async () => { await before; await this.#file(found, scratch) })().catch((error: unknown) => void (this.#fatal ??= error)).finally(() => {
            free()
            running.delete(one)
            if (this.#working.get(folded) === one) this.#working.delete(folded)
          })
          running.add(one)
          this.#working.set(folded, one)
        }
        await Promise.all(running)
        await counting
        const result = this.#result(journal, plan.policy.name)
        // What ended the job matters more than a report that cannot be written for the same reason.
        if (this.#fatal !== undefined) await result.catch(() => {})
        if (this.#fatal !== undefined) throw this.#fatal
        return await result
      } finally {
        journal.close()
      }
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
    }
  }

  async #result(journal: Journal, policy: string): Promise<RelabelResult> {
    const sums = { files: 0, done: 0, kept: 0, skipped: 0, failed: 0, nonCompliant: 0 }
    for (const { status, verdict, files } of journal.counts()) {
      sums.files += files
      sums[status as 'done'] += files
      if (status === 'done' && verdict === 'non-compliant') sums.nonCompliant += files
    }
    const { report, dryRun } = this.#options
    const complete = this.#fatal === undefined && !this.#options.signal?.aborted
    const paths = report === undefined ? {} : await writeReport(pathOf(report), journal, {
      lineOf: (row) => this.#line(row), source: this.#source, target: this.#target, policy, provider: this.#options.provider, complete, dryRun: dryRun === true, ...sums,
    })
    return { complete, ...sums, before: this.#counts.before, ...paths, ms: Math.round(performance.now() - this.#start) }
  }

  /** The target is made, and is ours: empty, or with the journal of this job. */
  async #prepare(): Promise<void> {
    const target = this.#target
    try {
      await mkdir(target, { recursive: true })
      const there = await readdir(target)
      if (there.length > 0 && !this.#options.resume)
        throw new CountermarkError('ERR_USAGE', `The target ${target} is not empty.`, { remedy: 'Give resume (--resume) to go on with a job, or choose an empty folder.' })
      if (there.length > 0 && !there.includes(basename(Journal.path(target))))
        throw new CountermarkError('ERR_USAGE', `The target ${target} is not empty, and holds no job to go on with.`, { remedy: 'Choose an empty folder.' })
    } catch (thrown) {
      throw fromSystem(thrown, target)
    }
  }

  #stopped(): boolean {
    return this.#fatal !== undefined || this.#options.signal?.aborted === true
  }

  /** Counts ahead of the work, for the progress alone. */
  async #count(): Promise<void> {
    if (this.#options.progress === undefined) return
    let last = performance.now()
    for await (const found of walk(this.#source)) {
      if (this.#stopped()) return
      if (found.kind === 'folder') continue
      this.#total.files++
      this.#total.bytes += found.kind === 'file' ? found.size : 0
      if (performance.now() - last > TICK) {
        last = performance.now()
        await new Promise((done) => setImmediate(done))
      }
    }
    this.#total.counted = true
    this.#tell()
  }

  #tell(line?: RelabelLine): void {
    const { files, bytes } = this.#counts
    this.#options.progress?.({ files, total: Math.max(files, this.#total.files), counted: this.#total.counted, bytes, bytesLeft: Math.max(0, this.#total.bytes - bytes), ...(line === undefined ? {} : { line }) })
  }

  async #other(found: Exclude<Found, Task>, scratch: string | undefined): Promise<void> {
    if (found.kind === 'folder') {
      if (scratch !== undefined) return
      await mkdir(join(this.#target, found.path), { recursive: true }).catch((thrown: unknown) => {
        // What is in it will fail, each for itself, unless there is no room for anything.
        if (isFull(thrown)) this.#fatal ??= fromSystem(thrown, join(this.#target, found.path))
      })
      return
    }
    this.#through(found.kind === 'other' ? { path: found.path, size: 0, modified: 0, status: 'skipped', reason: found.reason }
      : { path: found.path, size: 0, modified: 0, status: 'failed', reason: unnamed(found.error.message, join(this.#source, found.path)), code: found.error.code, ...(found.error.remedy === undefined ? {} : { remedy: found.error.remedy }) })
  }

  async #file(found: Task, scratch: string | undefined): Promise<void> {
    const { path, size, modified } = found
    const known = this.#journal?.get(path)
    const same = known !== undefined && known.size === size && known.modified === modified
    if (same && await this.#standing(known)) {
      this.#counts.files++
      this.#counts.before++
      this.#counts.bytes += size
      this.#tell()
      return
    }
    try {
      const input = join(this.#source, path)
      if (path.endsWith(SIDECAR) && typeOfName(path.slice(0, -SIDECAR.length)) === 'text/plain' && (await stat(input.slice(0, -SIDECAR.length)).catch(() => undefined))?.isFile())
        return this.#through({ path, size, modified, status: 'skipped', reason: `belongs to ${basename(input.slice(0, -SIDECAR.length))}` })
      if (scratch === undefined && known?.output === undefined && (await lstat(join(this.#target, path)).catch(() => undefined)) !== undefined)
        throw new CountermarkError('ERR_CONFLICT', `${join(this.#target, path)} is there already, and is the output of no file of this name.`, { remedy: 'On disks that do not tell capitals from small letters two names may be one: rename one of the inputs.' })
      const task = this.#ledger === undefined ? undefined : sha256([this.#job, path, (await digestOfFile(input)).sha256].join('\u001f'))
      const entered = task === undefined || this.#ledger === undefined ? undefined : standingEntry(this.#ledger, task)
      if (same && known.status === 'staged' && await this.#recovered(known, task === undefined || entered?.output?.sha256 === known.output))
        return this.#through({ ...known, status: known.reason as 'done', reason: undefined } as Row)
      const made = await this.#marked(found, scratch, task, entered?.produceId)
      this.#through(rowOf(found, made.status, made, this.#journal?.get(path)?.output))
    } catch (thrown) {
      if (isFull(thrown)) this.#fatal ??= thrown
      if (this.#stopped()) return
      const error = thrown instanceof CountermarkError ? thrown : new CountermarkError('ERR_INTERNAL', messageOf(thrown), { cause: thrown })
      const { code, message, remedy } = error
      // Of the options, not of the file: it would be said of every file.
      if (code === 'ERR_USAGE' && !message.includes(path)) this.#fatal ??= thrown
      this.#through({ path, size, modified, status: statusOf(error), reason: unnamed(message, join(this.#source, path)), code, ...(remedy === undefined ? {} : { remedy }), ...(known?.output === undefined ? {} : { output: known.output }) })
    }
  }

  async #marked(found: Task, scratch: string | undefined, task: string | undefined, produceId: string | undefined): Promise<MarkResult> {
    const { path, modified, mode } = found
    const to = scratch === undefined ? join(this.#target, path) : join(await mkdtemp(join(scratch, 'f-')), basename(path))
    try {
      return await markStaged(join(this.#source, path), {
        ...this.#mark, to, ...(this.#ledger === undefined ? {} : { ledger: this.#ledger }), ...(produceId === undefined ? {} : { produceId }),
      }, {
        temporary: this.#temporary(to, path), ...(task === undefined ? {} : { task }),
        staged: async (temporary, report, digest) => {
          await chmod(temporary, mode)
          await utimes(temporary, modified / 1000, modified / 1000)
          await this.#journal?.stage({ ...rowOf(found, 'staged', report, digest.sha256), reason: report.status })
        },
      })
    } finally {
      if (scratch !== undefined) await rm(dirname(to), { recursive: true, force: true })
    }
  }

  /** Whether a file that is through can stay as it is. What failed is tried again; so is an output that somebody altered: one of another time than it was given is read. */
  async #standing(row: Row): Promise<boolean> {
    if (row.status === 'skipped') return true
    if (row.status !== 'done' && row.status !== 'kept') return false
    const place = join(this.#target, row.path)
    const facts = await stat(place).catch(() => undefined)
    if (facts?.isFile() !== true) return false
    // Some file systems keep times to two seconds.
    if (row.output === undefined || Math.abs(facts.mtimeMs - row.modified) < 2000) return true
    return (await digestOfFile(place).catch(() => undefined))?.sha256 === row.output
  }

  /** Whether a complete output of a run that died is in its place, or could be put there. */
  async #recovered(row: Row, entered: boolean): Promise<boolean> {
    const place = join(this.#target, row.path)
    const matches = async (file: string): Promise<boolean> => (await digestOfFile(file).catch(() => undefined))?.sha256 === row.output
    if (await matches(place)) return true
    const temporary = this.#temporary(place, row.path)
    // Of a plain text the file beside it comes between the entry and the name: that one is made again, the same.
    if (!entered || row.type === 'text/plain' || !(await matches(temporary))) return false
    await publish(temporary, place)
    return true
  }

  /** The same name in every run, so that nothing is left over. */
  #temporary(to: string, path: string): string {
    return join(dirname(to), `.countermark-${sha256(`${this.#job}\u001f${path}`).slice(0, 24)}.tmp`)
  }

  #through(row: Row): void {
    this.#journal?.put(row)
    this.#counts.files++
    this.#counts.bytes += row.size
    this.#tell(this.#line(row))
  }

  #line(row: Row): RelabelLine {
    const { path, status, reason, code, remedy, produceId, payload, verdict, findings, type } = row
    const made = status === 'done' || status === 'kept'
    return {
      file: join(this.#source, path), ...(made ? { output: join(this.#target, path) } : {}), status: status as RelabelLine['status'],
      ...(reason === undefined ? {} : { reason }), ...(code === undefined ? {} : { code }), ...(remedy === undefined ? {} : { remedy }),
      ...(made && produceId !== undefined ? { produceId } : {}), ...(made && payload !== undefined ? { payload } : {}), ...(made && verdict !== undefined ? { verdict } : {}), ...(made && findings !== undefined ? { findings: JSON.parse(findings) as Finding[] } : {}), ...(made && type !== undefined ? { type } : {}),
    }
  }
}

function rowOf({ path, size, modified }: Task, status: Row['status'], { produceId, payload, verdict, findings, type }: Pick<MarkResult, 'produceId' | 'payload' | 'verdict' | 'findings' | 'type'>, output: string | undefined): Row {
  return { path, size, modified, status, produceId, payload, verdict, type, ...(findings.length === 0 ? {} : { findings: JSON.stringify(findings) }), ...(output === undefined ? {} : { output }) }
}

/** The entry of a task that was not taken back. */
function standingEntry(ledger: Books, task: string): { produceId?: string; output?: { sha256: string } } | undefined {
  const found = ledger.find({ task }).map(({ entry }) => entry)
  const back = new Set(found.filter(({ kind }) => kind === 'void').map(({ of }) => of))
  return found.find(({ kind, number }) => kind === 'mark' && !back.has(number))
}

/** A ledger whose failing ends the job: nothing more may be marked then. */
function guarded(ledger: Ledger, failed: (error: unknown) => void): Books {
  return {
    path: ledger.path,
    find: (query) => ledger.find(query),
    append: (...given) => ledger.append(...given).catch((error: unknown) => {
      if (!(error instanceof CountermarkError) || error.code !== 'ERR_CONFLICT') failed(error)
      throw error
    }),
  }
}

/** The file stands before its reason already. */
function unnamed(message: string, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message
}

function isFull(thrown: unknown): boolean {
  for (let one = thrown; one !== undefined && one !== null; one = (one as { cause?: unknown }).cause)
    if ((one as { code?: unknown }).code === 'ENOSPC' || /no space left on device/i.test(messageOf(one))) return true
  return false
}
