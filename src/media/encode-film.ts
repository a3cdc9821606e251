// A film file out of newly made frames and sound, and everything else of its source.
import { open } from 'node:fs/promises'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { atLeast } from './encoders.js'
import { lastOf, readingOf, run } from './ffmpeg.js'
import { passthrough, type Film, type FilmSound } from './film.js'
import type { Frame } from './nut.js'
import { rawFilm } from './rawfilm.js'
import { encoderOf, raw } from './sound.js'

/** Names of ffmpeg's writers of films. */
const WRITERS: { readonly [type: string]: string } = {
  'video/mp4': 'mp4', 'video/quicktime': 'mov', 'video/3gpp': '3gp', 'video/webm': 'webm', 'video/matroska': 'matroska', 'video/x-msvideo': 'avi', 'video/x-flv': 'flv',
}

/** Streams of a source that the writer of a kind takes as they are. */
const TAKES: { readonly [writer: string]: RegExp } = {
  mp4: /^(mov_text)$/, mov: /^(mov_text|eia_608)$/, '3gp': /^(mov_text)$/, webm: /^(webvtt)$/, matroska: /./, avi: /^$/, flv: /^$/,
}

/** What becomes of one sound track: coded from new samples, or copied where there are none. */
export interface Voice { track: FilmSound; blocks?: () => AsyncIterable<Float32Array> }

/** How a film is to be written. Without frames its picture is copied. */
export interface Coding { encoder: string; settings: { readonly [name: string]: string | number }; frames?: AsyncIterable<Frame>; voices: Voice[]; target: string }

/** Seconds without a frame after which ffmpeg counts as stuck. */
const STUCK = 120

/** Streams of the source that do not get into the new file, as their numbers. */
export function leftOut({ type, others, chapters }: Film): number[] {
  const takes = TAKES[WRITERS[type] ?? ''] ?? /^$/
  return others.filter(({ kind, codec }) => !(kind === 'subtitle' && takes.test(codec)) && !(kind === 'attachment' && type === 'video/matroska')
    // Chapters of MP4 are also a track of texts, and time codes a tag, from which both are made again.
    && !(kind === 'data' && (chapters > 0 || codec === '') && /mp4|quicktime/.test(type))).map(({ index }) => index)
}

/** Why a track of sound is not coded anew, or its encoder's arguments. */
export function soundCoding(film: Film, track: FilmSound): { args: string[] } | { reason: string } {
  if (track.channels < 1 || track.channels > 8 || track.rate < 8000 || track.rate > 192_000) return { reason: `it has ${track.channels} channels of ${track.rate} samples a second` }
  let args
  try {
    // Bits a second where the file does not say: what sounds like its source.
    args = encoderOf(track, track.bits, track.bitrate ?? Math.min(96_000, 2 * track.rate) * track.channels)
  } catch (thrown) {
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_UNSUPPORTED') return { reason: `sound coded as ${track.codec} is read, and not written` }
    throw thrown
  }
  const [, encoder = ''] = args
  return film.abilities.encoders.has(encoder) ? { args } : { reason: `this ffmpeg has no encoder ${encoder}` }
}

/**
 * Writes the film to `target`, where nothing is yet. ERR_UNSUPPORTED where ffmpeg
 * does not take what it is given, in its words; ERR_IO where the disk is full; ERR_LIMIT where nothing moves any more.
 */
export async function encodeFilm(film: Film, coding: Coding, deadline: Deadline): Promise<void> {
  const writer = WRITERS[film.type]
  if (writer === undefined) throw new CountermarkError('ERR_UNSUPPORTED', `Films of type ${film.type} are not coded anew.`, { remedy: 'Use metadataOnly (--metadata-only), which changes no sample, or convert it first.' })
  let moved = performance.now()
  const watched = async function* (frames: AsyncIterable<Frame>): AsyncGenerator<Frame> {
    for await (const frame of frames) {
      moved = performance.now()
      yield frame
    }
  }
  const sounds = coding.voices.flatMap(({ blocks }) => (blocks === undefined ? [] : [raw(blocks())]))
  const form = { frames: film.frames, colour: film.colour, rate: film.rate, ...(film.aspect === undefined ? {} : { aspect: film.aspect }) }
  const picture = coding.frames === undefined ? [] : [rawFilm(form, watched(coding.frames))]
  const { output, said, stop } = run(film.program, argumentsOf(film, coding, writer), deadline, ...picture, ...sounds)
  const timer = setInterval(() => {
    if (performance.now() - moved > STUCK * 1000) stop(new CountermarkError('ERR_LIMIT', `ffmpeg has made no progress for ${STUCK} seconds.`, { remedy: 'Choose faster settings of the encoder, or see whether the machine is short of memory.' }))
  }, 1000)
  let before = ''
  try {
    for await (const part of output) {
      // What ffmpeg reports of its progress: frames that are still in the encoder come out after the last has gone in.
      const reached = /(?:^|\n)(frame=\d+)/.exec(Buffer.from(part).toString())?.[1] ?? before
      if (reached !== before) moved = performance.now()
      before = reached
    }
  } catch (thrown) {
    throw refused(thrown, said(), coding)
  } finally {
    clearInterval(timer)
  }
  if (film.matrix !== undefined && coding.frames !== undefined && /^(mp4|mov|3gp)$/.test(writer)) await setMatrix(coding.target, film.matrix)
}

/**
 * Turns the picture of an MP4 as that of its source (`tkhd`, ISO/IEC 14496-12, 8.3.2): ffmpeg does not take that from frames before
 * its release 6. The header is at the front.
 */
async function setMatrix(path: string, matrix: readonly number[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 20), 0, 1 << 20, 0)
    const head = buffer.subarray(0, bytesRead)
    const track = head.indexOf('vmhd')
    const at = track < 0 ? -1 : head.lastIndexOf('tkhd', track)
    if (at < 0) throw new CountermarkError('ERR_INTERNAL', 'The header of the new film is not where it should be.')
    const numbers = Buffer.alloc(36)
    matrix.forEach((value, index) => void numbers.writeInt32BE(value, index * 4))
    await file.write(numbers, 0, 36, at + 4 + (head[at + 4] === 1 ? 52 : 40))
  } finally {
    await file.close()
  }
}

/** Why ffmpeg did not write the film: it was given good frames, so the file is not what is broken. */
function refused(thrown: unknown, said: string, { encoder, settings }: Coding): unknown {
  if (!(thrown instanceof CountermarkError) || thrown.code !== 'ERR_BROKEN') return thrown
  if (/No space left on device/.test(said)) return new CountermarkError('ERR_IO', 'The film could not be written: the disk is full.', { cause: thrown })
  if (/was ended by SIG/.test(thrown.message)) return new CountermarkError('ERR_IO', `The film could not be written: ${thrown.message}`, { cause: thrown })
  const why = said.split('\n').map((line) => lastOf(line)).find((line) => /error|invalid|not |only |unsupported|could/i.test(line)) ?? lastOf(said)
  const chosen = Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(' ')
  const wrong = /Option not found|Unrecognized option|Unable to parse|Error (setting|splitting)|Invalid encoder type/.test(said)
  return new CountermarkError(wrong ? 'ERR_PARAMETER' : 'ERR_UNSUPPORTED', `ffmpeg did not write the film with ${[encoder, chosen].filter(Boolean).join(' ')}: ${why}`, {
    remedy: 'Choose another encoder or other settings as video.encoder and video.settings (--encoder, --encoder-setting), or use metadataOnly (--metadata-only).', cause: thrown,
  })
}

/** Tags that plain MP4 has places for; any other needs the places of QuickTime. */
const ITUNES = /^(title|artist|album_artist|composer|album|date|encoder|comment|genre|copyright|grouping|lyrics|description|synopsis|show|episode_id|network|keywords|track|disc|media_type|hd_video|gapless_playback|compilation|creation_time|major_brand|minor_version|compatible_brands)$/i
/** Counts and lengths that Matroska's writers leave as tags, which are of the old samples, and an alpha that is not there. */
const STALE = /^((BPS|DURATION|NUMBER_OF_FRAMES|NUMBER_OF_BYTES|_STATISTICS_\w+)(-\w+)?|alpha_mode)$/i

function argumentsOf(film: Film, { encoder, settings, frames, voices, target }: Coding, writer: string): string[] {
  const { abilities, base, display: { rotation } } = film
  const left = leftOut(film)
  const coded = voices.filter(({ blocks }) => blocks !== undefined)
  // The source is ffmpeg's first input, the pipes follow it: that of the frames, then those of the sound.
  const first = frames === undefined ? 0 : 1
  const pipe = (at: number): string[] => ['-protocol_whitelist', 'pipe', '-f', at < first ? 'matroska' : 'f32le']
  const from = (at: number): string[] => ['-i', `pipe:${at === 0 ? 0 : at + 2}`]
  const input = ({ rate, channels, start }: FilmSound, at: number): string[] => ['-itsoffset', String(start), ...pipe(at), '-ar', String(rate), '-ac', String(channels), ...from(at)]
  const count: { [letter: string]: number } = { v: 0, a: 0, s: 0, t: 0 }
  // What ffmpeg copies of itself it copies no more once one stream is told what to copy.
  const stream = (letter: string, index: number, disposition: string, map: string, coding: string[]): string[] => {
    const at = `${letter}:${count[letter]}`
    count[letter] = (count[letter] ?? 0) + 1
    return [
      '-map', map, ...coding.map((one) => (letter !== 'v' && /^-[a-z]/.test(one) ? `${one.replace(/:[ast]$/, '')}:${at}` : one)), `-map_metadata:s:${at}`, `0:s:${index}`, `-disposition:${at}`, disposition,
      ...(film.tags.get(index) ?? []).filter((name) => STALE.test(name)).flatMap((name) => [`-metadata:s:${at}`, `${name}=`]),
    ]
  }
  const sound = (track: FilmSound, blocks: Voice['blocks']): string[] => {
    const found = blocks === undefined ? undefined : soundCoding(film, track)
    const fresh = found !== undefined && 'args' in found
    return stream('a', track.index, track.disposition, fresh ? `${1 + first + coded.findIndex((one) => one.track === track)}:a:0` : `0:${track.index}`, fresh ? found.args : ['-c', 'copy'])
  }
  const streams = [
    { index: film.index, made: () => frames === undefined ? stream('v', film.index, film.disposition, `0:${film.index}`, ['-c:v', 'copy'])
      : stream('v', film.index, film.disposition, '1:v:0', ['-c:v', encoder, ...pixels, ...Object.entries(settings).flatMap(([name, value]) => [`-${name}`, String(value)])]) },
    ...voices.map(({ track, blocks }) => ({ index: track.index, made: () => sound(track, blocks) })),
    ...film.others.filter(({ index, kind }) => (kind === 'subtitle' || kind === 'attachment') && !left.includes(index))
      .map(({ index, kind, disposition }) => ({ index, made: () => stream(kind === 'subtitle' ? 's' : 't', index, disposition, `0:${index}`, ['-c', 'copy']) })),
  ]
  // Left to itself ffmpeg may choose another layout. That of MJPEG says by its name that its range is full; others say so beside it.
  const pixels = film.format.startsWith('yuvj') ? [] : ['-pix_fmt', film.format]
  const plain = (film.tags.get(-1) ?? []).every((name) => ITUNES.test(name))
  const ticks = base[0] === 1 ? ['-video_track_timescale', String(base[1]), ...(atLeast(abilities, 5, 0) ? ['-movie_timescale', String(base[1])] : [])] : []
  return [
    '-nostdin', '-hide_banner', '-v', 'error', '-n', '-copyts', '-progress', 'pipe:1', '-stats_period', '1',
    ...readingOf(film.type, film.path),
    ...(frames === undefined ? [] : [...(rotation !== 0 && film.type === 'video/matroska' ? ['-display_rotation:v:0', String(-rotation)] : []), ...pipe(0), ...from(0)]),
    ...coded.flatMap(({ track }, at) => input(track, at + first)),
    ...streams.sort((a, b) => a.index - b.index).flatMap(({ made }) => made()), '-map_metadata', '0', '-map_chapters', '0',
    ...passthrough(abilities), ...(frames === undefined ? [] : ['-enc_time_base:v', base.join('/')]),
    ...(/^(mp4|mov|3gp)$/.test(writer) ? [...ticks, '-movflags', `+faststart${plain ? '' : '+use_metadata_tags'}`] : writer !== 'flv' ? ['-avoid_negative_ts', 'disabled'] : []),
    '-max_muxing_queue_size', '4096', '-fflags', '+bitexact', '-f', writer, `file:${target}`,
  ]
}
