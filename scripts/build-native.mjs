// Builds the core behind Node-API: native/countermark.PLATFORM.node, named as napi names its builds. Cargo does nothing
// when nothing changed. (Releases for other platforms: `napi build` of @napi-rs/cli reads the same crate.)
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const TARGET = join(process.env.CARGO_TARGET_DIR ?? 'target', 'release')
const { platform, arch } = process
const musl = platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
const [library, suffix] = {
  linux: ['libcountermark_native.so', musl ? '-musl' : '-gnu'],
  darwin: ['libcountermark_native.dylib', ''],
  win32: ['countermark_native.dll', '-msvc'],
}[platform] ?? []
if (library === undefined) {
  console.error(`build:native: no native build for ${platform}; the WebAssembly engine works there`)
  process.exit(1)
}

const built = spawnSync('cargo', ['build', '--package', 'countermark-native', '--release'], { stdio: ['ignore', 'inherit', 'inherit'] })
if (built.status !== 0) {
  console.error('build:native: cargo failed. Run: npm run setup')
  process.exit(1)
}

const from = join(TARGET, library)
const to = join('native', `countermark.${platform}-${arch}${suffix}.node`)
if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to))) {
  // A new file, not the old one written over: a process that has it loaded would crash.
  rmSync(to, { force: true })
  copyFileSync(from, to)
}
console.error(`build:native: ${to}`)
