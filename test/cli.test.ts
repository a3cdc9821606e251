// The built command line, as a child process: what other programs depend on.
import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { chinese } from '../src/chinese/chinese.js'
import { speech } from '../src/cli/language.js'
import { RULES, sourceOf } from '../src/policy/rules.js'
import { countermark, folder, lines } from './support/command.js'
import { recompressed } from './support/damage.js'
import { photograph } from './support/pictures.js'
import { program } from './support/programs.js'

const PROVIDER = ['--provider-name', 'Example-Lab']
const MAIN = resolve(import.meta.dirname, '../dist/cli/main.js')

let png: Buffer
let jpeg: Buffer
beforeAll(async () => {
  ;[png, jpeg] = await Promise.all([photograph('png'), photograph('jpeg')])
})

/** A folder with a.png and b.jpg. */
function pictures(): string {
  const home = folder()
  writeFileSync(join(home, 'a.png'), png)
  writeFileSync(join(home, 'b.jpg'), jpeg)
  return home
}

describe('mark and verify', () => {
  test('one file to a file', async () => {
    const home = pictures()
    const out = join(home, 'out.png')
    const marked = await countermark(['mark', join(home, 'a.png'), '-o', out, ...PROVIDER, '--produce-id', 'c-1'])
    expect([marked.code, marked.stdout]).toEqual([0, `${join(home, 'a.png')} -> ${out}: compliant, content number c-1\n`])
    expect(marked.stderr).toContain('Key: public')
    const seen = await countermark(['verify', out])
    expect([seen.code, seen.stderr]).toEqual([0, ''])
    expect(seen.stdout).toContain(`${out}: compliant (cn; state: confirmed; image/png)`)
    expect(seen.stdout).toContain('matches the metadata')
    // A bound, and one that says where it was not counted; the scale is the pattern's, not the picture's.
    expect(seen.stdout).toMatch(/, p <= \d\.\de-\d+ \(a bound by calculation; false alarms were not counted that far\), .*, pattern scale \d/)
    expect((await countermark(['verify', out, '--lang', 'zh'])).stdout).toMatch(/p <= \d\.\de-\d+（推算的上界；误报计数未达此范围）.*水印图案比例/)
  })
  test('many files to a folder that is made, names kept', async () => {
    const home = pictures()
    const run = await countermark(['mark', join(home, 'a.png'), join(home, 'b.jpg'), '-o', join(home, 'x', 'y'), ...PROVIDER, '--json'])
    expect(run.code).toBe(0)
    expect(readdirSync(join(home, 'x', 'y')).sort()).toEqual(['a.png', 'b.jpg'])
    expect(run.stderr).toContain('2 files: 2 done, 0 failed.')
    expect(new Set(lines(run).map((line) => line['produceId'])).size).toBe(2)
  })
  test('JSON has the documented keys, on stdout alone', async () => {
    const home = pictures()
    const out = join(home, 'out.jpg')
    const marked = await countermark(['mark', join(home, 'b.jpg'), '-o', out, ...PROVIDER, '--json', '--quiet'])
    expect(marked.stderr).toBe('')
    const [line, ...more] = lines(marked)
    expect(more).toEqual([])
    expect(Object.keys(line!).sort()).toEqual([
      'evidence', 'file', 'findings', 'key', 'label', 'ms', 'output', 'payload', 'policy', 'produceId', 'quality', 'record', 'state', 'status', 'type', 'verdict', 'watermark',
    ])
    expect(line).toMatchObject({ file: join(home, 'b.jpg'), output: out, verdict: 'compliant', watermark: { embedded: true } })
    const [seen] = lines(await countermark(['verify', out, '--json']))
    expect(Object.keys(seen!).sort()).toEqual(['evidence', 'file', 'findings', 'ms', 'policy', 'state', 'type', 'verdict'])
    expect(seen).toMatchObject({
      file: out, type: 'image/jpeg', verdict: 'compliant', state: 'confirmed', policy: 'cn', findings: [],
      evidence: [
        { kind: 'watermark', modality: 'image', found: true, payload: line!['payload'], bits: 64, key: 'public', matchesMetadata: true },
        { kind: 'metadata', format: 'aigc', found: true, location: 'APP1 XMP', aigc: { Label: '1', ContentProducer: 'Example-Lab', ProduceID: line!['produceId'] } },
        { kind: 'metadata', format: 'iptc', found: true },
        { kind: 'label', modality: 'image', found: true, text: ['AI生成'] },
      ],
    })
  })
  test('a stripped copy is asked for by provider and content number', async () => {
    const home = pictures()
    await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--produce-id', 'c-1'])
    const copy = join(home, 'copy.jpg')
    writeFileSync(copy, await recompressed(readFileSync(join(home, 'out.png'))))
    const ask = (id: string) => countermark(['verify', copy, ...PROVIDER, '--produce-id', id])
    const [yes, no] = [await ask('c-1'), await ask('c-2')]
    // The whole file is compliant, but it is not what was asked for.
    const whole = (id: string) => countermark(['verify', join(home, 'out.png'), ...PROVIDER, '--produce-id', id])
    expect([(await whole('c-1')).code, (await whole('c-2')).code]).toEqual([0, 1])
    // The copy has lost its metadata, so it is not compliant whatever it is.
    expect([yes.code, no.code]).toEqual([1, 1])
    // Of the public key: anyone could have written it.
    expect(yes.stdout).toContain('It carries the watermark of the content asked for, written with the public key: anyone can write one.')
    expect(no.stdout).toContain('Nothing shows that this is the content asked for.')
    expect((await countermark(['verify', copy])).stdout).toContain('A watermark of the public key alone proves nothing: anyone can write one.')
  })
  test('only a private key, or a signature that is trusted, says that it is the content asked for', async () => {
    const home = pictures()
    const pair = generateKeyPairSync('ed25519')
    writeFileSync(join(home, 'sign.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(join(home, 'open.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }))
    await countermark(['keygen', '-o', join(home, 'key.json')])
    const answer = async (mark: string[], verify: string[] = []): Promise<string> => {
      await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--produce-id', 'c-1', ...mark])
      return (await countermark(['verify', join(home, 'out.png'), ...PROVIDER, '--produce-id', 'c-1', ...verify])).stdout
    }
    const [flat, label] = ['This is the content asked for.', 'It carries a label of the content asked for, without a signature that is trusted here: anyone can write one.']
    expect(await answer(['--key', join(home, 'key.json')], ['--key', join(home, 'key.json')])).toContain(flat)
    expect(await answer(['--metadata-only'])).toContain(label)
    expect(await answer(['--metadata-only', '--sign-key', join(home, 'sign.pem')])).toContain(label)
    expect(await answer(['--metadata-only', '--sign-key', join(home, 'sign.pem')], ['--trust', join(home, 'open.pem')])).toContain(flat)
  })
  test('the flags reach the functions', async () => {
    const home = pictures()
    const run = async (...flags: string[]): Promise<Record<string, any>> =>
      lines(await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--json', ...flags]))[0]!
    expect(await run('--metadata-only')).toMatchObject({ watermark: { embedded: false }, label: { drawn: false } })
    expect(await run('--no-watermark', '--label-text', 'AI生成', '--label-text', 'Sample', '--label-position', 'top-left')).toMatchObject({
      watermark: { embedded: false }, label: { drawn: true, text: ['AI生成', 'Sample'] },
    })
    expect(await run('--no-explicit', '--waiver', 'A-1', '--quality', 'high')).toMatchObject({ label: { drawn: false }, quality: { setting: 'high' }, findings: [{ rule: 'L1' }] })
    expect(await run('--policy', 'kr')).toMatchObject({ policy: 'kr' })
  })
  test('a policy of the caller\'s own', async () => {
    const home = pictures()
    const policy = join(home, 'house.json')
    const demand = { demand: 'optional', articles: [] }
    writeFileSync(policy, JSON.stringify({
      name: 'house', title: 'House rules', watermark: demand, metadata: { aigc: 'required', digitalSourceType: 'required', c2pa: 'optional', articles: [] },
      label: { ...demand, text: ['AI'], elements: [['AI']], position: 'top', ratio: 0.05, waivable: true },
    }))
    const run = await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--policy', policy, '--json', '--no-watermark'])
    expect(lines(run)[0]).toMatchObject({ policy: 'house', verdict: 'compliant', label: { drawn: false } })
  })
})

describe('exit codes', () => {
  const usage: [string, (home: string) => string[]][] = [
    ['no command', () => []],
    ['an unknown command', () => ['remove', 'a.png']],
    ['an unknown flag', (home) => ['verify', join(home, 'a.png'), '--strength', '2']],
    ['no output', (home) => ['mark', join(home, 'a.png'), ...PROVIDER]],
    ['no provider', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'out.png')]],
    ['two kinds of provider', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--provider-code', '0']],
    ['a provider code that fails its check', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), '--provider-code', '001191000000000000000L10000']],
    ['one number for two inputs', (home) => ['mark', join(home, 'a.png'), join(home, 'b.jpg'), '-o', join(home, 'out'), ...PROVIDER, '--produce-id', 'c-1']],
    ['two inputs with one output', (home) => ['mark', join(home, 'a.png'), join(home, 'more/a.png'), '-o', join(home, 'out'), ...PROVIDER]],
    ['an output that is the input', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'a.png'), ...PROVIDER]],
    ['a folder that holds the inputs', (home) => ['mark', join(home, 'a.png'), join(home, 'b.jpg'), '-o', home, ...PROVIDER]],
    ['several inputs into a file', (home) => ['mark', join(home, 'a.png'), join(home, 'b.jpg'), '-o', join(home, 'more/a.png'), ...PROVIDER]],
    ['standard input beside a file', (home) => ['verify', '-', join(home, 'a.png')]],
    ['standard output', (home) => ['mark', join(home, 'a.png'), '-o', '-', ...PROVIDER]],
    ['no label and no waiver', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--no-explicit']],
    ['a quality that does not exist', (home) => ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--quality', 'best']],
    ['a policy that does not exist', (home) => ['verify', join(home, 'a.png'), '--policy', 'fr']],
    ['a number that is none', (home) => ['verify', join(home, 'a.png'), '--max-pixels', 'many']],
    ['half of a pair', (home) => ['verify', join(home, 'a.png'), '--produce-id', 'c-1']],
  ]
  test.each(usage)('2: %s, and nothing is written', async (_, args) => {
    const home = pictures()
    mkdirSync(join(home, 'more'))
    copyFileSync(join(home, 'a.png'), join(home, 'more/a.png'))
    const before = readdirSync(home, { recursive: true }).sort()
    const run = await countermark(args(home))
    expect([run.code, run.stdout]).toEqual([2, ''])
    expect(run.stderr).toMatch(/\w/)
    expect(run.stderr).not.toMatch(/^\s+at /m)
    expect(readdirSync(home, { recursive: true }).sort()).toEqual(before)
    expect(readFileSync(join(home, 'a.png')).equals(png)).toBe(true)
  })
  test('0: help and version', async () => {
    const [help, version] = [await countermark(['mark', '--help']), await countermark(['--version'])]
    expect([help.code, version.code, version.stdout]).toEqual([0, 0, `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`])
    expect(help.stdout).toContain('--provider-code')
  })
  test('1: not found, or a breach', async () => {
    const home = pictures()
    const run = await countermark(['verify', join(home, 'a.png'), '--json'])
    expect([run.code, lines(run)[0]!['verdict']]).toEqual([1, 'not found'])
    expect((await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--policy', 'eu'])).code).toBe(1)
    expect(existsSync(join(home, 'out.png'))).toBe(true)
  })
  test('3: one file failed; the others were done, and the summary names it', async () => {
    const home = pictures()
    writeFileSync(join(home, 'c.png'), png.subarray(0, 4000))
    const inputs = ['a.png', 'c.png', 'none.png', 'b.jpg'].map((name) => join(home, name))
    const run = await countermark(['mark', ...inputs, '-o', join(home, 'out'), ...PROVIDER, '--json'])
    expect([run.code, readdirSync(join(home, 'out')).sort()]).toEqual([3, ['a.png', 'b.jpg']])
    expect(lines(run).map((line) => (line['error'] as { code?: string } | undefined)?.code)).toEqual([undefined, 'ERR_BROKEN', 'ERR_IO', undefined])
    expect(run.stderr).toContain('4 files: 2 done, 2 failed.')
    expect(run.stderr).toContain(`failed: ${join(home, 'none.png')} (ERR_IO)`)
    expect((await countermark(['verify', join(home, 'none.png')])).code).toBe(3)
  })
})

describe('keys', () => {
  test('are made once, for the owner alone, and used without being named', async () => {
    const home = pictures()
    const env = { XDG_CONFIG_HOME: join(home, 'config') }
    const made = await countermark(['keygen', '--json'], { env })
    const { id, path } = lines(made)[0] as { id: string; path: string }
    expect([made.code, path]).toEqual([0, join(home, 'config/countermark/key.json')])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const { secret } = JSON.parse(readFileSync(path, 'utf8')) as { secret: string }
    expect(made.stdout + made.stderr).not.toContain(secret)
    const twice = await countermark(['keygen'], { env })
    expect([twice.code, twice.stderr]).toEqual([3, expect.stringContaining('ERR_CONFLICT')])

    const out = join(home, 'out.png')
    const marked = await countermark(['mark', join(home, 'a.png'), '-o', out, ...PROVIDER], { env })
    expect(marked.stderr).toContain(`Key: ${id}, from ${path}.`)
    const watermarks = async (args: string[], more = {}): Promise<unknown[]> => {
      const [line] = lines(await countermark(['verify', out, '--json', '--effort', 'direct', ...args], { env: more }))
      return (line!['evidence'] as { kind: string; key: string; found: boolean }[]).filter(({ kind }) => kind === 'watermark').map((one) => [one.key, one.found])
    }
    expect(await watermarks([], env)).toEqual([[id, true], ['public', false]])
    expect(await watermarks(['--key', path])).toEqual([[id, true]])
    expect(await watermarks([])).toEqual([['public', false]])
  })
  test('that are none are refused without being shown', async () => {
    const home = pictures()
    writeFileSync(join(home, 'key.json'), '{"version":1,"secret":"hunter2"}')
    const run = await countermark(['verify', join(home, 'a.png'), '--key', join(home, 'key.json')])
    expect(run.code).toBe(2)
    expect(run.stdout + run.stderr).not.toContain('hunter2')
    expect((await countermark(['verify', join(home, 'a.png')], { env: { COUNTERMARK_KEY: join(home, 'none.json') } })).code).toBe(3)
  })
})

describe('what is wrong is said once, and of what it is about', () => {
  test('a file\'s name stands once', async () => {
    const path = join(folder(), 'none.png')
    const { stderr } = await countermark(['verify', path])
    expect(stderr).toBe(`${path}: failed: there is no such file. [ERR_IO]\n`)
  })
  test('a key that COUNTERMARK_KEY names is not blamed on the picture', async () => {
    const home = pictures()
    writeFileSync(join(home, 'key.json'), '{}')
    for (const [key, code] of [['none.json', 3], ['key.json', 2]] as const)
      for (const args of [['verify', join(home, 'a.png')], ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER]]) {
        const run = await countermark(args, { env: { COUNTERMARK_KEY: join(home, key) } })
        expect([run.code, run.stdout]).toEqual([code, ''])
        expect(run.stderr).toMatch(/^The key file that COUNTERMARK_KEY names: /)
        expect(run.stderr).not.toContain('a.png')
      }
  })
  test('an engine that does not exist is not taken for any', async () => {
    const home = pictures()
    const run = await countermark(['verify', join(home, 'a.png')], { env: { COUNTERMARK_ENGINE: 'foo' } })
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('COUNTERMARK_ENGINE is native or wasm, not foo. [ERR_USAGE]')])
  })
  test('what to do names flags, not fields of the API', async () => {
    const home = pictures()
    const remedies = await Promise.all([
      ['verify', join(home, 'a.png'), '--max-pixels', '1000'], ['verify', join(home, 'a.png'), '--max-bytes', '1000'],
      ['mark', join(home, 'a.png'), '-o', join(home, 'out.png')], ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--waiver', 'A-1'],
    ].map(async (args) => /What to do: (.*)/.exec((await countermark(args)).stderr)?.[1]))
    expect(remedies).toEqual([
      'Raise --max-pixels if you trust the file and have the memory.', 'Raise --max-bytes if you trust the file.',
      'Give the 27-character code as --provider-code, or the name as --provider-name.', 'Add --no-explicit, or leave out the waiver.',
    ])
  })
  test('metadata alone where the law requires a visible label is done, and what is missing is said', async () => {
    const home = pictures()
    const run = async (...flags: string[]) => countermark(['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--metadata-only', ...flags])
    const bare = await run()
    expect([bare.code, bare.stderr]).toEqual([0, expect.stringContaining('I1 warning: Nothing was drawn, but the policy cn requires a label that is visible')])
    expect(existsSync(join(home, 'out.png'))).toBe(true)
    expect([(await run('--no-explicit', '--waiver', 'A-1')).code, (await run('--policy', 'us-ca')).code]).toEqual([0, 0])
  })
  test('a picture that is marked already', async () => {
    const home = pictures()
    await countermark(['mark', join(home, 'a.png'), '-o', join(home, 'one.png'), ...PROVIDER, '--produce-id', 'c-1'])
    writeFileSync(join(home, 'bare.png'), await sharp(join(home, 'one.png')).png().toBuffer())
    const again = (...flags: string[]) => countermark(['mark', join(home, 'bare.png'), '-o', join(home, 'two.png'), ...PROVIDER, '--produce-id', 'c-2', ...flags])
    const refused = await again()
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('ERR_CONFLICT')])
    expect((await again('--remark', 'replace')).code).toBe(2)
    await countermark(['keygen', '-o', join(home, 'key.json')])
    expect((await again('--key', join(home, 'key.json'))).code).toBe(0)
  })
})

describe('languages', () => {
  test.each([[['--lang', 'zh'], {}], [[], { LANG: 'zh_CN.UTF-8' }], [[], { COUNTERMARK_LANG: 'zh', LANG: 'en_US.UTF-8' }]])('Chinese by %j %j', async (args, env) => {
    const home = pictures()
    const seen = await countermark(['verify', join(home, 'a.png'), ...args], { env: env as Record<string, string> })
    expect(seen.stdout).toContain('未发现标识')
    expect(seen.stdout).toContain('M1 错误：文件元数据中没有 AIGC 标识')
    const failed = await countermark(['verify', join(home, 'none.png'), ...args], { env: env as Record<string, string> })
    expect(failed.stderr).toContain('失败：读写失败（文件不存在）')
  })
  test('usage errors are Chinese too, and flags of every command may stand before it', async () => {
    const home = pictures()
    const file = join(home, 'a.png')
    for (const args of [['--lang', 'zh', 'verify', file, '--nothing'], ['mark', file, '--lang=zh'], ['--lang', 'zh', 'mark'], ['verify', file, '--effort', 'much', '--lang', 'zh'], ['--lang', 'zh', 'verifi', file], ['verify', file, '--lang', 'zh', '--efort', 'full']]) {
      const { code, stderr } = await countermark(args)
      expect([args, code, /^错误：/.test(stderr), stderr.match(/[a-z]+ [a-z]+ [a-z]+/g)]).toEqual([args, 2, true, null])
    }
    expect((await countermark(['--lang', 'zh', 'verify', file])).stdout).toContain('未发现标识')
    expect((await countermark(['--lang', 'zh', 'verify', file, '--lang', 'en'])).stdout).toContain('not found')
    expect(lines(await countermark(['--json', 'verify', file]))).toHaveLength(1)
  })
  test('details and remedies are Chinese too', async () => {
    const home = pictures()
    const runs = await Promise.all([
      ['mark', join(home, 'a.png'), '-o', join(home, 'out.png')], ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--metadata-only'],
      ['mark', join(home, 'a.png'), '-o', join(home, 'out.png'), ...PROVIDER, '--max-pixels', '1000'], ['verify', join(home, 'b.jpg'), '--policy', 'all'],
    ].map((args) => countermark([...args, '--lang', 'zh'])))
    for (const { stdout, stderr } of runs) {
      const said = `${stdout}${stderr}`
      // Flags, names and codes are left; no sentence is.
      expect(said.match(/[a-z]+ [a-z]+ [a-z]+ [a-z]+/g) ?? []).toEqual([])
      expect(said).toMatch(/[\u4e00-\u9fff]/)
    }
    expect(runs[0]!.stderr).toContain('处理办法：用 --provider-code 给出 27 位编码，或用 --provider-name 给出名称')
  })
  test('what the sources say about pictures is known in Chinese', () => {
    const sources = ['pipeline/evidence', 'pipeline/document', 'pipeline/mark-document', 'pipeline/judge', 'pipeline/kept', 'pipeline/mark', 'pipeline/propagate', 'pipeline/readback', 'metadata/record', 'media/sharp', 'media/ffmpeg', 'media/sound', 'media/voice', 'media/wav', 'pipeline/sound', 'pipeline/listen', 'pipeline/container', 'limits', 'key', 'countermark', 'policy/policy']
      .map((name) => readFileSync(`src/${name}.ts`, 'utf8')).join('\n').replaceAll('${why}', ': ${X}').replaceAll('${name}', ' (${X})')
    const said = [...sources.matchAll(/(?:message: |remedy: |finding\('\w+', (?:\w+ *\n? *\? )?|CountermarkError\('ERR_\w+', |failed\()('(?:[^'\\]|\\.)*'|`[^`]*`)/g)].map(([, text]) =>
      text!.slice(1, -1).replaceAll("\\'", "'").replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'X').replace(/[\w.]+(?:: \w+)? \((--[a-z][^)]*)\)/g, '$1'))
    expect(said.length).toBeGreaterThan(60)
    const unknown = [...new Set(said)].filter((text) => chinese(text) === text && / /.test(text))
    // Known in part is not known: a looser form may have taken it.
    const garbled = [...new Set(said)].map((text) => chinese(text)).filter((text) => /[\u4e00-\u9fff]/.test(text) && /[a-z]+ [a-z]+ [a-z]+ [a-z]+/.test(text))
    expect(garbled).toEqual([])
    // Sentences for programmers (of the API, not of the command line), and ones put together of two.
    expect(unknown.filter((text) => !/^(X|.*(`to`|bytes, blob|mark needs|contradiction|defect|without frames|there is no frame|remark is|file: URLs|Fetch it|input is (a path|none)).*|[^.]*\$\{.*)$/.test(text))).toEqual([])
  })
  test('what was found and what to do about it are two sentences', () => {
    const found = { rule: 'L1', severity: 'error', message: 'The file has no AIGC metadata label.', remedy: 'Keep the record of the agreement for at least six calendar months.' } as const
    expect(speech('zh').finding(found)).toMatch(/（文件元数据中没有 AIGC 标识）。处理办法：将协议记录/)
    expect(speech('zh').finding({ ...found, severity: 'info' })).toMatch(/标识）$/)
  })
  test('sentences put together are known whole', () => {
    for (const text of [
      'The picture could not be decoded here (most decoders know no HEVC): The image/heic file could not be decoded: heif: Error (7.0).', 'There is a C2PA manifest. It was not checked: that needs an optional package (docs/c2pa.md).',
      'No label was drawn: a picture with a side of 1 px cannot carry a legible label: it takes at least 64 px.', 'The image/gif file could not be decoded: the GIF holds no picture.', 'a model (C2PA source type)',
      'The C2PA manifest of an unnamed signer holds; its certificate is not one that is trusted here (signingCredential.untrusted).', 'The first action of the C2PA manifest is missing; it must be c2pa.created or c2pa.opened.',
    ]) expect(chinese(text).match(/[a-z]+ [a-z]+/g) ?? [], text).toEqual([])
    const sources = RULES.flatMap((rule) => sourceOf(rule).split('; '))
    expect(sources.filter((text) => chinese(text) === text && !/^(C2PA|IPTC|TC260|\d|GB)/.test(text))).toEqual([])
  })
  test('what the sources say about documents is known in Chinese', () => {
    const sources = readdirSync('src/document').map((name) => readFileSync(`src/document/${name}`, 'utf8')).join('\n').replaceAll('${types ? RELATIONS : TYPES}', '${X}').replace(/\$\{number \?\? ''\}/, '${X}')
    const said = [...sources.matchAll(/(?:broken|unsupported|tooMuch|fail|remedy:|ERR_\w+',) ?\(?('(?:[^'\\]|\\.)*'|`[^`]*`)(?:, ('(?:[^'\\]|\\.)*'))?/g)].flatMap(([, ...texts]) => texts.filter((one) => one !== undefined).map((one) =>
      one.slice(1, -1).replaceAll("\\'", "'").replace(/\$\{[^}]*\}/g, 'X')))
    expect(said.length).toBeGreaterThan(80)
    expect([...new Set(said)].filter((text) => chinese(text) === text && / /.test(text))).toEqual([])
  })
  test('JSON is never translated', async () => {
    const home = pictures()
    const [zh, en] = await Promise.all(['zh', 'en'].map((lang) => countermark(['verify', join(home, 'a.png'), '--json', '--lang', lang])))
    expect({ ...lines(zh!)[0], ms: 0 }).toEqual({ ...lines(en!)[0], ms: 0 })
  })
})

test('what one engine marks the other reads', async () => {
  const home = pictures()
  for (const [marks, reads] of [['wasm', 'native'], ['native', 'wasm']] as const) {
    const out = join(home, `${marks}.jpg`)
    const marked = await countermark(['mark', join(home, 'b.jpg'), '-o', out, ...PROVIDER, '--json'], { env: { COUNTERMARK_ENGINE: marks } })
    const seen = await countermark(['verify', out, '--json'], { env: { COUNTERMARK_ENGINE: reads } })
    expect([marked.code, seen.code]).toEqual([0, 0])
    expect((lines(seen)[0]!['evidence'] as unknown[])[0]).toMatchObject({ kind: 'watermark', payload: lines(marked)[0]!['payload'], matchesMetadata: true })
  }
  expect((await countermark(['verify', join(home, 'a.png')], { env: { COUNTERMARK_ENGINE: 'wasm' } })).code).toBe(1)
})

test('doctor tells what works', async () => {
  const run = await countermark(['doctor', '--json'])
  const [found] = lines(run) as { engines: { kind: string; ok: boolean; roundTrip: boolean }[]; sharp: { ok: boolean; read: string[] }; key: { id: string } }[]
  expect(run.code).toBe(0)
  expect(found!.engines.find(({ kind }) => kind === 'native')).toMatchObject({ ok: true, roundTrip: true, font: true })
  expect([found!.sharp.ok, found!.key.id]).toEqual([true, 'public'])
  const text = await countermark(['doctor'])
  expect(text.stdout).toMatch(/^native .*: works$/m)
  // A copy without the WebAssembly module, which Node does not need.
  const home = folder()
  for (const part of ['dist', 'native', 'package.json']) cpSync(part, join(home, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(home, 'node_modules'))
  const copy = await new Promise<{ code: unknown; stdout: string }>((done) => {
    execFile(process.execPath, [join(home, 'dist/cli/main.js'), 'doctor'], { env: { PATH: process.env['PATH'], HOME: '/nonexistent', LANG: 'C' } }, (error, stdout) => done({ code: error?.code ?? 0, stdout }))
  })
  expect(copy.stdout).toMatch(/^wasm: not built \(npm run build:wasm\); only browsers need it$/m)
  expect([copy.code, copy.stdout.includes('does not work')]).toEqual([0, false])
})

describe('pipes and terminals', () => {
  const shell = (command: string, seconds = 60): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((done) => {
      execFile('bash', ['-c', command], { timeout: seconds * 1000, env: { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', LANG: 'C', TERM: 'xterm' } }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number((error as { code?: unknown }).code), stdout, stderr }))
    })
  test('a reader that closes early ends the run in silence', async () => {
    const home = pictures()
    const many = Array.from({ length: 40 }, () => join(home, 'a.png')).join(' ')
    const run = await shell(`set -o pipefail; ${process.execPath} ${MAIN} verify --effort direct --quiet ${many} | head -n 1`)
    expect(run.stdout).toContain('not found')
    expect([run.code, run.stderr]).toEqual([0, ''])
  })
  test('progress is shown on a terminal only', async (context) => {
    context.skip(program('script') === undefined)
    const home = pictures()
    const command = `${process.execPath} ${MAIN} verify --effort direct ${join(home, 'a.png')} ${join(home, 'b.jpg')}`
    const onTerminal = await shell(`script -qec '${command}' /dev/null </dev/null`)
    expect(onTerminal.stdout).toContain('2/2')
    const piped = await shell(`${command} 2>&1 >/dev/null | cat`)
    expect(piped.stdout).toBe('2 files: 2 done, 0 failed.\n')
  })
  test('Ctrl-C ends the run and leaves no half of a file', async () => {
    const home = pictures()
    const inputs = Array.from({ length: 30 }, (_, at) => join(home, `n${at}.png`))
    for (const path of inputs) writeFileSync(path, png)
    const child = spawn(process.execPath, [MAIN, 'mark', ...inputs, '-o', join(home, 'out'), ...PROVIDER, '--json'], { env: { PATH: process.env['PATH'], HOME: '/nonexistent' } })
    let said = ''
    child.stdout.on('data', (bytes) => {
      if (said === '') child.kill('SIGINT')
      said += bytes
    })
    const code = await new Promise((done) => child.on('close', done))
    expect(code).toBe(3)
    expect(said).toContain('ERR_CANCELLED')
    const written = readdirSync(join(home, 'out'))
    expect(written.length).toBeLessThan(inputs.length)
    for (const name of written) {
      expect(name).not.toContain('tmp')
      expect((await countermark(['verify', join(home, 'out', name), '--effort', 'direct'])).code).toBe(0)
    }
  })
})
