// Plans the job and feeds the queue: lists the source once, page by page, and never holds more in the queue than the workers need
// soon. Stop it and start it again at will: it goes on where the plan ends, and queues again what has no result, whatever became of
// the queue. It ends when every batch has its result.
//   node feed.mjs
import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import { keyIdOf, readKey } from 'countermark'
import { connection, jobOf, nameOf, numberOf, QUEUE, settled } from './job.mjs'

const { source, target, books } = jobOf()
const size = Number(process.env.BATCH ?? 100)
const most = Number(process.env.QUEUE_LENGTH ?? 1000)
const pause = Number(process.env.POLL_MS ?? 15_000)
const key = process.env.COUNTERMARK_KEY === undefined ? 'public' : await readKey(process.env.COUNTERMARK_KEY)
const options = { ...JSON.parse(process.env.MARK_OPTIONS ?? '{}'), provider: { name: process.env.PROVIDER_NAME } }
if (!process.env.PROVIDER_NAME) throw new Error('PROVIDER_NAME must be set: who made the content.')

const job = await settled(books, { id: randomUUID(), source: source.name, target: target.name, prefix: process.env.PREFIX ?? '', size, options, keyId: keyIdOf(key) })
const queue = new Queue(QUEUE, { connection: connection() })
const wait = (ms) => new Promise((done) => setTimeout(done, ms))
let queued = 0

/** Queues a batch, when there is room. One that is in the queue already is not queued twice. `again`: somebody may have begun it. */
async function add(batch, again) {
  while (queued % Math.min(50, most) === 0 && (await queue.getJobCountByTypes('wait', 'delayed')) >= most) await wait(pause)
  queued++
  await queue.add('batch', { batch, again }, { jobId: `batch-${batch}`, attempts: 10, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true, removeOnFail: true })
}

/** Batches from `first` on that are planned, and whether each is without result; both listings come in the order of numbers. */
async function* planned(first = 0) {
  const after = first === 0 ? ['plan/', 'result/'] : [nameOf('plan', first - 1), nameOf('result', first - 1)]
  const results = books.list('result/', after[1])
  let result = await results.next()
  for await (const plan of books.list('plan/', after[0])) {
    const batch = numberOf(plan.key)
    while (!result.done && numberOf(result.value.key) < batch) result = await results.next()
    yield { batch, open: result.done || numberOf(result.value.key) !== batch }
  }
}

let next = 0
for await (const { batch, open } of planned()) {
  next = batch + 1
  if (open) await add(batch, true)
}

let after = next === 0 ? undefined : (await books.lines(nameOf('plan', next - 1))).at(-1).key
let objects = []
const plan = async () => {
  if (objects.length === 0) return
  await books.put(nameOf('plan', next), objects.map((object) => JSON.stringify(object)).join('\n'))
  await add(next++, false)
  objects = []
}
for await (const object of source.list(job.prefix, after)) {
  if (object.key.endsWith('/') && object.size === 0) continue
  if (objects.push(object) >= job.size) await plan()
}
await plan()
console.error(`feed: ${next} batches planned; waiting for their results`)

for (let first = 0, told; ;) {
  let left = 0
  let lowest
  for await (const { batch, open } of planned(first)) {
    if (!open) continue
    left++
    lowest ??= batch
    // A batch that gave up, or whose queue is gone, is queued again; one that is queued or in work is not.
    await add(batch, true)
  }
  if (left === 0) break
  first = lowest
  if (left !== told) console.error(`feed: ${(told = left)} of ${next} batches left`)
  await wait(pause)
}
console.error('feed: every batch has its result')
await queue.close()
