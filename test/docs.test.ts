// What the documents show is run, and what they list is held to the sources.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, POLICIES, RULES, mark, ruleOf, verify } from '../src/index.js'
import { FORMATS } from '../src/policy/formats.js'
import { TRACES } from '../src/trace/traces.js'
import { chromiumPath, launch, serve } from './support/browser.js'
import { countermark, folder, lines } from './support/command.js'
import { recompressed } from './support/damage.js'
import { photograph } from './support/pictures.js'

const read = (path: string): string => readFileSync(path, 'utf8')
const DOCUMENTS = ['README.md', 'README.zh.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md', ...readdirSync('docs').filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]
const README = read('README.md')
/** Code blocks of one language. */
const blocks = (text: string, language: string): string[] => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!)

/** Runs a program away from this machine's keys and language. */
function run(program: string, args: string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CONFIG_HOME: join(cwd, 'config'), LANG: 'C' }
  return new Promise((done) => {
    execFile(program, args, { cwd, env, timeout: 120_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }))
  })
}

let jpeg: Buffer
/** Below the package, so that its own name can be imported as where it is installed. */
let inside: string
beforeAll(async () => {
  jpeg = await photograph('jpeg')
  mkdirSync('.cache', { recursive: true })
  inside = mkdtempSync(resolve('.cache', 'docs-'))
  writeFileSync(join(inside, 'photo.jpg'), jpeg)
})
afterAll(() => rmSync(inside, { recursive: true, force: true }))

describe('README', () => {
  test('the two commands are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(blocks(README, 'sh')[0]).toBe('npm run demo\nnpm test\n')
    expect([scripts['demo'], scripts['test']]).toEqual(['node scripts/demo.mjs', 'node scripts/test.mjs'])
    expect(read('scripts/demo.mjs')).toContain('examples/mark-and-verify/run.mjs')
  })
  test('the example for Node runs', async () => {
    writeFileSync(join(inside, 'example.mjs'), blocks(README, 'js')[0]!)
    expect(await run(process.execPath, ['example.mjs'], inside)).toEqual({ code: 0, stdout: 'compliant confirmed true\n', stderr: '' })
  })
  test('the example for the command line runs', async () => {
    const home = folder()
    writeFileSync(join(home, 'photo.jpg'), jpeg)
    const commands = blocks(README, 'sh')[1]!.trim().split('\n').map((line) => line.split(' '))
    expect(commands.map(([npx, name, command]) => [npx, name, command])).toEqual(['mark', 'verify', 'verify', 'verify', 'keygen', 'doctor'].map((command) => ['npx', 'countermark', command]))
    const said: string[] = []
    for (const [, , ...args] of commands) {
      const { code, stdout, stderr } = await run(process.execPath, [resolve('dist/cli/main.js'), ...args], home)
      // The copy has lost its metadata, which the policy requires.
      expect([args.join(' '), code, stderr.includes('ERR_')]).toEqual([args.join(' '), args[1] === 'copy.jpg' ? 1 : 0, false])
      said.push(stdout)
      if (args[0] === 'mark') writeFileSync(join(home, 'copy.jpg'), await recompressed(readFileSync(join(home, 'marked.jpg'))))
    }
    expect(said[2]).toContain('It carries the watermark of the content asked for')
    expect(JSON.parse(said[3]!)).toMatchObject({ verdict: 'compliant' })
  })
  test.skipIf(chromiumPath === undefined)('the example for browsers runs, under the policy that it names', async () => {
    const script = blocks(README, 'js')[1]!.replace("'countermark/browser'", "'/dist/browser.js'")
    const host = await serve({ '/': '<!doctype html><input type="file" id="file"><output id="answer"></output><script type="module" src="/page.js"></script>', '/page.js': script })
    const browser = await launch()
    try {
      const page = await browser.newPage()
      await page.goto(host.url, { waitUntil: 'networkidle' })
      const { output } = await mark(jpeg, { provider: { name: 'Example-Lab' }, key: 'public' })
      await page.setInputFiles('#file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: output })
      await page.waitForFunction(() => document.querySelector('#answer')?.textContent !== '')
      expect(await page.textContent('#answer')).toBe('compliant, confirmed')
    } finally {
      await browser.close()
      await host.close()
    }
  })
  test('the Chinese one says the same', () => {
    const chinese = read('README.zh.md')
    for (const language of ['js', 'sh']) expect(blocks(chinese, language)).toEqual(blocks(README, language))
    const form = (text: string): string[] => text.split('\n').filter((line) => /^(#|\|--|- )/.test(line)).map((line) => /^(#+|\|[-|]*|-)/.exec(line)![0])
    expect(form(chinese)).toEqual(form(README))
    const targets = (text: string): string[] => [...new Set([...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!).filter((target) => !target.startsWith('README')))].sort()
    expect(targets(chinese)).toEqual(targets(README))
  })
})

describe('the example mark-and-verify', () => {
  const example = resolve('examples/mark-and-verify/run.mjs')
  test('marks the user\'s picture and recognises its copies', async () => {
    const home = folder()
    writeFileSync(join(home, 'mine.jpg'), jpeg)
    const { code, stdout, stderr } = await run(process.execPath, [example, 'mine.jpg'], home)
    expect([code, stderr]).toEqual([0, ''])
    expect(readdirSync(join(home, 'countermark-demo')).sort()).toEqual(['cropped.jpg', 'halved.jpg', 'mine-marked.jpg', 'recompressed.jpg'])
    expect((await verify(join(home, 'countermark-demo/mine-marked.jpg'), { keys: ['public'] })).verdict).toBe('compliant')
    expect(stdout.split('\n').filter((line) => / yes$/.test(line)).length).toBe(4)
  })
  test('makes a picture where none is given', async () => {
    const home = folder()
    const { code, stdout } = await run(process.execPath, [example], home)
    expect(code).toBe(0)
    expect(stdout).toContain('one was computed: countermark-demo/sample.jpg')
    expect(stdout.split('\n').filter((line) => / yes$/.test(line)).length).toBe(4)
  })
  test('says what is wrong in a line', async () => {
    const home = folder()
    writeFileSync(join(home, 'text.jpg'), 'hello')
    for (const [file, why] of [['none.jpg', 'no such file'], ['text.jpg', 'not a file of a kind'], ['--help', 'usage']] as const) {
      const { code, stderr } = await run(process.execPath, [example, file], home)
      expect([code, stderr.includes(why), stderr.includes('    at ')], stderr).toEqual([1, true, false])
    }
  })
})

describe('lists are those of the sources', () => {
  const sources = (folder: string, ending: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending)).map((name) => read(join(folder, name)))

  test('every rule that the sources name is in the table of rules', () => {
    const code = [...sources('src', '.ts'), ...sources('core/src/metadata', '.rs')].join('\n')
    const named = new Set([...code.matchAll(/(?:rule: '|say\('|finding\('|problem\(\s*"|rule: ")([A-Z]\d+)/g)].map(([, rule]) => rule!))
    expect(named.size).toBeGreaterThan(40)
    expect([...named].filter((rule) => ruleOf(rule) === undefined)).toEqual([])
  })
  test('docs/rules.md, docs/formats.md and docs/traces.md are as their tables write them', async () => {
    const script = resolve('scripts/write-docs.mjs')
    const { filled, rulesParts, formatsParts, tracesParts } = (await import(script)) as { filled(text: string, parts: object): string } & { [name: string]: (table: unknown) => object }
    for (const [path, parts] of [['docs/rules.md', rulesParts!(RULES)], ['docs/formats.md', formatsParts!(FORMATS)], ['docs/traces.md', tracesParts!(TRACES)]] as const)
      expect(filled(read(path), parts), `${path}: run node scripts/write-docs.mjs after the build`).toBe(read(path))
  })
  test('docs/rules.md: what the policies ask for', () => {
    const rows = [...read('docs/rules.md').matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].filter(([, name]) => name! in POLICIES)
    const table = Object.fromEntries(rows.map(([, name, cells]) => [name, cells!.split(' | ').map((cell) => cell.replace(/:.*/, ''))]))
    expect(table).toEqual(Object.fromEntries(Object.values(POLICIES).map(({ name, label, watermark, metadata }) => [
      name, [label.demand, label.waivable ? 'yes' : 'no', watermark.demand, metadata.aigc, metadata.digitalSourceType, metadata.c2pa],
    ])))
  })
  test('docs/labels.md: what the policies draw', () => {
    const rows = [...read('docs/labels.md').matchAll(/^\| (`[\w-]+`(?:, `[\w-]+`)*) \| ([^|,]+)/gm)]
    const table = rows.flatMap(([, names, text]) => [...names!.matchAll(/`([\w-]+)`/g)].map(([, name]) => [name!, text!.trim()]))
    expect(Object.fromEntries(table)).toEqual(Object.fromEntries(Object.values(POLICIES).map(({ name, label }) => [name, label.text.join(' / ')])))
  })
  test('docs/limits.md: defaults', () => {
    const rows = [...read('docs/limits.md').matchAll(/^\| .* \| (\d+)\D.*`(\w+)` \|$/gm)].map(([, value, name]) => [name, Number(value)])
    expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS)
  })
  test('docs/cli.md: every flag of every command, and no other', async () => {
    const text = read('docs/cli.md')
    const documented = new Set([...text.matchAll(/--[a-z][a-z0-9-]*/g)].map(([flag]) => flag))
    const helps = await Promise.all(['mark', 'verify', 'propagate', 'keygen', 'doctor', 'relabel', 'dossier', 'serve', 'ledger check', 'ledger head', 'ledger find', 'ledger prune'].map((command) => countermark([...command.split(' '), '--help'])))
    const known = new Set(helps.flatMap(({ stdout }) => [...stdout.matchAll(/--[a-z][a-z0-9-]*/g)].map(([flag]) => flag)))
    expect([...documented].sort()).toEqual([...known].sort())
  })
  test('docs/cli.md: error codes', () => {
    const codes = [...read('src/errors.ts').matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code)
    expect([...read('docs/cli.md').matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => code)).toEqual(codes)
  })
  test('docs/cli.md: the JSON has the keys of what is printed', async () => {
    const [marked, seen] = blocks(read('docs/cli.md'), 'json').map((text) => JSON.parse(text) as Record<string, any>)
    const home = folder()
    writeFileSync(join(home, 'photo.jpg'), jpeg)
    const own = ['--provider-name', 'Example-Lab', '--produce-id', '2026-0001', '--json']
    const [made] = lines(await countermark(['mark', join(home, 'photo.jpg'), '-o', join(home, 'marked.jpg'), ...own])) as Record<string, any>[]
    const [said] = lines(await countermark(['verify', join(home, 'marked.jpg'), ...own])) as Record<string, any>[]
    const keys = (value: object): string[] => Object.keys(value).sort()
    expect(keys(marked!)).toEqual(keys(made!))
    for (const part of ['record', 'watermark', 'label', 'quality']) expect(keys(marked![part])).toEqual(keys(made![part]))
    expect([marked!['payload'], marked!['record']]).toEqual([made!['payload'], made!['record']])
    expect(keys(seen!)).toEqual(keys(said!))
    const shape = ({ weakest: _, ...one }: Record<string, unknown>): unknown => [one['kind'], one['format'], keys(one)]
    expect(seen!['evidence'].map(shape)).toEqual(said!['evidence'].map(shape))
    expect(keys(seen!['evidence'][0].where.transform)).toEqual(keys(said!['evidence'][0].where.transform))
  })
  test('ARCHITECTURE.md: every room, on the floor that scripts/check-floors.mjs gives it', () => {
    const tables = read('ARCHITECTURE.md').split('## Floors of the ').slice(1)
    for (const [at, name] of (['TYPESCRIPT', 'RUST'] as const).entries()) {
      const floors = new RegExp(`const ${name} = \\{[\\s\\S]*?floors: (\\[[\\s\\S]*?\\]),\\n\\}`).exec(read('scripts/check-floors.mjs'))![1]!
      const wanted = (JSON.parse(floors.replaceAll("'", '"').replace(/,\s*\]/g, ']')) as string[][]).map((rooms, floor) => [floor + 1, rooms])
      const rows = [...tables[at]!.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map(([, floor, rooms]) => [Number(floor), [...rooms!.matchAll(/`(\w+)`/g)].map(([, room]) => room!)])
      expect(rows.reverse()).toEqual(wanted)
    }
  })
})

test.each(DOCUMENTS)('%s points at what is there', (path) => {
  const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!.replace(/#.*/, '')).filter((target) => target !== '' && !/^https?:/.test(target))
  expect(targets.filter((target) => !existsSync(resolve(dirname(path), target)))).toEqual([])
})

test.each(DOCUMENTS)('%s names files that are there', (path) => {
  const named = [...read(path).matchAll(/`((?:src|core|native|wasm|test|scripts|docs|bench|examples)\/[\w./*-]+)`/g)].map(([, name]) => name!)
  // Folders that builds make, and patterns, are no files of the repository.
  const built = /^(wasm\/pkg|core\/assets|bench\/results)|\*/
  expect(named.filter((name) => !built.test(name) && !existsSync(name))).toEqual([])
})
