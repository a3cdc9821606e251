// Builds the core for browsers, each module as wasm/pkg/NAME.js and NAME_bg.wasm, the names that `wasm-pack build wasm --target web`
// gives: `countermark_wasm` for pictures and texts, which a page loads first; `countermark_wasm_full` with everything of it, which a
// page loads with the first file that needs it; `countermark_wasm_token` for the token mark. Fails when one is too large.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { checkFirstLoad } from './first-load.mjs'

// `budget`: bytes after brotli. What a page loads first is counted together with the scripts, in first-load.mjs.
const MODULES = [
  { package: 'countermark-wasm', name: 'countermark_wasm', features: ['--no-default-features'] },
  { package: 'countermark-wasm', name: 'countermark_wasm_full', features: [] },
  { package: 'countermark-wasm-token', name: 'countermark_wasm_token', features: [], budget: 80_000 },
]
const OPTIMISE = [
  '-O3', '--enable-simd', '--enable-bulk-memory', '--enable-sign-ext', '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int', '--enable-reference-types', '--enable-multivalue',
]
const TARGET = process.env.CARGO_TARGET_DIR ?? 'target'
const FOLDER = 'wasm/pkg'

function run(program, args, env = {}) {
  const done = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env }, encoding: 'utf8' })
  if (done.status !== 0) {
    console.error(`build:wasm: ${program} failed${done.error ? `: ${done.error.message}` : ''}. Run: npm run setup`)
    process.exit(1)
  }
  return done.stdout.trim()
}

const compiler = run('scripts/wasm-toolchain', [])
const debian = compiler === '/usr/bin'
const bindgen = existsSync('.cache/tools/bin/wasm-bindgen') ? '.cache/tools/bin/wasm-bindgen' : 'wasm-bindgen'
const tools = [run(bindgen, ['--version']), readFileSync('node_modules/binaryen/package.json'), OPTIMISE.join(' ')]

let over = false
for (const { package: crate, name, features, budget = Infinity } of MODULES) {
  run('cargo', ['build', '--package', crate, ...features, '--release', '--target', 'wasm32-unknown-unknown'], {
    PATH: `${compiler}:${process.env.PATH}`,
    ...(debian ? { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: 'wasm-ld-19' } : {}),
  })
  const built = `${TARGET}/wasm32-unknown-unknown/release/${crate.replaceAll('-', '_')}.wasm`
  const made = `${FOLDER}/${name}_bg.wasm`
  const record = `${TARGET}/${name}-optimised.json`
  const stamp = createHash('sha256').update(readFileSync(built))
  tools.forEach((tool) => stamp.update(tool))
  const source = stamp.digest('hex')
  const before = existsSync(record) && existsSync(made) ? JSON.parse(readFileSync(record, 'utf8')) : {}
  const digest = () => createHash('sha256').update(readFileSync(made)).digest('hex')
  let size = before.size
  if (before.stamp !== source || before.module !== digest()) {
    mkdirSync(FOLDER, { recursive: true })
    run(bindgen, [built, '--target', 'web', '--out-dir', FOLDER, '--out-name', name])
    run(process.execPath, ['node_modules/binaryen/bin/wasm-opt', ...OPTIMISE, made, '-o', made])
    const bytes = readFileSync(made)
    size = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length }
    writeFileSync(record, JSON.stringify({ stamp: source, module: digest(), size }))
  }
  console.error(`build:wasm: ${made} ${size.raw} bytes, gzip ${size.gzip}, brotli ${size.brotli}`)
  if (size.brotli <= budget) continue
  console.error(`build:wasm: over its budget by ${size.brotli - budget} bytes: drop a dependency or a generic, or a whole feature`)
  over = true
}
if (over) process.exit(1)
checkFirstLoad()
