// npm test: makes everything ready, builds, runs every check and every test, and ends with one line:
//   N passed, N failed[, N skipped]
// The exit code is 0 only if nothing failed and every runner executed something.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []

function count(name, { passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
  if (failed > 0) failures.push(name)
}

/** Runs a program, shows what it prints, and gives its exit code and its standard output. */
function run(program, args, env = {}) {
  console.log(`\n> ${program} ${args.join(' ')}`)
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
    let text = ''
    child.stdout.on('data', (bytes) => {
      process.stdout.write(bytes)
      text += bytes
    })
    child.on('error', (error) => done({ code: 1, text: `${text}${error.message}` }))
    child.on('close', (code) => done({ code: code ?? 1, text }))
  })
}

/** One check is one test: it passes or it fails. */
async function check(name, program, args, env) {
  const { code } = await run(program, args, env)
  count(name, code === 0 ? { passed: 1 } : { failed: 1 })
  return code === 0
}

function finish() {
  if (failures.length > 0) console.log(`\nfailed: ${failures.join(', ')}`)
  console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
}

// Tests that read media are skipped where there are none; under CI, or when a folder was named, it must be there.
const media = resolve(process.env.COUNTERMARK_MEDIA ?? '../shared/data')
const hasMedia = statSync(media, { throwIfNoEntry: false })?.isDirectory() === true
if (!hasMedia && (process.env.CI === 'true' || process.env.COUNTERMARK_MEDIA !== undefined)) {
  console.log(`The test media are missing: ${media}. Set COUNTERMARK_MEDIA to their folder.`)
  count('media', { failed: 1 })
  finish()
}
if (hasMedia) process.env.COUNTERMARK_MEDIA = media

if (!(await check('setup', 'bash', ['scripts/setup']))) finish()
const built = [
  await check('build:native', process.execPath, ['scripts/build-native.mjs']),
  await check('build:wasm', process.execPath, ['scripts/build-wasm.mjs']),
  await check('build:ts', process.execPath, ['scripts/build-ts.mjs']),
]
// Tests on an older build would say nothing.
if (built.includes(false)) finish()

await check('types', process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'])
await check('floors', process.execPath, ['scripts/check-floors.mjs'])
await check('tree', process.execPath, ['scripts/check-tree.mjs'])
await check('cargo fmt', 'cargo', ['fmt', '--all', '--check'])
await check('cargo clippy', 'cargo', ['clippy', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings'])

// A Rust test that reads media has `on_media` in its name.
const rust = await run('cargo', ['test', '--workspace', '--quiet', '--', ...(hasMedia ? [] : ['--skip', 'on_media'])])
const results = [...rust.text.matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored; .*?; (\d+) filtered out/gm)]
const sum = (column) => results.reduce((before, result) => before + Number(result[column]), 0)
const rustRan = sum(1) + sum(2) > 0
count('cargo test', {
  passed: sum(1),
  // A crate that does not compile, or a run of nothing, has no failed test of its own.
  failed: sum(2) || (rust.code === 0 && rustRan ? 0 : 1),
  skipped: sum(3) + sum(4),
})

const REPORT = '.cache/vitest.json'
mkdirSync('.cache', { recursive: true })
rmSync(REPORT, { force: true })
const script = await run(process.execPath, [
  'node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`,
])
const report = statSync(REPORT, { throwIfNoEntry: false }) ? JSON.parse(readFileSync(REPORT, 'utf8')) : {}
const ran = (report.numPassedTests ?? 0) + (report.numFailedTests ?? 0) > 0
count('vitest', {
  passed: report.numPassedTests,
  // A file that cannot be loaded has no failed test of its own.
  failed: report.numFailedTests || (script.code === 0 && ran ? 0 : 1),
  skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
})

finish()
