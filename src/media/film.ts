// Film files in Node: what is in them by ffprobe, raw frames and sound out of them and into them by ffmpeg.
import { dirname, join } from 'node:path'
import type { Display, Frames } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import { abilitiesOf, type Abilities } from './encoders.js'
import { ffmpegProgram, lastOf, programPath, readingOf, run } from './ffmpeg.js'
import { nutFrames, type Frame } from './nut.js'
import type { Colour } from './rawfilm.js'
import { decoded, folderFor, trackOf, type SoundFile, type Track } from './sound.js'

/** One sound track of a film: its samples, and where it lies. */
export interface FilmSound extends Track {
  /** Number of the stream in the file. */
  index: number
  /** Seconds at which it starts. */
  start: number
  bits?: number
  disposition: string
}

/** A stream that is neither the picture nor sound. */
export interface OtherStream { index: number; kind: 'video' | 'subtitle' | 'attachment' | 'data'; codec: string; cover: boolean; disposition: string }

/** What is known of a film before a frame is decoded. */
export interface FilmFacts {
  /** Number of the picture's stream in the file. */
  index: number
  codec: string
  /** ffmpeg's name of the layout of its frames, and of that in which they are read: planes of luma and colour. */
  pixels: string
  format: string
  frames: Frames
  display: Required<Display>
  /** Width of a pixel over its height, as a fraction; absent where nobody says. */
  aspect?: readonly [number, number]
  /** The nine numbers by which MP4 turns a picture. */
  matrix?: readonly number[]
  mirrored: boolean
  /** Seconds of a tick of its clock, as a fraction. */
  base: readonly [number, number]
  /** Frames a second on average, as a fraction. */
  rate: readonly [number, number]
  seconds?: number
  count?: number
  start: number
  colour: Colour
  interlaced: boolean
  alpha: boolean
  /** A WebM that says it has a plane of alpha, as browsers say of all that they record. */
  alphaNamed: boolean
  dolby: boolean
  sounds: FilmSound[]
  others: OtherStream[]
  chapters: number
  disposition: string
  /** Names of tags by the number of their stream; -1: of the file. */
  tags: ReadonlyMap<number, readonly string[]>
}

/** An opened film. */
export interface Film extends FilmFacts {
  type: string
  path: string
  /** ffmpeg, and what it can do. */
  program: string
  abilities: Abilities
}

/** What of a film's frames is decoded. */
export interface Excerpt {
  /** Decode fewer frames than there are: those that no other frame needs are left out, or all but key frames. */
  skip?: 'noref' | 'nokey'
  /** Seconds from the start of the file. */
  from?: number
  /** Least seconds between two frames. */
  every?: number
  /** Frames as they are shown, with square pixels; else as they are stored. */
  shown?: boolean
}

/** Opens a film, works on it, and leaves nothing behind. ERR_MISSING without ffmpeg and ffprobe; ERR_BROKEN, ERR_UNSUPPORTED, ERR_LIMIT. */
export async function withFilm<T>(file: SoundFile, asked: string | undefined, limits: Limits, deadline: Deadline, work: (film: Film) => Promise<T>): Promise<T> {
  const program = ffmpegProgram(asked).path
  const probe = ffprobeProgram(program)
  const folder = await folderFor(file)
  try {
    const path = folder.path
    const abilities = await abilitiesOf(program, deadline)
    const said = await probed(probe, file.type, path, deadline)
    const facts = factsOf(said, { program, type: file.type, path }, deadline)
    if (facts.alphaNamed) facts.alpha = await hasAlpha(probe, file.type, path, facts.index, deadline)
    checkPixels(facts.frames.width, facts.frames.height, limits)
    return await work({ ...facts, type: file.type, path, program, abilities })
  } finally {
    await folder.drop()
  }
}

/** ffprobe: COUNTERMARK_FFPROBE, FFPROBE_BIN, beside ffmpeg, PATH. ERR_MISSING without any. */
export function ffprobeProgram(ffmpeg: string): string {
  for (const name of ['COUNTERMARK_FFPROBE', 'FFPROBE_BIN']) {
    const named = process.env[name]
    if (named === undefined || named === '') continue
    const path = programPath(named)
    if (path === undefined) throw new CountermarkError('ERR_MISSING', `There is no program ${named} (${name}).`, { remedy: FFPROBE_REMEDY })
    return path
  }
  const found = programPath(join(dirname(ffmpeg), 'ffprobe')) ?? programPath('ffprobe')
  if (found === undefined) throw new CountermarkError('ERR_MISSING', 'Films need ffprobe, which comes with ffmpeg and was not found.', { remedy: FFPROBE_REMEDY })
  return found
}

const FFPROBE_REMEDY = 'Install ffmpeg with ffprobe, put ffprobe beside the ffmpeg that is used, or name it by COUNTERMARK_FFPROBE or FFPROBE_BIN. Marking with metadata only works without it.'

interface Said {
  streams?: Stream[]
  format?: { duration?: string; tags?: { [key: string]: string } }
  chapters?: unknown[]
}

interface Stream {
  index: number; codec_type?: string; codec_name?: string; pix_fmt?: string; width?: number; height?: number; sample_aspect_ratio?: string; field_order?: string
  color_range?: string; color_space?: string; color_transfer?: string; color_primaries?: string; chroma_location?: string
  time_base?: string; avg_frame_rate?: string; r_frame_rate?: string; duration?: string; nb_frames?: string; start_time?: string
  sample_rate?: string; channels?: number; bit_rate?: string; bits_per_raw_sample?: string; bits_per_sample?: number
  disposition?: { [name: string]: number }; tags?: { [key: string]: string }
  side_data_list?: { side_data_type?: string; displaymatrix?: string; rotation?: number }[]
}

async function probed(program: string, type: string, path: string, deadline: Deadline): Promise<Said> {
  const parts: Uint8Array[] = []
  const asked = run(program, ['-hide_banner', '-v', 'error', '-show_streams', '-show_format', '-show_chapters', '-of', 'json', ...readingOf(type, path)], deadline)
  try {
    for await (const part of asked.output) parts.push(part)
    return JSON.parse(Buffer.concat(parts).toString()) as Said
  } catch (thrown) {
    if (thrown instanceof CountermarkError && thrown.code !== 'ERR_BROKEN') throw thrown
    throw new CountermarkError('ERR_BROKEN', `ffprobe cannot read this ${type} file: ${lastOf(asked.said())}`, { remedy: 'Get an undamaged copy of the file.', cause: thrown })
  }
}

/** Whether the first packets of a WebM carry a second picture, that of alpha. */
async function hasAlpha(program: string, type: string, path: string, index: number, deadline: Deadline): Promise<boolean> {
  const parts: Uint8Array[] = []
  const args = ['-hide_banner', '-v', 'error', '-select_streams', String(index), '-read_intervals', '%+#8', '-show_packets', '-of', 'json', ...readingOf(type, path)]
  for await (const part of run(program, args, deadline).output) parts.push(part)
  return Buffer.concat(parts).includes('BlockAdditional')
}

function factsOf({ streams = [], format = {}, chapters = [] }: Said, file: { program: string; type: string; path: string }, deadline: Deadline): FilmFacts {
  const isCover = ({ disposition = {} }: Stream): boolean => disposition['attached_pic'] === 1 || disposition['timed_thumbnails'] === 1 || disposition['still_image'] === 1
  const picture = streams.find((one) => one.codec_type === 'video' && !isCover(one))
  if (picture?.width === undefined || picture.height === undefined || picture.pix_fmt === undefined || picture.codec_name === undefined)
    throw new CountermarkError('ERR_BROKEN', `ffprobe finds no picture in this ${file.type} file that it can decode.`, { remedy: 'Get an undamaged copy of the file, or use metadataOnly (--metadata-only), which decodes nothing.' })
  const { codec_name: codec, pix_fmt: pixels, width, height, side_data_list: side = [], tags = {} } = picture
  const layout = layoutOf(pixels)
  const matrix = side.find(({ displaymatrix }) => displaymatrix !== undefined)
  const numbers = matrix?.displaymatrix === undefined ? undefined : [...matrix.displaymatrix.matchAll(/-?\d+(?![0-9a-f]*:)/g)].map(([digits]) => Number(digits)).slice(0, 9)
  const aspect = fraction(picture.sample_aspect_ratio)
  const whole = (value: string | undefined): number | undefined => (value === undefined || !/^\d+$/.test(value) ? undefined : Number(value))
  const seconds = number(picture.duration) ?? number(format.duration)
  const average = fraction(picture.avg_frame_rate)
  const rate = average ?? fraction(picture.r_frame_rate) ?? [0, 0]
  const count = whole(picture.nb_frames) ?? (seconds === undefined || rate[1] === 0 ? undefined : Math.round((seconds * rate[0]) / rate[1]))
  const turned = ((Math.round(-(matrix?.rotation ?? 0)) % 360) + 360) % 360
  const named = (name: string | undefined): string | undefined => (name === undefined || /^(unknown|unspecified|reserved)$/.test(name) ? undefined : name)
  const colour: Colour = {}
  for (const [key, value] of [['matrix', picture.color_space], ['primaries', picture.color_primaries], ['transfer', picture.color_transfer], ['site', picture.chroma_location], ['range', picture.color_range]] as const) {
    const known = named(value)
    if (known !== undefined) colour[key] = known
  }
  return {
    index: picture.index, codec, pixels, format: layout.format,
    frames: { width, height, depth: layout.depth, subsampling: layout.subsampling, ...(picture.color_range === 'pc' || pixels.startsWith('yuvj') ? { fullRange: true } : {}) },
    display: { rotation: turned, aspect: aspect === undefined ? 1 : aspect[0] / aspect[1] },
    ...(aspect === undefined ? {} : { aspect }),
    ...(numbers === undefined ? {} : { matrix: numbers }),
    // A negative determinant turns a picture's left into its right.
    mirrored: numbers !== undefined && numbers[0]! * numbers[4]! - numbers[1]! * numbers[3]! < 0,
    base: fraction(picture.time_base) ?? [1, 1000], rate,
    ...(seconds === undefined ? {} : { seconds }), ...(count === undefined ? {} : { count }),
    start: number(picture.start_time) ?? 0, colour,
    interlaced: /^(tt|bb|tb|bt)$/.test(picture.field_order ?? ''),
    alpha: layout.alpha,
    alphaNamed: tags['alpha_mode'] === '1' || tags['ALPHA_MODE'] === '1',
    dolby: side.some(({ side_data_type: type = '' }) => type.startsWith('DOVI')),
    sounds: streams.filter((one) => one.codec_type === 'audio').map((one) => soundOf(one, file, deadline)),
    others: streams.filter((one) => one !== picture && one.codec_type !== 'audio').map((one) => ({
      index: one.index, kind: one.codec_type === 'video' || one.codec_type === 'subtitle' || one.codec_type === 'attachment' ? one.codec_type : 'data', codec: one.codec_name ?? '', cover: isCover(one), disposition: dispositionOf(one),
    })),
    chapters: chapters.length, disposition: dispositionOf(picture),
    tags: new Map([[-1, Object.keys(format.tags ?? {})], ...streams.map((one): [number, string[]] => [one.index, Object.keys(one.tags ?? {})])]),
  }
}

function dispositionOf({ disposition = {} }: Stream): string {
  return Object.keys(disposition).filter((name) => disposition[name] === 1).join('+') || '0'
}

function number(text: string | undefined): number | undefined {
  const value = Number(text)
  return text === undefined || !Number.isFinite(value) ? undefined : value
}

/** `30000/1001` or `4:3`; undefined where a part is 0. */
function fraction(text: string | undefined): [number, number] | undefined {
  const [, over, under] = /^(\d+)[/:](\d+)$/.exec(text ?? '') ?? []
  return Number(over) > 0 && Number(under) > 0 ? [Number(over), Number(under)] : undefined
}

/** Semi-planar layouts hold the same samples as planar ones. */
const PLANAR: { readonly [format: string]: string } = { nv12: 'yuv420p', nv21: 'yuv420p', nv16: 'yuv422p', nv24: 'yuv444p', p010le: 'yuv420p10le', p016le: 'yuv420p16le', p210le: 'yuv422p10le', p410le: 'yuv444p10le', yuyv422: 'yuv422p', uyvy422: 'yuv422p' }

/** What a name of ffmpeg's says of the planes. Frames of another kind are converted where they are only looked at. */
function layoutOf(pixels: string): { format: string; depth: number; subsampling: NonNullable<Frames['subsampling']>; alpha: boolean; planar: boolean } {
  const format = PLANAR[pixels] ?? pixels
  const yuv = /^yuv(j?)(420|422|444)p(?:(\d+)le)?$/.exec(format)
  const grey = /^gray(?:(\d+)le)?$/.exec(format)
  const alpha = /^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8|rgb32|ayuv)/.test(format)
  if (yuv !== null) return { format, depth: Number(yuv[3] ?? 8), subsampling: ({ 420: '4:2:0', 422: '4:2:2', 444: '4:4:4' } as const)[yuv[2] as '420'], alpha, planar: true }
  if (grey !== null) return { format, depth: Number(grey[1] ?? 8), subsampling: '4:0:0', alpha, planar: true }
  return { format: 'yuv444p', depth: 8, subsampling: '4:4:4', alpha, planar: false }
}

/** Whether a film's frames are planes of luma and colour as the engine takes them. */
export function isPlanar({ pixels }: FilmFacts): boolean {
  return layoutOf(pixels).planar
}

function soundOf(stream: Stream, { program, type, path }: { program: string; type: string; path: string }, deadline: Deadline): FilmSound {
  const { index, codec_name: codec = '', channels = 0 } = stream
  const rate = Number(stream.sample_rate ?? 0)
  const bits = Number(stream.bits_per_raw_sample ?? stream.bits_per_sample ?? 0)
  const bitrate = number(stream.bit_rate)
  const start = number(stream.start_time) ?? 0
  let said = ''
  return {
    ...trackOf({ rate, channels, codec, others: 0, chapters: 0, cover: false, ...(bitrate === undefined ? {} : { bitrate }) }),
    index, start, disposition: dispositionOf(stream), ...(bits > 0 ? { bits } : {}),
    blocks: () => decoded(program, { type, path }, { rate, channels }, { map: `0:${index}`, start }, deadline, (text) => { said = text }),
    complaint: () => (said === '' ? undefined : said),
  }
}

/** The frames of an excerpt, and what ffmpeg complained of so far. */
export function framesOf(film: Film, deadline: Deadline, { skip, from, every, shown = false }: Excerpt = {}): { frames: AsyncGenerator<Frame>; said(): string } {
  const filters = [
    ...(every === undefined ? [] : [`select='isnan(prev_selected_t)+gte(t-prev_selected_t,${every})'`]),
    ...(shown ? [film.display.aspect >= 1 ? 'scale=round(iw*sar):ih' : 'scale=iw:round(ih/sar)', 'setsar=1'] : []),
  ]
  const { output, said } = run(film.program, [
    '-nostdin', '-hide_banner', '-v', 'error', '-copyts', '-noautorotate', ...(skip === undefined ? [] : ['-skip_frame', skip]), ...(from === undefined ? [] : ['-ss', String(from)]),
    ...readingOf(film.type, film.path), '-map', `0:${film.index}`, ...passthrough(film.abilities), '-enc_time_base', film.base.join('/'),
    ...(filters.length === 0 ? [] : ['-vf', filters.join(',')]), '-pix_fmt', film.format, '-c:v', 'rawvideo', '-f', 'nut', 'pipe:1',
  ], deadline)
  return { frames: nutFrames(output), said: () => (said() === '' ? '' : lastOf(said())) }
}

/** Frames keep their times: none is doubled, none is left out. */
export function passthrough({ version: [major, minor] }: Abilities): string[] {
  return major > 5 || (major === 5 && minor >= 1) ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']
}
