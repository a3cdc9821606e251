// The ledger's writes a second, checks and look-ups; relabel's files a second and its memory; requests a second of serve.
//   node bench/service.mjs [--entries 2000] [--files 400] [--many 50000]
// Everything is made here and lies in the system's folder for temporary files; what fsync costs there decides about the ledger.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import sharp from 'sharp'
import { openLedger, relabel, serve } from '../dist/index.js'
import { head, table } from './machine.mjs'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '2000' }, files: { type: 'string', default: '400' }, many: { type: 'string', default: '50000' } } })
const [entries, files, many] = [values.entries, values.files, values.many].map(Number)
const load = loadavg()[0].toFixed(1)
const place = mkdtempSync(join(tmpdir(), 'countermark-bench-'))
const run = promisify(execFile)
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const provider = { name: 'Example-Lab' }

/** An entry of the usual size. */
const draft = (at) => ({
  kind: 'mark', status: 'done', label: '1', contentProducer: 'Example-Lab', produceId: `bench-${at}`, contentPropagator: 'Example-Lab', propagateId: `bench-${at}`, payload: sha256(`p${at}`).slice(0, 32),
  type: 'image/png', policy: 'cn', policyHash: sha256('cn'), key: 'public', watermark: { embedded: true, bits: 64 }, explicit: { drawn: true, text: ['AI生成'] }, signed: false, c2pa: false,
  verdict: 'compliant', findings: [], source: { sha256: sha256(`s${at}`), bytes: 1 }, output: { sha256: sha256(`o${at}`), bytes: 1 }, version: '0.1.0',
})

async function timed(work) {
  const start = performance.now()
  const result = await work()
  return { seconds: (performance.now() - start) / 1000, result }
}
const rate = (count, seconds) => `${(count / seconds).toFixed(count / seconds < 100 ? 1 : 0)}`

/** Makes `count` PNG of this side, each another one. */
async function pictures(folder, count, side) {
  mkdirSync(folder, { recursive: true })
  for (let at = 0; at < count; at++)
    writeFileSync(join(folder, `${at}.png`), await sharp({ create: { width: side, height: side, channels: 3, background: { r: (at * 7) % 256, g: 120, b: 140 }, noise: { type: 'gaussian', mean: 128, sigma: 12 } } }).png({ compressionLevel: 3 }).toBuffer())
}

try {
  const ledgerRows = []
  {
    const ledger = await openLedger(join(place, 'one.db'))
    const { seconds } = await timed(async () => { for (let at = 0; at < entries; at++) await ledger.append(draft(at)) })
    ledgerRows.push(['one after the other, each flushed before the next', entries, rate(entries, seconds)])
    const together = await timed(() => Promise.all(Array.from({ length: entries }, (_, at) => ledger.append(draft(entries + at)))))
    ledgerRows.push(['all at once in one process (they share flushes)', entries, rate(entries, together.seconds)])
    const waves = await timed(async () => { for (let at = 0; at < entries; at += 16) await Promise.all(Array.from({ length: 16 }, (_, more) => ledger.append(draft(2 * entries + at + more)))) })
    ledgerRows.push(['16 at a time in one process', entries, rate(entries, waves.seconds)])
    const check = await timed(() => ledger.check())
    if (!check.result.ok) throw new Error('the ledger is not sound')
    ledgerRows.push(['check, all of it', check.result.entries, rate(check.result.entries, check.seconds)])
    const find = await timed(async () => { for (let at = 0; at < 1000; at++) if (ledger.find({ payload: draft(at % entries).payload.slice(0, 10) }).length !== 1) throw new Error('not found') })
    ledgerRows.push(['look-up by 40 bits of a payload', 1000, rate(1000, find.seconds)])
    ledger.close()
  }
  {
    const writer = resolve('test/support/ledger-writer.mjs')
    const path = join(place, 'four.db')
    ;(await openLedger(path)).close()
    const each = Math.ceil(entries / 4)
    const { seconds } = await timed(() => Promise.all(['a', 'b', 'c', 'd'].map((name) => run(process.execPath, [writer, path, String(each), name], { maxBuffer: 1 << 26 }))))
    ledgerRows.push(['four processes at the same time, each entry flushed (their start included)', 4 * each, rate(4 * each, seconds)])
  }

  const relabelRows = []
  for (const [name, side, options] of [['PNG of 512 x 512, label, watermark, metadata, ledger', 512, {}], ['the same, metadata only, ledger', 512, { metadataOnly: true }]]) {
    const source = join(place, `src-${side}`)
    if (relabelRows.length === 0) await pictures(source, files, side)
    const target = join(place, `dst-${relabelRows.length}`)
    const ledger = await openLedger(join(place, `r-${relabelRows.length}.db`))
    const first = await timed(() => relabel(source, target, { provider, key: 'public', ledger, ...options }))
    if (first.result.done !== files) throw new Error(JSON.stringify(first.result))
    relabelRows.push([name, files, rate(files, first.seconds)])
    const again = await timed(() => relabel(source, target, { provider, key: 'public', ledger, resume: true, ...options }))
    if (again.result.before !== files) throw new Error(JSON.stringify(again.result))
    if (relabelRows.length === 2) relabelRows.push(['again with resume: nothing to do', files, rate(files, again.seconds)])
    ledger.close()
  }
  const source = join(place, 'many')
  for (let at = 0; at < many; at++) {
    if (at % 1000 === 0) mkdirSync(join(source, `d${at / 1000}`), { recursive: true })
    writeFileSync(join(source, `d${Math.floor(at / 1000)}`, `${at}.md`), `Text ${at}.\n`)
  }
  // In a process of its own, so that its memory is its own.
  const program = `
    import { readFileSync } from 'node:fs'
    import { relabel } from ${JSON.stringify(resolve('dist/index.js'))}
    const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024
    const start = performance.now()
    const marks = {}
    const result = await relabel(process.argv[1], process.argv[2], { provider: { name: 'Example-Lab' }, key: 'public', progress: ({ files }) => { if (files === 1000) marks.early = peak() } })
    console.log(JSON.stringify({ ...result, early: marks.early, peak: peak(), seconds: (performance.now() - start) / 1000 }))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, source, join(place, 'dst-many')])
  const big = JSON.parse(stdout)
  if (big.done !== many) throw new Error(stdout)
  relabelRows.push(['Markdown of ten bytes, metadata', many, rate(many, big.seconds)])

  const server = await serve({ provider, key: 'public', port: 0, queue: 64 })
  const body = readFileSync(join(place, 'src-512', '0.png'))
  const requests = 100
  const answers = await timed(async () => {
    for (let at = 0; at < requests; at += 10)
      for (const answer of await Promise.all(Array.from({ length: 10 }, () => fetch(`${server.address}/v1/mark`, { method: 'POST', body })))) {
        if (answer.status !== 200) throw new Error(String(answer.status))
        await answer.arrayBuffer()
      }
  })
  await server.close()

  const text = [
    head('Ledger, relabel and serve', 'node bench/service.mjs', '.', [`${entries} entries, ${files} pictures, ${many} texts, all made; load average of the machine at the beginning ${load}, on ${cpus().length} cores`]),
    '## Ledger\n', table(['', 'entries', 'a second'], ledgerRows), '',
    '## Relabel\n', table(['', 'files', 'a second'], relabelRows), '',
    `Largest memory of the process with ${many} files: ${big.peak.toFixed(0)} MiB, of which ${big.early?.toFixed(0) ?? '?'} MiB after the first 1,000.`, '',
    '## Serve\n', table(['', 'requests', 'a second'], [['PNG of 512 x 512, label, watermark, metadata; 10 callers', requests, rate(requests, answers.seconds)]]), '',
  ].join('\n')
  writeFileSync('bench/results/service.md', text)
  console.log(text)
} finally {
  rmSync(place, { recursive: true, force: true })
}
