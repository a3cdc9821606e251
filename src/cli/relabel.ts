import { SingleBar } from 'cli-progress'
import { openLedger, relabel, type RelabelProgress } from '../index.js'
import { ledgerPath } from './ledger.js'
import { optionsFrom, type MarkFlags } from './mark.js'
import { flagged, terminalOf, usage } from './terminal.js'
import type { Speech } from './language.js'

/** The flags of `countermark relabel`, as commander names them. */
export interface RelabelFlags extends Omit<MarkFlags, 'output' | 'produceId'> {
  resume?: boolean
  concurrency?: string
  report?: string
  dryRun?: boolean
}

/** `countermark relabel`: gives the exit code. */
export async function runRelabel(source: string, target: string, flags: RelabelFlags, signal: AbortSignal): Promise<number> {
  const terminal = terminalOf(flags)
  const { speech } = terminal
  const { options, said } = await optionsFrom({ ...flags, output: target }, speech, signal)
  const concurrency = flags.concurrency === undefined ? undefined : Number(flags.concurrency)
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) throw usage(speech.say('badNumber', { name: '--concurrency' }))
  const { ledger: _, ...mark } = options
  const place = ledgerPath(flags.ledger)
  const ledger = place === undefined || flags.dryRun ? undefined : await openLedger(place)
  if (flags.watermark && !flags.metadataOnly) terminal.note(said)
  const meter = meterOf(flags.quiet === true, speech)
  try {
    const result = await relabel(source, target, {
      ...mark,
      ...(ledger === undefined ? {} : { ledger }),
      ...(flags.resume ? { resume: true } : {}), ...(flags.dryRun ? { dryRun: true } : {}),
      ...(concurrency === undefined ? {} : { concurrency }), ...(flags.report === undefined ? {} : { report: flags.report }),
      progress: (progress) => {
        const { line } = progress
        if (terminal.json && line !== undefined) terminal.result(JSON.stringify(line))
        if (line?.status === 'failed') {
          meter.print(speech.say('failed', { file: line.file, why: `${speech.text(line.reason ?? '')} [${line.code ?? ''}]` }))
          if (line.remedy !== undefined) meter.print(`  ${speech.say('remedy', { text: speech.text(flagged(line.remedy)) })}`)
        }
        meter.show(progress)
      },
    })
    meter.stop()
    // One signature for the whole run: it covers every entry before.
    if (ledger !== undefined && options.sign !== undefined) await ledger.sign(options.sign)
    const { complete, report, summary } = result
    const said = speech.say(flags.dryRun ? 'relabelTrial' : 'relabelled', { ...result, complete: '' } as unknown as { [name: string]: number })
    if (terminal.json) terminal.note(said)
    else terminal.result(said)
    if (report !== undefined && summary !== undefined) terminal.note(speech.say('reportIn', { report, summary }))
    if (!complete) terminal.note(speech.say('relabelStopped'))
    return !complete || result.failed > 0 ? 3 : result.nonCompliant > 0 ? 1 : 0
  } finally {
    meter.stop()
    ledger?.close()
  }
}

/** A bar with rate and time left, where stderr is a terminal. */
function meterOf(quiet: boolean, speech: Speech): { show(progress: RelabelProgress): void; print(line: string): void; stop(): void } {
  const start = performance.now()
  let bar: SingleBar | undefined
  if (!quiet && process.stderr.isTTY) {
    bar = new SingleBar({ format: `{bar} {value}/{of} ${speech.say('rate')}`, stream: process.stderr, clearOnComplete: true, hideCursor: true, fps: 4 })
    bar.start(1, 0, { of: '?', rate: '-', left: '?' })
  }
  return {
    show: ({ files, total, counted, bytes, bytesLeft }) => {
      if (bar === undefined) return
      const seconds = (performance.now() - start) / 1000
      bar.setTotal(Math.max(1, total))
      bar.update(files, { of: counted ? total : `${total}+`, rate: (files / seconds).toFixed(1), left: bytes === 0 || !counted ? '?' : duration((bytesLeft / bytes) * seconds) })
    },
    print: (line) => {
      if (bar) process.stderr.write('\r\x1b[K')
      process.stderr.write(`${line}\n`)
    },
    stop: () => {
      bar?.stop()
      bar = undefined
    },
  }
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.ceil(seconds)} s`
}
