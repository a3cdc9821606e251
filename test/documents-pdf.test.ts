// PDF: the file's own bytes stay, every kind of cross-reference is followed, and programs of others see the label.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zlibSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { folder } from './support/command.js'
import { content, engine, label, packedPdf, pdf, python, seen, SOURCE, text, written, type PdfParts } from './support/documents.js'
import { writeDocument } from '../src/document/index.js'
import { media, mediaFiles, testOnMedia } from './support/media.js'
import { program } from './support/programs.js'

const KIND = 'application/pdf'
const INFO = '<</Title(A \\(b\\) \\\n\\101)/Custom<</Deep[1 2 (x)]>>/Producer<FEFF4E2D6587>>>'
const PACKET = `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>application/pdf</dc:format></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
const KINDS: [string, (parts: PdfParts) => Buffer][] = [['a table', (parts) => pdf(parts)], ['a stream', (parts) => packedPdf(parts)], ['both', (parts) => packedPdf(parts, true)]]
const quoted = (changes = { ContentProducer: 'Lab' }): string => `(${text(changes).replace(/[()\\]/g, '\\$&')})`
const code = (work: () => unknown): string => {
  try {
    work()
    return 'done'
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
}

describe.each(KINDS)('with %s', (_, make) => {
  test.each<[string, PdfParts]>([['Info and XMP', { info: INFO, packet: PACKET }], ['Info', { info: INFO }], ['XMP', { packet: PACKET }], ['neither', {}]])('%s: the old bytes are a prefix of the new', (_name, parts) => {
    const source = make(parts)
    const out = Buffer.from(written(source, KIND))
    expect(out.subarray(0, source.length).equals(source)).toBe(true)
    expect(seen(out, KIND)).toMatchObject({ sites: [{ location: 'Info /AIGC', raw: text() }], digitalSourceType: SOURCE })
    if (parts.info) expect(out.subarray(source.length).toString('latin1')).toContain('/Custom<</Deep[1 2 (x)]>>/Producer<FEFF4E2D6587>/AIGC ')
    if (parts.packet) expect(out.subarray(source.length).toString('utf8')).toContain('<dc:format>application/pdf</dc:format>')
    // And again, on top of it.
    const third = Buffer.from(written(out, KIND, { ReservedCode1: '2' }, true))
    expect(third.subarray(0, out.length).equals(out)).toBe(true)
    expect(seen(third, KIND).sites.map(({ aigc }) => aigc?.ReservedCode1)).toEqual(['2'])
    expect(content(third, KIND)).toBe(content(source, KIND))
  })
  test('a file that does not end with a line break, and bytes before its header', () => {
    for (const source of [make({ info: INFO }).subarray(0, -1), Buffer.concat([Buffer.from('junk\n'), make({ info: INFO })])]) {
      const out = written(source, KIND)
      expect(seen(out, KIND).sites.length).toBe(1)
      expect(content(out, KIND)).toBe(content(source, KIND))
    }
  })
})

describe('what stands', () => {
  test('labels in other keys and in the XMP are read; a mirror of Info is not a second label', () => {
    const xmp = (property: string): string => PACKET.replace('<dc:format>', `${property}<dc:format>`)
    const plain = text({ ContentProducer: 'Lab' }).replaceAll('"', '&quot;')
    const tc = `<TC260:AIGC xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">${plain}</TC260:AIGC>`
    const mirror = `<pdfx:AIGC xmlns:pdfx="http://ns.adobe.com/pdfx/1.3/">${plain}</pdfx:AIGC>`
    const where = (parts: PdfParts): string[] => seen(pdf(parts), KIND).sites.map(({ location }) => location)
    expect(where({ info: `<</Keywords${quoted({ ContentProducer: 'Lab' })}>>` })).toEqual(['Info /Keywords'])
    expect(where({ packet: xmp(tc) })).toEqual(['XMP metadata TC260:AIGC'])
    expect(where({ info: `<</AIGC${quoted({ ContentProducer: 'Lab' })}>>`, packet: xmp(tc) })).toEqual(['Info /AIGC', 'XMP metadata TC260:AIGC'])
    expect(where({ info: `<</AIGC${quoted({ ContentProducer: 'Lab' })}>>`, packet: xmp(mirror) })).toEqual(['Info /AIGC'])
  })
  test('a packet that is compressed is read and changed', () => {
    const stream = Buffer.from(zlibSync(Buffer.from(PACKET)))
    const head = `<</Type/Metadata/Subtype/XML/Filter/FlateDecode/Length ${stream.length}>>\nstream\n`
    const hex = `${head}${stream.toString('latin1')}\nendstream`
    // Bytes above 0x7F must not be encoded again, so the object is put in by hand.
    const source = Buffer.from(pdf({ more: ['@'.repeat(hex.length)], root: '/Metadata 7 0 R' }))
    source.write(hex, source.indexOf('@@@@'), 'latin1')
    const out = Buffer.from(written(source, KIND))
    expect(seen(out, KIND).digitalSourceType).toBe(SOURCE)
    expect(out.subarray(source.length).toString()).toContain('<dc:format>')
  })
  test('PDF/A keeps its XMP: only Info is written', () => {
    const source = pdf({ info: INFO, packet: PACKET.replace('<dc:format>', '<pdfaid:part xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">2</pdfaid:part><dc:format>') })
    const out = written(source, KIND)
    expect([seen(out, KIND).sites.length, seen(out, KIND).digitalSourceType]).toEqual([1, undefined])
    expect(content(out, KIND)).toBe(content(source, KIND))
  })
})

describe('signatures and encryption', () => {
  const certified = (level: string): Buffer => pdf({ root: '/Perms<</DocMDP 7 0 R>>', more: [`<</Type/Sig/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams${level}/V/1.2>>>>]>>`] })
  test('a certified file is changed only where its author allows it', () => {
    expect(code(() => written(certified('/P 1'), KIND))).toBe('ERR_CONFLICT')
    for (const level of ['/P 2', '/P 3', '']) expect(code(() => written(certified(level), KIND))).toBe('done')
    expect(seen(certified('/P 1'), KIND).sites).toEqual([])
  })
  test('an encrypted file is told so', () => {
    const source = pdf({ trailer: '/Encrypt 7 0 R', more: ['<</Filter/Standard/V 1/R 2/O(x)/U(y)/P -4>>'] })
    expect([code(() => seen(source, KIND)), code(() => written(source, KIND))]).toEqual(['ERR_UNSUPPORTED', 'ERR_UNSUPPORTED'])
  })
  test('an update that imitates ours but changes a page is content', () => {
    const source = pdf({ info: INFO })
    const out = Buffer.from(written(source, KIND))
    const title = Buffer.from(out)
    title[title.lastIndexOf('/Title(A') + 7]! ^= 1
    expect(content(title, KIND)).not.toBe(content(source, KIND))
    // A label, rightly written, and another page text with it.
    const page = '4 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n'
    const info = `5 0 obj\n<</AIGC${quoted()}>>\nendobj\n`
    const start = source.length + '%countermark-label\n'.length
    const row = (offset: number): string => `${String(offset).padStart(10, '0')} 00000 n\r\n`
    const last = /startxref\n(\d+)/.exec(source.toString('latin1'))![1]
    const forged = Buffer.concat([source, Buffer.from(`%countermark-label\n${page}${info}xref\n4 2\n${row(start)}${row(start + page.length)}trailer\n<</Size 6/Root 1 0 R/Info 5 0 R/Prev ${last}>>\nstartxref\n${start + page.length + info.length}\n%%EOF\n`)])
    expect(seen(forged, KIND).sites.map(({ aigc }) => aigc)).toEqual([label({ ContentProducer: 'Lab' })])
    expect(content(forged, KIND)).not.toBe(content(source, KIND))
  })
})

/** Signs argv[1] into argv[2], certified at the level argv[3] (0: not), and writes the certificate to argv[4]. */
const SIGN = `
import sys,datetime
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.hazmat.primitives import hashes,serialization as ser
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from asn1crypto import x509 as ax,keys as ak
from pyhanko_certvalidator.registry import SimpleCertificateStore
key=rsa.generate_private_key(public_exponent=65537,key_size=2048)
name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,'Test')])
now=datetime.datetime.now(datetime.timezone.utc); day=datetime.timedelta(days=1)
cert=x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1).not_valid_before(now-day).not_valid_after(now+day).add_extension(x509.BasicConstraints(True,None),True).add_extension(x509.KeyUsage(True,True,False,False,False,True,True,False,False),True).sign(key,hashes.SHA256())
c=ax.Certificate.load(cert.public_bytes(ser.Encoding.DER))
k=ak.PrivateKeyInfo.load(key.private_bytes(ser.Encoding.DER,ser.PrivateFormat.PKCS8,ser.NoEncryption()))
s=signers.SimpleSigner(signing_cert=c,signing_key=k,cert_registry=SimpleCertificateStore())
kw={} if sys.argv[3]=='0' else dict(certify=True,docmdp_permissions=MDPPerm(int(sys.argv[3])))
with open(sys.argv[1],'rb') as i, open(sys.argv[2],'wb') as o:
  signers.sign_pdf(IncrementalPdfFileWriter(i,strict=False),signers.PdfSignatureMetadata(field_name='Sig1',**kw),signer=s,output=o)
open(sys.argv[4],'wb').write(c.dump())
`
const CHECK = `
import sys
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from asn1crypto import x509 as ax
c=ax.Certificate.load(open(sys.argv[2],'rb').read())
with open(sys.argv[1],'rb') as f:
  st=validate_pdf_signature(PdfFileReader(f).embedded_signatures[0],ValidationContext(trust_roots=[c],allow_fetching=False))
print(st.intact,st.valid,st.docmdp_ok,st.bottom_line,st.modification_level.name)
`
const hanko = python('pyhanko', 'pyhanko_certvalidator', 'cryptography')

// Hybrid files are not validated by pyHanko at all.
test.skipIf(hanko === undefined).each(KINDS.slice(0, 2).flatMap(([name, make]): [string, string, Buffer][] => ['0', '1', '2'].map((level) => [name, level, make({ info: INFO, packet: PACKET })])))(
  'pyHanko still trusts a signed file with %s, certified at level %s, or it is not changed', (_, level, bytes) => {
    const [plain, signed, trusted] = ['a.pdf', 'b.pdf', 'c.der'].map((name) => join(folder(), name)) as [string, string, string]
    writeFileSync(plain, bytes)
    hanko!(SIGN, plain, signed, level, trusted)
    const source = readFileSync(signed)
    if (level === '1') return expect(code(() => written(source, KIND))).toBe('ERR_CONFLICT')
    writeFileSync(signed, written(source, KIND))
    expect(hanko!(CHECK, signed, trusted).trim().split('\n').at(-1)).toBe('True True True True LTA_UPDATES')
  }, 60_000)

describe('hostile files', () => {
  const trailer = (bytes: Buffer, more: string): Buffer => Buffer.from(bytes.toString('latin1').replace('/Root', `${more}/Root`), 'latin1')
  test('sections in a circle, a reference to itself, a missing catalog, nesting', () => {
    const source = pdf({ info: INFO })
    const start = Number(/startxref\n(\d+)/.exec(source.toString('latin1'))![1])
    expect(code(() => seen(trailer(source, `/Prev ${start}`), KIND))).toBe('ERR_BROKEN')
    expect(code(() => seen(pdf({ info: '<</AIGC 5 0 R>>' }), KIND))).toBe('done')
    expect(code(() => seen(Buffer.from(source.toString('latin1').replace('/Root 1 0', '/Root 9 0'), 'latin1'), KIND))).toBe('ERR_BROKEN')
    expect(code(() => seen(pdf({ info: `<</A${'['.repeat(100_000)}>>` }), KIND))).toBe('ERR_LIMIT')
    expect(code(() => seen(Buffer.from('%PDF-1.4\n'), KIND))).toBe('ERR_BROKEN')
  })
  test('a packet of 64 MiB in 64 KiB', () => {
    const stream = Buffer.from(zlibSync(new Uint8Array(64 * 1024 * 1024))).toString('latin1')
    const hex = `<</Filter/FlateDecode/Length ${stream.length}>>\nstream\n${stream}\nendstream`
    const source = Buffer.from(pdf({ more: ['@'.repeat(hex.length)], root: '/Metadata 7 0 R' }))
    source.write(hex, source.indexOf('@@@@'), 'latin1')
    expect(code(() => seen(source, KIND))).toBe('ERR_LIMIT')
  })
  testOnMedia('the hostile PDF of the set is read or refused within a second', () => {
    const start = performance.now()
    expect(['done', 'ERR_BROKEN', 'ERR_LIMIT', 'ERR_UNSUPPORTED']).toContain(code(() => seen(readFileSync(join(media!, 'hostile', 'pdf-bomb-giant.pdf')), KIND)))
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('read by others', () => {
  const all = KINDS.flatMap(([name, make]): [string, Buffer][] => [[`${name}, Info and XMP`, make({ info: INFO, packet: PACKET })], [`${name}, neither`, make({})]])
  const marked = (bytes: Uint8Array): string => {
    const path = join(folder(), 'a.pdf')
    writeFileSync(path, written(bytes, KIND))
    return path
  }
  test.skipIf(program('exiftool') === undefined).each(all)('ExifTool: %s', (_, bytes) => {
    const [said] = JSON.parse(execFileSync('exiftool', ['-j', '-G1', '-a', '-validate', '-warning', '-AIGC', '-DigitalSourceType', marked(bytes)], { encoding: 'utf8' })) as Record<string, string>[]
    expect([said!['PDF:AIGC'], said!['XMP-iptcExt:DigitalSourceType'], said!['ExifTool:Validate']]).toEqual([text(), SOURCE, 'OK'])
  })
  const pike = python('pikepdf')
  test.skipIf(pike === undefined).each(all)('qpdf finds nothing wrong: %s', (_, bytes) => {
    const said = pike!('import sys,pikepdf\np=pikepdf.open(sys.argv[1])\nprint(p.check_pdf_syntax() if hasattr(p,"check_pdf_syntax") else p.check(), len(p.pages))\nprint(str(p.docinfo["/AIGC"]))', marked(bytes))
    expect(said).toBe(`[] 1\n${text()}\n`)
  })
  test.skipIf(pike === undefined).each([['linearised', 'linearize=True'], ['with object streams', 'object_stream_mode=pikepdf.ObjectStreamMode.generate']])('qpdf makes it %s, and it is still right', (_, options) => {
    const [a, b] = [join(folder(), 'a.pdf'), join(folder(), 'b.pdf')]
    writeFileSync(a, pdf({ info: INFO, packet: PACKET }))
    pike!(`import sys,pikepdf\npikepdf.open(sys.argv[1]).save(sys.argv[2], ${options})`, a, b)
    const path = marked(readFileSync(b))
    expect(pike!('import sys,pikepdf\np=pikepdf.open(sys.argv[1])\nprint(str(p.docinfo["/AIGC"]), len(p.pages))', path)).toBe(`${text()} 1\n`)
    expect(readFileSync(path).subarray(0, readFileSync(b).length).equals(readFileSync(b))).toBe(true)
  })
  test.skipIf(pike === undefined)('an encrypted file of qpdf is refused', () => {
    const [a, b] = [join(folder(), 'a.pdf'), join(folder(), 'b.pdf')]
    writeFileSync(a, pdf({ info: INFO }))
    pike!('import sys,pikepdf\npikepdf.open(sys.argv[1]).save(sys.argv[2], encryption=pikepdf.Encryption(owner="o", user=""))', a, b)
    expect(code(() => written(readFileSync(b), KIND))).toBe('ERR_UNSUPPORTED')
  })
  const reader = python('pypdf')
  test.skipIf(reader === undefined).each(all)('pypdf: %s', (_, bytes) => {
    expect(reader!('import sys,pypdf\nr=pypdf.PdfReader(sys.argv[1])\nprint(r.metadata["/AIGC"], len(r.pages), r.pages[0].extract_text())', marked(bytes))).toBe(`${text()} 1 Hello\n`)
  })
  testOnMedia('real documents', () => {
    const files = mediaFiles('text', ['.pdf'])
    expect(files.length).toBeGreaterThan(0)
    for (const path of files) {
      const bytes = readFileSync(path)
      const out = writeDocument(engine, bytes, KIND, { aigc: label(), digitalSourceType: SOURCE })
      expect(Buffer.from(out.subarray(0, bytes.length)).equals(bytes)).toBe(true)
      expect(seen(out, KIND).sites.map(({ aigc }) => aigc)).toEqual([label()])
    }
  })
})
