// npm run demo [-- FILE]: makes everything ready, then marks a picture (yours, or one that it makes), damages copies
// of it as the internet does, and reads every copy. npm run demo:service makes ready and starts examples/generation-service.
import { spawnSync } from 'node:child_process'

function step(program, args) {
  const done = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

step('bash', ['scripts/setup', '--for', 'use'])
step(process.execPath, ['scripts/build-native.mjs'])
step(process.execPath, ['scripts/build-ts.mjs'])
const [first] = process.argv.slice(2)
step(process.execPath, first === '--service' ? ['examples/generation-service/server.mjs'] : ['examples/mark-and-verify/run.mjs', ...process.argv.slice(2)])
