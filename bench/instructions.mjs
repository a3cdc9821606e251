// npm run bench:instructions [-- --write]: counts the instructions of marking, of a direct finding and of a full search that finds
// nothing, on made pictures, with Valgrind (callgrind), and compares them with bench/results/instructions.json. Fails where one grew by
// more than TOLERANCE. Instructions do not depend on what else the machine does, so a slower version shows on any machine.
// --write puts the counts of now into the file.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { table } from './machine.mjs'

const TOLERANCE = 0.03
const KEPT = 'bench/results/instructions.json'
const SIDES = [512, 1024]
const WHATS = ['embed', 'direct', 'none']
const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? 'target', 'release', 'instructions')

if (spawnSync('valgrind', ['--version']).status !== 0) {
  process.stderr.write('valgrind is needed: apt-get install valgrind\n')
  process.exit(2)
}
if (spawnSync('cargo', ['build', '--release', '--package', 'instructions'], { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0) process.exit(2)

const folder = mkdtempSync(join(tmpdir(), 'instructions-'))

/** Instructions of one run of the program, preparation included. */
function counted(what, side) {
  const file = join(folder, `${what}-${side}`)
  const run = spawnSync('valgrind', ['--tool=callgrind', `--callgrind-out-file=${file}`, PROGRAM, what, String(side)], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${what} ${side} failed under valgrind:\n${run.stderr}`)
  // Without other events the summary line of the file is the instructions alone.
  return Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(file, 'utf8'))[1])
}

const now = {}
for (const side of SIDES) {
  const before = counted('prepare', side)
  for (const what of WHATS) {
    now[`${what} ${side}`] = counted(what, side) - before
    process.stderr.write(`${what} ${side}: ${(now[`${what} ${side}`] / 1e6).toFixed(1)} million\n`)
  }
}
rmSync(folder, { recursive: true, force: true })

const compiler = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim()
if (process.argv.includes('--write')) {
  writeFileSync(KEPT, `${JSON.stringify({ command: 'npm run bench:instructions -- --write', compiler, instructions: now }, undefined, 2)}\n`)
  process.stdout.write(`Written to ${KEPT}.\n`)
  process.exit(0)
}
if (!existsSync(KEPT)) {
  process.stderr.write(`There is no ${KEPT} to compare with: npm run bench:instructions -- --write\n`)
  process.exit(2)
}
const kept = JSON.parse(readFileSync(KEPT, 'utf8'))
if (kept.compiler !== compiler) process.stderr.write(`The counts to compare with are of ${kept.compiler}, these of ${compiler}.\n`)
let grown = 0
const rows = Object.entries(now).map(([name, count]) => {
  const before = kept.instructions[name]
  const change = before === undefined ? NaN : count / before - 1
  const bad = !(change <= TOLERANCE)
  if (bad) grown++
  return [name, before ?? 'none', count, `${(100 * change).toFixed(2)} %`, bad ? '**above**' : 'within']
})
process.stdout.write(`${table(['operation, side in pixels', 'kept', 'now', 'change', `at most +${100 * TOLERANCE} %`], rows)}\n`)
process.exit(grown > 0 ? 1 : 0)
