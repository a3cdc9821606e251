// What of Countermark works on this machine: the facts behind `countermark doctor`.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { c2paModule } from './c2pa/bridge.js'
import type { Engine } from './engine/engine.js'
import { nativeEngine, platformName } from './engine/native.js'
import { wasmEngine } from './engine/wasm.js'
import { messageOf } from './errors.js'
import { defaultKey, defaultKeyPath, keyIdOf } from './key.js'
import { Deadline, limitsOf } from './limits.js'
import { abilitiesOf, filmEncoders } from './media/encoders.js'
import { ffmpegProgram, run, type Program } from './media/ffmpeg.js'
import { ffprobeProgram } from './media/film.js'
import { loadSharp } from './media/sharp.js'
import type { Picture } from './types.js'

/** One part of the machine: it works, or `problem` says why not. */
export interface Check {
  ok: boolean
  problem?: string
}

/** What `diagnose` found. */
export interface Diagnosis {
  node: string
  platform: string
  /**
   * Each is loaded, draws a label with the built-in font, embeds a mark into a made picture and reads it back. `built`
   * is false where its file is not there at all: one of the two is enough in Node.
   */
  engines: (Check & { kind: 'native' | 'wasm'; version?: string; font?: boolean; roundTrip?: boolean; built?: false })[]
  /** `read` and `write`: the kinds that this sharp can do. */
  sharp: Check & { version?: string; libvips?: string; read?: string[]; write?: string[] }
  key: Check & { id?: string; path?: string }
  /** The optional package for C2PA manifests. */
  c2pa: Check
  /** Needed for films, and for sound other than WAV. `ffprobe`: which one films use. `encoders`: names by codec. */
  ffmpeg: { path?: string; origin?: Program['origin']; version?: string; ffprobe?: string; encoders?: { [codec: string]: string[] }; problem?: string }
}

/** Looks at every part; a part that does not work is told in the answer, never thrown. */
export async function diagnose(): Promise<Diagnosis> {
  const [native, wasm, sharp, key, c2pa] = await Promise.all([
    engine('native', async () => nativeEngine()), engine('wasm', () => wasmEngine()), codecs(), keyCheck(), c2paModule().then(() => ({ ok: true }), (thrown: unknown) => ({ ok: false, problem: messageOf(thrown) })),
  ])
  return { node: process.version, platform: platformName(), engines: [native, wasm], sharp, key, c2pa, ffmpeg: await ffmpegCheck() }
}

async function engine(kind: 'native' | 'wasm', load: () => Promise<Engine>): Promise<Diagnosis['engines'][number]> {
  let version
  try {
    const loaded = await load()
    version = loaded.version()
    const { box } = await loaded.labelDraw(noise(), new Uint8Array(), { text: ['AI生成'], position: 'bottom-right' })
    const picture = noise()
    const payload = loaded.payloadOf('doctor', 'self-test', 64)
    await loaded.imageEmbed(picture, { key: 'public', payload, quality: 'standard' })
    const [mark] = await loaded.imageDetect(picture, { keys: ['public'], effort: 'direct' })
    const roundTrip = mark?.payload === payload
    return { kind, ok: roundTrip, version, font: box.width > 0, roundTrip, ...(roundTrip ? {} : { problem: 'a mark was not read back' }) }
  } catch (thrown) {
    return { kind, ok: false, ...(version === undefined ? {} : { version }), ...(isBuilt(kind) ? {} : { built: false }), problem: messageOf(thrown) }
  }
}

/** Whether the engine's file lies where a build puts it, or its package is installed. */
function isBuilt(kind: 'native' | 'wasm'): boolean {
  const place = kind === 'wasm' ? '../wasm/pkg/countermark_wasm_full_bg.wasm' : `../native/countermark.${platformName()}.node`
  if (existsSync(new URL(place, import.meta.url))) return true
  if (kind === 'wasm') return false
  try {
    createRequire(import.meta.url).resolve(`@countermark/${platformName()}`)
    return true
  } catch {
    // Neither built nor installed.
    return false
  }
}

/** A grey picture of smooth shapes and some grain, made by rule: the same on every machine. */
function noise(): Picture {
  const size = 512
  const samples = new Uint8Array(size * size)
  let seed = 1
  for (let at = 0; at < samples.length; at++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    samples[at] = 128 + 60 * Math.sin((at % size) / 37) * Math.cos(at / size / 29) + (seed >>> 27) - 16
  }
  return { samples, width: size, height: size, channels: 1, depth: 8 }
}

async function codecs(): Promise<Diagnosis['sharp']> {
  try {
    const sharp = await loadSharp()
    const kinds = Object.values(sharp.format)
    const named = (way: 'input' | 'output'): string[] => kinds.filter((kind) => kind[way].buffer && kind.id !== 'raw').map(({ id }) => id).sort()
    return { ok: true, version: sharp.versions.sharp ?? '', libvips: sharp.versions.vips, read: named('input'), write: named('output') }
  } catch (thrown) {
    return { ok: false, problem: messageOf(thrown) }
  }
}

async function keyCheck(): Promise<Diagnosis['key']> {
  try {
    const { key, path } = await defaultKey()
    return { ok: true, id: keyIdOf(key), ...(path === undefined ? {} : { path }) }
  } catch (thrown) {
    return { ok: false, path: defaultKeyPath(), problem: messageOf(thrown) }
  }
}

async function ffmpegCheck(): Promise<Diagnosis['ffmpeg']> {
  try {
    const { path, origin } = ffmpegProgram()
    let said = ''
    for await (const part of run(path, ['-hide_banner', '-version'], new Deadline(limitsOf({ seconds: 10 }))).output) said += Buffer.from(part).toString()
    const version = /version (\S+)/.exec(said)?.[1]
    const encoders = filmEncoders(await abilitiesOf(path, new Deadline(limitsOf({ seconds: 10 }))))
    const found = { path, origin, encoders, ...(version === undefined ? {} : { version }) }
    try {
      return { ...found, ffprobe: ffprobeProgram(path) }
    } catch (thrown) {
      return { ...found, problem: messageOf(thrown) }
    }
  } catch (thrown) {
    return { problem: messageOf(thrown) }
  }
}
