// Small documents of every kind, made here, and programs of others that read them.
import { execFileSync } from 'node:child_process'
import { deflateSync, strToU8, zipSync, zlibSync } from 'fflate'
import { nativeEngine } from '../../src/engine/native.js'
import { contentBytes, readDocument, writeDocument, type DocumentKind } from '../../src/document/index.js'
import type { Record as Label } from '../../src/types.js'

export const engine = nativeEngine()
export const SOURCE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
export const OFFICE = 'application/vnd.openxmlformats-officedocument.'
export const DOCX: DocumentKind = `${OFFICE}wordprocessingml.document`

/** A first label; the name and the reserved code hold what must be escaped on its way. */
export function label(changes: Partial<Label> = {}): Label {
  const { ContentProducer = '示例-<Lab>&Co', ProduceID = 'c-1' } = changes
  return { Label: '1', ContentProducer, ProduceID, ReservedCode1: '{"a":"(b)\'"}', ContentPropagator: ContentProducer, PropagateID: ProduceID, ReservedCode2: '', ...changes }
}

/** The text of a label in the order of the standard. */
export const text = (changes: Partial<Label> = {}): string => JSON.stringify(label(changes))

export const written = (bytes: Uint8Array, kind: DocumentKind, changes: Partial<Label> = {}, replace = false): Uint8Array =>
  writeDocument(engine, bytes, kind, { aigc: label(changes), digitalSourceType: SOURCE, replace })
export const seen = (bytes: Uint8Array, kind: DocumentKind) => readDocument(engine, bytes, kind)
export const content = (bytes: Uint8Array, kind: DocumentKind): string => Buffer.concat(contentBytes(engine, bytes, kind)).toString('latin1')

const TYPES = (more = ''): string => `<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${OFFICE}wordprocessingml.document.main+xml"/>${more}</Types>`
const RELS = (more = ''): string => `<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>${more}</Relationships>`
const WORDS = '<?xml version="1.0" encoding="UTF-8"?>\n<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Hello</w:t></w:r></w:p></w:body></w:document>'

/** The parts of a DOCX; with `custom`, its custom properties. */
export function docxParts(custom?: string): { [name: string]: Uint8Array } {
  const named = custom === undefined ? ['', ''] : [
    `<Override PartName="/docProps/custom.xml" ContentType="${OFFICE}custom-properties+xml"/>`,
    '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties" Target="docProps/custom.xml"/>',
  ]
  return {
    '[Content_Types].xml': strToU8(TYPES(named[0])), '_rels/.rels': strToU8(RELS(named[1])), 'word/document.xml': strToU8(WORDS),
    ...(custom === undefined ? {} : { 'docProps/custom.xml': strToU8(custom) }),
  }
}

export const docx = (custom?: string): Uint8Array => zipSync(docxParts(custom), { mtime: new Date(2020, 1, 1) })

/** A ZIP as streaming writers make it: sizes behind the data, and zip64 records at its end. */
export function streamedZip(parts: { [name: string]: Uint8Array }): Uint8Array {
  const out: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  const add = (piece: Buffer): void => { out.push(piece); at += piece.length }
  for (const [name, part] of Object.entries(parts)) {
    const [raw, data] = [Buffer.from(name), Buffer.from(deflateSync(part))]
    const crc = crc32(part)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0); local.writeUInt16LE(20, 4); local.writeUInt16LE(8, 6); local.writeUInt16LE(8, 8); local.writeUInt16LE(raw.length, 26)
    const after = Buffer.alloc(16)
    after.writeUInt32LE(0x08074b50, 0); after.writeUInt32LE(crc, 4); after.writeUInt32LE(data.length, 8); after.writeUInt32LE(part.length, 12)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0); central.writeUInt16LE(45, 4); central.writeUInt16LE(45, 6); central.writeUInt16LE(8, 8); central.writeUInt16LE(8, 10)
    central.writeUInt32LE(crc, 16); central.writeUInt32LE(data.length, 20); central.writeUInt32LE(part.length, 24); central.writeUInt16LE(raw.length, 28); central.writeUInt16LE(12, 30); central.writeUInt32LE(0xffffffff, 42)
    const extra = Buffer.alloc(12)
    extra.writeUInt16LE(1, 0); extra.writeUInt16LE(8, 2); extra.writeBigUInt64LE(BigInt(at), 4)
    directory.push(central, raw, extra)
    add(local); add(raw); add(data); add(after)
  }
  const [start, records] = [at, Buffer.concat(directory)]
  add(records)
  const [wide, where] = [Buffer.alloc(56), at]
  const count = BigInt(Object.keys(parts).length)
  wide.writeUInt32LE(0x06064b50, 0); wide.writeBigUInt64LE(44n, 4); wide.writeUInt16LE(45, 12); wide.writeUInt16LE(45, 14)
  wide.writeBigUInt64LE(count, 24); wide.writeBigUInt64LE(count, 32); wide.writeBigUInt64LE(BigInt(records.length), 40); wide.writeBigUInt64LE(BigInt(start), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0); locator.writeBigUInt64LE(BigInt(where), 8); locator.writeUInt32LE(1, 16)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(0xffff, 8); end.writeUInt16LE(0xffff, 10); end.writeUInt32LE(0xffffffff, 12); end.writeUInt32LE(0xffffffff, 16)
  add(wide); add(locator); add(end)
  return Buffer.concat(out)
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** An EPUB of one page. */
export function epub(version: '2.0' | '3.0' = '3.0', metadata = '', attributes = ''): Uint8Array {
  const opf = `<?xml version="1.0" encoding="UTF-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="${version}" unique-identifier="id"${attributes}><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:x</dc:identifier><dc:title>T</dc:title>${metadata}</metadata><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>`
  return zipSync({
    mimetype: [strToU8('application/epub+zip'), { level: 0 }],
    'META-INF/container.xml': strToU8('<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'),
    'OEBPS/content.opf': strToU8(opf),
    'OEBPS/a.xhtml': strToU8('<html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head><body/></html>'),
  }, { mtime: new Date(2020, 1, 1) })
}

/** What a PDF is made of. `info`, `packet`: their objects; `root`, `page`: more members of the catalog and the page; `content`: what the page paints; `more`: objects from 7 on. */
export interface PdfParts { info?: string; packet?: string; root?: string; page?: string; content?: string; trailer?: string; more?: string[] }

function pdfObjects({ info, packet, root = '', page = '', content = 'BT /F1 12 Tf 20 50 Td (Hello) Tj ET', more = [] }: PdfParts): Map<number, string> {
  return new Map([
    [1, `<</Type/Catalog/Pages 2 0 R${packet === undefined ? '' : '/Metadata 6 0 R'}${root}>>`],
    [2, '<</Type/Pages/Kids[3 0 R]/Count 1>>'],
    [3, `<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>${page}>>`],
    [4, `<</Length ${content.length}>>\nstream\n${content}\nendstream`],
    ...(info === undefined ? [] : [[5, info] as [number, string]]),
    ...(packet === undefined ? [] : [[6, `<</Type/Metadata/Subtype/XML/Length ${Buffer.byteLength(packet)}>>\nstream\n${packet}\nendstream`] as [number, string]]),
    ...more.map((object, index): [number, string] => [7 + index, object]),
  ])
}

/** A PDF with a table. */
export function pdf(parts: PdfParts = {}): Buffer {
  const objects = pdfObjects(parts)
  let out = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')
  const offsets = new Map<number, number>()
  for (const [number, object] of objects) {
    offsets.set(number, out.length)
    out = Buffer.concat([out, Buffer.from(`${number} 0 obj\n${object}\nendobj\n`)])
  }
  const size = Math.max(...objects.keys()) + 1
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number)
    return offset === undefined ? `0000000000 ${number === 0 ? '65535' : '00000'} f\r\n` : `${String(offset).padStart(10, '0')} 00000 n\r\n`
  })
  const info = parts.info === undefined ? '' : '/Info 5 0 R'
  return Buffer.concat([out, Buffer.from(`xref\n0 ${size}\n${rows.join('')}trailer\n<</Size ${size}/Root 1 0 R${info}${parts.trailer ?? ''}>>\nstartxref\n${out.length}\n%%EOF\n`)])
}

/** The same with catalog, pages and Info in an object stream; `hybrid`: a table for old readers, which hides them. */
export function packedPdf(parts: PdfParts = {}, hybrid = false): Buffer {
  const objects = [...pdfObjects(parts)]
  const packed = objects.filter(([, object]) => !object.includes('stream'))
  const holder = Math.max(...objects.map(([number]) => number)) + 1
  let head = ''
  let body = ''
  for (const [number, object] of packed) {
    head += `${number} ${body.length} `
    body += `${object} `
  }
  const stream = Buffer.from(zlibSync(Buffer.from(head + body, 'utf8')))
  let out = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')
  const places = new Map<number, [number, number, number]>([[0, [0, 0, 65_535]]])
  const add = (number: number, object: Buffer): void => {
    places.set(number, [1, out.length, 0])
    out = Buffer.concat([out, Buffer.from(`${number} 0 obj\n`), object, Buffer.from('\nendobj\n')])
  }
  for (const [number, object] of objects) if (object.includes('stream')) add(number, Buffer.from(object))
  add(holder, Buffer.concat([Buffer.from(`<</Type/ObjStm/N ${packed.length}/First ${head.length}/Filter/FlateDecode/Length ${stream.length}>>\nstream\n`), stream, Buffer.from('\nendstream')]))
  packed.forEach(([number], index) => places.set(number, [2, holder, index]))
  const start = out.length
  places.set(holder + 1, [1, start, 0])
  // Rows of 7 bytes behind the predictor "up".
  const rows = Array.from({ length: holder + 2 }, (_, number) => {
    const [type, a, b] = places.get(number) ?? [0, 0, 0]
    const row = Buffer.alloc(7)
    row.writeUInt8(type, 0); row.writeUInt32BE(a, 1); row.writeUInt16BE(b, 5)
    return row
  })
  const predicted = rows.map((row, index) => Buffer.concat([Buffer.from([2]), row.map((byte, at) => byte - (rows[index - 1]?.[at] ?? 0))]))
  const table = Buffer.from(zlibSync(Buffer.concat(predicted)))
  const ends = `/Size ${holder + 2}/Root 1 0 R${parts.info === undefined ? '' : '/Info 5 0 R'}${parts.trailer ?? ''}`
  out = Buffer.concat([out, Buffer.from(`${holder + 1} 0 obj\n<</Type/XRef/W[1 4 2]${ends}/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 7>>/Length ${table.length}>>\nstream\n`), table, Buffer.from('\nendstream\nendobj\n')])
  if (!hybrid) return Buffer.concat([out, Buffer.from(`startxref\n${start}\n%%EOF\n`)])
  const old = [...places].filter(([, [type]]) => type === 1).map(([number, [, offset]]) => `${number} 1\n${String(offset).padStart(10, '0')} 00000 n\r\n`)
  return Buffer.concat([out, Buffer.from(`xref\n0 1\n0000000000 65535 f\r\n${old.join('')}trailer\n<<${ends}/XRefStm ${start}>>\nstartxref\n${out.length}\n%%EOF\n`)])
}

/** Every document of this file, small. */
export const SAMPLES: readonly (readonly [string, DocumentKind, Uint8Array])[] = [
  ['DOCX', DOCX, docx()],
  ['streamed DOCX', DOCX, streamedZip(docxParts())],
  ['EPUB 3', 'application/epub+zip', epub('3.0')],
  ['EPUB 2', 'application/epub+zip', epub('2.0')],
  ['PDF', 'application/pdf', pdf({ info: '<</Title(A \\(b\\))/Producer<FEFF4E2D>>>' })],
  ['PDF without Info', 'application/pdf', pdf()],
  ['PDF with a stream for a table', 'application/pdf', packedPdf({ info: '<</Title(A)>>' })],
  ['hybrid PDF', 'application/pdf', packedPdf({ info: '<</Title(A)>>' }, true)],
  ['HTML', 'text/html', strToU8('<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>a < b</title></head><body>中文</body></html>\n')],
  ['Markdown', 'text/markdown', strToU8('# Title\n\nText 中文\n')],
  ['Markdown with front matter', 'text/markdown', strToU8('---\r\ntitle: "a: b"\r\ntags:\r\n  - x\r\n---\r\n# Title\r\n')],
  ['JSON', 'application/json', strToU8('{\n  "a": [1, {"b": "}"}],\n  "中": null\n}\n')],
]

/** A Python with these modules, or undefined: `COUNTERMARK_PYTHON`, else python3. */
export function python(...modules: string[]): ((code: string, ...args: string[]) => string) | undefined {
  const program = process.env['COUNTERMARK_PYTHON'] ?? 'python3'
  const run = (code: string, ...args: string[]): string => execFileSync(program, ['-c', code, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    run(modules.map((one) => `import ${one}`).join('\n'))
    return run
  } catch {
    // Not there: the tests that ask it are skipped.
    return undefined
  }
}
