// What espeak-ng says otherwise of whole paragraphs once they are marked: node bench/speech.mjs zh|en FILE.txt [--paragraphs N]
// [--skip N] [--profile presence|id] [--seed N]. One paragraph a line; needs python3 and libespeak-ng.so.1.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { text } from '../dist/index.js'

const [language, file] = process.argv.slice(2)
const number = (flag, other) => (process.argv.includes(flag) ? Number(process.argv[process.argv.indexOf(flag) + 1]) : other)
const profile = process.argv.includes('--profile') ? process.argv[process.argv.indexOf('--profile') + 1] : 'presence'
if (!['zh', 'en'].includes(language) || file === undefined) {
  console.error('speech: name the language, zh or en, and a text of one paragraph a line')
  process.exit(2)
}
const key = String(number('--seed', 1)).padStart(64, '0')
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 40 && !/[\uFE00-\uFE0F\u2060-\u206F]/.test(line))
const skip = number('--skip', 0)
const pairs = []
for (const line of lines.slice(skip, skip + number('--paragraphs', 1000)))
  pairs.push(JSON.stringify([line, await text.embed(line, { key, payload: '9f2c5511aa03be77', profile })]))
const done = spawnSync('python3', ['bench/phonemes.py', language, '-'], { input: `${pairs.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 28 })
process.stderr.write(done.stderr)
process.stdout.write(done.stdout)
process.exit(done.status ?? 1)
