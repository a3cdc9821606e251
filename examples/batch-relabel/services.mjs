// Valkey or Redis and S3-compatible storage as processes of this machine, for trying, tests and measurements.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** A port that nobody uses just now. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until a line of the program's output fits; gives it. */
async function said(child, pattern) {
  for await (const line of createInterface({ input: child.stdout })) if (pattern.test(line)) return line
  throw new Error(`${child.spawnargs.join(' ')} ended before it was ready`)
}

/** Starts both over a folder; `env` is what the programs of the example need beside PROVIDER_NAME. */
export async function startServices(folder) {
  const children = []
  const start = (program, args) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }
  const stop = async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
  try {
    const port = await freePort()
    mkdirSync(join(folder, 'queue'), { recursive: true })
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', join(folder, 'queue'), '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction']
    let queue = start('valkey-server', args)
    if (await once(queue, 'spawn').then(() => false, () => true)) {
      children.pop()
      queue = start('redis-server', args)
      await once(queue, 'spawn').catch(() => { throw new Error('Neither valkey-server nor redis-server is installed.') })
    }
    await said(queue, /ready to accept connections/i)
    queue.stdout.resume()
    const storage = start(process.execPath, [join(HERE, 's3.mjs'), join(folder, 'storage'), '0'])
    const address = await said(storage, /^http:/)
    return {
      stop, queue,
      env: {
        REDIS_URL: `redis://127.0.0.1:${port}`, AWS_ENDPOINT_URL_S3: address, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER',
        SOURCE_BUCKET: 'source', TARGET_BUCKET: 'target', JOB_BUCKET: 'job',
      },
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** Starts one of the example's programs. */
export function program(name, env, stdio = ['ignore', 'pipe', 'inherit']) {
  return spawn(process.execPath, ['--no-warnings', join(HERE, name)], { stdio, env: { ...process.env, ...env } })
}
