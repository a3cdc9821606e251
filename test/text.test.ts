// Texts end to end: label, character mark, streams, files, command line.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { copyWithLabel, createCountermark, image, INTERFACE_LABELS, keygen, KNOWN_LABELS, mark, readKey, text, TEXT_LABELS, verify } from '../src/index.js'
import { nativeEngine } from '../src/engine/native.js'
import { wasmEngine } from '../src/engine/wasm.js'
import { textWriter } from '../src/text/stream.js'
import { wrappers } from '../src/text/inspect.js'
import { judge } from '../src/pipeline/judge.js'
import { POLICIES } from '../src/policy/policy.js'
import { pdf } from './support/documents.js'
import { photograph } from './support/pictures.js'

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const OTHER = `ff${KEY.slice(2)}`
const PAYLOAD = '9f2c5511aa03be77'

/** Numbers that are the same at every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** Made prose: no context comes twice, as in a text that somebody wrote. */
function chinese(length: number, seed = 1): string {
  const next = numbers(seed)
  return Array.from({ length }, (_, at) => String.fromCharCode(0x4e00 + next(3000)) + (at % 14 === 13 ? '，' : at % 43 === 42 ? '。\n\n' : '')).join('')
}
function english(words: number, seed = 1): string {
  const next = numbers(seed)
  return Array.from({ length: words }, (_, at) => Array.from({ length: 1 + next(9) }, () => String.fromCharCode(97 + next(26))).join('') + (at % 12 === 11 ? '.' : '')).join(' ')
}
const bare = (one: string): string => one.replace(/[\uFE03-\uFE0A\u2061-\u2064]/g, '')

describe('the character mark', () => {
  test.each([['zh', chinese(900)], ['en', english(500)]])('%s: found, read, wrong key nothing, taken out again', async (_, source) => {
    for (const profile of ['presence', 'id'] as const) {
      const marked = await text.embed(source, { key: KEY, payload: PAYLOAD, profile })
      expect(bare(marked)).toBe(source)
      const [own, other] = await text.detect(marked, { keys: [KEY, OTHER] })
      expect(own).toMatchObject({ found: true, modality: 'text', profile })
      expect(own!.pValue).toBeLessThan(1e-15)
      if (profile === 'id') expect(PAYLOAD.startsWith(own!.payload!)).toBe(true)
      expect(other).toMatchObject({ found: false })
      expect(other!.payload).toBeUndefined()
      expect(own!.spans![0]![1]).toBeGreaterThan(marked.length - 80)
      expect(await text.stripForModel(marked, { key: KEY, profile })).toBe(source)
      expect(await text.stripForModel(marked, { key: OTHER, profile })).toBe(marked)
    }
  })

  test('both engines give the same, lone surrogates and our own alphabet included', async () => {
    const odd = `${chinese(300)}\ud800${english(60)} f\u2061(x) \udc00中\ufe03文 ${chinese(80, 3)}\ud83d`
    const [native, wasm] = [nativeEngine(), await wasmEngine()]
    const settings = { key: KEY, profile: 'id' as const, payload: PAYLOAD }
    const marked = native.textEmbed(odd, settings)
    expect(marked.length).toBeGreaterThan(odd.length + 40)
    expect(wasm.textEmbed(odd, settings)).toBe(marked)
    expect(wasm.textDetect(marked, [KEY])).toEqual(native.textDetect(marked, [KEY]))
    expect(native.textStrip(marked, settings)).toBe(odd)
    expect(wasm.textStrip(marked, settings)).toBe(odd)
    expect(wasm.textFingerprint(odd)).toEqual(native.textFingerprint(marked))
  })

  test('a short text stays as it is, and says why', async () => {
    const made = await text.mark('两个字。', { key: KEY, payload: PAYLOAD, label: false })
    expect(made).toMatchObject({ text: '两个字。', watermark: { embedded: false, reason: expect.stringContaining('too short') } })
  })

  test('wrong settings are refused', async () => {
    await expect(text.embed('x', { key: KEY })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(text.embed('x', { key: 'short', payload: PAYLOAD })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(text.embed('x', { payload: PAYLOAD, profile: 'all' as 'id' })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  })

  test('survives what texts go through', async () => {
    const source = chinese(400)
    const marked = await text.embed(source, { key: KEY, payload: PAYLOAD })
    for (const one of [marked.normalize('NFKC'), marked.trim(), JSON.parse(JSON.stringify(marked)) as string, marked.slice(100, 320), decodeURIComponent(encodeURIComponent(marked)), marked.replace(/\p{Cf}/gu, '') + marked.slice(0, 150)])
      expect((await text.detect(one, { keys: [KEY] }))[0]!.found).toBe(true)
    // What takes it away is said to: docs/text.md.
    expect((await text.detect(bare(marked), { keys: [KEY] }))[0]!.found).toBe(false)
  })
})

describe('the label', () => {
  test.each(Object.entries(TEXT_LABELS))('%s is put once and recognised', (language, sentence) => {
    for (const position of ['start', 'end'] as const)
      for (const format of ['plain', 'markdown', 'html'] as const) {
        const source = format === 'html' ? '<!doctype html><html><head><title>x</title></head><body><p>Some words here.</p></body></html>' : '---\ntitle: x\n---\n# Heading\n\nSome words here.\n'
        const once = text.label(source, { language: language as 'zh', position, format })
        expect(once.added).toBe(true)
        expect(text.label(once.text, { language: 'en', format })).toMatchObject({ added: false, text: once.text })
        expect(text.findLabel(once.text, format)).toMatchObject({ text: sentence.replace(/\)$/, ''), position: format === 'plain' && position === 'start' ? 'start' : position })
      }
  })

  test('those of other services are known, prose about the matter is none', () => {
    for (const one of ['AI生成', '人工智能生成合成', '由AI合成', '内容由AI生成，请注意甄别', 'AI GENERATED', 'This answer was generated by AI.', 'AI生成合成内容']) expect(text.findLabel(`${chinese(60)}\n\n${one}`), one).toBeDefined()
    for (const { sentence, service } of KNOWN_LABELS) expect(text.findLabel(`答案是四十二。\n\n${sentence}。`)).toMatchObject({ service })
    expect(text.findLabel(`答案是四十二。${KNOWN_LABELS[0]!.sentence}。`)).toMatchObject({ service: 'DeepSeek' })
    for (const prose of [chinese(200), 'Many people write about how AI generated pictures changed their work, and this line is far too long to be a label of the text.\n\nThe end.', '生成树算法与人工分类', 'AI生成内容概述\n\n正文。', '# AI 生成\n\n正文。', 'AI 生成式模型简介', 'AI generated pictures and their makers', '今天天气很好。', 'He said it was generated by a diesel engine.'])
      expect(text.findLabel(prose)).toBeUndefined()
    for (const one of Object.values(INTERFACE_LABELS)) expect(one).toMatch(/AI/)
  })

  test('code and CSV are never changed', async () => {
    for (const format of ['code', 'csv'] as const) {
      const source = `a,b\n${english(300)}`
      expect(await text.mark(source, { key: KEY, payload: PAYLOAD, label: { format } })).toMatchObject({ text: source, label: { added: false }, watermark: { embedded: false } })
    }
  })

  test('what is copied takes notice and mark along, once', async () => {
    const shown = await text.embed(chinese(300), { key: KEY, payload: PAYLOAD })
    const clipboard: Record<string, string> = {}
    let prevented = 0
    const event = { clipboardData: { setData: (type: string, data: string) => void (clipboard[type] = data) }, preventDefault: () => void prevented++ }
    expect(copyWithLabel(event, { toString: () => shown })).toBe(true)
    expect(prevented).toBe(1)
    expect(clipboard['text/plain']).toBe(`${shown.trimEnd()}\n\n${TEXT_LABELS.zh}${shown.slice(shown.trimEnd().length)}`)
    expect(clipboard['text/html']).toContain('data-ai-label')
    for (const copied of Object.values(clipboard)) expect((await text.detect(copied, { keys: [KEY] }))[0]!.found).toBe(true)
    const first = clipboard['text/plain']!
    copyWithLabel(event, { toString: () => first })
    expect(clipboard['text/plain']).toBe(first)
  })
})

describe('streams', () => {
  const answer = `# 标题\n\n${chinese(500)}\n\n\`\`\`js\nconst a = 1\n\`\`\`\n\n${english(200)} https://example.com/a?b=c ${chinese(200, 5)}`
  const options = { key: KEY, payload: PAYLOAD }

  test('pieces of any size give what the whole gives', async () => {
    const whole = (await text.mark(answer, options)).text
    const engine = nativeEngine()
    for (const most of [1, 2, 3, 7, 40, 5000]) {
      const next = numbers(most)
      const writer = textWriter(engine, options)
      let out = ''
      for (let at = 0; at < answer.length;) {
        const end = at + 1 + next(most)
        out += writer.push(answer.slice(at, end))
        at = end
        // White space that the text might end with and half a character at most are held back.
        expect(answer.slice(0, at).trimEnd().length - bare(out).length).toBeLessThanOrEqual(1)
      }
      expect(out + writer.end()).toBe(whole)
    }
  })

  test('Web and Node streams', async () => {
    const whole = (await text.mark(answer, options)).text
    const pieces = answer.match(/[\s\S]{1,9}/g)!
    let web = ''
    for await (const piece of new ReadableStream<string>({ start: (out) => { pieces.forEach((one) => out.enqueue(one)); out.close() } }).pipeThrough(text.stream(options)) as unknown as AsyncIterable<string>) web += piece
    expect(web).toBe(whole)
    const duplex = text.duplex(options)
    const read = (async () => {
      let out = ''
      for await (const piece of duplex) out += String(piece)
      return out
    })()
    for (const piece of pieces) duplex.write(piece)
    duplex.end()
    expect(await read).toBe(whole)
  })

  const events = (pieces: string[]): string => [
    ...pieces.map((content) => `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`),
    ': keep-alive\n\n',
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`,
    'data: [DONE]\n\n',
  ].join('')
  async function through(body: string, size: number): Promise<string> {
    const bytes = new TextEncoder().encode(body)
    const source = new ReadableStream<Uint8Array>({ start: (out) => { for (let at = 0; at < bytes.length; at += size) out.enqueue(bytes.subarray(at, at + size)); out.close() } })
    return new Response(source.pipeThrough(text.eventStream(options)) as ReadableStream<Uint8Array<ArrayBuffer>>).text()
  }
  const contentOf = (body: string): string => body.split('\n').filter((line) => /^data: \{/.test(line)).map((line) => (JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '').join('')

  test('the events of a chat completion, whatever the chunks', async () => {
    const whole = (await text.mark(answer, options)).text
    const body = events(answer.match(/[\s\S]{1,6}/g)!)
    const [small, large] = [await through(body, 11), await through(body, 4096)]
    expect(contentOf(small)).toBe(whole)
    expect(small).toBe(large)
    expect(small).toContain(': keep-alive\n\n')
    expect(small.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test('tool calls, broken lines and other events pass byte for byte', async () => {
    const body = 'event: x\ndata: {"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"{\\"a\\": 1}"}}]},"finish_reason":null}]}\n\ndata: {broken\n\ndata: {"choices":[],"usage":{"total_tokens":1}}\r\n\r\ndata: [DONE]\n\n'
    expect(await through(body, 7)).toBe(body)
  })

  test('a stream that ends without saying so still gives everything', async () => {
    const cut = events(['甲乙丙', '丁 ']).split(': keep')[0]!
    expect(contentOf(await through(cut, 50))).toBe(text.label('甲乙丙丁 ').text)
  })
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countermark-text-'))
  const provider = { name: 'Example-Lab' }

  test.each([
    ['a.txt', chinese(900)], ['a.md', `# 标题\n\n${chinese(900)}\n`],
    ['a.html', `<!doctype html><html><head><title>标题的文字不动</title></head><body><p>${chinese(900).replaceAll('\n\n', '</p><p>')}</p><pre>代码里的文字也不动它的</pre></body></html>`],
  ])('%s: label, mark and metadata, and back', async (name, source) => {
    const [from, to] = [join(folder, name), join(folder, `out-${name}`)]
    writeFileSync(from, source)
    const made = await mark(from, { provider, produceId: '42', key: KEY, to })
    expect(made).toMatchObject({ verdict: 'compliant', state: 'confirmed', label: { drawn: true, text: [TEXT_LABELS.zh] }, watermark: { embedded: true } })
    const written = readFileSync(to, 'utf8')
    expect(written).toContain('标题的文字不动'.slice(0, name === 'a.html' ? 7 : 0))
    const seen = await verify(to, { keys: [KEY] })
    expect(seen).toMatchObject({ verdict: 'compliant', state: 'confirmed' })
    const watermark = seen.evidence.find((one) => one.kind === 'watermark')!
    expect(watermark).toMatchObject({ found: true, modality: 'text', matchesMetadata: true })
    expect((await image.payloadOf('Example-Lab', '42', 64)).startsWith((watermark as { payload: string }).payload)).toBe(true)
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'label', modality: 'text', found: true, text: [TEXT_LABELS.zh] }))
    // Marked again, nothing comes twice.
    const again = await mark(to, { provider, produceId: '42', key: KEY, to: join(folder, `again-${name}`) })
    expect(again).toMatchObject({ status: 'kept', label: { drawn: false, reason: 'a label is there already' }, watermark: { embedded: false, reason: 'it is there already' } })
    expect(readFileSync(join(folder, `again-${name}`), 'utf8')).toBe(written)
  })

  test('another content number on a text that has one is refused, or replaced with a private key', async () => {
    const marked = new File([await text.embed(chinese(900), { key: KEY, payload: PAYLOAD })], 'b.md')
    await expect(mark(marked, { provider, key: KEY })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
    const made = await mark(marked, { provider, key: KEY, remark: 'replace', as: 'bytes' })
    const [seen] = await text.detect(made.output.toString('utf8'), { keys: [KEY] })
    expect(made.payload.startsWith(seen!.payload!)).toBe(true)
  })

  test('a text without its label file still says what it carries', async () => {
    const marked = await text.mark(chinese(900), { key: KEY, payload: PAYLOAD })
    expect(await verify(new File([marked.text], 'c.txt'), { keys: [KEY] })).toMatchObject({ verdict: 'cannot tell', state: 'confirmed' })
    expect(await verify(new File([chinese(300)], 'c.txt'), { keys: [KEY] })).toMatchObject({ verdict: 'cannot tell', state: 'none' })
  })

  test('a long text without mark breaks T5 in the European Union, a short one does not', () => {
    const sight = (tokens: number) => ({ type: 'text/plain', evidence: [], metadata: 'read' as const, pixels: 'read' as const, findings: [], tokens })
    const rules = (tokens: number, watermark: boolean): string[] => judge(POLICIES.eu, sight(tokens), false, { firstWrite: true, watermark }).findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)
    expect(rules(400, false)).toContain('T5')
    expect(rules(400, true)).not.toContain('T5')
    expect(rules(150, false)).not.toContain('T5')
  })

  test('C2PA wrappers are counted (T4)', () => {
    const wrapper = `\uFEFF${[...'C2PATXT\0'].map((one) => String.fromCodePoint(one.charCodeAt(0) < 16 ? 0xfe00 + one.charCodeAt(0) : 0xe0100 + one.charCodeAt(0) - 16)).join('')}`
    expect(wrappers(`a${wrapper}b${wrapper}`)).toEqual([1, 2 + wrapper.length])
    expect(wrappers('plain \uFEFF text')).toEqual([])
  })

  test('a service with defaults', async () => {
    const countermark = createCountermark({ provider, key: KEY })
    expect(countermark.text.findLabel(TEXT_LABELS.en)).toBeDefined()
  })

  test('the command line takes a text on standard input', async () => {
    const run = (args: string[], input: string | Buffer) => spawnSync(process.execPath, ['dist/cli/main.js', ...args], { input, encoding: 'utf8', env: { ...process.env, COUNTERMARK_LANG: 'en' } })
    const path = join(folder, 'key')
    await keygen(path)
    const key = await readKey(path)
    const common = ['--provider-name', 'Example-Lab', '--key', join(folder, 'key')]
    const piped = run(['mark', '-', '-o', '-', '--text-profile', 'presence', ...common], chinese(400))
    expect(piped.status, piped.stderr).toBe(0)
    expect(bare(piped.stdout)).toBe(text.label(chinese(400)).text)
    expect(piped.stderr).toContain('no metadata label: a stream of text has no place for it. Give -o a file')
    expect((await text.detect(piped.stdout, { keys: [key] }))[0]).toMatchObject({ found: true, profile: 'presence' })
    const checked = run(['verify', '-', '--json', '--key', join(folder, 'key')], piped.stdout)
    expect(JSON.parse(checked.stdout)).toMatchObject({ file: '-', type: 'text/plain', verdict: 'cannot tell' })
    const filed = run(['mark', '-', '-o', join(folder, 'piped.md'), '--json', ...common], chinese(700))
    expect(JSON.parse(filed.stdout)).toMatchObject({ verdict: 'compliant', watermark: { embedded: true }, label: { drawn: true } })
    const short = run(['mark', '-', '-o', '-', '--json', ...common], '两个字')
    expect(JSON.parse(short.stdout)).toMatchObject({ verdict: 'cannot tell', watermark: { embedded: false, reason: expect.stringContaining('too short') } })
  })

  test.each(['start', 'inline', 'end'] as const)('the place of any label reaches texts: %s', async (position) => {
    const made = await mark(new File([`${chinese(300)}\n`], 'a.md'), { provider, key: KEY, as: 'bytes', label: { position } })
    expect(made.label.text).toEqual([TEXT_LABELS.zh])
    const body = Buffer.from(made.output).toString().replace(/^---\n[\s\S]*?\n---\n/, '')
    expect(bare(body)).toBe(text.label(`${chinese(300)}\n`, { position }).text)
    const other = position === 'end' ? 'start' : 'end'
    const own = await mark(new File([chinese(300)], 'a.md'), { provider, key: KEY, as: 'bytes', label: { position }, text: { position: other } })
    expect(text.findLabel(Buffer.from(own.output).toString(), 'markdown')?.position).toBe(other)
  })

  test('a place in time is none in a text, and a place in a text none in a picture', async () => {
    await expect(mark(new File([chinese(300)], 'a.md'), { provider, key: KEY, as: 'bytes', label: { position: 'middle' } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', message: expect.stringContaining('middle') })
    await expect(mark(await photograph('png'), { provider, key: KEY, as: 'bytes', label: { position: 'inline' } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })

  test('event streams and JSON lines on standard input: the texts of answers are marked, every other byte stays', async () => {
    const run = (input: string, ...more: string[]) => spawnSync(process.execPath, ['dist/cli/main.js', 'mark', '-', '-o', '-', '--provider-name', 'Example-Lab', '--key', 'public', '--label-position', 'start', ...more], { input, encoding: 'utf8', env: { ...process.env, COUNTERMARK_LANG: 'en' } })
    const chat = (content: string) => ({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], big: '9'.repeat(3) })
    const lines = [chat(chinese(400)), { custom_id: 'a', response: { status_code: 200, body: chat(chinese(300)) } }, { note: chinese(300) }]
    const made = run(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    expect(made.status, made.stderr).toBe(0)
    const [first, second, third, end] = made.stdout.split('\n')
    expect(bare((JSON.parse(first!) as ReturnType<typeof chat>).choices[0]!.message.content)).toBe(text.label(chinese(400), { position: 'start' }).text)
    expect((await text.detect((JSON.parse(second!) as { response: { body: ReturnType<typeof chat> } }).response.body.choices[0]!.message.content))[0]!.found).toBe(true)
    expect([third, end]).toEqual([JSON.stringify(lines[2]), ''])

    const event = (content: string, finish: string | null = null) => `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`
    const streamed = run(`: hello\n\n${[...chinese(400)].map((one) => event(one)).join('')}${event('', 'stop')}data: [DONE]\n\n`)
    expect(streamed.status, streamed.stderr).toBe(0)
    const said = [...streamed.stdout.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => (JSON.parse(data!) as { choices: { delta: { content: string } }[] }).choices[0]!.delta.content).join('')
    expect([bare(said), streamed.stdout.startsWith(': hello\n\n'), streamed.stdout.endsWith('data: [DONE]\n\n')]).toEqual([text.label(chinese(400), { position: 'start' }).text, true, true])
    expect((await text.detect(said))[0]!.found).toBe(true)

    const none = run('{"a":1}\n{"b":2}\n')
    expect([none.status, none.stdout, none.stderr]).toEqual([0, '{"a":1}\n{"b":2}\n', expect.stringContaining('no answer of a language model')])
    expect(JSON.parse(run('data: {"a":1}\n\n', '--json').stdout)).toMatchObject({ changed: false, text: 'data: {"a":1}\n\n' })
  })

  test('what is no plain text goes through standard input and output as the file that it is', () => {
    const run = (args: string[], input: string | Buffer) => spawnSync(process.execPath, ['dist/cli/main.js', ...args], { input, env: { ...process.env, COUNTERMARK_LANG: 'en' } })
    const marking = ['mark', '-', '-o', '-', '--provider-name', 'Example-Lab', '--key', 'public']
    const chat = { id: 'c', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: chinese(400) }, finish_reason: 'stop' }] }
    for (const [kind, input] of [['application/json', JSON.stringify(chat)], ['text/html', `<!doctype html><html><head><title>x</title></head><body><p>${chinese(400)}</p></body></html>`], ['application/pdf', Buffer.from(pdf())]] as const) {
      const made = run(marking, input)
      expect([kind, made.status, made.stderr.toString()]).toEqual([kind, 0, expect.stringContaining('- -> -: compliant')])
      const checked = run(['verify', '-', '--json', '--key', 'public'], made.stdout)
      expect(JSON.parse(checked.stdout.toString())).toMatchObject({ file: '-', type: kind, verdict: 'compliant' })
    }
    const { choices } = JSON.parse(run(marking, JSON.stringify(chat)).stdout.toString()) as typeof chat
    expect(bare(choices[0]!.message.content)).toBe(text.label(chinese(400)).text)

    expect(run([...marking, '--json'], JSON.stringify(chat))).toMatchObject({ status: 2, stdout: Buffer.alloc(0) })
    const bytes = run(marking, Buffer.from([0xc3, 0x28, 0, 1]))
    expect([bytes.status, bytes.stdout.length, bytes.stderr.toString()]).toEqual([3, 0, expect.stringMatching(/neither a text in UTF-8 nor a file.*ERR_UNSUPPORTED[^]*-o FILE/)])
    // Texts that only look like something else.
    for (const words of ['[1, 2', 'ID3 tags stand at the start.', 'A document begins with %PDF-1.7.']) expect(run([...marking, '--quiet'], words).stdout.toString()).toBe(text.label(words).text)
  })
})

describe('inspect', () => {
  test('names every invisible character and its place', () => {
    expect(text.inspect('a\u200bb\ufe03\u{e0100}c\u2061\u00a0')).toEqual([
      { offset: 1, codePoint: 'U+200B', name: 'ZERO WIDTH SPACE', symbol: false },
      { offset: 3, codePoint: 'U+FE03', name: 'VARIATION SELECTOR-4', symbol: true },
      { offset: 4, codePoint: 'U+E0100', name: 'VARIATION SELECTOR-17', symbol: false },
      { offset: 7, codePoint: 'U+2061', name: 'FUNCTION APPLICATION', symbol: true },
      { offset: 8, codePoint: 'U+00A0', name: 'NO-BREAK SPACE', symbol: false },
    ])
    expect(text.inspect(`${chinese(50)} plain text`)).toEqual([])
  })
})

test.each([
  '本文由人工撰写，非AI生成内容', '本文并非AI生成', 'This article was not written by AI.', 'No part of this text was generated by AI.', '如何识别AI生成内容', '关于AI生成', '禁止使用AI生成内容',
  'How to spot AI-generated content', 'Why I stopped reading AI-generated text',
])('a denial or a title is no label: %s', (line) => {
  expect(text.findLabel(`${line}\n\n${chinese(50)}`)).toBeUndefined()
  expect(text.findLabel(`${chinese(50)}\n\n${line}`)).toBeUndefined()
})

test.each(['AI生成！', 'Written by AI.', 'AI-generated content. Please verify.', 'AI-Generated Content (AIGC)'])('a label of others: %s', (line) => {
  expect(text.findLabel(`${chinese(50)}\n\n${line}`)).toBeDefined()
})

test('a label in brackets is found, keeps no mark, and is not put twice', async () => {
  const options = { payload: PAYLOAD, key: KEY, label: { position: 'inline' } } as const
  const once = await text.mark(chinese(600), options)
  expect(text.findLabel(once.text)?.text).toBe(TEXT_LABELS.zh)
  expect(once.text.endsWith(`（${TEXT_LABELS.zh}）`)).toBe(true)
  expect((await text.mark(once.text, options)).label.added).toBe(false)
})

test('an event stream that ends early, and choices that are none', async () => {
  const body = `data: {"choices":[null]}\n\ndata: {"choices":[{"index":0,"delta":{"content":"${'说'.repeat(3)}"}}]}`
  const out = await new Response(new Response(body).body!.pipeThrough(text.eventStream({ payload: PAYLOAD, key: KEY }))).text()
  const events = out.split('\n\n').filter((one) => one !== '')
  for (const event of events) expect(() => JSON.parse(event.replace(/^data: /, ''))).not.toThrow()
  expect(events.length).toBe(3)
})

test('what is no string is refused', async () => {
  await expect(text.mark(undefined as never, { payload: PAYLOAD })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
})

test('a whole page that comes as a stream is refused: its label would stand outside its body', async () => {
  const page = new Response('<!doctype html><html><body><p>x</p></body></html>').body!.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>
  const out = page.pipeThrough(text.stream({ payload: PAYLOAD, label: { format: 'html' } }))
  await expect(new Response(out.pipeThrough(new TextEncoderStream() as never)).text()).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
})
