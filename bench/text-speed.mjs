// What marking and detecting texts cost through both bindings, in one run: node bench/text-speed.mjs zh-FILE.txt en-FILE.txt...
// Strings in and out as a user of the package has them. Writes bench/results/text-speed.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { head, table } from './machine.mjs'
import { loadSdk } from './sdk.mjs'

const RUNS = 9
/** Code units of a text. */
const UNITS = 4_000_000
const files = process.argv.slice(2).filter((word) => word.endsWith('.txt'))
if (files.length === 0) {
  console.error('text-speed: name texts of one paragraph a line')
  process.exit(2)
}

/** Seconds of processor time of the process, which other work on the machine does not lengthen. */
function seconds(work) {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

const sdk = await loadSdk()
const engines = [sdk.nativeEngine(), await sdk.wasmEngine()]
const rows = []
for (const file of files) {
  const whole = readFileSync(file, 'utf8')
  const text = whole.repeat(Math.ceil(UNITS / whole.length)).slice(0, UNITS)
  const settings = { key: 'public', profile: 'id', payload: '9f2c5511aa03be77' }
  const marked = engines[0].textEmbed(text, settings)
  const size = (one) => Buffer.byteLength(one) / 1e6
  const works = {
    embed: { size: size(text), run: (engine) => engine.textEmbed(text, settings) === marked },
    detect: { size: size(marked), run: (engine) => engine.textDetect(marked, ['public'])[0].found },
    'detect, unmarked': { size: size(text), run: (engine) => !engine.textDetect(text, ['public'])[0].found },
  }
  for (const [what, work] of Object.entries(works)) {
    const best = engines.map(() => Infinity)
    // In turn, so that what else the machine does falls on both.
    for (let run = 0; run < RUNS; run++)
      engines.forEach((engine, at) => {
        best[at] = Math.min(best[at], seconds(() => {
          if (!work.run(engine)) throw new Error(`${what}: another answer by ${engine.kind}`)
        }))
      })
    const [native, wasm] = best.map((one) => work.size / one)
    rows.push([`${basename(file)}, ${what}`, work.size.toFixed(1), native.toFixed(0), wasm.toFixed(0), (wasm / native).toFixed(2)])
    console.error(rows.at(-1).join('  '))
  }
}
writeFileSync('bench/results/text-speed.md', `${head('Speed of the character mark through both bindings', 'node bench/text-speed.mjs', '.', [
  `profile id; best of ${RUNS} runs in turn, processor time of the whole process; MB are of the text that goes in, as UTF-8; strings go in and come out, their copies counted`,
])}
${table(['', 'MB', 'native, MB/s', 'WASM, MB/s', 'WASM / native'], rows)}
`)
