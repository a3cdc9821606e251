// ffmpeg as a program beside us: found, asked about a file, and run with pipes. No shell, no name that it could take for
// something else, no pipe left full, and none that outlives the call.
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CountermarkError, messageOf } from '../errors.js'
import type { Deadline } from '../limits.js'

/** Where a program was found, and by what. */
export interface Program { path: string; origin: 'option' | 'COUNTERMARK_FFMPEG' | 'FFMPEG_BIN' | 'PATH' | 'ffmpeg-static' }

/** ffmpeg: the one that is asked for, else COUNTERMARK_FFMPEG, FFMPEG_BIN, PATH, the package ffmpeg-static. ERR_MISSING without any. */
export function ffmpegProgram(asked?: string): Program {
  for (const [origin, named] of [['option', asked], ['COUNTERMARK_FFMPEG', process.env['COUNTERMARK_FFMPEG']], ['FFMPEG_BIN', process.env['FFMPEG_BIN']]] as const) {
    if (named === undefined || named === '') continue
    const path = programPath(named)
    if (path === undefined) throw new CountermarkError('ERR_MISSING', `There is no program ${named} (${origin === 'option' ? 'the option ffmpeg' : origin}).`, { remedy: FFMPEG_REMEDY })
    return { path, origin }
  }
  const path = programPath('ffmpeg')
  if (path !== undefined) return { path, origin: 'PATH' }
  const packaged = staticPath()
  if (packaged !== undefined) return { path: packaged, origin: 'ffmpeg-static' }
  throw new CountermarkError('ERR_MISSING', 'Films, and sound other than WAV, need ffmpeg, which was not found.', { remedy: FFMPEG_REMEDY })
}

const FFMPEG_REMEDY = 'Install ffmpeg, or name it by ffmpeg (--ffmpeg), COUNTERMARK_FFMPEG or FFMPEG_BIN, or install the package ffmpeg-static. WAV, and marking with metadata only, work without it.'

/** The file of a program: a path as it is, a bare name by PATH; undefined where nothing can be run. */
export function programPath(named: string): string | undefined {
  const ends = process.platform === 'win32' ? ['.exe', ''] : ['']
  const folders = isAbsolute(named) || /[\\/]/.test(named) ? [resolve(named)] : (process.env['PATH'] ?? '').split(delimiter).filter(Boolean).map((folder) => join(folder, named))
  return folders.flatMap((path) => ends.map((end) => path + end)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      // Not here; perhaps in the next folder.
      return false
    }
  })
}

/** Its file is checked: the package downloads it when it is installed, which is often skipped. */
function staticPath(): string | undefined {
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static')
    return typeof path === 'string' ? programPath(path) : undefined
  } catch {
    // Not installed.
    return undefined
  }
}

/** What is kept of what a program says on stderr. */
const SAID = 64 << 10

/** One run of a program. */
export interface Run {
  /** What it writes to stdout; ends with the error where the run failed. */
  output: AsyncGenerator<Uint8Array>
  /** What it said on stderr, the end of it. */
  said(): string
  /** Ends it at once; `output` ends with `why`. */
  stop(why: unknown): void
}

/**
 * Runs a program with the first of `inputs` on its stdin, the others on `pipe:3`, `pipe:4` and so on. The process is gone when
 * `output` has ended or was left early, and where the deadline or the caller's signal ends the call. ERR_MISSING where it cannot
 * be started; ERR_BROKEN where it fails, as it knows of no other reason than its input.
 */
export function run(program: string, args: readonly string[], deadline: Deadline, ...inputs: AsyncIterable<Uint8Array>[]): Run {
  let said = ''
  let failed: unknown
  let kill = (): void => {}
  const stop = (why: unknown): void => {
    failed ??= why
    kill()
  }
  return { said: () => said, stop, output: output() }

  async function* output(): AsyncGenerator<Uint8Array> {
    const child = spawn(program, args, { stdio: [inputs.length === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe', ...inputs.slice(1).map(() => 'pipe' as const)], windowsHide: true, shell: false })
    kill = () => void child.kill('SIGKILL')
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-SAID) })
    const closed = ended(child)
    // Asked for only after the output has ended.
    closed.catch(() => {})
    // A program that is gone resets its pipes, at either end: why it went is told by its end.
    for (const pipe of [child.stdin, ...child.stdio.slice(3)]) pipe?.on('error', () => {})
    const fed = Promise.all(inputs.map((input, at) => pipeline(Readable.from(input, { objectMode: false }), child.stdio[at === 0 ? 0 : at + 2] as Writable).catch((thrown: unknown) => {
      // A program that ends before its input does has said why, or has enough.
      if (!/^(EPIPE|ECONNRESET|ERR_STREAM_PREMATURE_CLOSE)$/.test(String((thrown as { code?: unknown } | null)?.code))) stop(thrown)
    })))
    try {
      const parts = child.stdout![Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
      for (;;) {
        const { value, done } = await deadline.within(parts.next())
        if (done) break
        yield value
      }
      await deadline.within(Promise.all([closed, fed]))
    } catch (thrown) {
      throw failed ?? thrown
    } finally {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    }
    if (failed !== undefined) throw failed
  }

  function ended(child: ChildProcess): Promise<void> {
    return new Promise((done, reject) => {
      child.on('error', (cause) => reject(new CountermarkError('ERR_MISSING', `${program} could not be started: ${messageOf(cause)}`, { remedy: FFMPEG_REMEDY, cause })))
      child.on('close', (code, signal) => {
        if (code === 0) done()
        else reject(new CountermarkError('ERR_BROKEN', `${program.replace(/^.*[\\/]/, '')} ${code === null ? `was ended by ${signal}` : `failed (${code})`}: ${lastOf(said)}`))
      })
    })
  }
}

/** The last line that says something, without the addresses and the file that ffmpeg puts before it. */
export function lastOf(said: string): string {
  const lines = said.split('\n').map((line) => line.replace(/^\[[^\]]* @ 0x[0-9a-f]+\] ?/, '').replace(/^file:\S+: /, '').trim()).filter(Boolean)
  return lines.at(-1)?.slice(0, 300) ?? 'it said nothing'
}

/** What ffmpeg says of a file's first sound track. */
export interface TrackFacts {
  codec: string
  rate: number
  channels: number
  /** Bits of a sample, of lossless kinds. */
  bits?: number
  /** Bits a second. */
  bitrate?: number
  seconds?: number
  /** A picture that goes with the sound, e.g. the cover. */
  cover: boolean
  /** Further tracks of the file: sound, subtitles, data. */
  others: number
  chapters: number
}

const CHANNELS: { readonly [layout: string]: number } = { mono: 1, stereo: 2, downmix: 2, '2.1': 3, '3.0': 3, '4.0': 4, quad: 4, '3.1': 4, '5.0': 5, '4.1': 5, '5.1': 6, '6.0': 6, hexagonal: 6, '6.1': 7, '7.0': 7, '7.1': 8, octagonal: 8 }

/** Names of ffmpeg's readers: it must not guess, as some of its kinds lead to other files. */
const READERS: { readonly [type: string]: string } = {
  'audio/wav': 'wav', 'audio/flac': 'flac', 'audio/mpeg': 'mp3', 'audio/ogg': 'ogg', 'audio/mp4': 'mov', 'video/mp4': 'mov', 'video/quicktime': 'mov', 'video/3gpp': 'mov',
  'audio/aac': 'aac', 'audio/webm': 'matroska', 'video/webm': 'matroska', 'audio/matroska': 'matroska', 'video/matroska': 'matroska', 'audio/aiff': 'aiff',
  'video/x-msvideo': 'avi', 'video/x-flv': 'flv',
}

/** The arguments that read a file, or stdin where there is no path. */
export function readingOf(type: string, path?: string): string[] {
  const reader = READERS[type]
  if (reader === undefined) throw new CountermarkError('ERR_UNSUPPORTED', `Files of type ${type} are not decoded by ffmpeg here.`)
  return ['-protocol_whitelist', 'file,pipe', '-f', reader, '-i', path === undefined ? 'pipe:0' : `file:${resolve(path)}`]
}

/** Asks ffmpeg about a file. ERR_BROKEN where it finds no sound in it. */
export async function factsOf(program: string, type: string, deadline: Deadline, source: { path: string } | { bytes: Uint8Array }): Promise<TrackFacts> {
  const asked = 'path' in source ? run(program, ['-nostdin', '-hide_banner', ...readingOf(type, source.path)], deadline)
    : run(program, ['-nostdin', '-hide_banner', ...readingOf(type)], deadline, pieces(source.bytes))
  try {
    for await (const _ of asked.output);
  } catch (thrown) {
    // Without an output it always fails, after it has said what it knows.
    if (!(thrown instanceof CountermarkError) || thrown.code !== 'ERR_BROKEN') throw thrown
  }
  const facts = factsIn(asked.said())
  if (facts !== undefined) return facts
  const why = asked.said().split('\n').filter((line) => line.trim() !== '' && !line.includes('At least one output file')).at(-1)?.replace(/^\[[^\]]*\] /, '').trim()
  throw new CountermarkError('ERR_BROKEN', `ffmpeg finds no sound in this ${type} file: ${why ?? 'it said nothing'}`, { remedy: 'Get an undamaged copy of the file.' })
}

/** Reads `Stream #0:0: Audio: mp3, 48000 Hz, stereo, fltp, 128 kb/s`. */
export function factsIn(said: string): TrackFacts | undefined {
  const line = /Stream #0:\d+.*?: Audio: (\w+)[^\n]*?, (\d+) Hz, ([^,\n]+)(?:, (\w+)(?: \((\d+) bit\))?)?([^\n]*)/.exec(said)
  if (line === null) return undefined
  const [, codec = '', rate = '', layout = '', format = '', bits, rest = ''] = line
  const channels = CHANNELS[layout.replace(/\(.*/, '').trim()] ?? Number(/^(\d+) channels/.exec(layout)?.[1] ?? 0)
  if (channels === 0 || Number(rate) === 0) return undefined
  const own = /, (\d+) kb\/s/.exec(rest)?.[1]
  const whole = /Duration:[^\n]*bitrate: (\d+) kb\/s/.exec(said)?.[1]
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):([\d.]+)/.exec(said) ?? []
  const depth = bits ?? /^[su](\d+)/.exec(format)?.[1]
  return {
    codec, rate: Number(rate), channels, cover: said.includes('(attached pic)'),
    others: [...said.matchAll(/Stream #0:\d+.*?: (?:Audio|Subtitle|Data|Attachment):/g)].length - 1,
    chapters: [...said.matchAll(/^ *Chapter #0:\d+/gm)].length,
    ...(depth === undefined ? {} : { bits: Number(depth) }),
    ...(own ?? whole ? { bitrate: Number(own ?? whole) * 1000 } : {}),
    ...(seconds === undefined ? {} : { seconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) }),
  }
}

/** Bytes in pieces that a pipe takes. */
export async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16))
}
