// What a job is. Everything that must not be lost lies in the job's bucket; the queue holds numbers of batches and nothing else:
//   job.json          source, target, options of mark, the id of the key
//   plan/0000000007   the objects of batch 7, JSON lines { key, etag, size }, written before the batch is queued
//   result/0000000007 what became of each, one line an object as in the report of `countermark relabel`
// A batch is through when its result is there. Plan and result of a batch are written whole, and a second time with the same content.
import { createHash } from 'node:crypto'
import { Bucket, clientOf } from './storage.mjs'

export const QUEUE = 'relabel'

/** Where Valkey or Redis is. */
export const connection = () => ({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null })

/** Settings of a job from the environment; README.md describes them. */
export function jobOf(env = process.env) {
  const missing = ['SOURCE_BUCKET', 'TARGET_BUCKET', 'JOB_BUCKET'].filter((name) => !env[name])
  if (missing.length > 0) throw new Error(`${missing.join(', ')} must be set.`)
  if (new Set([env.SOURCE_BUCKET, env.TARGET_BUCKET, env.JOB_BUCKET]).size < 3) throw new Error('SOURCE_BUCKET, TARGET_BUCKET and JOB_BUCKET must be three buckets.')
  const client = clientOf()
  return { client, source: new Bucket(client, env.SOURCE_BUCKET), target: new Bucket(client, env.TARGET_BUCKET), books: new Bucket(client, env.JOB_BUCKET) }
}

export const nameOf = (kind, batch) => `${kind}/${String(batch).padStart(10, '0')}`
export const numberOf = (key) => Number(key.slice(key.indexOf('/') + 1))

/** The content number of an object: the same for whoever does it, and as often as it is done. */
export const produceIdOf = (id, { key, etag }) => createHash('sha256').update([id, key, etag].join('\u001f')).digest('hex').slice(0, 32)

/** Reads job.json; where it is not there yet, `fresh` is written. A job with other settings is refused. */
export async function settled(books, fresh) {
  const known = (await books.lines('job.json'))?.[0]
  if (known === undefined) {
    await books.put('job.json', JSON.stringify(fresh))
    return fresh
  }
  const { id: _id, ...wanted } = fresh
  const { id: _known, ...stored } = known
  if (JSON.stringify(wanted) !== JSON.stringify(stored)) throw new Error(`The bucket ${books.name} holds another job: ${JSON.stringify(stored)}. Give the same settings, or another bucket.`)
  return known
}
