// Builds the core for browsers, each module as wasm/pkg/NAME.js and NAME_bg.wasm, the names that
// `wasm-pack build wasm --target web` gives. Fails when a module is larger than its budget.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

// Bytes after brotli. The first is what the browser loads before the first answer, with the scripts beside it; see
// docs/watermark-image.md. The others are loaded by those who need them.
const MODULES = [
  { crate: 'countermark-wasm', name: 'countermark_wasm', budget: 340_000 },
  { crate: 'countermark-wasm-token', name: 'countermark_wasm_token', budget: 80_000 },
]
const OPTIMISE = [
  '-O3', '--enable-simd', '--enable-bulk-memory', '--enable-sign-ext', '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int', '--enable-reference-types', '--enable-multivalue',
]
const TARGET = process.env.CARGO_TARGET_DIR ?? 'target'

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
run('cargo', ['build', ...MODULES.flatMap(({ crate }) => ['--package', crate]), '--release', '--target', 'wasm32-unknown-unknown'], {
  PATH: `${compiler}:${process.env.PATH}`,
  ...(debian ? { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: 'wasm-ld-19' } : {}),
})

const bindgen = existsSync('.cache/tools/bin/wasm-bindgen') ? '.cache/tools/bin/wasm-bindgen' : 'wasm-bindgen'
const bindgenVersion = run(bindgen, ['--version'])
let over = false
for (const { name, budget } of MODULES) {
  const built = `${TARGET}/wasm32-unknown-unknown/release/${name}.wasm`
  const module = `wasm/pkg/${name}_bg.wasm`
  const record = `${TARGET}/${name}-optimised.json`
  const stamp = createHash('sha256')
    .update(readFileSync(built))
    .update(bindgenVersion)
    .update(readFileSync('node_modules/binaryen/package.json'))
    .update(OPTIMISE.join(' '))
    .digest('hex')
  const before = existsSync(record) && existsSync(module) ? JSON.parse(readFileSync(record, 'utf8')) : {}
  const digest = () => createHash('sha256').update(readFileSync(module)).digest('hex')
  let size = before.size
  if (before.stamp !== stamp || before.module !== digest()) {
    mkdirSync('wasm/pkg', { recursive: true })
    run(bindgen, [built, '--target', 'web', '--out-dir', 'wasm/pkg'])
    run(process.execPath, ['node_modules/binaryen/bin/wasm-opt', ...OPTIMISE, module, '-o', module])
    const bytes = readFileSync(module)
    size = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length }
    writeFileSync(record, JSON.stringify({ stamp, module: digest(), size }))
  }
  console.error(`build:wasm: ${module} ${size.raw} bytes, gzip ${size.gzip}, brotli ${size.brotli} of ${budget}`)
  if (size.brotli <= budget) continue
  console.error(`build:wasm: over the budget by ${size.brotli - budget} bytes: drop a dependency or a generic, or a whole feature`)
  over = true
}
if (over) process.exit(1)
