// Builds the core behind Node-API: native/countermark.PLATFORM.node. Cargo does nothing when nothing changed.
//   node scripts/build-native.mjs                     for this machine
//   node scripts/build-native.mjs --platform NAME     for one of scripts/platforms.mjs, as releases are made: builds for Linux go
//                                                     through cargo-zigbuild, which links against a glibc old enough for servers
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { addonOf, platformHere, PLATFORMS } from './platforms.mjs'

/** The oldest glibc that a released build runs on: of RHEL 8 and Debian 10, and older than those of serverless platforms. */
const GLIBC = '2.28'

const { platform: wanted } = parseArgs({ options: { platform: { type: 'string' } } }).values
const platform = wanted === undefined ? platformHere() : PLATFORMS.find(({ name }) => name === wanted)
if (platform === undefined) {
  console.error(`build:native: no native build for ${wanted ?? `${process.platform}-${process.arch}`}; the WebAssembly engine works there`)
  process.exit(1)
}

const { triple, library } = platform
const linux = triple.includes('linux')
const [command, target] = wanted === undefined ? ['build', []]
  : linux ? ['zigbuild', ['--target', triple.endsWith('gnu') ? `${triple}.${GLIBC}` : triple]] : ['build', ['--target', triple]]
// A library of musl that Node loads must not bring a C library of its own.
const flags = wanted !== undefined && triple.endsWith('musl') ? { RUSTFLAGS: '-C target-feature=-crt-static' } : {}
const built = spawnSync('cargo', [command, '--package', 'countermark-native', '--release', ...target], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...flags } })
if (built.status !== 0) {
  console.error(`build:native: cargo failed. Run: npm run setup${command === 'zigbuild' ? ' (cargo-zigbuild and the Rust target are needed too)' : ''}`)
  process.exit(1)
}

const from = join(process.env.CARGO_TARGET_DIR ?? 'target', ...(wanted === undefined ? [] : [triple]), 'release', library)
const to = addonOf(platform)
if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to))) {
  // A new file, not the old one written over: a process that has it loaded would crash.
  rmSync(to, { force: true })
  copyFileSync(from, to)
}
console.error(`build:native: ${to}`)
