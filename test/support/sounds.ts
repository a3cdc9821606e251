// Sound that tests make themselves: the same on every machine.
import { execFileSync } from 'node:child_process'
import { wavBytes, wavHeader } from '../../src/media/wav.js'
import type { Sound } from '../../src/index.js'
import { program } from './programs.js'

/** Something like speech: voiced stretches with formants that move, pauses between them, a little noise. */
export function babble(seconds: number, rate = 16_000, channels = 1): Sound {
  const samples = new Float32Array(Math.round(seconds * rate) * channels)
  let seed = 7
  const noise = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 0x80000000 - 1
  }
  for (let at = 0; at < samples.length / channels; at++) {
    const time = at / rate
    const pitch = 110 + 25 * Math.sin(time * 1.7)
    const voiced = Math.max(0, Math.sin(time * 5.1)) * (Math.sin(time * 0.9) > -0.7 ? 1 : 0)
    let value = 0
    for (let part = 1; part < 24; part++) {
      const hertz = part * pitch
      const tilt = Math.exp(-(((hertz - 600 - 300 * Math.sin(time * 2.3)) / 350) ** 2)) + 0.5 * Math.exp(-(((hertz - 1700 + 500 * Math.sin(time * 1.1)) / 500) ** 2)) + 0.03
      value += tilt * Math.sin(2 * Math.PI * hertz * time + part * part)
    }
    value = 0.09 * voiced * value + 0.004 * noise()
    for (let channel = 0; channel < channels; channel++) samples[at * channels + channel] = value * (1 - 0.2 * channel)
  }
  return { samples, rate, channels }
}

/** The sound as a WAV. */
export function wavOf({ samples, rate, channels }: Sound, bits: 16 | 24 | 32 = 16, float = false): Buffer {
  const form = { rate, channels, bits, float }
  return Buffer.concat([wavHeader(form, samples.length / channels), wavBytes(samples, form)])
}

/** ffmpeg, where it is. */
export const ffmpeg: string | undefined = program('ffmpeg')
/** ffprobe, where it is. */
export const ffprobe: string | undefined = program('ffprobe')

/** A file coded anew by ffmpeg through pipes. */
export function recoded(bytes: Uint8Array, ...args: string[]): Buffer {
  return execFileSync(ffmpeg!, ['-v', 'error', '-i', 'pipe:0', ...args, 'pipe:1'], { input: bytes, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** What is heard in a file, at a rate of its own. */
export function decoded(path: string, rate = 16_000, channels = 1): Sound {
  const bytes = execFileSync(ffmpeg!, ['-v', 'error', '-i', path, '-map', '0:a', '-ar', String(rate), '-ac', String(channels), '-f', 'f32le', 'pipe:1'], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] })
  return { samples: new Float32Array(new Uint8Array(bytes).buffer), rate, channels }
}

/** Codec, rate and channels of a file's sound, all its tags by small letters, and its covers. */
export function probed(path: string): { form: unknown; tags: { [key: string]: string }; covers: number } {
  const said = JSON.parse(execFileSync(ffprobe!, ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', path], { encoding: 'utf8' })) as {
    format: { tags?: { [key: string]: string } }; streams: { codec_type: string; codec_name: string; sample_rate: string; channels: number; bits_per_raw_sample?: string; tags?: { [key: string]: string } }[]
  }
  const sound = said.streams.find((one) => one.codec_type === 'audio')!
  const tags = Object.fromEntries([said.format, ...said.streams].flatMap(({ tags = {} }) => Object.entries(tags)).map(([key, value]) => [key.toLowerCase(), value]))
  return { form: [sound.codec_name, sound.sample_rate, sound.channels, sound.bits_per_raw_sample], tags, covers: said.streams.filter((one) => one.codec_type === 'video').length }
}
