// npm run bench:browser [-- --runs N]: how long the verifier takes in Chromium, from the call to the answer, in the page of
// examples/browser-verifier under its own policy: with a worker (as pages use it) and on the page. Pictures of one megapixel, from
// COUNTERMARK_MEDIA or ../shared/data, else made; texts of 10,000 characters. Writes bench/results/browser.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createCountermark, text } from 'countermark'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { serve } from '../examples/browser-verifier/serve.mjs'
import { samplePicture } from '../examples/mark-and-verify/sample.mjs'
import { firstLoad } from '../scripts/first-load.mjs'
import { chromiumPath } from './chromium.mjs'
import { head, table } from './machine.mjs'
import { median } from './statistics.mjs'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '9' } } })
const RUNS = Number(options.runs)
const SIDE = 1024

/** The files: what is in their names is what was done to them. */
async function inputs() {
  const media = join(process.env.COUNTERMARK_MEDIA ?? '../shared/data', 'image')
  const path = join(media, 'ai-wan-girl.png')
  const [source, bytes] = existsSync(path) ? [basename(path), readFileSync(path)] : ['made lake', await samplePicture()]
  const plain = await sharp(bytes).resize(SIDE, SIDE, { fit: 'cover' }).removeAlpha().jpeg({ quality: 92 }).toBuffer()
  const countermark = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public' })
  const { output: marked } = await countermark.mark(plain, { produceId: 'bench-1' })
  const again = await sharp(marked).jpeg({ quality: 70 }).toBuffer()
  const cut = await sharp(marked).extract({ left: 130, top: 90, width: 724, height: 724 }).jpeg({ quality: 80 }).toBuffer()
  const words = Array.from({ length: 10_000 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7_919 + at * at * 131) % 3_000))).join('')
  const markedWords = await text.embed(words.slice(0, 9_000), { key: 'public', payload: '9f2c5511aa03be77', profile: 'id' })
  return { source, files: [
    ['marked, 1 MP', 'a.jpg', marked], ['marked, coded anew at 70, no metadata', 'b.jpg', again], ['marked, cut to 50 %, no metadata', 'c.jpg', cut], ['unmarked, 1 MP', 'd.jpg', plain],
    ['unmarked text, 10,000 characters', 'a.txt', Buffer.from(words)], ['marked text, 9,000 characters and their marks', 'b.txt', Buffer.from(markedWords)],
  ] }
}

/** In the page: milliseconds to each part and to the answer, of every run after the first. */
async function measure(page, name, bytes, worker, runs) {
  return page.evaluate(async ([name, bytes, worker, runs]) => {
    const { createVerifier } = await import('./countermark/dist/browser.js')
    globalThis.verifiers ??= {}
    const verifier = globalThis.verifiers[worker] ??= createVerifier(worker ? {} : { worker: false })
    await verifier.ready()
    const file = new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name)
    const all = []
    let verdict
    for (let run = 0; run <= runs; run++) {
      const at = {}
      const start = performance.now()
      verdict = await verifier.verify(file, { onPart: ({ stage }) => { at[stage] = performance.now() - start } })
      all.push({ ...at, answer: performance.now() - start })
    }
    const mark = verdict.evidence.find(({ kind }) => kind === 'watermark')
    return { times: all.slice(1), said: `${verdict.verdict}, ${mark?.found ? 'mark found' : 'no mark found'}` }
  }, [name, bytes.toString('base64'), worker, runs])
}

/** Processor time of the browser and all of its processes so far, in ms; undefined where there is no /proc. A tick is 10 ms. */
function processorTime(root) {
  if (!existsSync('/proc/self/stat')) return undefined
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      // The name in parentheses may hold anything; behind it: state, parent, ..., user and system time.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ')
      return [{ pid: Number(pid), parent: Number(fields[1]), ms: 10 * (Number(fields[11]) + Number(fields[12])) }]
    } catch {
      // It has ended since it was listed.
      return []
    }
  })
  const sum = (pid) => processes.filter((one) => one.parent === pid).reduce((ms, one) => ms + one.ms + sum(one.pid), 0)
  return sum(root) + (processes.find((one) => one.pid === root)?.ms ?? 0)
}

const server = await serve(0)
const launched = await chromium.launchServer({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
const browser = await chromium.connect(launched.wsEndpoint())
try {
  const { source, files } = await inputs()
  const url = `http://127.0.0.1:${server.address().port}/`
  const starts = []
  for (let run = 0; run < 5; run++) {
    const page = await browser.newPage({ serviceWorkers: 'block' })
    const start = performance.now()
    await page.goto(url)
    await page.evaluate(async () => (await import('./countermark/dist/browser.js')).createVerifier().ready())
    starts.push(performance.now() - start)
    await page.close()
  }
  const page = await browser.newPage({ serviceWorkers: 'block' })
  await page.goto(url)
  const rows = []
  for (const [what, name, bytes] of files)
    for (const worker of [true, false]) {
      await measure(page, name, bytes, worker, 0)
      const before = processorTime(launched.process().pid)
      const { times, said } = await measure(page, name, bytes, worker, RUNS)
      const spent = before === undefined ? undefined : (processorTime(launched.process().pid) - before) / (RUNS + 1)
      const ms = (part) => (times[0][part] === undefined ? '' : median(times.map((one) => one[part])).toFixed(1))
      rows.push([what, worker ? 'worker' : 'page', ms('metadata'), ms('direct'), ms('answer'), Math.min(...times.map((one) => one.answer)).toFixed(1), spent?.toFixed(0) ?? '', said])
      console.log(rows.at(-1).join(' | '))
    }
  const { module, scripts, budget } = firstLoad()
  const version = browser.version()
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/browser.md', [
    head('Times of the verifier in a browser', 'npm run bench:browser --', '.', [
      `Chromium ${version}, headless; one page, WebAssembly compiled before the first run`,
      `picture: ${source}, ${SIDE} x ${SIDE}, JPEG 92; medians of ${RUNS} runs in milliseconds from the call, decoding included`,
      'processor ms: of all processes of the browser, for one answer; what else the machine does lengthens the other columns',
      `load of the machine when it ended: ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`,
    ]),
    'Targets at one megapixel: 150 ms where the direct stage hits, 1.2 s to "not found" with parts before it; 5 ms for a text of 10,000 characters.',
    table(['file', 'searched in', 'metadata', 'direct stage', 'answer', 'fastest answer', 'processor ms', 'said'], rows),
    `Loaded before the first answer about a picture, after brotli: module ${module} + scripts ${scripts} = ${module + scripts} of ${budget} bytes. From opening the page to the loaded module, on this machine: ${median(starts).toFixed(0)} ms (median of ${starts.length}).`,
    '',
  ].join('\n\n'))
} finally {
  await browser.close()
  await launched.close()
  server.close()
  server.closeAllConnections()
}
