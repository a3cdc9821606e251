// What espeak-ng says otherwise of whole paragraphs once they are marked, clause by clause, with exact bounds:
// npm run study:speech -- zh-FILE.txt en-FILE.txt... [--paragraphs N] [--skip N] [--profile presence|id] [--seed N] [--dry]
// One paragraph a line, all or N evenly spread; needs python3 and libespeak-ng.so.1. Prints what differs, writes the counts (--dry: only prints).
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { text } from '../dist/index.js'
import { head, table } from './machine.mjs'
import { upperBound } from './statistics.mjs'

const files = process.argv.slice(2).filter((word) => /(?:^|\/)(?:zh|en)-[^/]*\.txt$/.test(word))
const option = (flag, other) => (process.argv.includes(flag) ? process.argv[process.argv.indexOf(flag) + 1] : other)
if (files.length === 0) {
  console.error('speech: name texts of one paragraph a line, zh-*.txt and en-*.txt')
  process.exit(2)
}
const key = String(option('--seed', 1)).padStart(64, '0')
const profile = option('--profile', 'presence')
const [most, skip] = [Number(option('--paragraphs', 1e9)), Number(option('--skip', 0))]
const rows = []
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 40 && !/[\uFE00-\uFE0F\u2060-\u206F]/.test(line)).slice(skip)
  const step = Math.max(1, Math.floor(lines.length / most))
  const pairs = []
  for (const line of lines.filter((_, at) => at % step === 0).slice(0, most)) pairs.push(JSON.stringify([line, await text.embed(line, { key, payload: '9f2c5511aa03be77', profile })]))
  const done = spawnSync('python3', ['bench/phonemes.py', basename(file).slice(0, 2), '-'], { input: `${pairs.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new Error(`phonemes.py: ${done.stderr}`)
  const said = done.stdout.trimEnd().split('\n')
  const { clauses, changed, cut, marks } = JSON.parse(said.pop())
  console.log(said.join('\n'))
  const share = (count) => `${count} (at most ${((100 * upperBound(count, clauses))).toPrecision(2)} %)`
  rows.push([basename(file), pairs.length, marks, clauses, share(changed), cut, share(changed - cut)])
  console.error(rows.at(-1).join('  '))
}
const { stdout } = spawnSync('espeak-ng', ['--version'], { encoding: 'utf8' })
if (!process.argv.includes('--dry')) writeFileSync('bench/results/speech.md', `${head('Speech of marked texts', 'npm run study:speech --', '.', [`${(stdout ?? '').trim().replace(/ {2}Data at.*/, '')}, voices cmn and en`, `profile ${profile}; paragraphs as a whole, phonemes clause by clause`])}
${table(['text', 'paragraphs', 'marks', 'clauses', 'differ', 'of them cut for length', 'differ otherwise'], rows)}

In brackets the upper end of the exact interval (Clopper and Pearson, one-sided, 95 %). "Cut for length": espeak-ng cuts what has no
stop for 800 bytes wherever that is, and marks bring the place forward.
`)
