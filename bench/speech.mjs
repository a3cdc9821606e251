// What espeak-ng says otherwise of whole paragraphs once they are marked, clause by clause, with the exact upper bound of the share:
// npm run study:speech -- FILE... [--paragraphs N] [--skip N] [--profile presence|id] [--seed N] [--dry]. Texts of one paragraph a line
// whose names start with their language (zh-, en-); needs python3 and libespeak-ng.so.1. --dry: nothing is written.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { text } from '../dist/index.js'
import { head, table } from './machine.mjs'
import { upperBound } from './statistics.mjs'

const files = process.argv.slice(2).filter((word) => word.endsWith('.txt'))
const number = (flag, other) => (process.argv.includes(flag) ? Number(process.argv[process.argv.indexOf(flag) + 1]) : other)
const profile = process.argv.includes('--profile') ? process.argv[process.argv.indexOf('--profile') + 1] : 'presence'
if (files.length === 0 || files.some((file) => !/^(zh|en)-/.test(basename(file)))) {
  console.error('study:speech: name texts of one paragraph a line, zh-*.txt and en-*.txt')
  process.exit(2)
}
const key = String(number('--seed', 1)).padStart(64, '0')
const skip = number('--skip', 0)
const rows = []
for (const file of files) {
  const language = basename(file).slice(0, 2)
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 40 && !/[\uFE00-\uFE0F\u2060-\u206F]/.test(line)).slice(skip, skip + number('--paragraphs', 1000))
  const pairs = []
  for (const line of lines) pairs.push(JSON.stringify([line, await text.embed(line, { key, payload: '9f2c5511aa03be77', profile })]))
  const done = spawnSync('python3', ['bench/phonemes.py', language, '-'], { input: `${pairs.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 28 })
  process.stdout.write(done.stdout)
  const counts = /(\d+) of (\d+) clauses differ \((\d+) marks\)\s*$/.exec(done.stdout)
  if (done.status !== 0 || counts === null) throw new Error(`phonemes.py: ${done.stderr}`)
  const [changed, clauses, marks] = counts.slice(1).map(Number)
  rows.push([basename(file), lines.length, marks, clauses, changed, `${(100 * upperBound(changed, clauses)).toPrecision(2)} %`])
}
if (!process.argv.includes('--dry')) {
  const voice = spawnSync('espeak-ng', ['--version'], { encoding: 'utf8' }).stdout?.trim().replace(/ +Data at:.*/, '') ?? 'espeak-ng'
  writeFileSync('bench/results/speech.md', `${head('What a voice says otherwise of marked texts', 'npm run study:speech --', '.', [`profile ${profile}; ${voice}, voices cmn and en`])}
A clause is what espeak-ng speaks at once; one in which any phoneme differs counts. The bound is the largest share of changed clauses
at which so few still come about in 5 of 100 studies (exact, one-sided).

${table(['text', 'paragraphs', 'marks', 'clauses', 'changed', 'bound of the share'], rows)}
`)
  console.error('bench/results/speech.md')
}
