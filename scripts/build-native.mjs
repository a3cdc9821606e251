// Builds the core behind Node-API: native/countermark.PLATFORM.node. Cargo does nothing when nothing changed.
import { spawnSync } from 'node:child_process'

const built = spawnSync(
  process.execPath,
  [
    'node_modules/@napi-rs/cli/dist/cli.js',
    'build', '--platform', '--release', '--no-js',
    '--manifest-path', 'native/Cargo.toml', '--package-json-path', 'package.json',
    '--output-dir', 'native', '--dts', '../target/native.d.ts',
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
process.exit(built.status ?? 1)
