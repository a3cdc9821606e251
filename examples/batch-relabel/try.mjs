// The whole job on this machine, without containers: starts queue and storage, fills the source with pictures that it makes, runs two
// workers, kills one of them in the middle, and prints the report.
//   node try.mjs [PICTURES]
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { program, startServices } from './services.mjs'
import { Bucket, clientOf } from './storage.mjs'

const sharp = createRequire(import.meta.resolve('countermark'))('sharp')
const pictures = Number(process.argv[2] ?? 60)
const folder = mkdtempSync(join(tmpdir(), 'countermark-batch-'))
const services = await startServices(folder)
const env = { ...services.env, PROVIDER_NAME: 'Example-Lab', BATCH: '10', POLL_MS: '500', LOCK_MS: '3000', CONCURRENCY: '2' }
const children = []
const start = (name, stdio) => {
  const child = program(name, env, stdio)
  children.push(child)
  return child
}
try {
  Object.assign(process.env, services.env)
  const source = new Bucket(clientOf(), 'source')
  for (let at = 0; at < pictures; at++)
    await source.put(`pictures/${at}.jpg`, await sharp({ create: { width: 512, height: 512, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 90 + (at % 80), sigma: 14 } } }).jpeg().toBuffer(), { type: 'image/jpeg' })
  await source.put('broken.png', Buffer.from('89504e470d0a1a0a00', 'hex'))
  console.error(`try: ${pictures} pictures and a broken one in the source`)

  const workers = ['first', 'second'].map((name) => {
    const child = start('worker.mjs')
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.error(`${name} worker: ${line}`)
      child.emit('batch', JSON.parse(line))
    })
    return child
  })
  const feed = start('feed.mjs', ['ignore', 'inherit', 'inherit'])
  void once(workers[0], 'batch').then(() => setTimeout(() => {
    console.error('try: the first worker is killed in the middle of its second batch')
    workers[0].kill('SIGKILL')
  }, 200))
  const [code] = await once(feed, 'exit')
  if (code !== 0) throw new Error(`feed.mjs ended with ${code}`)
  const [reported] = await once(start('report.mjs', ['ignore', 'inherit', 'inherit']), 'exit')
  // 3: the broken picture is the one that failed.
  process.exitCode = reported === 3 ? 0 : 1
} finally {
  for (const child of children) child.kill('SIGKILL')
  await services.stop()
  rmSync(folder, { recursive: true, force: true })
}
