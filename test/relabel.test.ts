// Relabelling folders: every file once, whole or not at all, through any interruption.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openLedger, relabel, relabelItem, verify, type Ledger, type RelabelLine, type RelabelOptions } from '../src/index.js'
import { openDatabase } from '../src/ledger/database.js'
import { memoryOf, Slots } from '../src/relabel/slots.js'
import { countermark, folder, lines } from './support/command.js'
import { disk, mounts } from './support/disk.js'
import { photograph } from './support/pictures.js'

const MAIN = resolve('dist/cli/main.js')
const provider = { name: 'Example-Lab' }
const PROVIDER = ['--provider-name', 'Example-Lab']

let png: Buffer
let small: Buffer
beforeAll(async () => {
  png = await photograph('png')
  small = await sharp(png).resize(64, 64).png().toBuffer()
})

/** A folder of everything: kinds, depths, what cannot be marked, what is no file. */
async function mixed(): Promise<{ home: string; source: string; target: string }> {
  const home = folder()
  const [source, target] = [join(home, 'src'), join(home, 'dst')]
  mkdirSync(join(source, 'a/b c/深'), { recursive: true })
  mkdirSync(join(source, 'empty'))
  writeFileSync(join(source, 'a/one.png'), png)
  writeFileSync(join(source, 'a/b c/深/two.jpg'), await sharp(png).jpeg().toBuffer())
  writeFileSync(join(source, 'a/text.txt'), 'A text.\n')
  writeFileSync(join(source, 'page.html'), '<!doctype html><html><head><title>x</title></head><body>x</body></html>')
  writeFileSync(join(source, 'unknown.bin'), Buffer.alloc(2000, 7))
  writeFileSync(join(source, 'cut.png'), png.subarray(0, 3000))
  symlinkSync('a/one.png', join(source, 'link.png'))
  symlinkSync('a', join(source, 'round'))
  execFileSync('mkfifo', [join(source, 'pipe')])
  utimesSync(join(source, 'a/one.png'), 1_000_000_000, 1_000_000_000)
  chmodSync(join(source, 'a/one.png'), 0o640)
  return { home, source, target }
}

const report = (path: string): RelabelLine[] => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as RelabelLine)
const files = (root: string): string[] => readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(root, name)).isFile() && !/(^|\/)\.countermark-/.test(name)).sort()
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

async function opened(path: string): Promise<Ledger> {
  const ledger = await openLedger(path)
  onTestFinished(() => ledger.close())
  return ledger
}

describe('a folder', () => {
  test('is marked with names, tree, times and modes; every file ends in the report once', async () => {
    const { home, source, target } = await mixed()
    const ledger = await opened(join(home, 'l.db'))
    const seen: RelabelLine[] = []
    const result = await relabel(source, target, { provider, ledger, report: join(home, 'r.jsonl'), progress: ({ line }) => line && seen.push(line) })
    expect(result).toMatchObject({ complete: true, files: 9, done: 4, kept: 0, skipped: 4, failed: 1, before: 0 })
    expect(files(target)).toEqual(['a/b c/深/two.jpg', 'a/one.png', 'a/text.txt', 'a/text.txt.aigc.json', 'page.html'])
    expect(existsSync(join(target, 'empty'))).toBe(true)
    const facts = statSync(join(target, 'a/one.png'))
    expect([facts.mtimeMs, facts.mode & 0o777]).toEqual([1_000_000_000_000, 0o640])
    expect(await verify(join(target, 'a/one.png'))).toMatchObject({ verdict: 'compliant', state: 'confirmed' })
    const all = report(join(home, 'r.jsonl'))
    expect(all.map(({ file, status, code }) => [file.slice(source.length + 1), status, code]).sort()).toEqual([
      ['a/b c/深/two.jpg', 'done', undefined], ['a/one.png', 'done', undefined], ['a/text.txt', 'done', undefined], ['cut.png', 'failed', 'ERR_BROKEN'], ['link.png', 'skipped', undefined],
      ['page.html', 'done', undefined], ['pipe', 'skipped', undefined], ['round', 'skipped', undefined], ['unknown.bin', 'skipped', 'ERR_UNSUPPORTED'],
    ])
    expect(all.every(({ status, reason }) => (status === 'skipped' || status === 'failed') === (reason !== undefined))).toBe(true)
    expect(new Set(seen.map(({ file }) => file)).size).toBe(9)
    const one = all.find(({ file }) => file.endsWith('one.png'))!
    expect(ledger.find({ produceId: one.produceId! })[0]!.entry.output!.sha256).toBe(sha256(one.output!))
    expect([...ledger.entries()].filter(({ entry }) => entry.kind === 'mark').length).toBe(4)
    const html = readFileSync(join(home, 'r.html'), 'utf8')
    expect(html).toContain('cut.png')
    expect(html).not.toContain('<script')
  })
  test('again: nothing is done twice, new and changed files are, labels that were there are kept', async () => {
    const { home, source, target } = await mixed()
    const ledger = await opened(join(home, 'l.db'))
    const options: RelabelOptions = { provider, ledger, resume: true }
    await relabel(source, target, { ...options, resume: false })
    await expect(relabel(source, target, { ...options, resume: false })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    const before = sha256(join(target, 'a/one.png'))
    expect(await relabel(source, target, options)).toMatchObject({ files: 9, done: 4, failed: 1, before: 5 })
    writeFileSync(join(source, 'new.png'), readFileSync(join(target, 'a/one.png')))
    writeFileSync(join(source, 'page.html'), '<!doctype html><html><head><title>y</title></head><body>y, changed</body></html>')
    rmSync(join(target, 'a/b c/深/two.jpg'))
    expect(await relabel(source, target, options)).toMatchObject({ files: 10, done: 4, kept: 1, failed: 1, before: 3 })
    expect(files(target).length).toBe(6)
    expect([sha256(join(target, 'a/one.png')), sha256(join(target, 'new.png'))]).toEqual([before, before])
    expect(readFileSync(join(target, 'page.html'), 'utf8')).toContain('changed')
    // An output that somebody altered is made again, with its content number; one that only has another time is left.
    const page = readFileSync(join(target, 'page.html'))
    writeFileSync(join(target, 'page.html'), 'altered')
    // Times are compared to two seconds, and a quick machine is through in less.
    utimesSync(join(target, 'page.html'), 6, 6)
    utimesSync(join(target, 'a/one.png'), 5, 5)
    expect(await relabel(source, target, options)).toMatchObject({ files: 10, done: 4, kept: 1, failed: 1, before: 5 })
    expect([readFileSync(join(target, 'page.html')).equals(page), statSync(join(target, 'a/one.png')).mtimeMs]).toEqual([true, 5000])
    // Another job is not mixed in.
    await expect(relabel(source, target, { ...options, provider: { name: 'Other-Lab' } })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
    expect((await ledger.check()).ok).toBe(true)
  })
  test('the report says why a file is not compliant, what was warned of, and what to do', async () => {
    const home = folder()
    const source = join(home, 'src')
    mkdirSync(source)
    writeFileSync(join(source, 'a.png'), png)
    writeFileSync(join(source, 'b.bin'), Buffer.alloc(2000, 7))
    const run = async (name: string, options: RelabelOptions): Promise<[RelabelLine[], string]> => {
      await relabel(source, join(home, name), { ...options, report: join(home, `${name}.jsonl`) })
      return [report(join(home, `${name}.jsonl`)), readFileSync(join(home, `${name}.html`), 'utf8')]
    }
    const [eu, euPage] = await run('eu', { provider, policy: 'eu' })
    expect(eu).toMatchObject([{ verdict: 'non-compliant' }, { status: 'skipped', code: 'ERR_UNSUPPORTED', remedy: expect.stringContaining('Convert it to one of those') }])
    expect(eu[0]!.findings).toContainEqual(expect.objectContaining({ rule: 'C1', severity: 'error', message: 'There is no C2PA manifest; this policy asks for signed metadata.', remedy: expect.any(String) }))
    for (const text of ['Not compliant, cannot tell, or with a warning', 'C1 (error)', 'this policy asks for signed metadata', 'Convert it to one of those']) expect(euPage).toContain(text)
    const [cn, cnPage] = await run('cn', { provider: { name: 'Example Lab' } })
    expect(cn[0]).toMatchObject({ verdict: 'compliant', findings: expect.arrayContaining([expect.objectContaining({ rule: 'M7', severity: 'warning' })]) })
    expect(cnPage).toContain('M7 (warning)')
    const [clean, cleanPage] = await run('clean', { provider })
    expect('findings' in clean[0]!).toBe(false)
    expect(cleanPage).not.toContain('Not compliant, cannot tell')
    expect(await relabelItem(png, { provider, policy: 'eu', as: 'bytes' })).toMatchObject({ findings: eu[0]!.findings!.map(({ rule }) => ({ rule })) })
  })
  test('a trial run tells the same and writes nothing', async () => {
    const { home, source, target } = await mixed()
    const ledger = await opened(join(home, 'l.db'))
    expect(await relabel(source, target, { provider, ledger, dryRun: true, report: join(home, 'r.jsonl') })).toMatchObject({ files: 9, done: 4, skipped: 4, failed: 1 })
    expect(existsSync(target)).toBe(false)
    expect([...ledger.entries()].length).toBe(1)
    expect(report(join(home, 'r.jsonl')).length).toBe(9)
  })
})

describe('what cannot go well is said before', () => {
  test.each<[string, (home: string) => [string, string], string]>([
    ['the same folder', (home) => [join(home, 'src'), join(home, 'src')], 'ERR_USAGE'],
    ['the same folder by a link', (home) => [join(home, 'src'), join(home, 'alias')], 'ERR_USAGE'],
    ['a target in the source', (home) => [join(home, 'src'), join(home, 'src/a/out')], 'ERR_USAGE'],
    ['a source in the target', (home) => [join(home, 'src'), home], 'ERR_USAGE'],
    ['a source that is a file', (home) => [join(home, 'src/page.html'), join(home, 'dst')], 'ERR_USAGE'],
    ['a source that is not there', (home) => [join(home, 'none'), join(home, 'dst')], 'ERR_IO'],
    ['a target that is a file', (home) => [join(home, 'src'), join(home, 'file')], 'ERR_USAGE'],
  ])('%s', async (_, paths, code) => {
    const { home } = await mixed()
    symlinkSync('src', join(home, 'alias'))
    writeFileSync(join(home, 'file'), '')
    const before = files(join(home, 'src'))
    const [source, target] = paths(home)
    await expect(relabel(source, target, { provider })).rejects.toMatchObject({ code })
    expect(files(join(home, 'src'))).toEqual(before)
  })
  test('options of one file, none of a provider, and a report among the sources', async () => {
    const { source, target } = await mixed()
    const run = (more: object) => relabel(source, target, { provider, ...more })
    await expect(run({ produceId: 'c-1' })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(run({ provider: {} })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(run({ concurrency: 0 })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(run({ report: join(source, 'r.jsonl') })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(existsSync(target)).toBe(false)
  })
  test('a file in the target that is of nobody is not overwritten, and two processes do not share a target', async () => {
    const { source, target } = await mixed()
    await relabel(source, target, { provider })
    writeFileSync(join(target, 'late.png'), 'mine')
    writeFileSync(join(source, 'late.png'), png)
    expect((await relabel(source, target, { provider, resume: true })).failed).toBe(2)
    expect(readFileSync(join(target, 'late.png'), 'utf8')).toBe('mine')
    const held = openDatabase(join(target, '.countermark-relabel.lock'))
    held.exec('BEGIN EXCLUSIVE')
    const second = await countermark(['relabel', source, target, ...PROVIDER, '--resume'])
    held.close()
    expect([second.code, second.stderr]).toEqual([3, expect.stringContaining('ERR_CONFLICT')])
    expect((await relabel(source, target, { provider, resume: true })).before).toBe(5)
  })
})

test.skipIf(!mounts)('no disk left: the job ends with ERR_IO, and goes on when there is room', async () => {
  const { home, source, target } = await mixed()
  mkdirSync(target)
  const resize = disk(target, '1200k')
  for (let at = 0; at < 4; at++) writeFileSync(join(source, `more-${at}.png`), png)
  await expect(relabel(source, target, { provider, ledger: join(home, 'l.db') })).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringMatching(/disk is full|no space/i) })
  for (const name of files(target).filter((one) => one.endsWith('.png'))) expect((await verify(join(target, name))).verdict).toBe('compliant')
  resize('64m')
  expect(await relabel(source, target, { provider, ledger: join(home, 'l.db'), resume: true })).toMatchObject({ files: 13, done: 8, failed: 1 })
  const ledger = await opened(join(home, 'l.db'))
  const standing = standingOf(ledger)
  for (const name of files(target).filter((one) => !one.endsWith('.aigc.json'))) expect(standing.get(sha256(join(target, name)))).toBe(1)
})

/** How many standing entries each output has. */
function standingOf(ledger: Ledger): Map<string, number> {
  const back = new Set([...ledger.entries()].map(({ entry }) => entry.of))
  const counts = new Map<string, number>()
  for (const { entry } of ledger.entries()) if (entry.kind === 'mark' && !back.has(entry.number)) counts.set(entry.output!.sha256, (counts.get(entry.output!.sha256) ?? 0) + 1)
  return counts
}

test('folders of work that a kill left are removed at the next start, and no others', async () => {
  const home = folder()
  const [tmp, source] = [join(home, 'tmp'), join(home, 'src')]
  for (const made of [tmp, source]) mkdirSync(made)
  const script = `const { temporaryFolder } = await import(${JSON.stringify(resolve('dist/media/temporary.js'))}); const made = await temporaryFolder(); (await import('node:fs')).writeFileSync(made + '/source', 'x'); process.kill(process.pid, 'SIGKILL')`
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: tmp }
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', script], { env }).signal).toBe('SIGKILL')
  const [left] = readdirSync(tmp)
  const [, pid, place] = /^countermark-(\d+)-([0-9a-f]{8})-\w{6}$/.exec(left!)!
  // Of a process that runs, of another machine, and of somebody else's making.
  const others = [`countermark-${process.pid}-${place}-aaaaaa`, `countermark-${pid}-00000000-aaaaaa`, 'countermark-aaaaaa']
  for (const name of others) mkdirSync(join(tmp, name))
  expect((await countermark(['relabel', source, join(home, 'dst'), ...PROVIDER], { env })).code).toBe(0)
  expect(readdirSync(tmp).sort()).toEqual([...others].sort())
})

test('kill -9 at random points over 2,000 files: nothing is lost, nothing is done twice, nothing is half', async () => {
  const home = folder()
  const [source, target, book] = [join(home, 'src'), join(home, 'dst'), join(home, 'l.db')]
  for (let at = 0; at < 2000; at++) {
    const sub = join(source, `d${at % 40}`)
    mkdirSync(sub, { recursive: true })
    if (at % 4 === 0) writeFileSync(join(sub, `${at}.png`), Buffer.concat([small]))
    else writeFileSync(join(sub, `${at}.${at % 4 === 1 ? 'md' : 'txt'}`), `Text ${at}.\n`)
  }
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  writeFileSync(join(home, 'key.pem'), key)
  const args = ['relabel', source, target, ...PROVIDER, '--metadata-only', '--ledger', book, '--report', join(home, 'r.jsonl'), '--resume', '--sign-key', join(home, 'key.pem'), '--concurrency', '4', '--quiet']
  let [kills, finished] = [0, false]
  while (!finished) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore', env: { ...process.env, XDG_CONFIG_HOME: '/nonexistent' } })
    const timer = setTimeout(() => child.kill('SIGKILL'), kills < 8 ? 350 + Math.random() * 1500 : 600_000)
    finished = await new Promise<boolean>((done) => child.on('close', (code) => done(code === 0)))
    clearTimeout(timer)
    if (finished) break
    kills++
    expect(kills).toBeLessThan(12)
    if (!existsSync(book) || !existsSync(target)) continue
    // Whatever has its name is whole, and has its entry; what it says can be read.
    const ledger = await openLedger(book)
    const standing = standingOf(ledger)
    ledger.close()
    const there = files(target).filter((name) => !name.endsWith('.aigc.json'))
    for (const name of there) expect([name, standing.get(sha256(join(target, name))) ?? 0]).toEqual([name, expect.any(Number)])
    expect(there.filter((name) => !standing.has(sha256(join(target, name))))).toEqual([])
  }
  expect(kills).toBeGreaterThan(2)
  const all = report(join(home, 'r.jsonl'))
  expect([all.length, new Set(all.map(({ file }) => file)).size, all.filter(({ status }) => status === 'done').length]).toEqual([2000, 2000, 2000])
  const ledger = await opened(book)
  const back = new Set([...ledger.entries()].map(({ entry }) => entry.of))
  const marks = [...ledger.entries()].map(({ entry }) => entry).filter(({ kind, number }) => kind === 'mark' && !back.has(number))
  expect([marks.length, new Set(marks.map(({ task }) => task)).size, new Set(marks.map(({ produceId }) => produceId)).size]).toEqual([2000, 2000, 2000])
  expect((await ledger.check()).ok).toBe(true)
  const outputs = new Map(marks.map(({ produceId, output }) => [produceId, output!.sha256]))
  for (const { produceId, output } of all) expect(outputs.get(produceId)).toBe(sha256(output!))
  expect(readdirSync(target, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp|\.beside/.test(name))).toEqual([])
  // Every text has the file beside it that holds its label.
  expect(files(target).filter((name) => name.endsWith('.txt.aigc.json')).length).toBe(1000)
}, 900_000)

test('Ctrl-C ends it in order, and the command goes on', async () => {
  const home = folder()
  const [source, target] = [join(home, 'src'), join(home, 'dst')]
  mkdirSync(source)
  for (let at = 0; at < 40; at++) writeFileSync(join(source, `${at}.png`), png)
  const child = spawn(process.execPath, [MAIN, 'relabel', source, target, ...PROVIDER, '--report', join(home, 'r.jsonl')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const started = (async () => { while (!existsSync(target) || files(target).length < 2) await new Promise((done) => setTimeout(done, 20)) })()
  await started
  child.kill('SIGINT')
  const code = await new Promise((done) => child.on('close', done))
  expect([code, said]).toEqual([3, expect.stringContaining('--resume goes on')])
  expect(report(join(home, 'r.jsonl')).filter(({ status }) => status === 'failed')).toEqual([])
  const again = await countermark(['relabel', source, target, ...PROVIDER, '--resume', '--json'], { seconds: 120 })
  expect(again.code).toBe(0)
  expect(lines(again).length).toBeLessThan(40)
  expect(files(target).length).toBe(40)
}, 300_000)

test('the command: exit codes, Chinese, JSON', async () => {
  const { home, source, target } = await mixed()
  const run = await countermark(['relabel', source, target, ...PROVIDER, '--json', '--lang', 'zh'])
  expect(run.code).toBe(3)
  expect(lines(run).length).toBe(9)
  expect(run.stderr).toContain('共 9 个文件：完成 4（其中 0 个不合规），')
  expect((await countermark(['relabel', source, source, ...PROVIDER])).code).toBe(2)
  expect((await countermark(['relabel', source, target, ...PROVIDER])).code).toBe(2)
  expect((await countermark(['relabel', source, join(home, 'x'), ...PROVIDER, '--concurrency', 'many'])).code).toBe(2)
  mkdirSync(join(home, 'good'))
  renameSync(join(source, 'a/one.png'), join(home, 'good/one.png'))
  expect((await countermark(['relabel', join(home, 'good'), join(home, 'out'), ...PROVIDER])).code).toBe(0)
  const under = await countermark(['relabel', join(home, 'good'), join(home, 'eu'), ...PROVIDER, '--policy', 'eu'])
  expect([under.code, under.stdout]).toEqual([1, expect.stringContaining('1 done (1 of them not compliant)')])
})

test('memory bounds what is in work', async () => {
  const slots = new Slots(3, 100)
  const frees = [await slots.take(40), await slots.take(60)]
  const order: string[] = []
  const third = slots.take(500).then((free) => { order.push('large'); return free })
  const fourth = slots.take(1).then((free) => { order.push('small'); return free })
  await Promise.resolve()
  expect(order).toEqual([])
  frees[0]!()
  frees[0]!()
  await new Promise((done) => setImmediate(done))
  expect(order).toEqual([])
  frees[1]!()
  ;(await third)()
  ;(await fourth)()
  expect(order).toEqual(['large', 'small'])
  expect(memoryOf('a.JPG', 1 << 20)).toBeGreaterThan(memoryOf('a.mp4', 1 << 30) / 4)
})
