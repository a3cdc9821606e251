// False findings of the character mark of texts: passages without a mark, with symbols at random, with another key's mark, with
// marks moved from other text. npm run study:text-alarms -- FILE... [--false N] [--seconds N]
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { head } from './machine.mjs'

const files = process.argv.slice(2).filter((word) => word.endsWith('.txt'))
if (files.length === 0) {
  console.error('study:text-alarms: name texts of one paragraph a line, zh-*.txt and en-*.txt')
  process.exit(2)
}
const number = (flag, other) => (process.argv.includes(flag) ? process.argv[process.argv.indexOf(flag) + 1] : other)
const trials = number('--false', '1000000')
const seconds = number('--seconds', '1000000')
const done = spawnSync('cargo', ['run', '--release', '--quiet', '-p', 'text-marks', '--', ...files, '--false', trials, '--seconds', seconds], { encoding: 'utf8' })
if (done.status !== 0) {
  console.error(done.stderr)
  process.exit(1)
}
writeFileSync('bench/results/text-alarms.md', `${head('False findings of the character mark of texts', 'npm run study:text-alarms --', '.', [
  `${files.map((file) => basename(file)).join(', ')}; all paragraphs; passages of 100 to 1,000 characters at random places, one key each`,
])}
${done.stdout}
\`p\` is the value that a finding gives, a bound over the choice of keys; a finding is a value of at most 1e-6.
`)
console.error('bench/results/text-alarms.md')
