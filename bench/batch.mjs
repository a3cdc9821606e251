// What one worker of examples/batch-relabel does a second, and what the queue adds, by processor time: that of a machine that others use too
// says the same as that of a calm one, which times of a clock do not.
//   node bench/batch.mjs [--objects 60] [--jobs 20000]
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { relabelItem } from '../dist/index.js'
import { program, startServices } from '../examples/batch-relabel/services.mjs'
import { Bucket, clientOf } from '../examples/batch-relabel/storage.mjs'
import { head, table } from './machine.mjs'

const { values } = parseArgs({ options: { objects: { type: 'string', default: '60' }, jobs: { type: 'string', default: '20000' } } })
const [objects, jobs] = [Number(values.objects), Number(values.jobs)]
const require = createRequire(new URL('../examples/batch-relabel/package.json', import.meta.url))
const { Queue, Worker } = require('bullmq')
const { default: Redis } = require('ioredis')
const load = loadavg()[0].toFixed(1)
const provider = { name: 'Example-Lab' }
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Processor seconds of a process so far. */
function processor(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
const own = () => processor(process.pid)

const picture = await sharp({ create: { width: 1024, height: 1024, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 12 } } }).blur(1).jpeg({ quality: 90 }).toBuffer()
const KINDS = [['JPEG of 1024 x 1024: label, watermark, metadata', {}], ['the same: metadata only', { metadataOnly: true }]]

/** One kind through a worker, with queue and storage of its own. */
async function job(options) {
  const folder = mkdtempSync(join(tmpdir(), 'countermark-bench-'))
  const services = await startServices(folder)
  const children = []
  try {
    Object.assign(process.env, services.env)
    const source = new Bucket(clientOf(), 'source')
    for (let at = 0; at < objects; at++) await source.put(`${at}.jpg`, picture)
    const env = { ...services.env, PROVIDER_NAME: 'Example-Lab', BATCH: '20', POLL_MS: '500', MARK_OPTIONS: JSON.stringify(options) }
    const worker = program('worker.mjs', env, ['ignore', 'ignore', 'inherit'])
    children.push(worker)
    await new Promise((done) => setTimeout(done, 3000))
    const [before, start] = [processor(worker.pid), performance.now()]
    const feed = program('feed.mjs', env, ['ignore', 'ignore', 'ignore'])
    children.push(feed)
    const [code] = await once(feed, 'exit')
    if (code !== 0) throw new Error(`feed.mjs ended with ${code}`)
    const made = [processor(worker.pid) - before, (performance.now() - start) / 1000]
    const target = new Bucket(clientOf(), 'target')
    let [count, bytes] = [0, 0]
    for await (const { size } of target.list()) [count, bytes] = [count + 1, bytes + size]
    if (count !== objects) throw new Error(`${count} of ${objects} objects came out`)
    return { seconds: made[0] / objects, wall: made[1] / objects, bytes: bytes / count }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await services.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The queue alone: jobs that do nothing. */
async function queueAlone() {
  const folder = mkdtempSync(join(tmpdir(), 'countermark-bench-'))
  const services = await startServices(folder)
  const connection = { url: services.env.REDIS_URL, maxRetriesPerRequest: null }
  const redis = new Redis(services.env.REDIS_URL)
  const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])
  try {
    const queue = new Queue('relabel', { connection })
    await queue.waitUntilReady()
    const [empty, server, feeder, start] = [await memory(), processor(services.queue.pid), own(), performance.now()]
    for (let at = 0; at < jobs; at += 100)
      await Promise.all(Array.from({ length: Math.min(100, jobs - at) }, (_, more) => queue.add('batch', { batch: at + more, again: false }, { jobId: `batch-${at + more}`, attempts: 10, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true, removeOnFail: true })))
    const full = await memory()
    const fed = own() - feeder
    let done = 0
    const working = own()
    const through = Promise.withResolvers?.() ?? (() => { let resolve; const promise = new Promise((go) => { resolve = go }); return { promise, resolve } })()
    const worker = new Worker('relabel', async () => { if (++done === jobs) through.resolve() }, { connection, concurrency: 1 })
    await through.promise
    await worker.close()
    const seconds = (performance.now() - start) / 1000
    const result = { server: (processor(services.queue.pid) - server) / jobs, fed: fed / jobs, worked: (own() - working) / jobs, bytes: (full - empty) / jobs, rate: jobs / seconds }
    await queue.close()
    return result
  } finally {
    redis.disconnect()
    await services.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const rows = []
for (const [name, options] of KINDS) {
  const file = () => new File([picture], 'a.jpg')
  await relabelItem(file(), { provider, key: 'public', as: 'bytes', ...options })
  const before = own()
  for (let at = 0; at < objects; at++) {
    const { status } = await relabelItem(file(), { provider, key: 'public', as: 'bytes', produceId: `bench-${at}`, ...options })
    if (status !== 'done') throw new Error(status)
  }
  const alone = (own() - before) / objects
  const through = await job(options)
  rows.push([name, (alone * 1000).toFixed(1), (through.seconds * 1000).toFixed(1), (1 / through.seconds).toFixed(1), (1 / through.wall).toFixed(1), Math.round(through.bytes)])
}
const queue = await queueAlone()
const ms = (seconds) => (seconds * 1000).toFixed(3)
const text = [
  head('A worker of the batch job, and its queue', 'node bench/batch.mjs', '.', [
    `${objects} JPEGs of ${picture.length} bytes, made; batches of 20; one worker of ${2 * cpus().length} objects at a time, queue and storage on the same machine; load average of the machine at the beginning ${load}`,
    `bullmq ${require('bullmq/package.json').version}, ${execFileSync('sh', ['-c', 'valkey-server --version 2>/dev/null || redis-server --version'], { encoding: 'utf8' }).split(' sha')[0].trim()}`,
  ]),
  'Milliseconds of processor time an object. "Alone" is `relabelItem` on bytes in memory; "a worker" adds storage over HTTP and the queue. The last rate is by the clock, with everything on one machine.\n',
  table(['', 'alone, ms', 'a worker, ms', 'objects a second and core', 'objects a second here', 'bytes of an output'], rows), '',
  '## The queue alone\n',
  `${jobs} jobs that do nothing, one worker with one job at a time. A job is a batch of objects.\n`,
  table(['', 'a job'], [['processor time of the queue, ms', ms(queue.server)], ['of the feed, ms', ms(queue.fed)], ['of the worker, ms', ms(queue.worked)], ['memory of the queue while it waits, bytes', Math.round(queue.bytes)], ['jobs a second here, feeding and working after each other', Math.round(queue.rate)]]), '',
].join('\n')
writeFileSync('bench/results/batch.md', text)
console.log(text)
