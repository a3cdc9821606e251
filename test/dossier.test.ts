// What an inspector gets, and the commands of the ledger.
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCountermark, dossier, openLedger, type Ledger } from '../src/index.js'
import { chinese } from '../src/chinese/chinese.js'
import { openDatabase } from '../src/ledger/database.js'
import { countermark as command, folder, lines } from './support/command.js'
import { photograph } from './support/pictures.js'
import { program } from './support/programs.js'

const run = promisify(execFile)
const keys = (kind: 'ed25519' | 'ec' = 'ed25519') => {
  const pair = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return { key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, open: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string }
}

async function marked(): Promise<{ home: string; path: string; ledger: Ledger }> {
  const home = folder()
  const path = join(home, 'l.db')
  const ledger = await openLedger(path)
  onTestFinished(() => ledger.close())
  const countermark = createCountermark({ provider: { name: 'Example-Lab' }, ledger, metadataOnly: true })
  const png = await photograph('png')
  await countermark.mark(png, { produceId: 'c-1' })
  await countermark.mark(png, { produceId: '=1+1', label: false, waiver: '<b>A&1</b>', recipient: '@u,"7"' })
  await countermark.mark(png, { produceId: 'c-3', policy: 'eu' })
  return { home, path, ledger }
}

const check = (home: string) => run('python3', [join(home, 'check.py')]).then(({ stdout }) => ({ code: 0, stdout }), (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }))
const forge = (path: string, sql: string): void => {
  const database = openDatabase(path)
  database.exec(`DROP TRIGGER IF EXISTS entries_never_change; ${sql}`)
  database.close()
}

describe('a dossier', () => {
  test('of one content number proves it without the others', async () => {
    const { home, ledger } = await marked()
    const { key } = keys('ec')
    const out = join(home, 'd')
    const made = await dossier(ledger, out, { produceId: 'c-1', sign: { key } })
    expect(made).toMatchObject({ ok: true, entries: 1, heads: { valid: 1, upTo: 6 } })
    expect(readdirSync(out).sort()).toEqual([...made.files].sort())
    const all = readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8')).join('\n')
    expect(all).toContain('c-1')
    expect(all).not.toContain('c-3')
    expect(all).not.toContain('A&1')
    const seen = await check(out)
    expect([seen.code, seen.stdout]).toEqual([0, expect.stringContaining(program('openssl') ? 'sound, covered by signatures up to entry 6' : 'no signature was checked')])
    const [entry] = JSON.parse(readFileSync(join(out, 'entries.json'), 'utf8'))
    expect(entry).toMatchObject({ produceId: 'c-1', policy: 'cn', version: expect.stringMatching(/^\d/), hash: ledger.find({ produceId: 'c-1' })[0]!.hash })
    expect(JSON.parse(readFileSync(join(out, 'policies.json'), 'utf8'))).toMatchObject([{ policy: 'cn', policyHash: entry.policyHash, document: { name: 'cn' } }])
    await expect(dossier(ledger, out, { produceId: 'c-1' })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
  test('of a period, after a deletion; in HTML and CSV nothing is taken for markup or a formula', async () => {
    const { home, ledger } = await marked()
    const { key, open } = keys()
    await ledger.prune({ before: new Date(), sign: { key }, early: true })
    const out = join(home, 'd')
    const made = await dossier(ledger, out, { from: new Date(Date.now() - 86400e3), to: new Date(Date.now() + 1000), sign: { key }, trust: [open] })
    expect(made).toMatchObject({ ok: true, entries: 3 })
    const html = readFileSync(join(out, 'dossier.html'), 'utf8')
    expect(html).toContain('&#60;b&#62;A&#38;1&#60;/b&#62;')
    expect(html).not.toContain('<b>A')
    const csv = readFileSync(join(out, 'entries.csv'), 'utf8').split('\r\n')
    expect(csv.length).toBe(5)
    expect(csv[1]).toContain(',\'=1+1,')
    expect(csv[1]).toContain(`,"'@u,""7""",`)
    expect((await check(out)).code).toBe(0)
    await expect(dossier(ledger, join(home, 'e'), { from: new Date(), to: new Date(0) })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    const day = new Date('2026-12-01')
    await expect(dossier(ledger, join(home, 'f'), { from: day, to: day })).rejects.toMatchObject({ code: 'ERR_PARAMETER', message: expect.stringContaining('not included'), remedy: expect.stringContaining('day after') })
  })
  test('of a ledger that was altered says so, and the script sees a dossier that was', async () => {
    const { home, path, ledger } = await marked()
    const { key } = keys()
    await ledger.sign({ key })
    const out = join(home, 'd')
    await dossier(ledger, out, { produceId: 'c-1' })
    for (const [file, from, to] of [['entries.jsonl', 'compliant', 'complaint'], ['chain.txt', /^2 ./m, '2 0'], ['heads.json', /"number": 6/, '"number": 5'], ['heads.json', /"signature": "../, '"signature": "00']] as const) {
      const before = readFileSync(join(out, file), 'utf8')
      writeFileSync(join(out, file), before.replace(from, to))
      if (before.replace(from, to) !== before && (program('openssl') || file !== 'heads.json')) expect([file, (await check(out)).code]).toEqual([file, 1])
      writeFileSync(join(out, file), before)
    }
    expect((await check(out)).code).toBe(0)
    forge(path, "UPDATE entries SET body = replace(body, 'c-3', 'c-4') WHERE produce_id = 'c-3'")
    const made = await dossier(ledger, join(home, 'e'), { produceId: 'c-1' })
    expect(made.ok).toBe(false)
    expect(readFileSync(join(home, 'e/dossier.html'), 'utf8')).toContain('THE LEDGER WAS ALTERED')
    expect((await check(join(home, 'e'))).code).toBe(1)
    forge(path, "UPDATE entries SET body = 'x' WHERE produce_id = 'c-3'")
    expect((await dossier(ledger, join(home, 'f'), { from: new Date(0), to: new Date('2100-01-01') })).ok).toBe(false)
    expect(readFileSync(join(home, 'f/entries.csv'), 'utf8')).toContain('unreadable')
  })
})

test('what the ledger, jobs, dossiers and the server say on the command line is known in Chinese', () => {
  const names = ['ledger', 'relabel', 'dossier'].flatMap((room) => readdirSync(`src/${room}`).map((name) => `src/${room}/${name}`)).concat('src/serve/serve.ts', 'src/cli/ledger.ts')
  const sources = names.map((name) => readFileSync(name, 'utf8')).join('\n')
  const said = [...sources.matchAll(/(?:remedy: |reason: (?:facts\.isSymbolicLink\(\) \? )?|CountermarkError\('ERR_\w+', |(?:say|fault)\('\w+', [\w.]+, (?:[^?`']*\? )?|isSymbolicLink\(\) \? '[^']*' : )('(?:[^'\\]|\\.)*'|`[^`]*`)/g)].map(([, text]) =>
    text!.slice(1, -1).replaceAll("\\'", "'").replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'X').replace(/[\w.]+(?:: \w+)? \((--[a-z][^)]*)\)/g, '$1'))
  expect(said.length).toBeGreaterThan(60)
  // What only callers over HTTP are told stays English.
  const http = /^(This server marks for one|The address of the request|GET \/openapi|Give produce-id or payload)/
  expect([...new Set(said)].filter((text) => / /.test(text) && chinese(text) === text && !http.test(text) && !/^X: X\.$/.test(text))).toEqual([])
})

describe('the commands', () => {
  test('mark, check, head, find, prune, dossier', async () => {
    const home = folder()
    const { key, open } = keys()
    const at = (name: string) => join(home, name)
    writeFileSync(at('key.pem'), key)
    writeFileSync(at('open.pem'), open)
    writeFileSync(at('a.png'), await photograph('png'))
    const book = ['--ledger', at('l.db')]
    const mark = await command(['mark', at('a.png'), '-o', at('b.png'), '--provider-name', 'Example-Lab', '--produce-id', 'c-1', '--metadata-only', '--json', ...book, '--sign-key', at('key.pem')])
    expect(lines(mark)[0]).toMatchObject({ entry: { number: 3 } })
    const sound = await command(['ledger', 'check', '--trust', at('open.pem'), '--json'], { env: { COUNTERMARK_LEDGER: at('l.db') } })
    expect([sound.code, lines(sound)[0]]).toEqual([0, expect.objectContaining({ ok: true, entries: 3, heads: { valid: 1, upTo: 3 } })])
    const head = await command(['ledger', 'head', ...book, '--sign-key', at('key.pem')])
    writeFileSync(at('head.json'), head.stdout)
    expect((await command(['ledger', 'check', ...book, '--head', at('head.json')])).stdout).toContain('nothing was altered')
    const found = await command(['ledger', 'find', ...book, '--payload', (lines(mark)[0]!['payload'] as string).slice(0, 10), '--json'])
    expect([found.code, lines(found).map((one) => one['produceId'])]).toEqual([0, ['c-1']])
    expect((await command(['ledger', 'find', ...book, '--produce-id', 'none'])).code).toBe(1)
    const made = await command(['dossier', ...book, '--produce-id', 'c-1', '-o', at('d')])
    expect([made.code, made.stdout]).toEqual([0, `${at('d')}: 1 entries; the ledger was not altered.\n`])
    expect((await command(['dossier', ...book, '--produce-id', 'none', '-o', at('e')])).code).toBe(1)
    const prune = (...flags: string[]) => command(['ledger', 'prune', ...book, '--sign-key', at('key.pem'), ...flags])
    const future = await prune('--before', '2999-01-01', '--early')
    expect([future.code, future.stderr]).toEqual([2, expect.stringContaining('in the future')])
    const now = new Date().toISOString()
    expect((await prune('--before', now)).stderr).toContain('or --early where these')
    expect((await prune('--before', now, '--early')).stdout).toBe('1 entries were deleted.\n')
    const gone = await command(['dossier', ...book, '--produce-id', 'c-1', '-o', at('f')])
    expect([gone.code, gone.stdout]).toEqual([1, expect.stringContaining('1 entries of the ledger were deleted; what is asked for may have been among them.')])
    expect(readFileSync(at('f/dossier.html'), 'utf8')).toContain('台账曾删除 1 条记录')
    expect((await command(['ledger', 'check', ...book, '--head', at('head.json')])).code).toBe(0)
    forge(at('l.db'), "UPDATE entries SET body = replace(body, 'cn', 'eu') WHERE number = 2")
    const altered = await command(['ledger', 'check', ...book, '--lang', 'zh'])
    expect([altered.code, altered.stdout]).toEqual([1, expect.stringContaining('已被改动')])
    expect(altered.stdout.replaceAll(home, '')).not.toMatch(/[a-z]+ [a-z]+ [a-z]+ [a-z]+/)
  })
  test('usage', async () => {
    const home = folder()
    mkdirSync(join(home, 'x'))
    writeFileSync(join(home, 'no.db'), 'this is no database, and long enough to be seen as such'.repeat(20))
    const runs: [string[], number][] = [
      [['ledger', 'check'], 2], [['ledger', 'check', '--ledger', join(home, 'none.db')], 3], [['ledger', 'check', '--ledger', join(home, 'no.db')], 3], [['ledger', 'check', '--ledger', join(home, 'x')], 3],
      [['ledger', 'head', '--ledger', join(home, 'l.db')], 3], [['dossier', '-o', join(home, 'd')], 2], [['ledger'], 2],
    ]
    const results = await Promise.all(runs.map(([args]) => command(args)))
    expect(results.map(({ code }) => code)).toEqual(runs.map(([, code]) => code))
    for (const { stderr } of results) expect(stderr).not.toMatch(/^\s+at /m)
    const ledger = await openLedger(join(home, 'l.db'))
    ledger.close()
    for (const args of [['find'], ['find', '--produce-id', 'a', '--payload', 'abcdef01'], ['find', '--payload', 'zz'], ['head'], ['prune', '--before', 'soon', '--sign-key', join(home, 'none')]])
      expect([args, (await command(['ledger', ...args, '--ledger', join(home, 'l.db')])).code]).toEqual([args, args[0] === 'prune' ? 3 : 2])
    expect((await command(['dossier', '--ledger', join(home, 'l.db'), '--from', '2026-01-01', '-o', join(home, 'd')])).code).toBe(2)
  })
})
