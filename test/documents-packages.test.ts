// DOCX, XLSX, PPTX and EPUB: entries that are not ours keep their bytes and order, and programs of others open the result.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { documentKind, type DocumentKind } from '../src/document/index.js'
import { openZip } from '../src/document/zip.js'
import { folder } from './support/command.js'
import { content, docx, docxParts, DOCX, epub, label, OFFICE, python, seen, SOURCE, streamedZip, text, written } from './support/documents.js'
import { media, mediaFiles, testOnMedia } from './support/media.js'
import { program } from './support/programs.js'

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const FMTID = '{D5CDD505-2E9C-101B-9397-08002B2CF9AE}'
const custom = (inside: string): string => `${HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">${inside}</Properties>`
const property = (name: string, value: string, pid = 2): string => `<property fmtid="${FMTID}" pid="${pid}" name="${name}"><vt:lpwstr>${value}</vt:lpwstr></property>`
const part = (bytes: Uint8Array, name: string): string => new TextDecoder().decode(unzipSync(bytes)[name])
const escaped = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** Every local record but those of `changed`: header, data and descriptor as they stand. */
function records(bytes: Uint8Array, changed: string[]): string[] {
  const { entries, directory } = openZip(bytes)
  const sorted = [...entries].sort((a, b) => a.offset - b.offset)
  return sorted.flatMap(({ name, offset }, index) => (changed.includes(name) ? [] : [Buffer.from(bytes.subarray(offset, sorted[index + 1]?.offset ?? directory)).toString('latin1')]))
}
const OURS = ['[Content_Types].xml', '_rels/.rels', 'docProps/custom.xml']

describe('the package', () => {
  test.each([['deflated', docx()], ['streamed, zip64', streamedZip(docxParts())], ['stored', zipSync(docxParts(), { level: 0 })]])('%s: other entries keep their records and order', (_, bytes) => {
    const out = written(bytes, DOCX)
    expect(records(out, OURS)).toEqual(records(bytes, OURS))
    expect(records(out, OURS).length).toBe(1)
    expect(Object.keys(unzipSync(out))).toEqual([...Object.keys(unzipSync(bytes)), 'docProps/custom.xml'])
    expect(part(out, '[Content_Types].xml')).toContain('<Override PartName="/docProps/custom.xml" ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/></Types>')
    expect(part(out, '_rels/.rels')).toContain('relationships/custom-properties" Target="docProps/custom.xml"/></Relationships>')
  })
  test('bytes before the archive and a comment behind it stay', () => {
    const plain = Buffer.from(docx())
    plain.writeUInt16LE(5, plain.length - 2)
    const out = Buffer.from(written(Buffer.concat([plain, Buffer.from('hello')]), DOCX))
    expect(out.subarray(-5).toString()).toBe('hello')
    expect(seen(out, DOCX).sites.length).toBe(1)
  })
  test('other properties stay, and the label gets a number of its own', () => {
    const bytes = docx(custom(property('Client', 'A &amp; B', 7)))
    const out = written(bytes, DOCX)
    expect(part(out, 'docProps/custom.xml')).toContain(`${property('Client', 'A &amp; B', 7)}<property fmtid="${FMTID}" pid="8" name="AIGC">`)
    expect(records(out, ['docProps/custom.xml'])).toEqual(records(bytes, ['docProps/custom.xml']))
    expect(content(out, DOCX)).toBe(content(bytes, DOCX))
  })
  test('empty properties, and prefixes', () => {
    for (const inside of ['<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>', '<o:Properties xmlns:o="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"></o:Properties>'])
      expect(seen(written(docx(HEAD + inside), DOCX), DOCX).sites.map(({ raw, problem }) => [raw, problem])).toEqual([[text(), undefined]])
  })
})

describe('labels that stand', () => {
  test('another producer\'s is never replaced', () => {
    const bytes = docx(custom(property('AIGC', escaped(text({ ContentProducer: 'Other' })))))
    expect(seen(bytes, DOCX).sites[0]?.aigc?.ContentProducer).toBe('Other')
    for (const replace of [false, true]) expect(() => written(bytes, DOCX, {}, replace)).toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
  })
  test('in other places they are read, and said to be there', () => {
    const core = strToU8(`${HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>${escaped(text())}</dc:description></cp:coreProperties>`)
    const bytes = zipSync({ ...docxParts(custom(property('x_aigc', escaped(text())))), 'docProps/core.xml': core })
    expect(seen(bytes, DOCX).sites.map(({ location, problem }) => [location, problem?.includes('not the place')])).toEqual([['docProps/custom.xml x_aigc', true], ['docProps/core.xml description', true]])
    expect(() => written(bytes, DOCX, {}, true)).toThrow(expect.objectContaining({ code: 'ERR_CONFLICT' }))
  })
  test('a broken one is a label with a problem', () => {
    expect(seen(docx(custom(property('AIGC', '{&quot;Label&quot;:'))), DOCX).sites[0]).toMatchObject({ problem: expect.stringContaining('not a JSON object') })
  })
})

describe('hostile archives', () => {
  const code = (bytes: Uint8Array): string => {
    try {
      seen(bytes, DOCX)
      return 'read'
    } catch (thrown) {
      return (thrown as { code: string }).code
    }
  }
  test('a part of 64 MiB in 64 KiB', () => expect(code(docx(custom(' '.repeat(64 * 1024 * 1024))))).toBe('ERR_LIMIT'))
  test('a size that lies', () => {
    const bytes = Buffer.from(docx(custom(' '.repeat(32 * 1024 * 1024))))
    const { entries } = openZip(bytes)
    bytes.writeUInt32LE(100, entries.find(({ name }) => name === 'docProps/custom.xml')!.central + 24)
    expect(code(bytes)).toBe('ERR_LIMIT')
  })
  test('a checksum that is wrong', () => {
    const bytes = Buffer.from(docx(custom(property('AIGC', escaped(text())))))
    const { entries } = openZip(bytes)
    bytes[entries.find(({ name }) => name === 'docProps/custom.xml')!.central + 16]! ^= 1
    expect(code(bytes)).toBe('ERR_BROKEN')
  })
  test('one name twice, two names for one entry, an encrypted part', () => {
    const bytes = (change: (bytes: Buffer, central: number, offset: number) => void): Buffer => {
      const copy = Buffer.from(zipSync({ ...docxParts(), 'aaaa/.rels': strToU8('x') }))
      const entry = openZip(copy).entries.find(({ name }) => name === 'aaaa/.rels')!
      change(copy, entry.central, entry.offset)
      return copy
    }
    expect(code(bytes((copy, central, offset) => { copy.write('_rels/.rels'.slice(0, 10), central + 46); copy.write('_rels/.rels'.slice(0, 10), offset + 30) }))).toBe('read')
    expect(code(bytes((copy, central) => void copy.write('bbbb', central + 46)))).toBe('ERR_BROKEN')
    const twice = Buffer.from(zipSync({ ...docxParts(), '_rels/.relz': strToU8('x') }))
    const { central, offset } = openZip(twice).entries.find(({ name }) => name === '_rels/.relz')!
    twice.write('s', central + 56); twice.write('s', offset + 40)
    expect(code(twice)).toBe('ERR_BROKEN')
    const locked = Buffer.from(docx())
    locked.writeUInt16LE(1, openZip(locked).entries.find(({ name }) => name === '_rels/.rels')!.central + 8)
    expect(code(locked)).toBe('ERR_UNSUPPORTED')
  })
  test('entities of its own, and nesting without end', () => {
    expect(code(docx(`<!DOCTYPE a [<!ENTITY b "c">]>${custom('')}`))).toBe('ERR_UNSUPPORTED')
    expect(code(docx(custom('<a>'.repeat(100_000))))).toBe('ERR_LIMIT')
  })
})

describe('EPUB', () => {
  const kind = 'application/epub+zip'
  const opf = (bytes: Uint8Array): string => part(bytes, 'OEBPS/content.opf')
  test('mimetype stays first and stored; EPUB 3 gets a property with its prefix, EPUB 2 a name', () => {
    const three = written(epub('3.0', '', ' prefix="foaf: http://xmlns.com/foaf/spec/"'), kind)
    expect(Buffer.from(three.subarray(30, 58)).toString()).toBe('mimetypeapplication/epub+zip')
    expect(opf(three)).toContain('prefix="foaf: http://xmlns.com/foaf/spec/ TC260: http://www.tc260.org.cn/ns/AIGC/1.0/ Iptc4xmpExt: http://iptc.org/std/Iptc4xmpExt/2008-02-29/"')
    expect(opf(three)).toContain(`<meta property="Iptc4xmpExt:DigitalSourceType">${SOURCE}</meta></metadata>`)
    const two = opf(written(epub('2.0'), kind))
    expect([two.includes('<meta name="AIGC" content="{'), two.includes(' prefix=')]).toEqual([true, false])
    expect(records(three, ['OEBPS/content.opf'])).toEqual(records(epub('3.0'), ['OEBPS/content.opf']))
  })
  test('labels elsewhere in the metadata are read', () => {
    expect(seen(epub('3.0', `<dc:description>${escaped(text())}</dc:description>`), kind).sites.map(({ location }) => location)).toEqual(['OEBPS/content.opf dc:description'])
  })
  test('a signed book is left alone', () => {
    const signed = zipSync({ ...Object.fromEntries(Object.entries(unzipSync(epub())).map(([name, data]) => [name, name === 'mimetype' ? [data, { level: 0 }] : data])), 'META-INF/signatures.xml': strToU8('<a/>') } as never)
    expect(() => written(signed, kind)).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  })
})

describe('read by others', () => {
  test.skipIf(program('unzip') === undefined).each([['docx', docx()], ['streamed docx', streamedZip(docxParts())], ['epub', epub()]])('unzip finds nothing wrong: %s', (name, bytes) => {
    const path = join(folder(), name)
    writeFileSync(path, written(bytes, name === 'epub' ? 'application/epub+zip' : DOCX))
    expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toContain('No errors detected')
  })
  const MAKE: [string, string, DocumentKind, string, string][] = [
    ['python-docx', 'docx', DOCX, 'd=docx.Document(); d.add_paragraph("Hello"); d.save(p)', 'print(docx.Document(p).paragraphs[0].text)'],
    ['openpyxl', 'openpyxl', `${OFFICE}spreadsheetml.sheet`, 'b=openpyxl.Workbook(); b.active["A1"]="Hello"; b.save(p)', 'b=openpyxl.load_workbook(p); print(b.active["A1"].value); print(b.custom_doc_props["AIGC"].value)'],
    ['python-pptx', 'pptx', `${OFFICE}presentationml.presentation`, 'd=pptx.Presentation(); s=d.slides.add_slide(d.slide_layouts[0]); s.shapes.title.text="Hello"; d.save(p)', 'print(pptx.Presentation(p).slides[0].shapes.title.text)'],
  ]
  for (const [name, module, kind, make, show] of MAKE) {
    const run = python(module)
    test.skipIf(run === undefined)(`${name} makes it and opens it again`, () => {
      const path = join(folder(), `a.${module === 'openpyxl' ? 'xlsx' : module}`)
      run!(`import sys,${module}\np=sys.argv[1]\n${make}`, path)
      const source = readFileSync(path)
      expect(documentKind(source)).toBe(kind)
      const out = written(source, kind)
      writeFileSync(path, out)
      const said = run!(`import sys,${module}\np=sys.argv[1]\n${show}`, path)
      expect(said.split('\n')[0]).toBe('Hello')
      if (module === 'openpyxl') expect(said.split('\n')[1]).toBe(text())
      expect(records(out, OURS)).toEqual(records(source, OURS))
    })
  }
  testOnMedia('real documents', () => {
    const files = mediaFiles('text', ['.docx'])
    expect(files.length).toBeGreaterThan(0)
    for (const path of files) {
      const bytes = readFileSync(path)
      const out = written(bytes, DOCX)
      expect(seen(out, DOCX).sites.map(({ aigc }) => aigc)).toEqual([label()])
      expect(records(out, OURS), media).toEqual(records(bytes, OURS))
    }
  })
})

describe('what hides in our own elements is content', () => {
  const changedIn = (whole: Uint8Array, part: string, from: string, to: string): Uint8Array => {
    const parts = unzipSync(whole)
    const before = Buffer.from(parts[part]!).toString()
    expect(before).toContain(from)
    return zipSync({ mimetype: [parts.mimetype ?? new Uint8Array(), { level: 0 }], ...Object.fromEntries(Object.entries(parts).filter(([name]) => name !== 'mimetype').map(([name, data]) => [name, name === part ? strToU8(before.replace(from, () => to)) : data])) } as never)
  }
  test.each([
    ['an attribute of the meta element', '<meta property="TC260:AIGC">', '<meta id="EDITED" property="TC260:AIGC">'],
    ['a comment in the meta element', '<meta property="TC260:AIGC">', '<meta property="TC260:AIGC"><!-- EDITED -->'],
    ['a field of the label', '&quot;}</meta>', '&quot;,&quot;Extra&quot;:&quot;EDITED&quot;}</meta>'],
    ['words among the prefixes', ' prefix="', ' prefix="EDITED '],
  ])('EPUB: %s', (_, from, to) => {
    const whole = written(epub(), 'application/epub+zip', { ReservedCode1: '' })
    expect(content(changedIn(whole, 'OEBPS/content.opf', from, to), 'application/epub+zip')).not.toBe(content(changedIn(whole, 'OEBPS/content.opf', from, from), 'application/epub+zip'))
  })
  test.each([
    ['an attribute of the property', 'docProps/custom.xml', 'name="AIGC"', 'name="AIGC" linkTarget="EDITED"'],
    ['a comment in the part', 'docProps/custom.xml', '</Properties>', '<!-- EDITED --></Properties>'],
    ['a field of the label', 'docProps/custom.xml', '&quot;}</vt:lpwstr>', '&quot;,&quot;Extra&quot;:&quot;EDITED&quot;}</vt:lpwstr>'],
    ['an attribute of the relationship', '_rels/.rels', 'Target="docProps/custom.xml"', 'Target="docProps/custom.xml" x="EDITED"'],
    ['an attribute of the content type', '[Content_Types].xml', 'PartName="/docProps/custom.xml"', 'PartName="/docProps/custom.xml" x="EDITED"'],
  ])('Office: %s', (_, part, from, to) => {
    const whole = written(docx(), DOCX, { ReservedCode1: '' })
    expect(content(changedIn(whole, part, from, to), DOCX)).not.toBe(content(changedIn(whole, part, from, from), DOCX))
  })
})
