// Film files end to end: label, watermark, sound, encoder, metadata, read back; and what an independent reader says of the result.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mark, propagate, verify, type Evidence, type FilmProgress, type MarkOptions, type MarkResult, type VideoLabelEvidence, type VideoWatermarkEvidence } from '../src/index.js'
import { media } from './support/media.js'
import { ffmpeg, ffprobe } from './support/sounds.js'
import { filmFacts, made, packets, scene, speech, times } from './support/films.js'

const FAST = { settings: { preset: 'ultrafast' } }
const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'f-1', key: 'public', video: FAST } as const satisfies MarkOptions
const home = mkdtempSync(join(tmpdir(), 'countermark-film-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const at = (name: string): string => join(home, name)
const picture = (evidence: Evidence[]): VideoWatermarkEvidence => evidence.find((one): one is VideoWatermarkEvidence => one.kind === 'watermark' && one.modality === 'video')!
const label = (evidence: Evidence[]): VideoLabelEvidence => evidence.find((one): one is VideoLabelEvidence => one.kind === 'label' && one.modality === 'video')!
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const needed = describe.skipIf(ffmpeg === undefined || ffprobe === undefined)

needed('an MP4 with sound', () => {
  let source: string
  let target: string
  let result: MarkResult<string>
  const progress: FilmProgress[] = []
  beforeAll(async () => {
    source = made(at('plain.mp4'), ...scene(5), ...speech(home, 5), '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-c:a', 'aac', '-b:a', '128k', '-metadata', 'title=kept', '-color_primaries', 'bt709', '-colorspace', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv')
    target = at('marked.mp4')
    result = await mark(source, { ...COMMON, to: target, video: { ...FAST, progress: (one) => progress.push(one) } })
  }, 400_000)

  test('gets label, watermark in pictures and sound, and metadata', () => {
    expect(result).toMatchObject({
      type: 'video/mp4', verdict: 'compliant', state: 'confirmed', watermark: { embedded: true, bits: 64 }, label: { drawn: true, during: 'start', frames: 75, span: [0, 3] },
      film: { encoder: 'libx264', frames: 125, sound: [{ track: 0, embedded: true, bits: 64 }] },
    })
    expect(result.label.ratio).toBeGreaterThanOrEqual(0.05)
    expect(result.quality!.psnr).toBeGreaterThanOrEqual(42)
    expect(result.quality!.snr).toBeGreaterThan(15)
    expect(progress.filter(({ step }) => step === 'code').length).toBeGreaterThan(0)
    expect(progress.every(({ frames, total }) => total === undefined || frames <= total)).toBe(true)
  })
  test('is verified: all marks are of one content', async () => {
    const seen = await verify(target, { keys: ['public'], effort: 'direct' })
    expect(seen).toMatchObject({ verdict: 'compliant', state: 'confirmed' })
    expect(picture(seen.evidence)).toMatchObject({ found: true, matchesMetadata: true, payload: result.payload, where: { spans: [[0, expect.any(Number)]] } })
    expect(label(seen.evidence)).toMatchObject({ found: true, text: ['AI生成'] })
    expect(label(seen.evidence).frames!.length).toBe(4)
    expect(seen.evidence).toContainEqual(expect.objectContaining({ modality: 'audio', track: 0, found: true, matchesMetadata: true }))
  }, 400_000)
  test('keeps times, colours, tags and form, as ffprobe sees them', () => {
    const [before, after] = [filmFacts(source), filmFacts(target)]
    expect(times(target)).toEqual(times(source))
    expect(after.format.tags).toMatchObject({ title: 'kept' })
    const facts = ({ streams }: typeof before): unknown[] => streams.map((one) => ['codec_name', 'width', 'height', 'pix_fmt', 'color_range', 'color_space', 'color_transfer', 'color_primaries', 'time_base', 'avg_frame_rate', 'sample_rate', 'channels', 'start_time'].map((name) => one[name]))
    expect(facts(after)).toEqual(facts(before))
  })
  test('loses its metadata and is still known by its pictures', async () => {
    const stripped = made(at('stripped.mp4'), '-i', target, '-map', '0', '-map_metadata', '-1', '-c', 'copy', '-fflags', '+bitexact')
    const seen = await verify(stripped, { expect: { provider: 'Example-Lab', produceId: 'f-1' }, keys: ['public'], effort: 'direct' })
    expect(seen).toMatchObject({ state: 'suspected', matchesExpected: true })
    await expect(mark(stripped, { ...COMMON, produceId: 'f-2', to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
    expect(await propagate(stripped, { propagator: { name: 'Platform' }, propagateId: 'p-1', keys: ['public'], to: at('propagated.mp4') })).toMatchObject({ status: 'added', record: { Label: '3' } })
  }, 400_000)
  test('is not marked twice', async () => {
    const again = await mark(target, { ...COMMON, provider: { name: 'Other-Lab' }, to: at('again.mp4') })
    expect(again).toMatchObject({ status: 'kept', watermark: { embedded: false, reason: 'it is there already' }, label: { drawn: false, reason: 'a label is there already' }, film: { encoder: 'copy', sound: [{ embedded: false, reason: 'it is there already' }] } })
    expect(packets(at('again.mp4'), '0:v')).toEqual(packets(target, '0:v'))
  }, 400_000)
  test('takes the forms of every call: bytes in, bytes out', async () => {
    const [own, before] = [at('temporary'), process.env['TMPDIR']]
    mkdirSync(own)
    process.env['TMPDIR'] = own
    try {
      const { output, verdict } = await mark(readFileSync(source), COMMON)
      expect([output.subarray(4, 8).toString('latin1'), verdict]).toEqual(['ftyp', 'compliant'])
      expect(readdirSync(own)).toEqual([])
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  }, 400_000)
  test('three seconds cut out of it and coded again are still known', async () => {
    const cut = made(at('cut.mp4'), '-ss', '1', '-t', '3', '-i', target, '-map_metadata', '-1', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-an')
    expect(picture((await verify(cut, { keys: ['public'], effort: 'direct' })).evidence)).toMatchObject({ found: true, payload: result.payload })
  }, 400_000)
})

needed('what is kept', () => {
  test('several tracks of sound, subtitles, chapters, languages and tags of a Matroska film, in their order', async () => {
    writeFileSync(at('a.srt'), '1\n00:00:00,500 --> 00:00:02,000\nkept\n')
    writeFileSync(at('chapters.txt'), ';FFMETADATA1\ntitle=film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=one\n[CHAPTER]\nTIMEBASE=1/1\nSTART=1\nEND=3\ntitle=two\n')
    const source = made(at('many.mkv'), ...scene(3), ...speech(home, 3), '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=stereo', '-i', at('a.srt'), '-i', at('chapters.txt'), '-t', '3',
      '-map', '0:v', '-map', '1:a', '-map', '3:s', '-map', '2:a', '-map_metadata', '4', '-metadata:s:a:0', 'language=ger', '-metadata:s:a:1', 'language=fre', '-metadata:s:s:0', 'language=jpn', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'flac', '-c:s', 'subrip')
    const { film, verdict } = await mark(source, { ...COMMON, to: at('many-marked.mkv') })
    expect([verdict, film!.sound.map(({ embedded }) => embedded)]).toEqual(['compliant', [true, false]])
    expect(film!.sound[1]!.reason).toMatch(/silent/)
    const [before, after] = [filmFacts(source), filmFacts(at('many-marked.mkv'))]
    const form = ({ streams }: typeof before): unknown[] => streams.map(({ codec_type, codec_name, tags, disposition }) => [codec_type, codec_name, tags?.['language'], disposition?.['default']])
    expect(form(after)).toEqual(form(before))
    expect(after.chapters).toEqual(before.chapters)
    expect(times(at('many-marked.mkv'))).toEqual(times(source))
    // What cannot carry a mark is not coded anew.
    expect(packets(at('many-marked.mkv'), '0:a:1')).toEqual(packets(source, '0:a:1'))
  }, 400_000)
  test.each([
    ['10 bits', ['-pix_fmt', 'yuv420p10le'], { pix_fmt: 'yuv420p10le' }], ['4:2:2', ['-pix_fmt', 'yuv422p'], { pix_fmt: 'yuv422p' }], ['4:4:4', ['-pix_fmt', 'yuv444p'], { pix_fmt: 'yuv444p' }],
    ['full range', ['-pix_fmt', 'yuvj420p'], { color_range: 'pc' }],
    ['wide pixels', ['-vf', 'setsar=4/3'], { sample_aspect_ratio: '4:3' }], ['high pixels', ['-vf', 'setsar=8/9'], { sample_aspect_ratio: '8:9' }],
    ['HLG of BT.2020', ['-pix_fmt', 'yuv420p10le', '-color_primaries', 'bt2020', '-color_trc', 'arib-std-b67', '-colorspace', 'bt2020nc', '-color_range', 'tv'], { color_primaries: 'bt2020', color_transfer: 'arib-std-b67', color_space: 'bt2020nc' }],
    ['odd sides', ['-vf', 'format=yuv444p,crop=639:359'], { width: 639, height: 359 }],
  ] as const)('%s', async (name, args, kept) => {
    const [source, target] = [at(`${name}.mp4`), at(`${name}-marked.mp4`)]
    made(source, ...scene(2.5), ...args, '-c:v', 'libx264', '-preset', 'ultrafast')
    const { verdict, evidence } = await mark(source, { ...COMMON, to: target })
    expect([verdict, picture(evidence).found, label(evidence).found]).toEqual(['compliant', true, true])
    expect(filmFacts(target).streams[0]).toMatchObject(kept)
    expect(times(target)).toEqual(times(source))
  }, 400_000)
  test.each([90, 180, 270])('a rotation by %i degrees: the label stands upright on the screen', async (turn) => {
    const stored = made(at('stored.mp4'), ...scene(2.5), '-c:v', 'libx264', '-preset', 'ultrafast')
    const source = made(at(`turned-${turn}.mp4`), '-i', stored, '-c', 'copy', '-metadata:s:v:0', `rotate=${turn}`)
    const target = at(`turned-${turn}-marked.mp4`)
    const { label: drawn, verdict } = await mark(source, { ...COMMON, to: target })
    const turned = (path: string): unknown => filmFacts(path).streams[0]!.side_data_list?.[0]?.rotation
    expect([verdict, turned(target)]).toEqual(['compliant', turned(source)])
    // Bottom right of the picture as it is shown.
    const [width, height] = turn === 180 ? [640, 360] : [360, 640]
    expect(drawn.box!.x + drawn.box!.width).toBeGreaterThan(width * 0.8)
    expect(drawn.box!.y + drawn.box!.height).toBeGreaterThan(height * 0.8)
  }, 400_000)
  test('the times of a film of variable rate, in MP4 and Matroska', async () => {
    for (const end of ['mp4', 'mkv']) {
      const source = made(at(`vfr.${end}`), ...scene(4), '-vf', 'select=not(eq(mod(n\\,7)\\,3))*not(between(n\\,40\\,52))', '-fps_mode', 'vfr', '-c:v', 'libx264', '-preset', 'ultrafast')
      await mark(source, { ...COMMON, to: at(`vfr-marked.${end}`) })
      const before = times(source)
      expect(new Set(before.slice(1).map((time, index) => Math.round((time - before[index]!) * 100))).size, end).toBeGreaterThan(1)
      expect(times(at(`vfr-marked.${end}`)), end).toEqual(before)
    }
  }, 400_000)
  test.each([['webm', 'libvpx', 'libvorbis'], ['webm', 'libvpx-vp9', 'libopus'], ['mp4', 'libx265', 'aac'], ['mov', 'mpeg4', 'pcm_s16le'], ['avi', 'mpeg4', 'libmp3lame'], ['flv', 'flv', 'libmp3lame'], ['mkv', 'ffv1', 'flac']] as const)('the codecs of a %s: %s and %s', async (end, pictures, sound) => {
    const [source, target] = [at(`${pictures}.${end}`), at(`${pictures}-marked.${end}`)]
    made(source, ...scene(2.4, '480x272'), ...speech(home, 3), '-t', '2.4', '-c:v', pictures, ...(pictures.startsWith('libvpx') ? ['-deadline', 'realtime', '-cpu-used', '8', '-b:v', '4M'] : pictures === 'libx265' ? ['-preset', 'ultrafast', '-x265-params', 'log-level=error'] : pictures === 'ffv1' ? ['-pix_fmt', 'gray'] : ['-q:v', '3']), '-c:a', sound, ...(sound === 'libmp3lame' ? ['-ar', '22050'] : []))
    const settings: { [name: string]: string | number } = pictures.startsWith('libvpx') ? { deadline: 'realtime', 'cpu-used': 8 } : pictures === 'libx265' ? { preset: 'ultrafast' } : {}
    const { verdict, film } = await mark(source, { ...COMMON, to: target, video: { settings } })
    expect(verdict).toBe('compliant')
    expect(film!.sound[0]).toMatchObject({ embedded: true })
    const form = (path: string): unknown[] => filmFacts(path).streams.map(({ codec_name, pix_fmt }) => [codec_name, pix_fmt])
    expect(form(target)).toEqual(form(source))
    // FLV knows no time before 0: what an encoder of sound puts in front moves the whole film.
    const since = (all: number[]): number[] => all.map((time) => Math.round((time - (end === 'flv' ? all[0]! : 0)) * 1000))
    expect(since(times(target))).toEqual(since(times(source)))
  }, 400_000)
})

needed('the label', () => {
  test('is shown throughout, at both ends, or all of a short film; and not where it is not to be', async () => {
    const source = made(at('long.mp4'), ...scene(8, '320x180'), '-c:v', 'libx264', '-preset', 'ultrafast')
    expect((await mark(source, { ...COMMON, label: { during: 'whole' }, to: at('whole.mp4') })).label).toMatchObject({ during: 'whole', frames: 200 })
    expect((await mark(source, { ...COMMON, label: { during: 'ends', seconds: 2 }, to: at('ends.mp4') })).label).toMatchObject({ during: 'ends', frames: 100, span: [0, 2], endSpan: [6, 8] })
    const short = made(at('short.mp4'), ...scene(1, '320x180'), '-c:v', 'libx264', '-preset', 'ultrafast')
    expect(await mark(short, { ...COMMON, to: at('short-marked.mp4') })).toMatchObject({ label: { frames: 25 }, verdict: 'compliant' })
    await expect(mark(source, { ...COMMON, label: { seconds: 1 }, to: at('x.mp4') })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(mark(source, { ...COMMON, label: { position: 'end' }, to: at('x.mp4') })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  }, 400_000)
  test('of one second only is a breach of V1 that verify tells', async () => {
    const source = made(at('v1.mp4'), ...scene(4), '-c:v', 'libx264', '-preset', 'ultrafast')
    await mark(source, { ...COMMON, watermark: false, to: at('v1-marked.mp4') })
    const cut = made(at('v1-cut.mp4'), '-i', at('v1-marked.mp4'), '-i', source, '-filter_complex', '[0:v]trim=0:1[a];[1:v]trim=1,setpts=PTS-STARTPTS[b];[a][b]concat', '-c:v', 'libx264', '-preset', 'ultrafast', '-map_metadata', '-1')
    const seen = await verify(cut, { keys: ['public'], effort: 'direct' })
    expect(label(seen.evidence).found).toBe(false)
    expect(seen.findings).toContainEqual(expect.objectContaining({ rule: 'V1', severity: 'warning', message: expect.stringContaining('not in all of the first two seconds') }))
  }, 400_000)
  test('is left out under a waiver, and the film says so', async () => {
    const source = made(at('waived.mp4'), ...scene(2.5), '-c:v', 'libx264', '-preset', 'ultrafast')
    const { label: none, findings, verdict } = await mark(source, { ...COMMON, label: false, waiver: 'a-1', to: at('waived-marked.mp4') })
    expect([none, verdict]).toEqual([{ drawn: false, reason: 'left out under agreement a-1' }, 'compliant'])
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'L1' }))
  }, 400_000)
})

describe('films of the media', () => {
  test.skipIf(media === undefined || ffmpeg === undefined).each(['ai-cogvideo-painter-480p.mp4', 'bbb-1080p-rotate90.mp4', 'carphone-qcif-noaudio.mp4', 'dark-noduration-720p-vp9-opus.webm', 'matroska-suite-576p-multitrack.mkv'])('%s', async (name) => {
    const [source, target] = [join(media!, 'video', name), at(`media-${name}`)]
    const settings: { [name: string]: string | number } = name.endsWith('webm') ? { deadline: 'realtime', 'cpu-used': 8 } : { preset: 'ultrafast' }
    const { watermark, label: drawn, verdict } = await mark(source, { ...COMMON, video: { settings }, to: target })
    expect([verdict, drawn.drawn, watermark.embedded]).toEqual(['compliant', true, !name.startsWith('carphone')])
    const [before, after] = [filmFacts(source), filmFacts(target)]
    expect(after.streams.map(({ codec_type, codec_name, tags }) => [codec_type, codec_name, tags?.['language']])).toEqual(before.streams.map(({ codec_type, codec_name, tags }) => [codec_type, codec_name, tags?.['language']]))
    expect(after.streams[0]!.side_data_list?.[0]?.rotation).toBe(before.streams[0]!.side_data_list?.[0]?.rotation)
    expect(times(target)).toEqual(times(source))
    expect(await verify(target, { keys: ['public'], effort: 'direct' })).toMatchObject({ verdict: 'compliant', state: 'confirmed' })
  }, 400_000)
})

needed('metadata only', () => {
  test('changes no coded sample (M12, M15) and needs no encoder', async () => {
    const source = made(at('meta.mp4'), ...scene(1), '-c:v', 'libx264', '-preset', 'ultrafast')
    await mark(source, { ...COMMON, metadataOnly: true, to: at('meta-marked.mp4'), ffmpeg: '/nonexistent' })
    expect(packets(at('meta-marked.mp4'), '0:v')).toEqual(packets(source, '0:v'))
    expect(digest(at('meta-marked.mp4'))).not.toBe(digest(source))
  }, 400_000)
})
