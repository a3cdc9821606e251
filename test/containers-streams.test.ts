// Films and sound that are no MP4: Matroska, WebM, AVI, FLV, WAV, AIFF, as ffmpeg writes them. What must hold of each: others
// read the label where they can, every other tag stays, what decoders make of the samples stays, seeking lands where it did,
// a cut file is told.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { mark, verify, type MarkOptions, type Record } from '../src/index.js'
import { nativeEngine } from '../src/engine/native.js'
import { wasmEngine } from '../src/engine/wasm.js'
import { typeOfName } from '../src/media/kind.js'
import { media, testOnMedia } from './support/media.js'
import { program } from './support/programs.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', metadataOnly: true } as const satisfies MarkOptions
const TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
const JSON_TEXT = JSON.stringify({ Label: '1', ContentProducer: 'Example-Lab', ProduceID: 'c-1', ReservedCode1: '', ContentPropagator: 'Example-Lab', PropagateID: 'c-1', ReservedCode2: '' })
const [exiftool, ffmpeg, ffprobe] = [program('exiftool'), program('ffmpeg'), program('ffprobe')]

const home = mkdtempSync(join(tmpdir(), 'countermark-streams-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const run = (tool: string, args: string[]): Buffer => execFileSync(tool, args, { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] })

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc=s=64x48:d=2:r=10']
const SOUND = ['-f', 'lavfi', '-i', 'sine=d=2']
/** `args` for ffmpeg; `probe`, `exif`: whether ffprobe and ExifTool show a label in the place that the guide names. */
const KINDS: { name: string; file: string; type: string; args: string[]; probe?: true; exif?: true }[] = [
  { name: 'Matroska', file: 'a.mkv', type: 'video/matroska', args: [...PICTURE, ...SOUND, '-c:v', 'mpeg4'], probe: true },
  { name: 'Matroska, index first', file: 'b.mkv', type: 'video/matroska', args: [...PICTURE, ...SOUND, '-c:v', 'mpeg4', '-reserve_index_space', '4000'], probe: true, exif: true },
  { name: 'Matroska, live', file: 'c.mkv', type: 'video/matroska', args: [...PICTURE, '-c:v', 'mpeg4', '-live', '1'], probe: true, exif: true },
  { name: 'Matroska, sound', file: 'a.mka', type: 'audio/matroska', args: [...SOUND, '-c:a', 'flac'], probe: true },
  { name: 'WebM', file: 'a.webm', type: 'video/webm', args: [...PICTURE, ...SOUND, '-c:v', 'libvpx', '-c:a', 'libopus'], probe: true },
  { name: 'AVI', file: 'a.avi', type: 'video/x-msvideo', args: [...PICTURE, ...SOUND], probe: true },
  { name: 'AVI, no space', file: 'b.avi', type: 'video/x-msvideo', args: [...PICTURE, ...SOUND, '-metadata_header_padding', '0'], probe: true },
  { name: 'FLV', file: 'a.flv', type: 'video/x-flv', args: [...PICTURE, ...SOUND, '-flvflags', 'add_keyframe_index', '-g', '5'], probe: true, exif: true },
  { name: 'WAV', file: 'a.wav', type: 'audio/wav', args: SOUND },
  { name: 'WAV, RF64', file: 'b.wav', type: 'audio/wav', args: [...SOUND, '-rf64', 'always'] },
  { name: 'AIFF', file: 'a.aiff', type: 'audio/aiff', args: SOUND },
  { name: 'AIFF-C', file: 'a.aifc', type: 'audio/aiff', args: [...SOUND, '-f', 'aiff', '-c:a', 'pcm_s16le'] },
]
const REAL = [
  'video/bbb-180p-vp9.webm', 'video/dark-noduration-720p-vp9-opus.webm', 'video/flower-540p-vp8.webm', 'video/rabbit-240p-vp8.webm', 'video/matroska-suite-576p-multitrack.mkv',
  'audio/music-opus-in-webm.webm', 'audio/music-test1-44k1-stereo.wav', 'audio/speech-zh-cosyvoice-24k-f32.wav', 'audio/speech-en-vctk-48k.wav',
]

const make = ({ file, args }: { file: string; args: string[] }): string => {
  const path = join(home, file)
  run(ffmpeg!, ['-v', 'error', '-y', ...args, '-metadata', 'title=kept', path])
  return path
}
async function marked(source: string): Promise<string> {
  const target = join(mkdtempSync(join(home, 'out-')), `marked${extname(source)}`)
  await mark(source, { ...COMMON, to: target })
  return target
}

/** What ffmpeg makes of all streams, and of the first picture or sound behind a place: MD5, and what it complains of. */
function decoded(path: string): string[] {
  const say = (...args: string[]): string => {
    const { stdout, stderr } = spawnSync(ffmpeg!, ['-v', 'error', ...args, '-f', 'md5', '-'], { encoding: 'utf8' })
    return `${stdout}${stderr}`.replaceAll(path, '')
  }
  return [say('-i', path, '-map', '0:v?', '-map', '0:a?'), say('-ss', '1', '-i', path, '-t', '0.2', '-map', '0:v?', '-map', '0:a?')]
}

function probed(path: string): { format: { tags: { [name: string]: string } }; streams: unknown[] } {
  const said = JSON.parse(run(ffprobe!, ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', path]).toString()) as { format: { tags?: { [name: string]: string } }; streams: unknown[] }
  // XMP in Matroska and FLV is a tag too; where the last key frame stands has changed in FLV.
  const tags = Object.fromEntries(Object.entries(said.format.tags ?? {}).filter(([name]) => name !== 'XMP' && name !== 'liveXML' && name !== 'lastkeyframelocation'))
  return { format: { tags }, streams: said.streams }
}

async function check(source: string, type: string | undefined, probe: boolean, exif: boolean): Promise<void> {
  const disk = nativeEngine().disk!
  const target = await marked(source)
  const report = await disk.metadataRead(target)
  expect([report.sites.map(({ raw, problem }) => [raw, problem]), report.digitalSourceType]).toEqual([[[JSON_TEXT, undefined]], TYPE])
  if (type !== undefined) expect([report.type, typeOfName(basename(source))]).toEqual([type, type])
  // M12 and M14.
  expect(await disk.codedDigest(target)).toBe(await disk.codedDigest(source))
  expect(decoded(target)).toEqual(decoded(source))
  if (ffprobe !== undefined) {
    const [before, after] = [probed(source), probed(target)]
    expect(after.streams).toEqual(before.streams)
    expect(after.format.tags).toEqual(probe ? { ...before.format.tags, AIGC: JSON_TEXT } : before.format.tags)
  }
  if (exiftool !== undefined) {
    const [said] = JSON.parse(run(exiftool, ['-j', '-AIGC', '-Aigc', '-XMP-iptcExt:DigitalSourceType', '-error', target]).toString()) as [{ [tag: string]: unknown }]
    expect(said['Error']).toBeUndefined()
    if (exif) expect(said['AIGC'] ?? said['Aigc']).toBe(JSON_TEXT)
    if (/avi|wav|flv/.test(extname(target))) expect(said['DigitalSourceType']).toBe(TYPE)
  }
  if (exiftool !== undefined && /aif/.test(extname(target))) expect(run(exiftool, ['-b', '-ApplicationData', target]).toString()).toContain(`>${TYPE}<`)
  // Bytes in, bytes out: the same file.
  const { output } = await mark(readFileSync(source), COMMON)
  expect(Buffer.from(output).equals(readFileSync(target))).toBe(true)
  // Marked again: kept, byte for byte.
  const again = join(home, `again${extname(source)}`)
  expect((await mark(target, { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, to: again })).status).toBe('kept')
  expect(readFileSync(again).equals(readFileSync(target))).toBe(true)
  expect((await verify(target)).state).toBe('confirmed')
}

describe.skipIf(ffmpeg === undefined)('the label in every container', () => {
  for (const kind of KINDS) test(kind.name, async () => check(make(kind), kind.type, kind.probe === true, kind.exif === true))
  testOnMedia.each(REAL)('%s', async (name) => check(join(media!, name), undefined, !name.endsWith('wav'), false))
})

describe.skipIf(ffmpeg === undefined)('a file that is cut anywhere is an error or still shows its label', () => {
  for (const kind of KINDS)
    test(kind.name, async () => {
      const engine = nativeEngine()
      const whole = readFileSync(await marked(make(kind)))
      const step = Math.max(1, Math.floor(whole.length / 1500))
      let told = 0
      for (let end = 0; end < whole.length; end += step) {
        try {
          expect(engine.metadataRead(whole.subarray(0, end)).sites.length, `${end} of ${whole.length}`).toBe(1)
        } catch (thrown) {
          expect(['ERR_BROKEN', 'ERR_UNSUPPORTED'], `${end} of ${whole.length}: ${String(thrown)}`).toContain((thrown as { code?: string }).code)
          told++
        }
      }
      expect(told).toBeGreaterThan(0)
    })
})

test.skipIf(ffmpeg === undefined)('both engines write the same bytes and read the same report', async () => {
  const [wasm, native] = [await wasmEngine(), nativeEngine()]
  const wanted = { aigc: JSON.parse(JSON_TEXT) as Record, digitalSourceType: TYPE }
  for (const kind of KINDS) {
    const bytes = readFileSync(make(kind))
    const [a, b] = [native, wasm].map((engine) => engine.metadataWrite(bytes, wanted))
    expect(Buffer.from(a!).equals(Buffer.from(b!)), kind.name).toBe(true)
    expect(wasm.metadataRead(b!), kind.name).toEqual(native.metadataRead(a!))
  }
})
