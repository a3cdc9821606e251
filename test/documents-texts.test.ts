// HTML, Markdown, JSON and plain text: bytes are put in and nothing else is changed; then the way of all documents through
// the SDK and the command line.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { generateKeyPairSync } from 'node:crypto'
import { mark, propagate, verify, type MarkOptions } from '../src/index.js'
import { countermark, folder } from './support/command.js'
import { content, docx, docxParts, label, packedPdf, pdf, python, SAMPLES, seen, SOURCE, text, written } from './support/documents.js'
import { mediaFiles, testOnMedia } from './support/media.js'

const bytes = (value: string, encoding: BufferEncoding = 'utf8'): Buffer => Buffer.from(value, encoding)
const put = (value: string, kind: 'text/html' | 'text/markdown' | 'application/json'): string => Buffer.from(written(bytes(value), kind, { ContentProducer: 'Lab', ReservedCode1: '' })).toString()
const LABEL = text({ ContentProducer: 'Lab', ReservedCode1: '' })
const META = `<meta name="AIGC" content="${LABEL.replaceAll('"', '&quot;')}">`
const BLOCK = '<script type="application/ld+json" class="countermark-source">{"@context":"https://schema.org","@type":"WebPage","digitalSourceType":"https://schema.org/TrainedAlgorithmicMediaDigitalSource"}</script>'

describe('HTML', () => {
  test.each([
    ['a page', '<!doctype html><HTML><Head><title></head></title></HEAD ><body>x', '<!doctype html><HTML><Head><title></head></title>', '</HEAD ><body>x'],
    ['no end of the head', '<!doctype html><html><body class=a>x', '<!doctype html><html>', '<body class=a>x'],
    ['an html element only', '<!-- <head> --><html lang="en">x', '<!-- <head> --><html lang="en">', 'x'],
    ['a document type only', '\n<!DOCTYPE html>\n<p>x', '\n<!DOCTYPE html>', '\n<p>x'],
    ['a fragment', '<p>x</p>', '', '<p>x</p>'],
    ['a longer name in a script', '<html><script>"</scripts></head>"</script><p>x', '<html>', '<script>"</scripts></head>"</script><p>x'],
    ['a head in a script', '<html><script>"</head>"</script><p>x', '<html>', '<script>"</head>"</script><p>x'],
  ])('%s', (_, page, before, after) => {
    expect(put(page, 'text/html')).toBe(`${before}${META}${BLOCK}${after}`)
    expect(content(bytes(put(page, 'text/html')), 'text/html')).toBe(page)
  })
  test.each([['utf16le', Buffer.from([0xff, 0xfe])], ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])], ['latin1', Buffer.alloc(0)]] as const)('in %s nothing else changes', (encoding, mark) => {
    const page = Buffer.concat([mark, bytes('<html><head></head><p>\xe4\xf6</p></html>', encoding)])
    const out = Buffer.from(written(page, 'text/html'))
    const place = page.indexOf(bytes('</head>', encoding))
    expect([out.subarray(0, place), out.subarray(out.length - (page.length - place))]).toEqual([page.subarray(0, place), page.subarray(place)])
    expect(seen(out, 'text/html').sites[0]).toMatchObject({ raw: text(), offset: place })
  })
  test('letters that grow when they are made small move nothing', () => {
    const page = Buffer.concat([Buffer.from([0xff, 0xfe]), bytes('<html><head><TITLE>\u0130\u0130\u0130</TITLE></head><p>', 'utf16le')])
    const out = Buffer.from(written(page, 'text/html'))
    expect(seen(out, 'text/html').sites[0]?.offset).toBe(page.indexOf(bytes('</head>', 'utf16le')))
  })
  test('another character set is read as it says', () => {
    const page = Buffer.concat([bytes('<meta charset="gbk"><meta name="AIGC" content=\'{"Label":"1","ContentProducer":"'), Buffer.from([0xd6, 0xd0]), bytes('"}\'>')])
    expect(seen(page, 'text/html').sites[0]?.aigc?.ContentProducer).toBe('中')
  })
  test('labels in other forms are read, and more than one is told', () => {
    const page = `<meta property="tc260:aigc" content='${LABEL}'><meta name=description content='${LABEL}'><script type="application/json">${LABEL}</script><!-- ${META} --><textarea>${META}</textarea>`
    expect(seen(bytes(page), 'text/html').sites.map(({ location, problem }) => [location, problem === undefined])).toEqual([['meta tc260:aigc', false], ['meta description', false], ['script', false]])
    expect(seen(bytes(META + META), 'text/html').sites.length).toBe(2)
    expect(seen(bytes('<script type="application/ld+json">{"digitalSourceType": "https://schema.org/CompositeWithTrainedAlgorithmicMediaDigitalSource"}</script>'), 'text/html').digitalSourceType).toBe('http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia')
  })
  test('an attribute that never ends takes no time without end', () => {
    const start = performance.now()
    for (const evil of ['<a '.repeat(200_000), `<a ${'='.repeat(200_000)}`, `<a b="${'x'.repeat(1_000_000)}`, '<script>'.repeat(100_000), '<!--'.repeat(100_000)])
      try {
        seen(bytes(evil), 'text/html')
      } catch (thrown) {
        expect((thrown as { code: string }).code).toBe('ERR_BROKEN')
      }
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('Markdown', () => {
  const MAPPING = `AIGC:\n${Object.entries(JSON.parse(LABEL) as Record<string, string>).map(([key, value]) => `  ${key}: "${value}"\n`).join('')}`
  const TYPE = `digitalSourceType: "${SOURCE}"\n`
  test.each([
    ['none', '# T\n', '', '# T\n', true],
    ['a rule at the start', '---\nSome text.\n\n---\n', '', '---\nSome text.\n\n---\n', true],
    ['some', '---\ntitle: x\n---\n# T\n', '---\ntitle: x\n', '---\n# T\n', false],
    ['an empty one', '---\n---\nx', '---\n', '---\nx', false],
    ['one that ends with dots', '---\na: [b,\n  c]\n...\nx', '---\na: [b,\n  c]\n', '...\nx', false],
  ])('front matter: %s', (_, document, before, after, fresh) => {
    expect(put(document, 'text/markdown')).toBe(fresh ? `---\n${MAPPING}${TYPE}---\n${after}` : `${before}${MAPPING}${TYPE}${after}`)
    if (document !== '---\n---\nx') expect(content(bytes(put(document, 'text/markdown')), 'text/markdown')).toBe(bytes(document).toString('latin1'))
  })
  test.each([
    ['single quotes, any order, comments', "---\nAIGC:\n  ProduceID: 'c-1' # it's\n\n  Label: \"1\"\n  ContentProducer: Lab\n---\n", { Label: '1', ContentProducer: 'Lab', ProduceID: 'c-1' }],
    ['JSON', `---\nAIGC: ${LABEL}\n---\n`, JSON.parse(LABEL)],
    ['JSON as a text', `---\n"AIGC": '${LABEL}'\n---\n`, JSON.parse(LABEL)],
    ['escapes', '---\nAIGC:\n  Label: "\\u0031"\n---\n', { Label: '1' }],
  ])('read: %s', (_, document, aigc) => {
    expect(seen(bytes(document), 'text/markdown').sites.map((site) => site.aigc)).toEqual([aigc])
  })
  test('twice is twice, nothing is nothing, and TOML is left alone', () => {
    expect(seen(bytes(`---\n${MAPPING}${MAPPING}---\n`), 'text/markdown').sites.length).toBe(2)
    expect(seen(bytes(`# T\n---\n${MAPPING}---\n`), 'text/markdown').sites).toEqual([])
    expect(() => seen(bytes('+++\ntitle = "x"\n+++\n'), 'text/markdown')).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  })
  const yaml = python('yaml')
  test.skipIf(yaml === undefined)('PyYAML reads what is written', () => {
    const path = join(folder(), 'a.md')
    for (const [, kind, document] of SAMPLES) {
      if (kind !== 'text/markdown') continue
      writeFileSync(path, written(document, kind))
      expect(JSON.parse(yaml!('import sys,json,yaml\nprint(json.dumps(next(yaml.safe_load_all(open(sys.argv[1],encoding="utf8")))["AIGC"]))', path))).toEqual(label())
    }
  })
})

describe('JSON', () => {
  test.each([
    ['with breaks', '{\n  "a": 1\n}\n', `{\n  "AIGC": ${LABEL},\n  "digitalSourceType": "${SOURCE}",\n  "a": 1\n}\n`],
    ['tight', '{"a":1}', `{"AIGC":${LABEL},"digitalSourceType":"${SOURCE}","a":1}`],
    ['empty', '{ }', `{"AIGC": ${LABEL},"digitalSourceType": "${SOURCE}" }`],
  ])('%s', (_, document, wanted) => {
    expect(put(document, 'application/json')).toBe(wanted)
    expect(content(bytes(wanted), 'application/json')).toBe(document)
  })
  test('what is no object has no place for a label', () => {
    for (const document of ['[1]', '"a"', '3', 'null']) {
      expect(seen(bytes(document), 'application/json').sites).toEqual([])
      expect(() => put(document, 'application/json')).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED', remedy: expect.not.stringContaining('.txt') }))
    }
  })
  test.each(['{"a":1', '{"a" 1}', '{"a":1,}', '{,}', '{"a":01}', '{"a":"\n"}', '{"a":1}}', '{"a":[1}', '{"a":tru}', '', '[1'])('%j is broken, with an offset', (document) => {
    expect(() => JSON.parse(document) as unknown).toThrow()
    expect(() => seen(bytes(document), 'application/json')).toThrow(expect.objectContaining({ code: 'ERR_BROKEN', offset: expect.any(Number) }))
  })
  test('nesting without end, and a label twice', () => {
    expect(() => seen(bytes(`{"a":${'['.repeat(100_000)}`), 'application/json')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(seen(bytes(`{"AIGC":${LABEL},"AIGC":${JSON.stringify(LABEL)}}`), 'application/json').sites.map(({ aigc }) => aigc?.Label)).toEqual(['1', '1'])
  })
})

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true } as const satisfies MarkOptions

describe('through the SDK', () => {
  test('mark and verify', async () => {
    const { output, type, status, watermark, label: drawn, verdict } = await mark(pdf(), COMMON)
    expect([type, status, watermark, drawn, verdict]).toEqual(['application/pdf', 'done', { embedded: false, reason: 'metadata only' }, { drawn: false, reason: 'metadata only' }, 'cannot tell'])
    const said = await verify(output)
    expect(said).toMatchObject({ type: 'application/pdf', verdict: 'cannot tell', state: 'confirmed' })
    expect(said.findings).toContainEqual(expect.objectContaining({ rule: 'P2' }))
    expect(await verify(pdf())).toMatchObject({ verdict: 'cannot tell', state: 'none' })
    expect((await mark(output, COMMON)).status).toBe('kept')
    await expect(mark(output, { ...COMMON, produceId: 'c-2' })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  })
  test('without metadata-only it says what is missing', async () => {
    const { metadataOnly: _, ...all } = COMMON
    const sheet = zipSync({ ...Object.fromEntries(Object.entries(docxParts()).filter(([name]) => !name.startsWith('word/'))), 'xl/workbook.xml': strToU8('<workbook/>') })
    const cn = await mark(sheet, all)
    expect([cn.watermark.embedded, cn.label.drawn, cn.label.reason, cn.verdict]).toEqual([false, false, expect.stringContaining('a cell'), 'cannot tell'])
    expect(cn.findings).toContainEqual(expect.objectContaining({ rule: 'T2', severity: 'warning', remedy: expect.stringContaining('into the text') }))
    expect(cn.findings.filter(({ rule, severity }) => rule === 'I1' || severity === 'error')).toEqual([])
    const eu = await mark(docx(), { ...all, policy: 'eu' })
    expect(eu.findings).toContainEqual(expect.objectContaining({ rule: 'W1', severity: 'error' }))
    await expect(mark(sheet, { ...all, label: { text: ['AI'] } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
  test('a broken document is no document without label', async () => {
    const cut = docx().subarray(0, -30)
    expect((await verify(cut)).verdict).toBe('cannot tell')
    await expect(mark(cut, COMMON)).rejects.toMatchObject({ code: 'ERR_BROKEN' })
  })
  test('plain text is marked beside itself', async () => {
    const home = folder()
    const [source, to] = [join(home, 'a.txt'), join(home, 'b.txt')]
    writeFileSync(source, 'Hello 中文\n')
    expect((await verify(source)).findings).toContainEqual(expect.objectContaining({ rule: 'P2', message: expect.stringContaining('a.txt.aigc.json') }))
    expect((await verify(source)).verdict).toBe('cannot tell')
    expect(await mark(source, { ...COMMON, to })).toMatchObject({ output: to, sidecar: `${to}.aigc.json`, findings: expect.arrayContaining([expect.objectContaining({ rule: 'T1' })]) })
    expect(readFileSync(to, 'utf8')).toBe('Hello 中文\n')
    expect(JSON.parse(readFileSync(`${to}.aigc.json`, 'utf8'))).toMatchObject({ AIGC: { Label: '1', ProduceID: 'c-1' }, digitalSourceType: SOURCE })
    expect(await verify(to)).toMatchObject({ state: 'confirmed', type: 'text/plain' })
    expect((await mark(to, { ...COMMON, to: join(home, 'c.txt') })).status).toBe('kept')
    expect(existsSync(join(home, 'c.txt.aigc.json'))).toBe(true)
    await expect(mark(source, { ...COMMON, as: 'bytes' })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
  test('a file beside a text is overwritten only where it holds a label of the same producer', async () => {
    const home = folder()
    const [source, to] = [join(home, 'y.txt'), join(home, 'g.txt')]
    writeFileSync(source, 'y\n')
    for (const standing of ['{"my":"data"}', 'no JSON', `{"AIGC":${text({ ContentProducer: 'Other', ReservedCode1: '' })}}`]) {
      writeFileSync(`${to}.aigc.json`, standing)
      await expect(mark(source, { ...COMMON, to })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
      expect([existsSync(to), readFileSync(`${to}.aigc.json`, 'utf8')]).toEqual([false, standing])
    }
    writeFileSync(`${to}.aigc.json`, `{"AIGC":${text({ ContentProducer: 'Example-Lab', ProduceID: 'c-0', ReservedCode1: '' })}}`)
    await mark(source, { ...COMMON, to })
    expect(JSON.parse(readFileSync(`${to}.aigc.json`, 'utf8'))).toMatchObject({ AIGC: { ProduceID: 'c-1' } })
  })
  test('a label that stands beside a text is not taken for one of other content', async () => {
    const home = folder()
    const [source, to] = [join(home, 'y.txt'), join(home, 'g.txt')]
    writeFileSync(source, 'y\n')
    const { privateKey } = generateKeyPairSync('ed25519')
    await mark(source, { ...COMMON, to, sign: { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string } })
    const { findings, verdict } = await verify(`${to}.aigc.json`)
    expect([verdict, findings.filter(({ rule }) => rule === 'S1')]).toEqual(['cannot tell', []])
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'P2', message: expect.stringContaining('the label of the text beside it (g.txt)') }))
  })
  test('a system that is named is not dropped in silence', async () => {
    const asked = { ...COMMON, system: { name: 'S', version: '1' } }
    expect((await mark(docx(), asked)).findings).toContainEqual(expect.objectContaining({ rule: 'C3', severity: 'warning', message: expect.stringContaining('not written into documents of this kind') }))
    expect((await mark(pdf(), asked)).findings.filter(({ rule }) => rule === 'C3')).toEqual([])
    // PDF/A allows no property without a schema.
    const archived = pdf({ packet: '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2"/></rdf:RDF></x:xmpmeta>' })
    expect((await mark(archived, asked)).findings).toContainEqual(expect.objectContaining({ rule: 'C3', severity: 'warning' }))
  })
  test('system, version and time stand in the XMP of a PDF, and a signature over it holds', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const asked = { ...COMMON, policy: 'us-ca', system: { name: 'Painter <&>', version: '2.1' }, sign: { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string } } as const
    for (const source of [pdf(), packedPdf(), pdf({ info: '<</Title(x)/CreationDate(D:20200101)>>' })]) {
      const { output } = await mark(source, asked)
      const text = Buffer.from(output).toString('latin1')
      expect(text).toContain('<Iptc4xmpExt:AISystemUsed xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">Painter &lt;&amp;&gt;</Iptc4xmpExt:AISystemUsed>')
      expect(text).toContain('>2.1</Iptc4xmpExt:AISystemVersionUsed>')
      // The document's own date is not contradicted.
      expect(text.includes('<xmp:CreateDate ')).toBe(!Buffer.from(source).toString('latin1').includes('/CreationDate'))
      expect(content(output, 'application/pdf')).toBe(content(source, 'application/pdf'))
      expect((await verify(output)).evidence).toContainEqual(expect.objectContaining({ kind: 'signature', valid: true, bound: true }))
    }
  })
  test.each([['a PDF', 'report.pdf', (): Uint8Array => pdf()], ['HTML', 'a.html', (): Uint8Array => Buffer.from('<!doctype html><html><head></head><p>x</p></html>')], ['Markdown', 'a.md', (): Uint8Array => Buffer.from('# x\n')]] as const)('propagate sets the pair of %s and leaves the producer\'s part and its signature', async (_, name, make) => {
    const home = folder()
    const [source, marked, passed] = [name, `m-${name}`, `p-${name}`].map((one) => join(home, one)) as [string, string, string]
    writeFileSync(source, make())
    const { privateKey } = generateKeyPairSync('ed25519')
    await mark(source, { ...COMMON, to: marked, sign: { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string } })
    const result = await propagate(marked, { propagator: { name: 'Platform' }, propagateId: 'p-1', to: passed })
    expect(result).toMatchObject({ status: 'set', state: 'confirmed', record: { ContentProducer: 'Example-Lab', ContentPropagator: 'Platform', PropagateID: 'p-1' } })
    const seen = await verify(passed)
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'signature', valid: true, bound: true }))
    expect(seen.evidence).toContainEqual(expect.objectContaining({ kind: 'metadata', format: 'aigc', aigc: result.record }))
    // Nothing shows that the source was generated.
    expect(await propagate(source, { propagator: { name: 'Platform' }, propagateId: 'p-1', to: join(home, `n-${name}`) })).toMatchObject({ status: 'unchanged' })
  })
  test('propagate says that it does not take plain text', async () => {
    const source = join(folder(), 'a.txt')
    writeFileSync(source, 'x')
    await expect(propagate(source, { propagator: { name: 'Platform' }, propagateId: 'p-1', as: 'bytes' })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', message: expect.stringContaining('plain text') })
  })
  test('an output name that does not say the kind is refused where only the name says it', async () => {
    const home = folder()
    for (const [name, whole] of [['a.txt', 'x'], ['a.md', '# x\n'], ['a.json', '{}'], ['a.html', '<p>x</p>']] as const) {
      writeFileSync(join(home, name), whole)
      await expect(mark(join(home, name), { ...COMMON, to: join(home, 'noext') })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    }
    expect(existsSync(join(home, 'noext'))).toBe(false)
    await mark(pdf(), { ...COMMON, to: join(home, 'pdf') })
    expect(await verify(join(home, 'pdf'))).toMatchObject({ state: 'confirmed' })
  })
  test('names that say another kind are refused', async () => {
    await expect(mark(pdf(), { ...COMMON, to: join(folder(), 'a.docx') })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
  testOnMedia('real texts', async () => {
    const files = mediaFiles('text', ['.md', '.html'])
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const to = join(folder(), file.endsWith('.md') ? 'a.md' : 'a.html')
      await mark(file, { ...COMMON, to })
      expect(await verify(to)).toMatchObject({ state: 'confirmed' })
    }
  })
})

test('through the command line', async () => {
  const home = folder()
  writeFileSync(join(home, 'report.pdf'), pdf())
  const marked = await countermark(['mark', join(home, 'report.pdf'), '-o', join(home, 'out.pdf'), '--metadata-only', '--provider-name', 'Example-Lab'])
  expect([marked.code, existsSync(join(home, 'out.pdf'))]).toEqual([0, true])
  const said = await countermark(['verify', join(home, 'out.pdf')])
  expect(said.stdout).toContain('Info /AIGC, Label 1, Example-Lab')
  writeFileSync(join(home, 'a.txt'), 'a')
  writeFileSync(join(home, 'a.txt.aigc.json'), '{}')
  const flags = ['--metadata-only', '--provider-name', 'Example-Lab']
  const clash = await countermark(['mark', join(home, 'a.txt'), join(home, 'a.txt.aigc.json'), '-o', join(home, 'out'), ...flags])
  expect([clash.code, existsSync(join(home, 'out'))]).toEqual([2, false])
  writeFileSync(join(home, 'b.txt'), 'b')
  const text = await countermark(['mark', join(home, 'b.txt'), '-o', join(home, 'c.txt'), ...flags])
  expect(text.stdout).toContain(`${join(home, 'c.txt')} + ${join(home, 'c.txt.aigc.json')}`)
})

describe('what hides in our own elements is content', () => {
  const HTML = put('<html><head></head><body>x', 'text/html')
  const MD = put('---\ntitle: x\n---\n# T\n', 'text/markdown')
  const OBJECT = put('{\n  "a": 1\n}\n', 'application/json')
  test.each([
    ['an attribute of the meta element', 'text/html', HTML, '<meta name="AIGC"', '<meta http-equiv="refresh" name="AIGC" onx="1"'],
    ['a field in the label of the page', 'text/html', HTML, '&quot;}">', '&quot;,&quot;Extra&quot;:&quot;EDITED&quot;}">'],
    ['a member of our JSON-LD', 'text/html', HTML, '"@type":"WebPage"', '"@type":"WebPage","headline":"EDITED"'],
    ['an attribute of our script', 'text/html', HTML, '<script type', '<script src="x.js" type'],
    ['something in the end tag', 'text/html', HTML, '</script>', '</script EDITED>'],
    ['a field in the mapping', 'text/markdown', MD, '  Label: "1"\n', '  Label: "1"\n  Extra: "EDITED"\n'],
    ['a comment in the mapping', 'text/markdown', MD, '  Label: "1"\n', '  Label: "1"\n  # EDITED\n'],
    ['a comment behind a value', 'text/markdown', MD, '  Label: "1"\n', '  Label: "1" # EDITED\n'],
    ['a comment behind the source', 'text/markdown', MD, 'trainedAlgorithmicMedia"', 'trainedAlgorithmicMedia" # EDITED'],
    ['a field in the label of the object', 'application/json', OBJECT, '"Label":"1"', '"Label":"1","Extra":"EDITED"'],
    ['a source that is no URI', 'application/json', OBJECT, SOURCE, 'EDITED text'],
    ['a second source', 'application/json', OBJECT, '"a": 1', `"digitalSourceType": "${SOURCE}", "a": 1`],
  ] as const)('%s', (_, kind, whole, from, to) => {
    const changed = whole.replace(from, to)
    expect(changed).not.toBe(whole)
    expect(content(bytes(changed), kind)).not.toBe(content(bytes(whole), kind))
  })
  test('a field in the label of a PDF', () => {
    const whole = Buffer.from(written(pdf(), 'application/pdf', { ContentProducer: 'Lab', ReservedCode1: '' })).toString('latin1')
    const changed = whole.replace('"ReservedCode2"', '"EDITED text!!"')
    expect([changed.includes('EDITED'), changed.length]).toEqual([true, whole.length])
    expect(content(bytes(whole, 'latin1'), 'application/pdf')).toBe(content(pdf(), 'application/pdf'))
    expect(content(bytes(changed, 'latin1'), 'application/pdf')).not.toBe(content(bytes(whole, 'latin1'), 'application/pdf'))
  })
  test('a propagation pair that a platform sets is none', () => {
    for (const [kind, whole] of [['text/html', HTML], ['text/markdown', MD], ['application/json', OBJECT]] as const) {
      const set = whole.replace(/(ContentPropagator(?:\W|quot)+)Lab/, '$1Platform').replace(/(PropagateID(?:\W|quot)+)c-1/, '$1p-9')
      expect(seen(bytes(set), kind).sites[0]?.aigc).toMatchObject({ ContentProducer: 'Lab', ContentPropagator: 'Platform', PropagateID: 'p-9' })
      expect(content(bytes(set), kind)).toBe(content(bytes(whole), kind))
    }
  })
  test('a source of the document\'s own form is not replaced', () => {
    for (const [document, kind] of [['---\ndigitalSourceType: http://example.org/x # mine\n---\n', 'text/markdown'], ['{"digitalSourceType" : "mine"}', 'application/json']] as const)
      expect(() => put(document, kind)).toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
  })
})
