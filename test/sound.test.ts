// Sound files end to end: label, watermark, encoder, metadata, read back; and everything that can be missing.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audio, mark, verify, type MarkOptions } from '../src/index.js'
import { nativeEngine } from '../src/engine/native.js'
import { wasmEngine } from '../src/engine/wasm.js'
import { factsIn } from '../src/media/ffmpeg.js'
import { countermark, folder, lines } from './support/command.js'
import { media, mediaFiles, testOnMedia } from './support/media.js'
import { program } from './support/programs.js'
import { babble, decoded, ffmpeg, ffprobe, probed, recoded, wavOf } from './support/sounds.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public', watermark: true } as const satisfies MarkOptions
const espeak = program('espeak-ng', 'espeak')
const home = mkdtempSync(join(tmpdir(), 'countermark-sound-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const speech = babble(6)
const wav = wavOf(speech)
const withFfmpeg = test.skipIf(ffmpeg === undefined)
const coded = (bytes: Uint8Array): Buffer => Buffer.concat(nativeEngine().codedRanges(bytes).map(([from, to]) => bytes.subarray(from, to)))
const put = (name: string, bytes: Uint8Array): string => {
  const path = join(home, name)
  writeFileSync(path, bytes)
  return path
}

describe('every sound of the media', () => {
  const files = ffmpeg === undefined ? [] : mediaFiles('audio')
  let out: string
  let marked: Record<string, any>[]
  beforeAll(async () => {
    if (files.length === 0) return
    out = mkdtempSync(join(home, 'out-'))
    const run = await countermark(['mark', ...files, '-o', out, '--provider-name', 'Example-Lab', '--key', 'public', '--json'], { seconds: 900 })
    expect([run.code, run.stderr.replace(/.*Key: public.*\n|.*files:.*\n/g, '')]).toEqual([0, ''])
    marked = lines(run)
  }, 900_000)

  testOnMedia('is labelled, and watermarked or says why not, in its own codec', () => {
    expect(marked.length).toBe(files.length)
    for (const [at, one] of marked.entries()) {
      expect([one['file'], one['verdict'], one['label'].drawn, one['label'].form]).toEqual([files[at], 'compliant', true, 'rhythm'])
      expect(one['watermark'].embedded || one['watermark'].reason.length > 10).toBe(true)
      expect(probed(one['output']).form).toEqual(probed(files[at]!).form)
    }
    expect(marked.filter((one) => one['watermark'].embedded).length).toBeGreaterThanOrEqual(files.length - 2)
  }, 120_000)
  testOnMedia('keeps the tags that it had', () => {
    for (const [at, one] of marked.entries()) {
      const [before, after] = [probed(files[at]!), probed(one['output'])]
      const lost = Object.entries(before.tags).filter(([key, value]) => after.tags[key] !== value && !/^(encoder|major_brand|minor_version|compatible_brands|duration)$/.test(key)).map(([key]) => key)
      // What ffmpeg cannot write is named in the result.
      const said = (one['findings'] as { rule: string; message: string }[]).filter(({ rule }) => rule === 'M14').map(({ message }) => message).join(' ')
      expect(lost.filter((key) => !said.toLowerCase().includes(key)), basename(one['output'])).toEqual([])
      expect(after.covers, basename(one['output'])).toBe(before.covers)
    }
  }, 120_000)
  testOnMedia('is verified: watermark, label and metadata are of one content', async () => {
    const run = await countermark(['verify', ...marked.map((one) => one['output']), '--key', 'public', '--effort', 'direct', '--json'], { seconds: 600 })
    for (const [at, seen] of lines(run).entries()) {
      expect([seen['verdict'], seen['state']], String(seen['file'])).toEqual(['compliant', 'confirmed'])
      const evidence = seen['evidence'] as any[]
      expect(evidence.find(({ kind }) => kind === 'label')).toMatchObject({ found: true, modality: 'audio' })
      if (marked[at]!['watermark'].embedded) expect(evidence.find(({ kind }) => kind === 'watermark')).toMatchObject({ found: true, matchesMetadata: true })
    }
  }, 600_000)
  testOnMedia('has no rhythm before that, and shows it after coarse codecs and resampling', async () => {
    for (const path of files) expect((await audio.findLabel(decoded(path))).found, path).toBe(false)
    const labelled = await audio.label(decoded(join(media!, 'audio/speech-zh-megatts-24k.wav'), 24_000))
    const file = wavOf(labelled)
    for (const [name, args] of Object.entries({
      mp3: ['-c:a', 'libmp3lame', '-b:a', '32k', '-f', 'mp3'], opus: ['-c:a', 'libopus', '-b:a', '12k', '-f', 'ogg'], vorbis: ['-ar', '16000', '-c:a', 'libvorbis', '-q:a', '-1', '-f', 'ogg'],
      telephone: ['-ar', '8000', '-c:a', 'pcm_mulaw', '-f', 'wav'], faster: ['-af', 'atempo=1.05', '-f', 'wav'], slower: ['-af', 'atempo=0.95', '-f', 'wav'],
    })) expect((await audio.findLabel(decoded(put(`after-${name}`, recoded(file, ...args))))).found, name).toBe(true)
  }, 180_000)
})

test.skipIf(espeak === undefined || ffmpeg === undefined)('voices of espeak-ng hold no rhythm', async () => {
  for (const voice of ['en-us', 'cmn', 'de', 'fr+f3', 'en-us+whisper']) {
    const said = execFileSync(espeak!, ['-v', voice, '-s', '200', '--stdout', 'Peter Piper picked a peck of pickled peppers. 黑化肥发灰会挥发，灰化肥挥发会发黑。'.repeat(8)], { maxBuffer: 1 << 28 })
    expect((await audio.findLabel(decoded(put('voice.wav', said)))).found, voice).toBe(false)
  }
}, 60_000)

describe('the samples', () => {
  test.each(['start', 'middle', 'end'] as const)('a label at the %s leaves every other sample as it is', async (position) => {
    for (const [bits, float] of [[16, false], [24, false], [32, true]] as const) {
      const source = wavOf(babble(3, 22_050, 2), bits, float)
      const { output, label } = await mark(source, { ...COMMON, watermark: false, label: { position } })
      const [before, after] = [coded(source), coded(output)]
      const frame = (bits / 8) * 2
      const [from, to] = label.span!.map((second) => Math.round(second * 22_050) * frame) as [number, number]
      expect(label).toMatchObject({ drawn: true, form: 'rhythm', position })
      expect(after.length - before.length).toBe(to - from)
      expect(Buffer.concat([after.subarray(0, from), after.subarray(to)]).equals(before)).toBe(true)
      expect((await verify(output)).evidence.find(({ kind }) => kind === 'label')).toMatchObject({ found: true })
    }
  }, 60_000)
  withFfmpeg('lossless stays lossless: FLAC of 24 bits', async () => {
    const source = recoded(wavOf(babble(3, 48_000), 24), '-c:a', 'flac', '-f', 'flac')
    const { output, label } = await mark(source, { ...COMMON, watermark: false })
    const raw = (bytes: Uint8Array): Buffer => recoded(bytes, '-f', 's32le')
    const [before, after] = [raw(source), raw(output)]
    expect(after.subarray(Math.round(label.span![1] * 48_000) * 4).equals(before)).toBe(true)
  }, 60_000)
  test('metadata only changes none (M12)', async () => {
    const { output, label, watermark } = await mark(wav, { ...COMMON, metadataOnly: true })
    expect(coded(output).equals(coded(wav))).toBe(true)
    expect([label, watermark]).toEqual([{ drawn: false, reason: 'metadata only' }, { embedded: false, reason: 'metadata only' }])
  })
  test('the label is as loud as the sound', async () => {
    const quiet = { ...speech, samples: speech.samples.map((value) => value / 8) }
    const [loud, soft] = await Promise.all([speech, quiet].map(async (sound) => [await audio.loudness(sound), await audio.label(sound)] as const))
    expect(loud![0].loudness! - soft![0].loudness!).toBeCloseTo(18.06, 1)
    const peak = (samples: Float32Array): number => samples.subarray(0, 16_000).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(20 * Math.log10(peak(loud![1].samples) / peak(soft![1].samples))).toBeCloseTo(18.06, 1)
  })
})

describe('what cannot carry a watermark says so', () => {
  test.each([
    ['silence', wavOf({ samples: new Float32Array(32_000), rate: 16_000, channels: 1 })], ['a moment', wavOf(babble(0.3))],
    ['a pure tone', wavOf({ samples: new Float32Array(48_000).map((_, at) => 0.2 * Math.sin(at / 5)), rate: 16_000, channels: 1 })],
  ] as const)('%s', async (_, bytes) => {
    const { watermark, label, verdict } = await mark(bytes, { ...COMMON, label: false, waiver: 'a-1' })
    expect(watermark.embedded).toBe(false)
    expect(watermark.reason).toMatch(/\w{3,}/)
    expect([label.drawn, verdict]).toEqual([false, 'compliant'])
  })
  test('and the verdict follows the policy', async () => {
    const { verdict, findings } = await mark(wavOf({ samples: new Float32Array(32_000), rate: 16_000, channels: 1 }), { ...COMMON, policy: 'eu' })
    expect(verdict).toBe('non-compliant')
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'W1', severity: 'error' }))
  })
})

describe('the label', () => {
  test('a waiver leaves it out, and only a policy that knows one', async () => {
    const { label, findings } = await mark(wav, { ...COMMON, label: false, waiver: 'a-7' })
    expect(label).toEqual({ drawn: false, reason: 'left out under agreement a-7' })
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'L1' }))
    await expect(mark(wav, { ...COMMON, label: false })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
  test('A4: India asks for it before the content', async () => {
    const { findings, verdict } = await mark(wav, { ...COMMON, policy: 'in', label: { position: 'end' } })
    expect([verdict, findings.find(({ rule }) => rule === 'A4')?.severity]).toEqual(['non-compliant', 'error'])
    expect((await mark(wav, { ...COMMON, policy: 'in' })).findings.map(({ rule, severity }) => [rule, severity])).toContainEqual(['A2', 'warning'])
  })
  test('a clip of the caller\'s own, at the loudness of the sound', async () => {
    const clip = wavOf(babble(2))
    const { label, output } = await mark(wav, { ...COMMON, label: { audio: clip } })
    expect(label).toMatchObject({ drawn: true, form: 'clip', span: [0, 2.3] })
    expect((await verify(output)).verdict).toBe('cannot tell')
    await expect(mark(wav, { ...COMMON, label: { audio: Buffer.from('no sound') } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    await expect(mark(wav, { ...COMMON, label: { audio: wavOf({ ...speech, samples: new Float32Array(16_000) }) } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
  test.skipIf(espeak === undefined || ffmpeg === undefined)('a voice of this machine, at normal speed (A3)', async () => {
    const { label, findings } = await mark(wav, { ...COMMON, label: { voice: true } })
    expect(label).toMatchObject({ drawn: true, form: 'voice', text: ['本音频由人工智能生成'] })
    expect(findings.filter(({ rule }) => rule === 'A3')).toEqual([])
    await expect(mark(wav, { ...COMMON, label: { voice: '/nonexistent/espeak' } })).rejects.toMatchObject({ code: 'ERR_MISSING', remedy: expect.stringContaining('--label-audio') })
  })
  test('what is for pictures is not passed over', async () => {
    await expect(mark(wav, { ...COMMON, label: { position: 'top' } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    await expect(mark(wav, { ...COMMON, label: { text: 'AI生成' } })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})

describe('a sound that is marked already', () => {
  test('keeps its label and is not changed again', async () => {
    const first = await mark(wav, COMMON)
    const again = await mark(first.output, { ...COMMON, provider: { name: 'Other-Lab' }, produceId: 'c-2' })
    expect(again).toMatchObject({ status: 'kept', produceId: 'c-1', watermark: { embedded: false, reason: 'it is there already' }, label: { drawn: false, reason: 'a label is there already' } })
    expect(coded(again.output).equals(coded(first.output))).toBe(true)
  }, 30_000)
  test('whose metadata is gone is found again by its watermark', async () => {
    const { output } = await mark(wav, COMMON)
    const stripped = Buffer.concat([wavOf(speech).subarray(0, 40), Buffer.alloc(4), coded(output)])
    stripped.writeUInt32LE(stripped.length - 8, 4)
    stripped.writeUInt32LE(stripped.length - 44, 40)
    expect(await verify(stripped, { expect: { provider: 'Example-Lab', produceId: 'c-1' } })).toMatchObject({ matchesExpected: true, state: 'suspected' })
    await expect(mark(stripped, { ...COMMON, produceId: 'c-2' })).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  }, 30_000)
})

describe('ffmpeg', () => {
  test('that is not there: WAV works, others say what to do, and verify says what it did not see', async () => {
    const out = folder()
    const file = put('a.wav', wav)
    const mp3 = join(home, 'plain.mp3')
    if (ffmpeg !== undefined) writeFileSync(mp3, recoded(wav, '-f', 'mp3'))
    const env = { PATH: '/nonexistent' }
    expect((await countermark(['mark', file, '-o', join(out, 'a.wav'), '--provider-name', 'Example-Lab'], { env })).code).toBe(0)
    if (ffmpeg === undefined) return
    const run = await countermark(['mark', mp3, '-o', join(out, 'a.mp3'), '--provider-name', 'Example-Lab'], { env })
    expect([run.code, existsSync(join(out, 'a.mp3'))]).toEqual([3, false])
    expect(run.stderr).toMatch(/ERR_MISSING[^]*--ffmpeg, COUNTERMARK_FFMPEG or FFMPEG_BIN/)
    const seen = lines(await countermark(['verify', mp3, '--json'], { env }))[0]!
    expect(seen).toMatchObject({ verdict: 'cannot tell', findings: expect.arrayContaining([expect.objectContaining({ rule: 'P2', message: expect.stringContaining('nobody listened') })]) })
    expect((await countermark(['mark', mp3, '-o', join(out, 'b.mp3'), '--provider-name', 'Example-Lab', '--metadata-only'], { env })).code).toBe(0)
  }, 60_000)
  test.skipIf(process.platform === 'win32')('does not outlive a call that is cancelled', async () => {
    const pid = join(home, 'pid')
    const slow = put('slow-ffmpeg', Buffer.from(`#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`))
    chmodSync(slow, 0o755)
    const stop = new AbortController()
    const started = mark(Buffer.from('fLaC\0\0\0\x22'.padEnd(60, '\0'), 'latin1'), { ...COMMON, metadataOnly: false, ffmpeg: slow, signal: stop.signal }).catch((thrown: unknown) => thrown)
    const mp3 = mark(ffmpeg === undefined ? wav : recoded(wav, '-f', 'mp3'), { ...COMMON, ffmpeg: slow, signal: stop.signal }).catch((thrown: unknown) => thrown)
    await new Promise((done) => setTimeout(done, 1500))
    stop.abort()
    if (ffmpeg === undefined) return
    expect(await mp3).toMatchObject({ code: 'ERR_CANCELLED' })
    await started
    await new Promise((done) => setTimeout(done, 300))
    expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow()
  }, 30_000)
  withFfmpeg('that fails is an error of the file, in its words', async () => {
    const mp3 = recoded(wav, '-f', 'mp3')
    // Players pass over junk between frames, and so does ffmpeg; but it is said.
    const damaged = Buffer.concat([mp3.subarray(0, 9000), Buffer.alloc(700, 0x55), mp3.subarray(9000)])
    expect((await verify(damaged)).findings).toContainEqual(expect.objectContaining({ rule: 'P2', severity: 'warning', message: expect.stringContaining('complained') }))
    const whole = (await mark(mp3, COMMON)).output as Uint8Array
    const warnings = async (bytes: Uint8Array) => (await verify(bytes)).findings.filter(({ rule }) => rule === 'P2').map(({ message }) => message)
    expect(await warnings(whole)).toEqual([])
    // Cut inside a frame: ffmpeg decodes it without a word.
    expect(await warnings(whole.subarray(0, Math.round(whole.length * 0.6)))).toContainEqual(expect.stringMatching(/its header counts 7\.\d seconds, its samples end at 4\.\d/))
    const flac = recoded(wav, '-c:a', 'flac', '-f', 'flac')
    flac.fill(0x55, 60, 200)
    await expect(mark(flac, COMMON)).rejects.toMatchObject({ code: 'ERR_BROKEN' })
  })
  test('what it says of a track is understood', () => {
    expect(factsIn('  Duration: 00:01:00.50, start: 0.0, bitrate: 190 kb/s\n  Stream #0:0(und): Audio: mp3, 48000 Hz, stereo, fltp, 128 kb/s (default)\n')).toEqual({ codec: 'mp3', rate: 48_000, channels: 2, cover: false, others: 0, chapters: 0, bitrate: 128_000, seconds: 60.5 })
    expect(factsIn('  Stream #0:0: Audio: flac, 44100 Hz, 5.1(side), s32 (24 bit)\n Stream #0:1: Video: mjpeg (attached pic)')).toEqual({ codec: 'flac', rate: 44_100, channels: 6, bits: 24, cover: true, others: 0, chapters: 0 })
    expect(factsIn('Stream #0:0[0x1](und): Audio: aac (LC) (mp4a / 0x6134706D), 22050 Hz, mono, fltp, 95 kb/s (default)')).toMatchObject({ codec: 'aac', rate: 22_050, channels: 1, bitrate: 95_000 })
    expect(factsIn('Stream #0:0: Video: h264, yuv420p, 640x480')).toBeUndefined()
  })
})

describe.skipIf(ffmpeg === undefined || ffprobe === undefined)('tags and covers', () => {
  const cover = (): Buffer => execFileSync(ffmpeg!, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=64x64:d=0.1', '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'])
  test.each([['mp3', ['-f', 'mp3']], ['flac', ['-f', 'flac']], ['m4a', ['-c:a', 'aac', '-f', 'ipod']]] as const)('%s', async (end, args) => {
    const [sound, picture, path] = [put('s.wav', wav), put('c.jpg', cover()), join(home, `cover.${end}`)]
    execFileSync(ffmpeg!, ['-v', 'error', '-y', '-i', sound, '-i', picture, '-map', '0:a', '-map', '1:v', '-c:v', 'copy', '-disposition:v', 'attached_pic', '-metadata', 'title=kept', '-metadata', 'artist=somebody', ...args, path])
    const target = join(home, `marked.${end}`)
    await mark(path, { ...COMMON, to: target })
    expect(probed(target)).toMatchObject({ form: probed(path).form, covers: 1, tags: { title: 'kept', artist: 'somebody' } })
  }, 60_000)
})

withFfmpeg('a long WAV goes from disk to disk', async () => {
  const path = join(home, 'long.wav')
  execFileSync(ffmpeg!, ['-v', 'error', '-y', '-stream_loop', '29', '-i', put('six.wav', wav), '-ar', '48000', '-ac', '2', '-c:a', 'pcm_s16le', '-f', 'wav', path])
  const target = join(home, 'long-marked.wav')
  const result = await mark(path, { ...COMMON, to: target, limits: { seconds: 600 } })
  expect(result).toMatchObject({ output: target, label: { drawn: true }, verdict: 'compliant' })
  expect((await verify(target, { keys: ['public'], effort: 'direct', limits: { seconds: 600 } })).evidence.find(({ kind }) => kind === 'label')).toMatchObject({ found: true })
}, 600_000)

test('both engines make, hear and measure the same', async () => {
  const [native, wasm] = [nativeEngine(), await wasmEngine()]
  const most = (a: Float32Array, b: Float32Array): number => a.reduce((far, value, at) => Math.max(far, Math.abs(value - b[at]!)), a.length === b.length ? 0 : Infinity)
  const options = { rate: 22_050, channels: 2, loudness: -20, before: [0.2, -0.1], after: [0.1, 0.3] }
  const clip = native.rhythmMake(options)
  expect(most(clip, wasm.rhythmMake(options))).toBeLessThan(1e-6)
  expect(most(native.voiceFit(speech.samples, 1, options), wasm.voiceFit(speech.samples, 1, options))).toBeLessThan(1e-6)
  const [here, there] = await Promise.all([native, wasm].map((engine) => engine.rhythmDetect(clip, options)))
  expect(here).toMatchObject({ found: true, where: { unit: expect.closeTo(0.12, 3) } })
  expect([there!.found, there!.score, there!.where!.frequency]).toEqual([true, expect.closeTo(here!.score, 3), here!.where!.frequency])
  const [a, b] = [native, wasm].map((engine) => {
    const meter = engine.loudnessMeter({ rate: 16_000, channels: 1 })
    meter.push(speech.samples)
    return meter.report()
  })
  expect([b!.frames, b!.quiet, b!.loudness]).toEqual([a!.frames, a!.quiet, expect.closeTo(a!.loudness!, 6)])
  for (const engine of [native, wasm]) {
    expect(() => engine.rhythmMake({ rate: 1, channels: 1 })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(() => engine.loudnessMeter({ rate: 16_000, channels: 2 }).push(new Float32Array(3))).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  }
})

withFfmpeg('further tracks and chapters that are not coded anew are named (M14)', async () => {
  const [sound, chapters, source] = ['two.wav', 'chapters.txt', 'two.m4a'].map((name) => join(home, name)) as [string, string, string]
  writeFileSync(sound, wavOf(babble(5, 24_000)))
  writeFileSync(chapters, ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\n[CHAPTER]\nTIMEBASE=1/1\nSTART=2\nEND=5\n')
  execFileSync(ffmpeg!, ['-v', 'error', '-i', sound, '-i', sound, '-i', chapters, '-map', '0:a', '-map', '1:a', '-map_chapters', '2', '-c:a', 'aac', source])
  const { findings } = await mark(source, { provider: { name: 'Example-Lab' }, to: join(home, 'two-marked.m4a') })
  const said = findings.filter(({ rule }) => rule === 'M14').map(({ message }) => message)
  expect(said.some((one) => one.includes('1 further track'))).toBe(true)
  expect(said.some((one) => one.includes('2 chapters'))).toBe(true)
}, 60_000)
