// The relabel job on several machines: real BullMQ on a real Redis or Valkey, a real S3-compatible server, workers that are killed.
import { execFileSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { mark, relabelItem, verify } from '../src/index.js'
import { folder } from './support/command.js'
import { made, pipeline } from './support/pictures.js'
import { program } from './support/programs.js'

const EXAMPLE = '../examples/batch-relabel'

interface Bucket { put(key: string, body: Uint8Array): Promise<void>; bytes(key: string): Promise<Buffer | undefined>; list(prefix?: string): AsyncGenerator<{ key: string; etag: string }> }
interface Line { file: string; output?: string; status: string; code?: string; produceId?: string; verdict?: string }
interface BatchLine { batch: number; objects: number; again: boolean }

/** Queue and storage, and the example's programs over them; all of it is gone after the test. */
async function machines(env: Record<string, string>) {
  const { startServices, program: start } = await import(`${EXAMPLE}/services.mjs`) as { startServices(path: string): Promise<{ env: Record<string, string>; stop(): Promise<void> }>; program(name: string, env: Record<string, string>, stdio?: unknown): ChildProcess }
  const { Bucket, clientOf } = await import(`${EXAMPLE}/storage.mjs`) as { Bucket: new (client: unknown, name: string) => Bucket; clientOf(): unknown }
  const services = await startServices(folder())
  const children: ChildProcess[] = []
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL')
    await services.stop()
  })
  Object.assign(process.env, services.env)
  const client = clientOf()
  const settings = { ...services.env, PROVIDER_NAME: 'Example-Lab', POLL_MS: '300', LOCK_MS: '2000', CONCURRENCY: '1', ...env }
  const run = (name: string, more: Record<string, string> = {}, stdio: unknown = ['ignore', 'pipe', 'ignore']): ChildProcess => {
    const child = start(name, { ...settings, ...more }, stdio)
    children.push(child)
    return child
  }
  return {
    env: services.env, source: new Bucket(client, 'source'), target: new Bucket(client, 'target'), run,
    /** A worker, and the batches that it has said it is through with. */
    worker: (): { child: ChildProcess; batches: BatchLine[] } => {
      const child = run('worker.mjs')
      const batches: BatchLine[] = []
      createInterface({ input: child.stdout! }).on('line', (line) => {
        batches.push(JSON.parse(line) as BatchLine)
        child.emit('batch')
      })
      return { child, batches }
    },
    report: async (): Promise<{ code: number; lines: Line[]; counts: Record<string, number> }> => {
      const child = run('report.mjs', {}, ['ignore', 'pipe', 'pipe'])
      const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit') as Promise<[number]>])
      return { code, lines: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line), counts: JSON.parse(stderr) as Record<string, number> }
    },
  }
}

/** Whether all of it can be had here; under CI it must. */
const server = program('valkey-server', 'redis-server')
const installed = server !== undefined

async function keys(bucket: Bucket): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { key, etag } of bucket.list()) found.set(key, etag)
  return found
}

test('docs/scale-out.md shows what the estimate prints, and prices make costs', () => {
  const shown = [...readFileSync('docs/scale-out.md', 'utf8').matchAll(/^node (examples\/batch-relabel\/estimate\.mjs .*)\n```\n\n((?:\|.*\n)+)/gm)]
  expect(shown).toHaveLength(2)
  const estimate = (args: string): string => execFileSync(process.execPath, args.split(' '), { encoding: 'utf8' })
  for (const [, command, table] of shown) expect(estimate(command!)).toBe(table)
  const rows = new Map(estimate('examples/batch-relabel/estimate.mjs --seconds 0.36 --objects 1e6 --batch 1000 --cores 10 --use 0.5 --core-hour 2 --put 0.001').trim().split('\n').map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')) as [string, string]))
  // 100 core hours, twice that are paid; 1,000,000 outputs, 2,000 plans and results, 3,003 listings.
  expect([rows.get('processor time'), rows.get('cost: cores'), rows.get('put and list requests'), rows.get('cost: put and list requests')]).toEqual(['100 core hours', '400', '1,005,003', '1,005'])
})

test('what cannot be marked is an answer, what is not of the file is thrown', async () => {
  const options = { provider: { name: 'Example-Lab' }, produceId: 'item-1', key: 'public', as: 'bytes' } as const
  const picture = await pipeline(made(384, 320)).png().toBuffer()
  const { output, ...said } = await relabelItem(new File([new Uint8Array(picture)], 'a.png'), options)
  expect(said).toEqual({ status: 'done', produceId: 'item-1', payload: expect.stringMatching(/^[0-9a-f]{16}$/), verdict: 'compliant', type: 'image/png' })
  expect((await verify(output!, { keys: ['public'], expect: { provider: 'Example-Lab', produceId: 'item-1' } })).matchesExpected).toBe(true)
  // What the provider labelled before keeps its own number, as in `relabel`; another provider's label stays as well.
  for (const provider of ['Example-Lab', 'Another-Lab']) {
    const again = await relabelItem(new File([new Uint8Array(output!)], 'a.png'), { ...options, provider: { name: provider }, produceId: 'item-2' })
    expect(again).toMatchObject({ status: 'kept', produceId: 'item-1', payload: said.payload, verdict: 'compliant', type: 'image/png' })
    expect((await verify(again.output!, { keys: ['public'], expect: { provider: 'Example-Lab', produceId: 'item-1' } })).matchesExpected).toBe(true)
  }
  await expect(mark(output!, { ...options, produceId: 'item-2' })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  expect(await relabelItem(picture.subarray(0, 900), options)).toEqual({ status: 'failed', code: 'ERR_BROKEN', reason: expect.any(String), remedy: expect.any(String) })
  expect(await relabelItem(Buffer.from('hello'), options)).toEqual({ status: 'skipped', code: 'ERR_UNSUPPORTED', reason: expect.any(String), remedy: expect.any(String) })
  await expect(relabelItem(picture, { ...options, label: false })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  await expect(relabelItem('/nonexistent/a.png', options)).rejects.toMatchObject({ code: 'ERR_IO' })
})

describe.skipIf(!installed)('a job of several workers', () => {
  test('one worker is killed in the middle of a batch: every object comes out once, none is lost', async () => {
    const { source, target, run, worker, report } = await machines({ BATCH: '3' })
    const picture = await pipeline(made(384, 320)).jpeg().toBuffer()
    const names = Array.from({ length: 12 }, (_, at) => `pictures/${at}.jpg`)
    for (const name of names) await source.put(name, picture)
    await source.put('notes/a.md', Buffer.from('# Notes\n'))
    await source.put('notes/b.txt', Buffer.from('plain'))
    await source.put('pictures/broken.jpg', picture.subarray(0, 900))

    const [first, second] = [worker(), worker()]
    const feed = run('feed.mjs')
    await once(first.child, 'batch')
    await new Promise((done) => setTimeout(done, 150))
    first.child.kill('SIGKILL')
    expect(await once(feed, 'exit')).toEqual([0, null])

    const through = [...first.batches, ...second.batches]
    expect(through.map(({ batch }) => batch).sort()).toEqual([0, 1, 2, 3, 4])
    // The batch that the first one died in was taken up by the second.
    expect(second.batches.filter(({ again }) => again)).toHaveLength(1)

    const { code, lines, counts } = await report()
    expect([code, counts]).toEqual([3, { objects: 15, done: 13, kept: 0, skipped: 1, failed: 1, 'not compliant': 0, 'without line': 0, 'without output': 0, twice: 0 }])
    expect(new Set(lines.map(({ file }) => file)).size).toBe(15)
    expect(new Set(lines.flatMap(({ produceId }) => produceId ?? [])).size).toBe(13)
    expect(lines.find(({ file }) => file.endsWith('broken.jpg'))).toMatchObject({ status: 'failed', code: 'ERR_BROKEN' })
    const outputs = await keys(target)
    expect([...outputs.keys()].sort()).toEqual([...names, 'notes/a.md'].sort())
    for (const line of lines.filter(({ status, file }) => status === 'done' && /\/(0|7)\.jpg$/.test(file))) {
      const seen = await verify((await target.bytes(line.file.replace('s3://source/', '')))!, { keys: ['public'], expect: { provider: 'Example-Lab', produceId: line.produceId! } })
      expect([seen.verdict, seen.matchesExpected]).toEqual(['compliant', true])
    }
  }, 180_000)

  test('the queue is lost and the feed killed: what is done stays, the rest follows; another job in the same place is refused', async () => {
    const { env, source, target, run, worker, report } = await machines({ BATCH: '2', QUEUE_LENGTH: '2', MARK_OPTIONS: '{"metadataOnly":true}' })
    const picture = await pipeline(made(384, 320)).png().toBuffer()
    for (let at = 0; at < 8; at++) await source.put(`${at}.png`, picture)
    // More than goes through memory: by a file, and in parts.
    const wav = Buffer.alloc(34 << 20)
    wav.write('RIFF....WAVEfmt ', 0, 'latin1')
    wav.writeUInt32LE(wav.length - 8, 4)
    for (const [at, value] of [[16, 16], [24, 48_000], [28, 96_000], [40, wav.length - 44]] as const) wav.writeUInt32LE(value, at)
    for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]] as const) wav.writeUInt16LE(value, at)
    wav.write('data', 36, 'latin1')
    await source.put('long.wav', wav)
    const [feed, first] = [run('feed.mjs'), worker()]
    await once(first.child, 'batch')
    feed.kill('SIGKILL')
    first.child.kill('SIGKILL')
    await Promise.all([once(feed, 'exit'), once(first.child, 'exit')].map((one) => Promise.race([one, new Promise((done) => setTimeout(done, 2000))])))
    const { default: Redis } = createRequire(new URL(`${EXAMPLE}/package.json`, import.meta.url))('ioredis') as { default: new (url: string) => { flushall(): Promise<unknown>; disconnect(): void } }
    const redis = new Redis(env['REDIS_URL']!)
    await redis.flushall()
    redis.disconnect()
    const before = await keys(target)
    expect(before.size).toBeGreaterThanOrEqual(2)

    const second = worker()
    expect(await once(run('feed.mjs'), 'exit')).toEqual([0, null])
    expect(second.batches.length).toBeGreaterThan(0)
    const { code, lines, counts } = await report()
    expect([code, counts['objects'], counts['done'], counts['twice'], counts['without line'], counts['without output'], lines.length]).toEqual([0, 9, 9, 0, 0, 0, 9])
    const after = await keys(target)
    expect((await target.bytes('long.wav'))!.length).toBeGreaterThan(wav.length)
    for (const [key, etag] of before) expect(after.get(key)).toBe(etag)
    expect(await once(run('feed.mjs', { PROVIDER_NAME: 'Another-Lab' }), 'exit')).toEqual([1, null])
  }, 180_000)
})
