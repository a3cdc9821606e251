// What is done to marked sounds: codecs, filters, noise, time and pitch. Samples are mono at 48 kHz.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomOf } from './random.mjs'

export const RATE = 48000
const RAW = ['-f', 'f32le', '-ar', String(RATE), '-ac', '1']

function ffmpeg(args, input) {
  const done = spawnSync('ffmpeg', ['-v', 'error', '-y', ...args], { input, maxBuffer: 1 << 30 })
  if (done.status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}

const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
const samplesOf = (bytes) => new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)))

/** A file as mono samples at 48 kHz, at most `seconds` long. */
export const decode = (path, seconds) => samplesOf(ffmpeg(['-i', path, '-t', String(seconds), ...RAW, 'pipe:1']))

/** Encodes and decodes. */
function coded(extension, ...args) {
  return (samples) => {
    const folder = mkdtempSync(join(tmpdir(), 'sound-'))
    try {
      const path = join(folder, `coded.${extension}`)
      ffmpeg([...RAW, '-i', 'pipe:0', ...args, path], bytesOf(samples))
      return samplesOf(ffmpeg(['-i', path, ...RAW, 'pipe:1']))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

const filtered = (filter) => (samples) => samplesOf(ffmpeg([...RAW, '-i', 'pipe:0', '-af', filter, ...RAW, 'pipe:1'], bytesOf(samples)))
const each = (change) => (samples) => samples.map(change)
const power = (samples) => samples.reduce((sum, value) => sum + value * value, 0) / samples.length
const chain = (...attacks) => (samples, at) => attacks.reduce((sound, attack) => attack(sound, at), samples)

function noise(decibels) {
  return (samples, at) => {
    const random = randomOf('noise', at)
    const level = Math.sqrt(power(samples)) * 10 ** (-decibels / 20)
    return samples.map((value) => value + level * random.normal())
  }
}

/** A decaying tail of noise: -60 dB after `seconds`; the direct sound is `direct` dB above the whole tail. */
function reverb(seconds, direct) {
  return (samples) => {
    const folder = mkdtempSync(join(tmpdir(), 'sound-'))
    try {
      const random = randomOf('reverb')
      const tail = Float32Array.from({ length: seconds * RATE }, (_, at) => random.normal() * Math.exp((-6.91 * at) / (seconds * RATE)))
      const level = Math.sqrt(10 ** (-direct / 10) / tail.reduce((sum, value) => sum + value * value, 0))
      tail.forEach((value, at) => { tail[at] = value * level })
      tail[0] = 1
      const path = join(folder, 'tail.f32')
      writeFileSync(path, bytesOf(tail))
      return samplesOf(ffmpeg([...RAW, '-i', 'pipe:0', ...RAW, '-i', path, '-filter_complex', 'afir=dry=1:wet=1:gtype=none', ...RAW, 'pipe:1'], bytesOf(samples)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

/** Music under the sound, `decibels` below it. */
function bed(decibels) {
  return (samples, _, music) => {
    const level = Math.sqrt(power(samples) / power(music)) * 10 ** (-decibels / 20)
    return samples.map((value, at) => value + level * music[at % music.length])
  }
}

const mp3 = (kilobits) => coded('mp3', '-c:a', 'libmp3lame', '-b:a', `${kilobits}k`)
const aac = (kilobits) => coded('m4a', '-c:a', 'aac', '-b:a', `${kilobits}k`)
const opus = (kilobits) => coded('ogg', '-c:a', 'libopus', '-b:a', `${kilobits}k`)
const vorbis = (quality) => coded('ogg', '-c:a', 'libvorbis', '-q:a', String(quality))
const resampled = (rate) => filtered(`aresample=${rate},aresample=${RATE}`)

/** Rows of the table: name, group of the targets, what is done. */
export const ATTACKS = [
  ['none', 'A', (samples) => samples],
  ['MP3 128k', 'A', mp3(128)],
  ['MP3 64k', 'A', mp3(64)],
  ['AAC 64k', 'A', aac(64)],
  ['Opus 48k', 'A', opus(48)],
  ['Opus 24k', 'A', opus(24)],
  ['Vorbis q4', 'A', vorbis(4)],
  ['16 kHz', 'A', resampled(16000)],
  ['G.722', 'A', coded('wav', '-ar', '16000', '-c:a', 'adpcm_g722')],
  ['equalizer +6/-6 dB', 'A', filtered('equalizer=f=800:t=q:w=1:g=6,equalizer=f=2500:t=q:w=1:g=-6')],
  ['gain x0.1', 'A', each((value) => value * 0.1)],
  ['+6 dB, clipped', 'A', (samples) => { const most = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0); return samples.map((value) => Math.max(-most * 0.7, Math.min(most * 0.7, 2 * value))) }],
  ['polarity', 'A', each((value) => -value)],
  ['high-pass 300 Hz', 'A', filtered('highpass=f=300,highpass=f=300')],
  ['denoiser', 'A', filtered('afftdn=nr=12')],
  ['compressor 4:1', 'A', filtered('acompressor=threshold=-24dB:ratio=4:attack=5:release=80')],
  ['loudness normalised', 'A', filtered(`loudnorm=I=-16:TP=-1.5,aresample=${RATE}`)],
  ['MP3 32k', 'B', coded('mp3', '-ar', '24000', '-c:a', 'libmp3lame', '-b:a', '32k')],
  ['Vorbis q2', 'B', vorbis(2)],
  ['8 kHz', 'B', resampled(8000)],
  ['telephone', 'B', filtered(`aresample=8000,highpass=f=300,highpass=f=300,lowpass=f=3400,aresample=${RATE}`)],
  ['G.711', 'B', coded('wav', '-ar', '8000', '-c:a', 'pcm_mulaw')],
  ['noise 30 dB', 'B', noise(30)],
  ['low-pass 4 kHz', 'B', filtered('lowpass=f=4000,lowpass=f=4000,lowpass=f=4000')],
  ['8 bits', 'B', each((value) => Math.round(value * 127) / 127)],
  ['speed +5 %', 'C', filtered(`asetrate=${RATE * 1.05},aresample=${RATE}`)],
  ['speed -5 %', 'C', filtered(`asetrate=${RATE * 0.95},aresample=${RATE}`)],
  ['tempo +5 %', 'C', filtered('atempo=1.05')],
  ['tempo -5 %', 'C', filtered('atempo=0.95')],
  ['pitch +2 %', 'C', filtered(`asetrate=${RATE * 1.02},aresample=${RATE},atempo=${1 / 1.02}`)],
  ['pitch -2 %', 'C', filtered(`asetrate=${RATE * 0.98},aresample=${RATE},atempo=${1 / 0.98}`)],
  ['speed +1.3 %', 'C', filtered(`asetrate=${RATE * 1.013},aresample=${RATE}`)],
  ['noise 20 dB', 'D', noise(20)],
  ['echo 80 ms 0.4', 'D', filtered('aecho=1:1:80:0.4')],
  ['reverb 0.4 s', 'D', reverb(0.4, 6)],
  ['music bed -20 dB', 'D', bed(20)],
  ['Opus 16k', 'D', opus(16)],
  ['Opus 12k', 'E', opus(12)],
  ['noise 10 dB', 'E', noise(10)],
  ['music bed -10 dB', 'E', bed(10)],
  ['air gap model', 'E', chain(reverb(0.4, 3), filtered('highpass=f=200,lowpass=f=7000'), noise(25))],
  ['MP3 64k, AAC 64k, MP3 64k', 'F', chain(mp3(64), aac(64), mp3(64))],
  ['AAC 32k', 'F', aac(32)],
  ['Opus 6k', 'F', opus(6)],
  ['GSM', 'F', coded('wav', '-ar', '8000', '-c:a', 'libgsm_ms')],
].map(([name, group, run]) => ({ name, group, run }))

/** Goals for the payload, in percent, by group and seconds. */
export const GOALS = {
  A: { 2: 95, 3: 99, 5: 100, 10: 100 }, B: { 2: 88, 3: 96, 5: 99, 10: 100 }, C: { 2: 50, 3: 90, 5: 98, 10: 100 },
  D: { 2: 40, 3: 75, 5: 95, 10: 100 }, E: { 5: 60, 10: 90 }, F: {},
}
