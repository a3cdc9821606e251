// Builds dist/ from src/. The folder is made anew, so that a source that went away leaves nothing behind.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
process.exit(built.status ?? 1)
