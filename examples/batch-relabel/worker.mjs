// A worker: takes batches from the queue, marks their objects, writes the result. Start as many as there are machines; kill them at
// will: a batch whose worker is gone is given to another, which looks at what is done already.
//   node worker.mjs
import { availableParallelism } from 'node:os'
import { Worker } from 'bullmq'
import { keyIdOf, openLedger, readKey } from 'countermark'
import { relabelObject } from './item.mjs'
import { connection, jobOf, nameOf, QUEUE } from './job.mjs'

const { source, target, books } = jobOf()
const places = Number(process.env.CONCURRENCY ?? 2 * availableParallelism())
const lock = Number(process.env.LOCK_MS ?? 60_000)
const key = process.env.COUNTERMARK_KEY === undefined ? 'public' : await readKey(process.env.COUNTERMARK_KEY)
const ledger = process.env.LEDGER === undefined ? undefined : await openLedger(process.env.LEDGER)

let job
for (; (job = (await books.lines('job.json'))?.[0]) === undefined;) await new Promise((done) => setTimeout(done, 500))
if (job.keyId !== keyIdOf(key)) throw new Error(`The job is marked with the key ${job.keyId}, and this worker has ${keyIdOf(key)}.`)
if (job.source !== source.name || job.target !== target.name) throw new Error(`The job is of ${job.source} into ${job.target}.`)
job.options.key = key

/** All objects of a list, so many at a time; the lines in the order of the list. An error ends it, and the queue tries again. */
async function all(objects, work) {
  const lines = new Array(objects.length)
  let at = 0
  await Promise.all(Array.from({ length: Math.min(places, objects.length) }, async () => {
    for (let one = at++; one < objects.length; one = at++) lines[one] = await work(objects[one])
  }))
  return lines
}

const worker = new Worker(QUEUE, async ({ data, attemptsStarted }) => {
  const { batch } = data
  const again = data.again || attemptsStarted > 1
  if ((await books.head(nameOf('result', batch))) !== undefined) return
  const objects = await books.lines(nameOf('plan', batch))
  const start = performance.now()
  const lines = await all(objects, (object) => relabelObject(job, { source, target }, object, { again, ledger }))
  await books.put(nameOf('result', batch), lines.map((line) => JSON.stringify(line)).join('\n'))
  console.log(JSON.stringify({ batch, objects: lines.length, again, seconds: Number(((performance.now() - start) / 1000).toFixed(2)) }))
}, { connection: connection(), concurrency: 1, lockDuration: lock, stalledInterval: lock / 2, maxStalledCount: 20 })

worker.on('failed', (one, error) => console.error(`worker: batch ${one?.data.batch}: ${error.message}`))
worker.on('error', (error) => console.error(`worker: ${error.message}`))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void worker.close().then(() => process.exit(0)))
