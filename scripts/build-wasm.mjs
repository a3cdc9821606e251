// Builds the core for browsers: wasm/pkg/countermark_wasm.js and countermark_wasm_bg.wasm, the same names that
// `wasm-pack build wasm --target web` gives. Fails when the module is larger than BUDGET.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

// What the browser loads before the first answer, after brotli, with the scripts beside it; see docs/watermark-image.md.
const BUDGET = 340_000
const OPTIMISE = [
  '-O3', '--enable-simd', '--enable-bulk-memory', '--enable-sign-ext', '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int', '--enable-reference-types', '--enable-multivalue',
]
const TARGET = process.env.CARGO_TARGET_DIR ?? 'target'
const BUILT = `${TARGET}/wasm32-unknown-unknown/release/countermark_wasm.wasm`
const MODULE = 'wasm/pkg/countermark_wasm_bg.wasm'
const STAMP = `${TARGET}/wasm-optimised.json`

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
run('cargo', ['build', '--package', 'countermark-wasm', '--release', '--target', 'wasm32-unknown-unknown'], {
  PATH: `${compiler}:${process.env.PATH}`,
  ...(debian ? { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: 'wasm-ld-19' } : {}),
})

const bindgen = existsSync('.cache/tools/bin/wasm-bindgen') ? '.cache/tools/bin/wasm-bindgen' : 'wasm-bindgen'
const stamp = createHash('sha256')
  .update(readFileSync(BUILT))
  .update(run(bindgen, ['--version']))
  .update(readFileSync('node_modules/binaryen/package.json'))
  .update(OPTIMISE.join(' '))
  .digest('hex')

const before = existsSync(STAMP) && existsSync(MODULE) ? JSON.parse(readFileSync(STAMP, 'utf8')) : {}
const digest = () => createHash('sha256').update(readFileSync(MODULE)).digest('hex')
let size = before.size
if (before.stamp !== stamp || before.module !== digest()) {
  mkdirSync('wasm/pkg', { recursive: true })
  run(bindgen, [BUILT, '--target', 'web', '--out-dir', 'wasm/pkg'])
  run(process.execPath, ['node_modules/binaryen/bin/wasm-opt', ...OPTIMISE, MODULE, '-o', MODULE])
  const bytes = readFileSync(MODULE)
  size = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length }
  writeFileSync(STAMP, JSON.stringify({ stamp, module: digest(), size }))
}

console.error(`build:wasm: ${MODULE} ${size.raw} bytes, gzip ${size.gzip}, brotli ${size.brotli} of ${BUDGET}`)
if (size.brotli > BUDGET) {
  console.error(`build:wasm: over the budget by ${size.brotli - BUDGET} bytes: drop a dependency or a generic, or a whole feature`)
  process.exit(1)
}
