// The ledger: what is acknowledged stays, and what is altered is seen.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCountermark, openLedger, type Ledger } from '../src/index.js'
import { openDatabase } from '../src/ledger/database.js'
import { canonical, linked, NONE, retention, sha256 } from '../src/ledger/entry.js'
import type { EntryDraft, LedgerProblem } from '../src/types.js'
import { folder } from './support/command.js'
import { disk, mounts } from './support/disk.js'
import { photograph } from './support/pictures.js'
import { program } from './support/programs.js'

const run = promisify(execFile)
const WRITER = resolve('test/support/ledger-writer.mjs')
const pem = (kind: 'ed25519' | 'ec' = 'ed25519') => {
  const pair = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return { key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, open: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string }
}
const draft = (at: number, more: Partial<EntryDraft> = {}): EntryDraft =>
  ({ kind: 'mark', status: 'done', produceId: `c-${at}`, contentProducer: 'Example-Lab', payload: sha256(`c-${at}`).slice(0, 32), source: { sha256: sha256(`s-${at}`), bytes: 1 }, ...more })

let png: Buffer
beforeAll(async () => { png = await photograph('png') })

/** Beyond 32 MiB files are not read whole. */
const LARGE = 36 << 20
const film = (): Buffer => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(LARGE)
  return Buffer.concat([Buffer.from('00000018667479706d703432000000006d70343269736f6d000000086d6f6f76', 'hex'), size, Buffer.from('mdat'), Buffer.alloc(LARGE - 8)])
}
const sound = (): Buffer => {
  const head = Buffer.from('524946460000000057415645666d7420100000000100010080bb000000770100020010006461746100000000', 'hex')
  head.writeUInt32LE(LARGE + 36, 4)
  head.writeUInt32LE(LARGE, 40)
  return Buffer.concat([head, Buffer.alloc(LARGE)])
}

async function ledgerOf(count = 0): Promise<{ ledger: Ledger; path: string; home: string }> {
  const home = folder()
  const path = join(home, 'ledger.db')
  const ledger = await openLedger(path)
  onTestFinished(() => ledger.close())
  for (let at = 0; at < count; at++) await ledger.append(draft(at))
  return { ledger, path, home }
}

/** Does to the database what a forger with a file editor would. */
function forge(path: string, ...statements: string[]): void {
  const database = openDatabase(path)
  database.exec('DROP TRIGGER IF EXISTS entries_never_change; DROP TRIGGER IF EXISTS entries_stay')
  for (const one of statements) database.exec(one)
  database.close()
}
const what = (problems: LedgerProblem[]) => problems.map(({ what: kind, number }) => `${kind} ${number}`)

describe('the chain', () => {
  test('is checked by thirty lines of Python that know nothing of us', async () => {
    const { path } = await ledgerOf(20)
    const python = [
      'import sqlite3, hashlib, json, sys',
      'before = bytes(32)', 'count = 0',
      'for number, body, said in sqlite3.connect(sys.argv[1]).execute("SELECT number, body, hash FROM entries ORDER BY number"):',
      '    entry = json.loads(body)',
      '    assert entry["number"] == number, number',
      '    assert body == json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False), number',
      '    before = hashlib.sha256(before + hashlib.sha256(body.encode()).digest()).digest(); count += 1',
      '    assert before.hex() == said, number',
      'print(count, before.hex())',
    ].join('\n')
    const { stdout } = await run('python3', ['-c', python, path])
    const ledger = await openLedger(path)
    const { entries, last } = await ledger.check()
    ledger.close()
    expect(stdout.trim()).toBe(`${entries} ${last.hash}`)
    expect(entries).toBe(21)
  })
  test('canonical JSON sorts keys by their UTF-16 units and leaves out what is absent', () => {
    expect(canonical({ b: [1, 'ä', { z: true, a: null }], a: undefined, '\u{1F600}': 1, '\ufb33': 2 })).toBe('{"b":[1,"ä",{"a":null,"z":true}],"\u{1F600}":1,"\ufb33":2}')
  })
  test.each<[string, string[], string[]]>([
    ['an edited entry', ["UPDATE entries SET body = replace(body, 'c-5', 'x-5') WHERE number = 7"], ['edited 7']],
    ['an entry edited with its hash', ["UPDATE entries SET hash = 'HASH', body = 'BODY' WHERE number = 7"], ['edited 8']],
    ['an edited hash', ["UPDATE entries SET hash = 'HASH' WHERE number = 7"], ['edited 7', 'edited 8']],
    ['an edited column', ["UPDATE entries SET produce_id = 'x-5' WHERE number = 7"], ['edited 7']],
    ['a deleted entry', ['DELETE FROM entries WHERE number = 7'], ['deleted 7']],
    ['deleted entries, the rest moved up', ['DELETE FROM entries WHERE number = 7', 'UPDATE entries SET number = number - 1 WHERE number > 7'], ['moved 7', 'moved 8', 'moved 9', 'moved 10', 'moved 11']],
    ['an inserted entry', ['UPDATE entries SET number = -number WHERE number > 6', 'UPDATE entries SET number = 1 - number WHERE number < 0', 'INSERT INTO entries SELECT 7, hash, body, time, kind, produce_id, payload, reference FROM entries WHERE number = 6'],
      ['moved 7', 'moved 8', 'moved 9', 'moved 10', 'moved 11', 'moved 12', 'moved 13']],
    ['two entries that changed places', ['UPDATE entries SET number = 99 WHERE number = 5', 'UPDATE entries SET number = 5 WHERE number = 8', 'UPDATE entries SET number = 8 WHERE number = 99'], ['moved 5', 'edited 6', 'moved 8', 'edited 9']],
    ['a deletion with a tombstone in the table only', ["INSERT INTO gaps VALUES (5, 6, '', 12)", 'DELETE FROM entries WHERE number IN (5, 6)'], ['deleted 5']],
  ])('shows %s', async (_, statements, expected) => {
    const { ledger, path } = await ledgerOf(11)
    expect((await ledger.check()).problems).toEqual([])
    const [before, old] = [...ledger.entries()].slice(5, 7)
    const body = canonical({ ...old!.entry, produceId: 'x-5' })
    forge(path, ...statements.map((one) => (one.includes('BODY') ? one.replace('SET hash', "SET produce_id = 'x-5', hash") : one).replace('HASH', linked(before!.hash, sha256(body))).replace('BODY', body)))
    const { ok, problems } = await ledger.check()
    expect(ok).toBe(false)
    expect(what(problems)).toEqual(expect.arrayContaining(expected))
    expect(what(problems).filter((one) => !expected.includes(one) && !/^edited/.test(one))).toEqual([])
  })
  test('a shorter or new ledger is shown by a head that was kept elsewhere', async () => {
    const { ledger, path } = await ledgerOf(11)
    const { key, open } = pem()
    const head = await ledger.sign({ key })
    forge(path, 'DELETE FROM entries WHERE number > 9; DELETE FROM heads')
    expect((await ledger.check()).ok).toBe(true)
    expect(what((await ledger.check({ heads: [head] })).problems)).toEqual(['cut 12'])
    await ledger.append(draft(20))
    for (const at of [21, 22, 23]) await ledger.append(draft(at))
    expect(what((await ledger.check({ heads: [head], trust: [open] })).problems)).toEqual(['head 12'])
    const other = await ledgerOf(3)
    expect((await other.ledger.check({ heads: [head] })).problems[0]!.message).toContain('another ledger')
  })
  test('heads are signed by P-256 and SM2 too, and another\'s key is named', async () => {
    const { ledger } = await ledgerOf(2)
    const [one, two] = [pem('ec'), pem()]
    await ledger.sign({ key: one.key })
    await ledger.append(draft(5))
    const sm2 = sm2Key()
    if (sm2 !== undefined) await ledger.sign({ key: sm2 })
    await ledger.sign({ key: two.key })
    const seen = await ledger.check({ trust: [one.open] })
    expect(seen.signers.map(({ algorithm, trusted }) => [algorithm, trusted])).toEqual([['ECDSA-P256', true], ...(sm2 === undefined ? [] : [['SM2', false]]), ['Ed25519', false]])
    expect(new Set(what(seen.problems))).toEqual(new Set(['head 4']))
    expect((await ledger.check()).heads).toEqual({ valid: sm2 === undefined ? 2 : 3, upTo: 4 })
    const [head] = ledger.heads()
    expect(what((await ledger.check({ heads: [{ ...head!, hash: NONE }] })).problems)).toEqual(['head 3'])
  })
})

/** A key of openssl, where it knows SM2. */
function sm2Key(): string | undefined {
  try {
    return execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

describe('looking up', () => {
  test('a payload\'s prefix gives every entry, a content number its own and what took it back', async () => {
    const { ledger } = await ledgerOf()
    await ledger.append(draft(1, { payload: 'abcdef0123456789abcdef0123456789' }))
    await ledger.append(draft(2, { payload: 'abcdef0123ffffffffffffffffffffff' }))
    await ledger.append(draft(3, { payload: 'abcdef0124ffffffffffffffffffffff' }))
    const { entry } = await ledger.append(draft(4))
    await ledger.append({ kind: 'void', of: entry.number, reason: 'ERR_IO' })
    const ids = (payload: string) => ledger.find({ payload }).map((one) => one.entry.produceId)
    expect([ids('ABCDEF01'), ids('abcdef0123'), ids('abcdef0123456789'), ids('ffffffff')]).toEqual([['c-1', 'c-2', 'c-3'], ['c-1', 'c-2'], ['c-1'], []])
    expect(ledger.find({ produceId: 'c-4' }).map((one) => one.entry.kind)).toEqual(['mark', 'void'])
    expect(() => ledger.find({ payload: 'abc%' })).toThrow('8 to 32')
  })
  test('a content number is given to one content only (M10), unless that was taken back', async () => {
    const { ledger } = await ledgerOf(1)
    const again = draft(0, { source: { sha256: sha256('other'), bytes: 1 } })
    await expect(ledger.append(again)).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
    await expect(ledger.append(draft(0))).resolves.toMatchObject({ entry: { number: 3 } })
    await expect(ledger.append({ ...again, contentProducer: 'Other-Lab' })).resolves.toBeTruthy()
    for (const of of [2, 3]) await ledger.append({ kind: 'void', of })
    await expect(ledger.append(again)).resolves.toBeTruthy()
  })
})

describe('retention', () => {
  /** Entries of this millisecond are not older than it. */
  const later = () => new Promise((done) => setTimeout(done, 5))
  test('six calendar months, never less', () => {
    expect(['2026-01-15', '2026-08-31', '2027-08-31', '2026-03-31'].map((day) => retention(`${day}T12:00:00.000Z`).slice(0, 10))).toEqual(['2026-07-16', '2027-03-04', '2028-03-03', '2026-10-02'])
  })
  test('deleting leaves signed tombstones, keeps waivers, and the chain is checked as before', async () => {
    const { ledger, path } = await ledgerOf(5)
    await ledger.append(draft(6, { waiver: { reference: 'A-1' }, retainUntil: '2999-01-01T00:00:00.000Z' }))
    for (const at of [7, 8]) await ledger.append(draft(at))
    const { key, open } = pem()
    const before = await ledger.sign({ key })
    expect(await ledger.prune({ before: new Date(0), sign: { key } })).toEqual({ deleted: 0 })
    await later()
    await expect(ledger.prune({ before: new Date(Date.now() + 60_000), sign: { key }, early: true })).rejects.toMatchObject({ code: 'ERR_PARAMETER', message: expect.stringContaining('in the future') })
    await expect(ledger.prune({ before: new Date(Date.now() - 150 * 86400e3), sign: { key } })).rejects.toMatchObject({ code: 'ERR_PARAMETER', remedy: expect.stringContaining('--early') })
    expect(await ledger.prune({ before: new Date(Date.now() - 200 * 86400e3), sign: { key } })).toEqual({ deleted: 0 })
    const { deleted } = await ledger.prune({ before: new Date(), sign: { key }, early: true })
    expect(deleted).toBe(7)
    await ledger.append(draft(9))
    const seen = await ledger.check({ trust: [open], heads: [before] })
    expect([seen.problems, seen.entries, seen.deleted]).toEqual([[], 5, 7])
    expect([...ledger.entries()].map(({ entry }) => entry.kind)).toEqual(['open', 'mark', 'tombstone', 'tombstone', 'mark'])
    // What was deleted is not to be found in the file either.
    ledger.close()
    expect(readdirSync(join(path, '..')).map((name) => readFileSync(join(path, '..', name)).includes('c-3'))).not.toContain(true)
    // A second deletion beside the first, and one that a forger made.
    const again = await openLedger(path)
    onTestFinished(() => again.close())
    await later()
    expect((await again.prune({ before: new Date(), sign: { key }, early: true })).deleted).toBe(1)
    expect((await again.check({ trust: [open] })).problems).toEqual([])
    expect(what((await again.check({ trust: [pem().open] })).problems)).toEqual(expect.arrayContaining(['unsigned 2', 'unsigned 8']))
  })
  test('a tombstone that nobody signed does not pass, not even under a signed head', async () => {
    const { ledger, path } = await ledgerOf(5)
    const entries = [...ledger.entries()]
    const tombstone = await ledger.append({ kind: 'tombstone', first: 3, last: 4, before: entries[1]!.hash, hash: entries[3]!.hash })
    forge(path, 'DELETE FROM entries WHERE number IN (3, 4)')
    await ledger.sign({ key: pem().key })
    expect(tombstone.entry.number).toBe(7)
    expect(what((await ledger.check()).problems)).toEqual(['unsigned 3'])
  })
  test('the database itself refuses changes', async () => {
    const { path } = await ledgerOf(3)
    const database = openDatabase(path)
    onTestFinished(() => database.close())
    for (const sql of ["UPDATE entries SET kind = 'x'", 'DELETE FROM entries WHERE number = 2']) expect(() => database.exec(sql)).toThrow('never changed or deleted')
  })
})

describe('what is acknowledged stays', () => {
  test('kill -9 in the middle of 1,000 writes', async () => {
    for (const patience of [150, 300, 450]) {
      const path = join(folder(), 'ledger.db')
      const child = spawn(process.execPath, [WRITER, path, '1000', 'k'], { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      await new Promise<void>((done) => {
        child.stdout.on('data', (data: Buffer) => {
          if (said === '') setTimeout(() => child.kill('SIGKILL'), patience - 100)
          said += data.toString()
        })
        child.on('close', () => done())
      })
      const acknowledged = [...said.matchAll(/^ack (\d+) (\S+)\n/gm)]
      expect(acknowledged.length).toBeGreaterThan(0)
      const ledger = await openLedger(path)
      const there = new Map([...ledger.entries()].map(({ entry }) => [String(entry.number), entry.produceId]))
      for (const [, number, id] of acknowledged) expect(there.get(number!)).toBe(id)
      expect(there.size - 1 - acknowledged.length).toBeLessThanOrEqual(1)
      expect((await ledger.check()).ok).toBe(true)
      ledger.close()
    }
  })
  test.skipIf(!program('strace'))('the disk has flushed it before (strace)', async () => {
    const home = folder()
    await run('strace', ['-f', '-e', 'trace=write,fsync,fdatasync', '-s', '64', '-o', join(home, 'trace'), process.execPath, WRITER, join(home, 'ledger.db'), '25', 's'])
    const trace = readFileSync(join(home, 'trace'), 'utf8').split('\n')
    let [flushed, acknowledged] = [false, 0]
    for (const line of trace) {
      if (/f(data)?sync\(\d+\)\s+= 0|f(data)?sync resumed>.*= 0/.test(line)) flushed = true
      if (/write\(1, "ack /.test(line)) {
        expect(flushed).toBe(true)
        flushed = false
        acknowledged++
      }
    }
    expect(acknowledged).toBe(25)
  })
  test.skipIf(!mounts)('a full disk is said, what was acknowledged is there, and nothing is marked without its entry', async () => {
    const home = folder()
    mkdirSync(join(home, 'small'))
    const resize = disk(join(home, 'small'), '250k')
    const ledger = await openLedger(join(home, 'small/l.db'))
    let count = 0
    const full = async (): Promise<void> => { for (;; count++) await ledger.append(draft(count, { reason: 'x'.repeat(500) })) }
    await expect(full()).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('the disk is full') })
    const to = join(home, 'out.png')
    await expect(createCountermark({ provider: { name: 'Example-Lab' }, ledger }).mark(png, { to, metadataOnly: true })).rejects.toMatchObject({ code: 'ERR_IO' })
    expect(readdirSync(home)).toEqual(['small'])
    expect(await ledger.check()).toMatchObject({ ok: true, entries: count + 1 })
    resize('4m')
    await ledger.append(draft(count))
    expect(await ledger.check()).toMatchObject({ ok: true, entries: count + 2 })
    ledger.close()
  })
  test('several processes write to one ledger', async () => {
    const home = folder()
    const path = join(home, 'ledger.db')
    const names = ['a', 'b', 'c', 'd']
    const outputs = await Promise.all(names.map((name) => run(process.execPath, [WRITER, path, '60', name])))
    const numbers = outputs.flatMap(({ stdout }) => [...stdout.matchAll(/^ack (\d+)/gm)].map(([, number]) => Number(number)))
    expect(new Set(numbers).size).toBe(240)
    const ledger = await openLedger(path)
    onTestFinished(() => ledger.close())
    expect(await ledger.check()).toMatchObject({ ok: true, entries: 241 })
  })
})

describe('marking', () => {
  const provider = { name: 'Example-Lab' }
  test('enters what was done, without content', async () => {
    const { ledger, home } = await ledgerOf()
    const { key, open } = pem()
    const countermark = createCountermark({ provider, ledger })
    writeFileSync(join(home, 'prompt-secret.png'), png)
    const made = await countermark.mark(join(home, 'prompt-secret.png'), { to: join(home, 'out.png'), label: false, waiver: 'A-1', recipient: 'u-7', sign: { key, certificate: open } })
    const [{ entry, hash }] = ledger.find({ produceId: made.produceId }) as unknown as [{ entry: any; hash: string }]
    expect(made.entry).toEqual({ number: entry.number, hash })
    expect(entry).toMatchObject({
      kind: 'mark', status: 'done', label: '1', contentProducer: 'Example-Lab', type: 'image/png', policy: 'cn', key: 'public', signed: true, c2pa: false, verdict: made.verdict,
      watermark: { embedded: true, bits: 64 }, explicit: { drawn: false }, waiver: { reference: 'A-1' }, recipient: 'u-7', findings: [{ rule: 'S1', severity: 'info' }, { rule: 'L1', severity: 'info' }],
      source: { sha256: sha256(png), bytes: png.length }, output: { sha256: sha256(readFileSync(join(home, 'out.png'))) },
    })
    expect(entry.payload.startsWith(made.payload)).toBe(true)
    expect(entry.payload.length).toBe(32)
    expect(entry.retainUntil > new Date(Date.now() + 181 * 86400e3).toISOString()).toBe(true)
    expect(readFileSync(ledger.path).includes('prompt-secret')).toBe(false)
    const policy = [...ledger.entries()].find((one) => one.entry.kind === 'policy')!
    expect([policy.entry.policyHash, (policy.entry.document as { name: string }).name]).toEqual([entry.policyHash, 'cn'])
    await countermark.mark(png, {})
    expect([...ledger.entries()].map((one) => one.entry.kind)).toEqual(['open', 'policy', 'mark', 'mark'])
  })
  test('no entry, no output; no output, no standing entry', async () => {
    const { ledger, home } = await ledgerOf()
    const to = join(home, 'out.png')
    const failing = { path: 'x', append: () => Promise.reject(new Error('the disk is gone')) }
    const countermark = createCountermark({ provider })
    await expect(countermark.mark(png, { to, ledger: failing })).rejects.toThrow('the disk is gone')
    await expect(countermark.mark(png, { ledger: failing })).rejects.toThrow('the disk is gone')
    expect(readdirSync(home).filter((name) => name.includes('.png'))).toEqual([])
    // A folder of that name: the rename fails after the entry.
    mkdirSync(to)
    writeFileSync(join(to, 'file'), '')
    await expect(countermark.mark(png, { to, ledger, produceId: 'c-1' })).rejects.toMatchObject({ code: 'ERR_IO' })
    expect(ledger.find({ produceId: 'c-1' }).map(({ entry }) => [entry.kind, entry.reason])).toEqual([['mark', undefined], ['void', 'ERR_IO']])
    expect(readdirSync(home).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
  test.each([['film.mp4', film], ['sound.wav', sound]] as const)('a file that is handled on disk: %s', async (name, make) => {
    const { ledger, home } = await ledgerOf()
    writeFileSync(join(home, name), make())
    const to = join(home, `out-${name}`)
    const countermark = createCountermark({ provider, metadataOnly: true })
    await expect(countermark.mark(join(home, name), { to, ledger: { path: 'x', append: () => Promise.reject(new Error('the disk is gone')) } })).rejects.toThrow('the disk is gone')
    expect(readdirSync(home).filter((one) => one.includes('out-') || one.endsWith('.tmp'))).toEqual([])
    const { produceId, entry } = await countermark.mark(join(home, name), { to, ledger })
    const [{ entry: line }] = ledger.find({ produceId }) as unknown as [{ entry: any }]
    expect([line.number, line.source, line.output.sha256]).toEqual([entry!.number, { sha256: sha256(make()), bytes: make().length }, sha256(readFileSync(to))])
    expect(readdirSync(home).filter((one) => one.endsWith('.tmp'))).toEqual([])
  })
  test('texts, and the platform\'s step', async () => {
    const { ledger, home } = await ledgerOf()
    const countermark = createCountermark({ provider, ledger })
    writeFileSync(join(home, 'a.txt'), 'Ein Text.\n')
    const made = await countermark.mark(join(home, 'a.txt'), { to: join(home, 'b.txt') })
    const [{ entry }] = ledger.find({ produceId: made.produceId }) as unknown as [{ entry: any }]
    expect(entry.sidecar.sha256).toBe(sha256(readFileSync(made.sidecar!)))
    const marked = await countermark.mark(png, { produceId: 'c-9' })
    const passed = await countermark.propagate(marked.output, { propagator: { name: 'Example-Platform' }, propagateId: 'p-1' })
    expect(ledger.find({ produceId: 'c-9' }).map((one) => [one.entry.kind, one.entry.contentPropagator, one.entry.propagateId])).toEqual([['mark', 'Example-Lab', 'c-9'], ['propagate', 'Example-Platform', 'p-1']])
    expect(passed.entry!.number).toBe(5)
    expect(createHash('sha256').update(passed.output).digest('hex')).toBe(ledger.find({ produceId: 'c-9' })[1]!.entry.output!.sha256)
  })
})

test('a body that is no entry any more, and heads that are gone, are told', async () => {
  const { ledger, path } = await ledgerOf(5)
  forge(path, "UPDATE entries SET body = 'x' WHERE number = 3")
  expect(what((await ledger.check()).problems)).toContain('edited 3')
  expect([...ledger.entries()].map(({ entry }) => `${entry.number} ${entry.kind}`)).toContain('3 unreadable')
  forge(path, 'DROP TABLE heads')
  expect(ledger.heads()).toEqual([])
  expect(what((await ledger.check()).problems)).toContain('head 0')
})
