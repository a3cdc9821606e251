// Marking and detecting of texts in one run by both engines, native and WebAssembly, strings to strings: what a caller waits for.
// npm run bench:text -- zh-FILE.txt en-FILE.txt (texts of one paragraph a line)
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { nativeEngine } from '../dist/engine/native.js'
import { wasmEngine } from '../dist/engine/wasm.js'
import { head } from './machine.mjs'

const files = process.argv.slice(2).filter((word) => word.endsWith('.txt'))
if (files.length === 0) {
  console.error('bench:text: name texts of one paragraph a line')
  process.exit(2)
}
const KEY = '6b1f0d5c4e3a29180f7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c4b3a2918'
const ROUNDS = 7

/** The fewest seconds of processor time of a few rounds: others at work lengthen them less than those of the clock. */
function timed(work) {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1e6)
  }
  return best
}

const engines = { native: await nativeEngine(), WebAssembly: await wasmEngine() }
const rows = []
const ratios = []
for (const file of files) {
  const source = readFileSync(file, 'utf8').replace(/[\uFE00-\uFE0F\u2060-\u206F]/g, '').slice(0, 2_000_000)
  const megabytes = Buffer.byteLength(source) / 1e6
  const marked = engines.native.textEmbed(source, { key: KEY, profile: 'id', payload: '9f2c5511aa03be77' })
  const times = {}
  for (const [name, engine] of Object.entries(engines)) {
    if (engine.textEmbed(source, { key: KEY, profile: 'id', payload: '9f2c5511aa03be77' }) !== marked) throw new Error('The engines give different texts.')
    if (!engine.textDetect(marked, [KEY])[0].found) throw new Error('The mark was not found.')
    times[name] = [timed(() => engine.textEmbed(source, { key: KEY, profile: 'id', payload: '9f2c5511aa03be77' })), timed(() => engine.textDetect(marked, [KEY]))]
    rows.push(`| ${basename(file)} | ${name} | ${times[name].map((seconds) => (megabytes / seconds).toFixed(0)).join(' | ')} |`)
  }
  ratios.push(`${basename(file)}: ${[0, 1].map((at) => `${['marking', 'detecting'][at]} ${(times.native[at] / times.WebAssembly[at]).toFixed(2)}`).join(', ')}`)
}
const report = `${head('Speed of the character mark in both engines', 'npm run bench:text --', '.', [files.map((file) => basename(file)).join(', '), 'two million characters of each, profile id; the least processor time of seven rounds, one thread'])}
MB/s of UTF-8 of the unmarked text.

| text | engine | embed | detect |
|---|---|--:|--:|
${rows.join('\n')}

WebAssembly over native (target: at least 0.5): ${ratios.join('; ')}.
`
writeFileSync('bench/results/text-speed.md', report)
console.log(report)
