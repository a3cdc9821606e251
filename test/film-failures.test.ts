// Films that cannot be marked, and what goes wrong on the way: a typed error that says what to do, no output, nothing left running.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mark, verify, type MarkOptions } from '../src/index.js'
import { countermark, folder, lines } from './support/command.js'
import { disk, mounts } from './support/disk.js'
import { media, testOnMedia } from './support/media.js'
import { ffmpeg, ffprobe } from './support/sounds.js'
import { made, scene } from './support/films.js'

const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'f-1', key: 'public', video: { settings: { preset: 'ultrafast' } } } as const satisfies MarkOptions
const home = mkdtempSync(join(tmpdir(), 'countermark-film-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const at = (name: string): string => join(home, name)
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast']
const needed = describe.skipIf(ffmpeg === undefined || ffprobe === undefined)
let plain: string
beforeAll(() => {
  if (ffmpeg !== undefined) plain = made(at('plain.mp4'), ...scene(3), ...X264)
}, 120_000)

needed('what is not done by halves is refused, and verified all the same', () => {
  test.each([
    ['PQ', 'pq.mp4', ['-pix_fmt', 'yuv420p10le', '-color_trc', 'smpte2084', '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc', ...X264], /PQ/],
    ['interlaced', 'interlaced.mp4', ['-vf', 'setfield=tff', '-flags', '+ildct+ilme', '-x264opts', 'tff=1', ...X264], /interlaced/],
    ['red, green, blue', 'rgb.mkv', ['-pix_fmt', 'gbrp', '-c:v', 'ffv1'], /planes of luma/],
    ['alpha', 'alpha.mov', ['-pix_fmt', 'yuva444p10le', '-c:v', 'prores_ks', '-profile:v', '4444'], /alpha/],
    ['alpha in WebM', 'alpha.webm', ['-pix_fmt', 'yuva420p', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'], /alpha/],
    ['a codec that nobody writes', 'asv1.avi', ['-pix_fmt', 'yuv420p', '-c:v', 'asv1'], /no encoder for films coded as asv1/],
  ] as const)('%s', async (_, name, args, why) => {
    const source = made(at(name), ...scene(0.5, '320x192'), ...args)
    await expect(mark(source, { ...COMMON, to: at(`no-${name}`) })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', message: expect.stringMatching(why), remedy: expect.stringContaining('--metadata-only') })
    expect(existsSync(at(`no-${name}`))).toBe(false)
    expect((await verify(source, { keys: ['public'], effort: 'direct' })).verdict).toBe('not found')
  }, 120_000)
  test('two tracks of pictures; a mirrored one', async () => {
    const two = made(at('two.mp4'), ...scene(0.5), '-i', plain, '-map', '0:v', '-map', '1:v', '-t', '0.5', ...X264)
    await expect(mark(two, { ...COMMON, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', message: expect.stringContaining('2 tracks') })
    const bytes = readFileSync(plain)
    const matrix = bytes.lastIndexOf('tkhd') + 44
    bytes.writeInt32BE(-0x10000, matrix)
    await expect(mark(bytes, COMMON)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', message: expect.stringContaining('mirrored') })
  }, 120_000)
  test('settings that ffmpeg does not take, in its own words', async () => {
    await expect(mark(plain, { ...COMMON, video: { encoder: 'libx999' }, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_PARAMETER', remedy: expect.stringContaining('doctor') })
    await expect(mark(plain, { ...COMMON, video: { settings: { 'x; rm': 1 } }, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
    await expect(mark(plain, { ...COMMON, video: { settings: { preset: 'no such' } }, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_PARAMETER', message: expect.stringContaining('preset=no such'), remedy: expect.stringContaining('--encoder-setting') })
    expect(existsSync(at('no.mp4'))).toBe(false)
  }, 120_000)
  test('a cover is left out, and the result says so', async () => {
    const picture = made(at('cover.png'), ...scene(0.1, '64x64'), '-frames:v', '1')
    const source = made(at('covered.mp4'), '-i', plain, '-i', picture, '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:1', 'attached_pic')
    const { findings } = await mark(source, { ...COMMON, to: at('covered-marked.mp4') })
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'M14', message: expect.stringContaining('cover') }))
  }, 120_000)
})

needed('without ffmpeg', () => {
  test('the ways to name it are told, metadata is read, and metadata-only works', async () => {
    const env = { PATH: '/nonexistent' }
    const out = folder()
    const run = await countermark(['mark', plain, '-o', join(out, 'a.mp4'), '--provider-name', 'Example-Lab'], { env })
    expect([run.code, existsSync(join(out, 'a.mp4'))]).toEqual([3, false])
    expect(run.stderr).toMatch(/ERR_MISSING[^]*--ffmpeg, COUNTERMARK_FFMPEG or FFMPEG_BIN[^]*ffmpeg-static/)
    expect((await countermark(['mark', plain, '-o', join(out, 'b.mp4'), '--provider-name', 'Example-Lab', '--metadata-only'], { env })).code).toBe(0)
    const seen = lines(await countermark(['verify', join(out, 'b.mp4'), '--json'], { env }))[0]!
    expect(seen).toMatchObject({ verdict: 'cannot tell', state: 'confirmed', findings: expect.arrayContaining([expect.objectContaining({ rule: 'P2', severity: 'info', message: expect.stringMatching(/not the film itself[^]*COUNTERMARK_FFMPEG/) })]) })
  }, 120_000)
  test('a platform is told that nothing was seen', async () => {
    const out = folder()
    const run = await countermark(['propagate', plain, '-o', join(out, 'a.mp4'), '--provider-name', 'Next-Platform', '--propagate-id', 'p-1'], { env: { PATH: '/nonexistent' } })
    expect([run.code, run.stdout]).toEqual([1, expect.stringContaining('left as it is, could not be looked at')])
    expect(readFileSync(join(out, 'a.mp4')).equals(readFileSync(plain))).toBe(true)
    expect((await countermark(['propagate', plain, '-o', join(out, 'b.mp4'), '--provider-name', 'Next-Platform', '--propagate-id', 'p-1'])).stdout).toContain('left as it is, none')
  }, 120_000)
  test('an ffmpeg without ffprobe says what is missing', async () => {
    const lone = at('lone')
    mkdirSync(lone, { recursive: true })
    writeFileSync(join(lone, 'ffmpeg'), `#!/bin/sh\nexec ${ffmpeg} "$@"\n`)
    chmodSync(join(lone, 'ffmpeg'), 0o755)
    const run = await countermark(['mark', plain, '-o', at('no.mp4'), '--provider-name', 'Example-Lab', '--ffmpeg', join(lone, 'ffmpeg')], { env: { PATH: '/nonexistent' } })
    expect([run.code, run.stderr.includes('COUNTERMARK_FFPROBE')]).toEqual([3, true])
  }, 60_000)
})

needed('no output and nothing behind', () => {
  const temporary = (): string[] => readdirSync(home).filter((name) => name.includes('no.mp4'))
  test.skipIf(!mounts)('on a full disk', async () => {
    const place = join(home, 'small')
    mkdirSync(place)
    disk(place, '200k')
    const big = made(at('big.mp4'), ...scene(2, '1280x720'), ...X264)
    await expect(mark(big, { ...COMMON, to: join(place, 'out.mp4') })).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringMatching(/disk is full|No space/) })
    expect(readdirSync(place)).toEqual([])
  }, 120_000)
  /** An ffmpeg that does `then` where it is told to encode. */
  const wrapped = (name: string, then: string): string => {
    const place = at(name)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'ffmpeg'), `#!/bin/sh\ncase "$*" in *pipe:0*) ${then};; esac\nexec ${ffmpeg} "$@"\n`)
    chmodSync(join(place, 'ffmpeg'), 0o755)
    return join(place, 'ffmpeg')
  }
  test.skipIf(process.platform === 'win32')('when ffmpeg is killed while it encodes', async () => {
    const program = wrapped('killed', `(sleep 1; kill -9 $$) & exec ${ffmpeg} "$@"`)
    const long = made(at('long.mp4'), ...scene(20), ...X264)
    await expect(mark(long, { ...COMMON, video: { settings: { preset: 'veryslow' } }, ffmpeg: program, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('SIGKILL') })
    expect(temporary()).toEqual([])
  }, 120_000)
  test.skipIf(process.platform === 'win32')('when the call is cancelled or its time is over: both programs are gone', async () => {
    const program = wrapped('slow', `echo $$ > ${at('pid')}; exec sleep 60`)
    const stop = new AbortController()
    const running = mark(plain, { ...COMMON, ffmpeg: program, to: at('no.mp4'), signal: stop.signal }).catch((thrown: unknown) => thrown)
    for (let tries = 0; tries < 300 && !existsSync(at('pid')); tries++) await new Promise((done) => setTimeout(done, 100))
    stop.abort()
    expect(await running).toMatchObject({ code: 'ERR_CANCELLED' })
    await new Promise((done) => setTimeout(done, 300))
    expect(() => process.kill(Number(readFileSync(at('pid'), 'utf8')), 0)).toThrow()
    await expect(mark(plain, { ...COMMON, ffmpeg: program, to: at('no.mp4'), limits: { seconds: 3 } })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    expect(temporary()).toEqual([])
  }, 120_000)
  test.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)('when the command line gets %s', async (signal) => {
    const out = folder()
    const program = wrapped(`signal-${signal}`, `touch ${join(out, 'started')}`)
    const long = made(at('signal.mp4'), ...scene(20), ...X264)
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../dist/cli/main.js'), 'mark', long, '-o', join(out, 'out.mp4'), '--provider-name', 'Example-Lab', '--key', 'public', '--encoder-setting', 'preset=veryslow', '--ffmpeg', program], { stdio: 'ignore' })
    for (let tries = 0; tries < 600 && !existsSync(join(out, 'started')); tries++) await new Promise((done) => setTimeout(done, 100))
    child.kill(signal)
    expect(await new Promise((done) => child.on('close', done))).toBe(3)
    expect(readdirSync(out)).toEqual(['started'])
  }, 120_000)
  test('a film that is cut off, or none at all', async () => {
    const bytes = readFileSync(plain)
    await expect(mark(bytes.subarray(0, 3000), COMMON)).rejects.toMatchObject({ code: 'ERR_BROKEN' })
    await expect(mark(Buffer.concat([Buffer.from('\x1aE\xdf\xa3\x8b\x42\x82\x88matroska', 'latin1'), Buffer.alloc(4000)]), COMMON)).rejects.toMatchObject({ code: 'ERR_BROKEN' })
    await expect(mark(plain, { ...COMMON, limits: { pixels: 1000 }, to: at('no.mp4') })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  }, 60_000)
})

testOnMedia('hostile films: a typed error or an honest verdict', async () => {
  for (const name of ['corrupt.mkv', 'mp4-nested-moov-1000.mp4']) {
    const path = join(media!, 'hostile', name)
    const seen = await verify(path, { keys: ['public'], effort: 'direct', limits: { seconds: 60 } }).then(({ verdict }) => verdict, (thrown: { code?: string }) => thrown.code)
    expect(['cannot tell', 'ERR_BROKEN', 'ERR_LIMIT', 'ERR_UNSUPPORTED'], basename(path)).toContain(seen)
    const marked = await mark(path, { ...COMMON, to: at(`hostile-${name}`), limits: { seconds: 60 } }).then(({ verdict }) => verdict, (thrown: { code?: string }) => thrown.code)
    expect(['compliant', 'ERR_BROKEN', 'ERR_LIMIT', 'ERR_UNSUPPORTED', 'ERR_READBACK'], basename(path)).toContain(marked)
    expect(statSync(at(`hostile-${name}`), { throwIfNoEntry: false }) === undefined).toBe(marked !== 'compliant')
  }
}, 300_000)
