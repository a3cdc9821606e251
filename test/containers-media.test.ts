// Files whose metadata alone is written: films and the pictures that are not coded anew. A matrix of kinds against what must
// hold of each: others read the label, every other tag stays, the samples stay, decoders still open it, a cut file is told.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import ExifReader from 'exifreader'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { mark, verify, type MarkOptions, type Record } from '../src/index.js'
import { nativeEngine } from '../src/engine/native.js'
import { wasmEngine } from '../src/engine/wasm.js'
import { Deadline, DEFAULT_LIMITS } from '../src/limits.js'
import { needsFull } from '../src/media/kind.js'
import { sharpCodec } from '../src/media/sharp.js'
import { verifyBytes } from '../src/pipeline/verify.js'
import { countermark, folder, lines } from './support/command.js'
import { media, testOnMedia } from './support/media.js'
import { made, pipeline } from './support/pictures.js'
import { program } from './support/programs.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' } as const satisfies MarkOptions
const TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
const JSON_TEXT = JSON.stringify({ Label: '1', ContentProducer: 'Example-Lab', ProduceID: 'c-1', ReservedCode1: '', ContentPropagator: 'Example-Lab', PropagateID: 'c-1', ReservedCode2: '' })
const exiftool = program('exiftool')
const ffmpeg = program('ffmpeg')
const ffprobe = program('ffprobe')
const heifInfo = program('heif-info')

const home = mkdtempSync(join(tmpdir(), 'countermark-media-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const run = (tool: string, args: string[]): Buffer => execFileSync(tool, args, { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] })

const film = (name: string, ...args: string[]): string => {
  const path = join(home, name)
  run(ffmpeg!, ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc=s=64x48:d=1:r=10', '-f', 'lavfi', '-i', 'sine=d=1', '-c:v', 'mpeg4', '-c:a', 'aac', '-metadata', 'title=kept', ...args, path])
  return path
}
const drawn = async (name: string, make: () => Promise<Buffer>): Promise<string> => {
  const path = join(home, name)
  writeFileSync(path, await make())
  return path
}
const SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><title>kept</title><rect width="40" height="30" fill="#c33"/></svg>\n'
const OLD_XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="kept"/></rdf:RDF></x:xmpmeta>'

const tone = (name: string, ...args: string[]): string => {
  const path = join(home, name)
  run(ffmpeg!, ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=d=2:f=330', '-metadata', 'title=kept', ...args, path])
  return path
}
/** MP3 with two tags behind the frames; ffmpeg does not write APEv2, and takes it for a broken frame. */
const tagged = (name: string, ...args: string[]): string => {
  const path = tone(name, ...args)
  const item = Buffer.from('\x04\0\0\0\0\0\0\0Mood\0kept', 'latin1')
  const footer = Buffer.alloc(32)
  footer.write('APETAGEX')
  footer.writeUInt32LE(2000, 8)
  footer.writeUInt32LE(item.length + 32, 12)
  footer.writeUInt32LE(1, 16)
  writeFileSync(path, Buffer.concat([readFileSync(path), item, footer, Buffer.from('TAGkept'.padEnd(127) + '\xff', 'latin1')]))
  return path
}

/** `made`: by a program or by us; `media`: real files. `xmp`: the label stands in XMP; `bare`: there is no place for DigitalSourceType. */
const KINDS: { name: string; type: string; xmp?: true; bare?: true; needs?: string | undefined; make: () => string | Promise<string> }[] = [
  { name: 'MP4, moov last', type: 'video/mp4', needs: ffmpeg, make: () => film('last.mp4') },
  { name: 'MP4, moov first', type: 'video/mp4', needs: ffmpeg, make: () => film('first.mp4', '-movflags', 'faststart') },
  { name: 'MP4, fragmented', type: 'video/mp4', needs: ffmpeg, make: () => film('fragmented.mp4', '-movflags', 'frag_keyframe+empty_moov', '-g', '3') },
  { name: 'MP4, with keys of its own', type: 'video/mp4', needs: ffmpeg, make: () => film('keys.mp4', '-movflags', 'use_metadata_tags', '-metadata', 'com.example.key=kept') },
  { name: 'QuickTime', type: 'video/quicktime', needs: ffmpeg, make: () => film('a.mov') },
  { name: 'M4A', type: 'audio/mp4', needs: ffmpeg, make: () => film('a.m4a', '-vn') },
  { name: '3GP', type: 'video/3gpp', needs: ffmpeg, make: () => film('a.3gp', '-an') },
  { name: 'MP3', type: 'audio/mpeg', needs: ffmpeg, make: () => tone('a.mp3') },
  { name: 'MP3, ID3v2.3, ID3v1', type: 'audio/mpeg', needs: ffmpeg, make: () => tone('b.mp3', '-id3v2_version', '3', '-write_id3v1', '1') },
  { name: 'MP3, APE and ID3v1', type: 'audio/mpeg', needs: ffmpeg, make: () => tagged('ape.mp3', '-id3v2_version', '0', '-write_xing', '0') },
  { name: 'AAC', type: 'audio/aac', needs: ffmpeg, make: () => tone('a.aac') },
  { name: 'FLAC', type: 'audio/flac', bare: true, needs: ffmpeg, make: () => tone('a.flac') },
  { name: 'Ogg Vorbis', type: 'audio/ogg', bare: true, needs: ffmpeg, make: () => tone('a.ogg', '-c:a', 'libvorbis') },
  { name: 'Ogg Vorbis, small pages', type: 'audio/ogg', bare: true, needs: ffmpeg, make: () => tone('b.ogg', '-c:a', 'libvorbis', '-page_duration', '20000') },
  { name: 'Ogg Opus', type: 'audio/ogg', bare: true, needs: ffmpeg, make: () => tone('a.opus', '-c:a', 'libopus') },
  { name: 'Ogg Opus, no room in the header page', type: 'audio/ogg', bare: true, needs: ffmpeg, make: () => tone('b.opus', '-c:a', 'libopus', '-metadata', `comment=${'y'.repeat(64_850)}`) },
  { name: 'GIF', type: 'image/gif', xmp: true, make: () => drawn('a.gif', () => pipeline(made(64, 48)).gif().toBuffer()) },
  { name: 'TIFF', type: 'image/tiff', xmp: true, make: () => drawn('a.tif', () => pipeline(made(64, 48)).withExif({ IFD0: { Copyright: 'kept' } }).tiff({ compression: 'lzw' }).toBuffer()) },
  { name: 'TIFF with XMP', type: 'image/tiff', xmp: true, make: () => drawn('b.tif', () => pipeline(made(64, 48)).withXmp(OLD_XMP).tiff({ tile: true }).toBuffer()) },
  { name: 'TIFF, big', type: 'image/tiff', xmp: true, make: () => drawn('c.tif', () => pipeline(made(64, 48)).tiff({ bigtiff: true }).toBuffer()) },
  { name: 'AVIF', type: 'image/avif', xmp: true, make: () => drawn('a.avif', () => pipeline(made(64, 48)).avif({ effort: 0 }).toBuffer()) },
  { name: 'AVIF with XMP', type: 'image/avif', xmp: true, make: () => drawn('b.avif', () => pipeline(made(64, 48)).withXmp(OLD_XMP).avif({ effort: 0 }).toBuffer()) },
  { name: 'JPEG XL', type: 'image/jxl', xmp: true, needs: ffmpeg, make: () => {
    const path = join(home, 'a.jxl')
    run(ffmpeg!, ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc=s=64x48', '-frames:v', '1', '-c:v', 'libjxl', path])
    return path
  } },
  { name: 'SVG', type: 'image/svg+xml', xmp: true, make: () => drawn('a.svg', async () => Buffer.from(SVG)) },
]
/** Kinds that only ffmpeg makes here. */
const MADE_BY_FFMPEG = /MP4|QuickTime|M4A|3GP|JPEG XL|MP3|AAC|FLAC|Ogg/
const REAL: [string, string][] = [
  ['video/bbb-1080p60-51audio.mp4', 'video/mp4'], ['video/bbb-1080p-rotate90.mp4', 'video/mp4'], ['video/flower-540p-fragmented.mp4', 'video/mp4'],
  ['video/cockatoo-720p-444-mp3.mp4', 'video/mp4'], ['video/beach-360p-noaudio.mov', 'video/quicktime'], ['video/waterfall-portrait-c2pa.mp4', 'video/mp4'],
  ['audio/speech-en-44k1.m4a', 'audio/mp4'], ['audio/ambience-voices-fire-48k.mp3', 'audio/mpeg'], ['audio/music-ai-song-177s.mp3', 'audio/mpeg'],
  ['audio/music-bach.mp3', 'audio/mpeg'], ['audio/music-electro-48k.mp3', 'audio/mpeg'], ['audio/speech-multilingual-24k.mp3', 'audio/mpeg'],
  ['audio/music-flac-44k1-stereo.flac', 'audio/flac'], ['audio/speech-en-jfk-44k1-24bit-stereo.flac', 'audio/flac'], ['audio/music-jazzy-vibeace-44k1.ogg', 'audio/ogg'],
  ['audio/music-orchestra-44k1.ogg', 'audio/ogg'], ['audio/music-trumpet-44k1.ogg', 'audio/ogg'], ['audio/speech-en-librispeech-16k.ogg', 'audio/ogg'], ['audio/speech-48k.opus', 'audio/ogg'],
  ['image/photo-iphone-8mp-p3.heic', 'image/heic'], ['image/photo-libheif-example.heic', 'image/heic'],
  ['image/photo-12mp-orientation-irot.avif', 'image/avif'], ['image/photo-fox.avif', 'image/avif'], ['image/anim-scene.avif', 'image/avif'], ['image/anim-muybridge.gif', 'image/gif'],
]

async function marked(source: string): Promise<string> {
  const target = join(mkdtempSync(join(home, 'out-')), `marked${extname(source)}`)
  await mark(source, { ...COMMON, metadataOnly: true, to: target })
  return target
}

/** All tags that ExifTool sees, without what marking adds and what describes the bytes themselves. */
function tags(path: string): { [tag: string]: unknown } {
  const [all] = JSON.parse(run(exiftool!, ['-j', '-a', '-G3:1', '-struct', path]).toString()) as [{ [tag: string]: unknown }]
  const ours = /:(AIGC|Aigc|DigitalSourceType|XMPToolkit|About|HandlerType|HandlerDescription|HandlerVendorID|Warning|GIFVersion)$/
  const facts = /((^|:)(System|ExifTool|File|Composite):|SourceFile|MediaDataOffset|MediaDataSize|MovieDataOffset|StripOffsets|TileOffsets|PreviewImage|Metadata[A-Z]\w*(Offset|Length))/
  return Object.fromEntries(Object.entries(all).filter(([tag]) => !ours.test(tag) && !facts.test(tag)).map(([tag, value]) => [tag.replace(/^Copy\d+:|^Main:|^Doc\d+:/, ''), value]))
}

const animation = (path: string): boolean => readFileSync(path).toString('latin1', 8, 12) === 'avis'

/** What a decoder makes of the samples, or undefined where none here reads the kind. */
async function decoded(path: string, strict: boolean): Promise<string | undefined> {
  const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  if (/\.(gif|tiff?|svg)$/.test(path) || (path.endsWith('.avif') && !animation(path))) return hash(await sharp(path, { animated: path.endsWith('gif') }).raw().toBuffer())
  if (path.endsWith('.heic')) return heifInfo === undefined ? undefined : String(run(heifInfo, [path]).toString().match(/image: [^\n]*/)?.[0])
  if (ffmpeg === undefined) return undefined
  return run(ffmpeg, ['-v', strict ? 'error' : 'fatal', ...(strict ? ['-xerror'] : []), '-i', path, '-map', '0:v?', '-map', '0:a?', '-f', 'md5', '-']).toString()
}

async function check(source: string, type: string, xmp: boolean, bare: boolean): Promise<void> {
  const sourceType = bare ? undefined : TYPE
  const disk = nativeEngine().disk!
  const target = await marked(source)
  const report = await disk.metadataRead(target)
  expect([report.type, report.sites.map(({ raw, problem }) => [raw, problem]), report.digitalSourceType]).toEqual([type, [[JSON_TEXT, undefined]], sourceType])
  // M12 and M14.
  expect(await disk.codedDigest(target)).toBe(await disk.codedDigest(source))
  const strict = !source.endsWith('ape.mp3')
  expect(await decoded(target, strict)).toBe(await decoded(source, strict))
  if (exiftool !== undefined) {
    const [said] = JSON.parse(run(exiftool, ['-j', '-AIGC', '-Aigc', '-UserDefinedText', '-XMP-iptcExt:DigitalSourceType', '-error', target]).toString()) as [{ [tag: string]: unknown }]
    expect([said['AIGC'] ?? said['Aigc'] ?? String(said['UserDefinedText']).replace('(AIGC) ', ''), said['DigitalSourceType'], said['Error']]).toEqual([JSON_TEXT, sourceType, undefined])
    // Without an ID3 tag, AAC is unknown to it.
    if (type !== 'audio/aac') expect(tags(target)).toMatchObject(tags(source))
  }
  if (!xmp && ffprobe !== undefined) {
    // Of Ogg, ffmpeg takes the comments for those of the stream.
    type Probe = { format: { tags?: object }; streams: { tags?: object }[] }
    const tagsOf = (path: string): object => {
      const { format, streams } = JSON.parse(run(ffprobe!, ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', path]).toString()) as Probe
      // Of ID3, it shows the packet as well.
      return { ...streams[0]?.tags, ...format.tags, 'id3v2_priv.XMP': undefined }
    }
    expect(tagsOf(target)).toEqual({ ...tagsOf(source), AIGC: JSON_TEXT })
  }
  // ExifReader knows neither BigTIFF nor image sequences.
  if (/tiff|avif|heic/.test(type) && !animation(target) && readFileSync(target)[2] !== 43) {
    const seen = ExifReader.load(readFileSync(target), { expanded: true }) as { xmp?: { [name: string]: { value: string } } }
    expect(seen.xmp?.['AIGC']?.value).toBe(JSON_TEXT)
  }
  // Bytes in, bytes out: the same file.
  const { output } = await mark(readFileSync(source), { ...COMMON, metadataOnly: true })
  expect(Buffer.from(output).equals(readFileSync(target))).toBe(true)
  // Marked again: kept, byte for byte.
  const again = join(home, `again${extname(source)}`)
  expect((await mark(target, { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, to: again })).status).toBe('kept')
  expect(readFileSync(again).equals(readFileSync(target))).toBe(true)
}

describe('the label in every container', () => {
  for (const { name, type, xmp, bare, needs, make } of KINDS)
    test.skipIf(MADE_BY_FFMPEG.test(name) && needs === undefined)(name, async () => check(await make(), type, xmp === true, bare === true))
  testOnMedia.each(REAL)('%s', async (name, type) => check(join(media!, name), type, type.startsWith('image/'), /flac|ogg/.test(type)))
})

describe('a file that is cut anywhere is an error or still shows its label', () => {
  for (const { name, needs, make } of KINDS)
    test.skipIf(MADE_BY_FFMPEG.test(name) && needs === undefined)(name, async () => {
      const engine = nativeEngine()
      const whole = readFileSync(await marked(await make()))
      const step = Math.max(1, Math.floor(whole.length / 1500))
      let told = 0
      for (let end = 0; end < whole.length; end += step) {
        const cut = whole.subarray(0, end)
        try {
          const { sites } = engine.metadataRead(cut)
          // A bare JPEG XL, or one whose last box has no size, has no end that can be seen.
          expect(sites.length, `${end} of ${whole.length}`).toBe(1)
        } catch (thrown) {
          expect(['ERR_BROKEN', 'ERR_UNSUPPORTED'], `${end} of ${whole.length}: ${String(thrown)}`).toContain((thrown as { code?: string }).code)
          told++
        }
      }
      expect(told).toBeGreaterThan(0)
    })
})

test('both engines write the same bytes and read the same report', async () => {
  const wasm = await wasmEngine()
  const native = nativeEngine()
  const wanted = { aigc: JSON.parse(JSON_TEXT) as Record, digitalSourceType: TYPE }
  for (const { name, make } of KINDS.filter(({ name, needs }) => needs !== undefined || !MADE_BY_FFMPEG.test(name))) {
    const bytes = readFileSync(await make())
    const [a, b] = [native, wasm].map((engine) => engine.metadataWrite(bytes, wanted))
    expect(Buffer.from(a!).equals(Buffer.from(b!)), name).toBe(true)
    expect(wasm.metadataRead(b!), name).toEqual(native.metadataRead(a!))
  }
})

test('packed metadata of a JPEG XL: read by the full module, told by the one that pages load first', async () => {
  const box = (kind: string, ...body: Uint8Array[]): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(8 + Buffer.concat(body).length)
    head.write(kind, 4, 'latin1')
    return Buffer.concat([head, ...body])
  }
  const packet = OLD_XMP.replace('dc:source="kept"', `dc:source="kept" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" TC260:AIGC="${JSON_TEXT.replaceAll('"', '&quot;')}"`)
  const front = [box('JXL ', Buffer.from('\r\n\x87\n', 'latin1')), box('ftyp', Buffer.from('jxl \0\0\0\0jxl '))]
  const picture = box('jxlc', Buffer.from('\xff\x0apicture', 'latin1'))
  const packed = Buffer.concat([...front, box('brob', Buffer.from('xml '), brotliCompressSync(packet)), picture])
  expect([needsFull(packed), needsFull(Buffer.concat([...front, picture])), needsFull(picture.subarray(8))]).toEqual([true, false, false])
  for (const engine of [nativeEngine(), await wasmEngine()])
    expect(engine.metadataRead(packed).sites).toEqual([expect.objectContaining({ location: 'brob box xml', raw: JSON_TEXT })])
  expect(await verify(packed)).toMatchObject({ type: 'image/jxl', state: 'confirmed' })
  const first = await wasmEngine('first')
  expect(() => first.metadataRead(packed)).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  const seen = await verifyBytes(first, sharpCodec, packed, {}, ['public'], { ...DEFAULT_LIMITS }, new Deadline(DEFAULT_LIMITS))
  expect(seen).toMatchObject({ verdict: 'cannot tell', state: 'none', findings: expect.arrayContaining([expect.objectContaining({ rule: 'P2', message: expect.stringContaining('packed (brob)') })]) })
})

test.skipIf(ffmpeg === undefined)('a label beyond ASCII in ID3v2.3, which knows no UTF-8', async () => {
  const target = join(home, 'wide-marked.mp3')
  await mark(tone('wide.mp3', '-id3v2_version', '3'), { ...COMMON, provider: { name: '\u793a\u4f8b' }, metadataOnly: true, to: target })
  const [{ raw } = { raw: '' }] = (await nativeEngine().disk!.metadataRead(target)).sites
  expect(raw).toContain('\u793a\u4f8b')
  if (ffprobe === undefined) return
  const { format } = JSON.parse(run(ffprobe, ['-v', 'error', '-of', 'json', '-show_format', target]).toString()) as { format: { tags: object } }
  expect(format.tags).toMatchObject({ AIGC: raw, title: 'kept' })
})

describe('what this version does not do is said', () => {
  test('a picture that is not coded anew is refused with a remedy', async () => {
    const avif = await pipeline(made(64, 48)).avif().toBuffer()
    await expect(mark(avif, COMMON)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', remedy: expect.stringContaining('etadata-only') })
  })
  test.skipIf(ffmpeg === undefined)('on the command line', async () => {
    const place = folder()
    const source = film('c.mp4')
    const out = join(place, 'y.mp4')
    const first = await countermark(['mark', source, '-o', out, '--metadata-only', '--provider-name', 'Example-Lab', '--json'])
    expect([first.code, lines(first)[0]]).toMatchObject([0, { output: out, verdict: 'cannot tell', type: 'video/mp4', watermark: { embedded: false, reason: 'metadata only' } }])
    expect(lines(await countermark(['verify', out, '--json']))[0]).toMatchObject({ verdict: 'cannot tell', state: 'confirmed', type: 'video/mp4' })
  })
})

describe('a file on disk', () => {
  test('is written whole or not at all', async () => {
    const place = folder()
    const broken = join(place, 'broken.mp4')
    writeFileSync(broken, Buffer.concat([Buffer.from('\0\0\0\x14ftypisom\0\0\x02\0isom', 'latin1'), Buffer.from('\0\0\x10\0moov', 'latin1')]))
    const out = join(place, 'out.mp4')
    await expect(mark(broken, { ...COMMON, metadataOnly: true, to: out })).rejects.toMatchObject({ code: 'ERR_BROKEN' })
    expect(statSync(out, { throwIfNoEntry: false })).toBeUndefined()
    await expect(mark(join(place, 'none.mp4'), { ...COMMON, metadataOnly: true, to: out })).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('none.mp4') })
    const gif = await drawn('d.gif', () => pipeline(made(64, 48)).gif().toBuffer())
    await expect(mark(gif, { ...COMMON, metadataOnly: true, to: join(place, 'no', 'out.gif') })).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('no such folder') })
    await expect(mark(gif, { ...COMMON, metadataOnly: true, to: gif })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    mkdirSync(join(place, 'folder.gif'))
    await expect(mark(gif, { ...COMMON, metadataOnly: true, to: join(place, 'folder.gif') })).rejects.toMatchObject({ code: 'ERR_IO' })
    expect(execFileSync('ls', ['-A', place], { encoding: 'utf8' }).split('\n').filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})
