// Which encoder writes a film's codec, with which settings, by what the ffmpeg at hand has.
import type { Frames } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { run } from './ffmpeg.js'

/** What an ffmpeg can do. */
export interface Abilities {
  /** Major and minor; of builds without a release number the newest that is known here. */
  version: readonly [number, number]
  /** Names of its encoders. */
  encoders: ReadonlySet<string>
}

/** Builds between releases have the options of the newest. */
const NEWEST: readonly [number, number] = [8, 0]

const known = new Map<string, Abilities>()

/** Asks a program once what it is. ERR_MISSING where it cannot be started. */
export async function abilitiesOf(program: string, deadline: Deadline): Promise<Abilities> {
  const before = known.get(program)
  if (before !== undefined) return before
  const [said, list] = [await told(program, '-version', deadline), await told(program, '-encoders', deadline)]
  const release = /^ffmpeg version n?(\d+)\.(\d+)/.exec(said)
  const found: Abilities = {
    version: release === null ? NEWEST : [Number(release[1]), Number(release[2])],
    encoders: new Set([...list.matchAll(/^ [VAS][F.][S.][X.][B.][D.] (\S+)/gm)].map(([, name]) => name ?? '').filter((name) => name !== '=')),
  }
  known.set(program, found)
  return found
}

async function told(program: string, what: string, deadline: Deadline): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of run(program, ['-nostdin', '-hide_banner', what], deadline).output) parts.push(part)
  return Buffer.concat(parts).toString()
}

/** Whether an ffmpeg is of that release or a later one. */
export function atLeast({ version }: Abilities, major: number, minor: number): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor)
}

/** How the caller wants a film coded. */
export interface Encoding {
  /** ffmpeg's name of the encoder, e.g. `libx264`. */
  encoder?: string
  /** Its options by ffmpeg's names, e.g. `{ crf: 20, preset: 'slow' }`. */
  settings?: { readonly [name: string]: string | number }
}

/** An encoder, and settings at which its losses are not seen. */
interface Way { encoder: string; settings: { readonly [name: string]: string | number }; fits?: (frames: Frames) => boolean }

const PLAIN = ({ depth = 8, subsampling = '4:2:0' }: Frames): boolean => depth <= 10 && subsampling === '4:2:0'

/**
 * By the names of ffmpeg's codecs, the preferred way first. The numbers are the encoders' own recommendations for what looks like
 * its source: x264 and x265 call CRF 17 or 18 (H.264) visually lossless, libvpx and AV1 have other scales.
 */
const WAYS: { readonly [codec: string]: readonly Way[] } = {
  h264: [{ encoder: 'libx264', settings: { crf: 17, preset: 'medium' } }, { encoder: 'libopenh264', settings: { qmin: 10, qmax: 20 }, fits: (frames) => PLAIN(frames) && (frames.depth ?? 8) === 8 }],
  hevc: [{ encoder: 'libx265', settings: { crf: 18, preset: 'medium', 'x265-params': 'log-level=error' } }],
  vp8: [{ encoder: 'libvpx', settings: { crf: 6, 'b:v': '20M', deadline: 'good', 'cpu-used': 2, 'auto-alt-ref': 1, 'lag-in-frames': 16 } }],
  vp9: [{ encoder: 'libvpx-vp9', settings: { crf: 18, 'b:v': 0, deadline: 'good', 'cpu-used': 3, 'row-mt': 1 } }],
  av1: [{ encoder: 'libsvtav1', settings: { crf: 20, preset: 7 }, fits: PLAIN }, { encoder: 'libaom-av1', settings: { crf: 17, 'b:v': 0, 'cpu-used': 6, 'row-mt': 1 } }],
  mpeg4: [{ encoder: 'mpeg4', settings: { 'q:v': 2 } }],
  mpeg2video: [{ encoder: 'mpeg2video', settings: { 'q:v': 2 } }],
  mpeg1video: [{ encoder: 'mpeg1video', settings: { 'q:v': 2 } }],
  mjpeg: [{ encoder: 'mjpeg', settings: { 'q:v': 2 } }],
  theora: [{ encoder: 'libtheora', settings: { 'q:v': 9 } }],
  flv1: [{ encoder: 'flv', settings: { 'q:v': 2 } }],
  h263: [{ encoder: 'h263', settings: { 'q:v': 2 } }],
  msmpeg4v3: [{ encoder: 'msmpeg4', settings: { 'q:v': 2 } }],
  prores: [{ encoder: 'prores_ks', settings: {} }],
  dnxhd: [{ encoder: 'dnxhd', settings: {} }],
  ffv1: [{ encoder: 'ffv1', settings: { level: 3 } }],
  huffyuv: [{ encoder: 'huffyuv', settings: {} }],
  ffvhuff: [{ encoder: 'ffvhuff', settings: {} }],
  utvideo: [{ encoder: 'utvideo', settings: {} }],
  rawvideo: [{ encoder: 'rawvideo', settings: {} }],
}

/** The encoders of films by the five codecs that services deliver, for `countermark doctor`. */
export function filmEncoders({ encoders }: Abilities): { [codec: string]: string[] } {
  return Object.fromEntries(['h264', 'hevc', 'vp8', 'vp9', 'av1'].map((codec) => [codec, (WAYS[codec] ?? []).map(({ encoder }) => encoder).filter((name) => encoders.has(name))]))
}

/**
 * The encoder of a film: the caller's, else the first that writes the source's codec. ERR_UNSUPPORTED, which names others that are
 * there, where none does; ERR_PARAMETER for names that are none.
 */
export function encodingOf(codec: string, frames: Frames, { encoders }: Abilities, asked: Encoding = {}): { encoder: string; settings: { readonly [name: string]: string | number } } {
  for (const [name, value] of Object.entries(asked.settings ?? {}))
    if (!/^[a-z][a-z0-9_-]*(:v)?$/i.test(name) || (typeof value !== 'string' && typeof value !== 'number'))
      throw new CountermarkError('ERR_PARAMETER', `A setting of an encoder has ffmpeg's name of it and a text or number, not ${name}.`)
  const own = asked.settings ?? {}
  const all = Object.values(WAYS).flat()
  if (asked.encoder !== undefined) {
    if (!/^[a-z0-9_-]+$/i.test(asked.encoder) || !encoders.has(asked.encoder))
      throw new CountermarkError('ERR_PARAMETER', `This ffmpeg has no encoder ${asked.encoder}.`, { remedy: 'countermark doctor shows those that it has.' })
    return { encoder: asked.encoder, settings: { ...all.find(({ encoder }) => encoder === asked.encoder)?.settings, ...own } }
  }
  const way = WAYS[codec]?.find(({ encoder, fits }) => encoders.has(encoder) && (fits?.(frames) ?? true))
  if (way !== undefined) return { encoder: way.encoder, settings: { ...way.settings, ...own } }
  const others = ['libx264', 'libx265', 'libvpx-vp9', 'libsvtav1', 'libaom-av1'].filter((name) => encoders.has(name))
  throw new CountermarkError('ERR_UNSUPPORTED', `This ffmpeg has no encoder for films coded as ${codec}.`, {
    remedy: `Name another one that the file's kind takes as video.encoder (--encoder)${others.length === 0 ? '' : `, e.g. ${others.join(', ')}`}, or use metadataOnly (--metadata-only), which changes no sample.`,
  })
}
