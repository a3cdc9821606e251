// Stands in for the models of a real service: text, a picture, speech-like sound and a film, computed from the prompt by rule.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'

/** Numbers in 0..1 that follow from a text: the same prompt gives the same content. */
function dice(text) {
  let state = 2166136261
  for (const unit of text) state = Math.imul(state ^ unit.codePointAt(0), 16777619)
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 13), 3266489917)
    return ((mixed ^= mixed >>> 16) >>> 0) / 4294967296
  }
}

const WORDS = {
  what: ['The harbour', 'A narrow street', 'The old library', 'The river', 'A garden behind the station', 'The market', 'The lighthouse', 'A quiet square'],
  does: ['wakes', 'waits', 'changes', 'grows louder', 'keeps its colour', 'fills with people', 'falls silent', 'turns towards the light'],
  when: ['before the first train', 'when the rain is over', 'late in the afternoon', 'on the first cold day', 'while the bells ring', 'as the lamps are lit', 'after the ships have left', 'between two showers'],
  and: ['nobody asks why', 'the windows stand open', 'somebody laughs in a doorway', 'the air smells of bread', 'a dog crosses the bridge', 'the clock is slow again', 'the wind carries paper along', 'a boat comes home'],
}

/** About `sentences` sentences on the prompt, in pieces as a language model gives them. */
export function* textPieces(prompt, sentences = 40) {
  const roll = dice(prompt)
  const one = (list) => list[Math.floor(roll() * list.length)]
  yield `On ${prompt}. `
  for (let at = 1; at <= sentences; at++) {
    const sentence = `${one(WORDS.what)} ${one(WORDS.does)} ${one(WORDS.when)}, and ${one(WORDS.and)}.`
    for (const word of sentence.split(' ')) yield `${word} `
    if (at % 8 === 0 && at < sentences) yield '\n\n'
  }
}

/** A hilly landscape under a sky: samples, RGB of 8 bits. */
function landscape(prompt, width, height) {
  const roll = dice(prompt)
  const hues = Array.from({ length: 4 }, () => [roll(), roll(), roll()].map((value) => 50 + 160 * value))
  const waves = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => [1 + 5 * roll(), 6.28 * roll(), 0.02 + 0.04 * roll()]))
  const samples = Buffer.alloc(width * height * 3)
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const depth = y / height
      const layer = waves.findLastIndex((parts, at) => depth > 0.35 + 0.18 * at + parts.reduce((sum, [many, phase, high]) => sum + high * Math.sin(many * 6.28 * x / width + phase), 0))
      const grain = (roll() - 0.5) * 18
      for (let channel = 0; channel < 3; channel++) samples[to++] = Math.max(0, Math.min(255, hues[layer + 1][channel] * (layer < 0 ? 0.6 + 0.6 * depth : 1.1 - 0.5 * depth) + grain))
    }
  return samples
}

/** A landscape as PNG. */
export function picture(prompt, width = 768, height = 576) {
  return sharp(landscape(prompt, width, height), { raw: { width, height, channels: 3 } }).png().toBuffer()
}

/** A walk along a landscape, as MP4 (H.264). Needs ffmpeg. */
export async function film(prompt, { width = 640, height = 360, seconds = 4, rate = 12, step = 3 } = {}) {
  const frames = seconds * rate
  const wide = width + step * frames
  const samples = landscape(prompt, wide, height)
  const folder = await mkdtemp(join(tmpdir(), 'service-film-'))
  try {
    const to = join(folder, 'film.mp4')
    const ffmpeg = spawn(process.env.COUNTERMARK_FFMPEG ?? 'ffmpeg', ['-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(rate), '-i', 'pipe:0', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', '+faststart', to], { stdio: ['pipe', 'ignore', 'inherit'] })
    // What ffmpeg has to say comes with its exit.
    ffmpeg.stdin.on('error', () => {})
    const ended = once(ffmpeg, 'close')
    const rows = Array.from({ length: frames }, (_, at) => Array.from({ length: height }, (_, y) => [3 * (y * wide + at * step), 3 * (y * wide + at * step + width)]))
    for (const frame of rows) if (!ffmpeg.stdin.write(Buffer.concat(frame.map(([from, end]) => samples.subarray(from, end))))) await Promise.race([once(ffmpeg.stdin, 'drain'), ended])
    ffmpeg.stdin.end()
    const [code] = await ended
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`)
    return await readFile(to)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Voiced syllables with moving formants and pauses, as WAV of 24 kHz, 16 bit. */
export function speech(prompt, seconds = 6, rate = 24_000) {
  const roll = dice(prompt)
  const count = Math.round(seconds * rate)
  const samples = new Float32Array(count)
  const filters = Array.from({ length: 3 }, () => ({ a: 0, b: 0 }))
  for (let at = 0, left = 0, syllable, phase = 0; at < count; at++, left--) {
    if (left <= 0) {
      syllable = { pause: roll() < 0.15, pitch: 95 + 60 * roll(), from: [300 + 500 * roll(), 900 + 1200 * roll(), 2400 + 500 * roll()], to: [300 + 500 * roll(), 900 + 1200 * roll(), 2400 + 500 * roll()], length: Math.round(rate * (0.12 + 0.16 * roll())) }
      left = syllable.length
    }
    const way = 1 - left / syllable.length
    phase += syllable.pitch * (1 + 0.05 * Math.sin(3 * way)) / rate
    // A pulse of the voice in every period, breath between, through three resonances.
    const source = (phase % 1 < 1 / 16 ? 1 : -1 / 15) + 0.05 * (roll() - 0.5)
    let sound = 0
    filters.forEach((filter, which) => {
      const frequency = syllable.from[which] + (syllable.to[which] - syllable.from[which]) * way
      const decay = Math.exp(-Math.PI * (60 + 40 * which) / rate)
      const next = source + 2 * decay * Math.cos(2 * Math.PI * frequency / rate) * filter.a - decay * decay * filter.b
      filter.b = filter.a
      filter.a = next
      sound += next / (which + 1)
    })
    samples[at] = syllable.pause ? 0.0005 * (roll() - 0.5) : sound * Math.sin(Math.PI * way) ** 0.5
  }
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9)
  const wav = Buffer.alloc(44 + 2 * count)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + 2 * count, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(2 * rate, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(2 * count, 40)
  samples.forEach((value, at) => wav.writeInt16LE(Math.round(value / peak * 0.6 * 32767), 44 + 2 * at))
  return wav
}
