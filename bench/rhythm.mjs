// The rhythm label: how often it is found after codecs and other changes, and how often where there is none.
//   node bench/rhythm.mjs SPEECH_AND_MUSIC [MORE_UNLABELLED...] [options]     folders; espeak-ng, where it is, adds speech
//   --even                hits with every second file of the first folder only, in name order
//   --seconds N           at most so much of each file and voice is looked at for false alarms (default all)
//   --minutes N           begins no further file or voice after so long, and none with hits after half of it; the report says how much was looked at
// Hits: a rhythm before, in or behind every file of the first folder, each changed in every way. False alarms: every minute of
// every file of all folders. Writes bench/results/rhythm.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { audio } from '../dist/index.js'
import { head, table } from './machine.mjs'

const { values: options, positionals: [first, ...more] } = parseArgs({ allowPositionals: true, options: { even: { type: 'boolean', default: false }, seconds: { type: 'string', default: 'Infinity' }, minutes: { type: 'string', default: 'Infinity' } } })
const began = performance.now()
const past = (minutes) => performance.now() - began > 60_000 * minutes
if (first === undefined) throw new Error('Name a folder of sound.')
const ENDS = ['.wav', '.flac', '.mp3', '.ogg', '.opus', '.m4a', '.webm']
const filesIn = (folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => ENDS.includes(extname(name).toLowerCase())).map((name) => join(folder, name)).filter((path) => statSync(path).isFile()).sort()
const RATE = 16_000
const floats = (bytes) => new Float32Array(new Uint8Array(bytes).buffer)
const ffmpeg = (args, input) => spawnSync('ffmpeg', ['-v', 'error', ...args], { input, maxBuffer: 1 << 30 }).stdout
const decoded = (path) => floats(ffmpeg(['-i', path, '-map', '0:a:0', '-ac', '1', '-ar', String(RATE), '-f', 'f32le', 'pipe:1']))
const raw = ['-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', 'pipe:0']

const WAYS = {
  'none': [], 'MP3 128k': ['-c:a', 'libmp3lame', '-b:a', '128k', '-f', 'mp3'], 'MP3 32k': ['-c:a', 'libmp3lame', '-b:a', '32k', '-f', 'mp3'],
  'AAC 32k': ['-c:a', 'aac', '-b:a', '32k', '-f', 'adts'], 'Vorbis, lowest quality': ['-c:a', 'libvorbis', '-q:a', '-1', '-f', 'ogg'],
  'Opus 24k': ['-c:a', 'libopus', '-b:a', '24k', '-f', 'ogg'], 'Opus 12k': ['-c:a', 'libopus', '-b:a', '12k', '-f', 'ogg'], 'Opus 6k': ['-c:a', 'libopus', '-b:a', '6k', '-f', 'ogg'],
  'telephone (8 kHz, G.711)': ['-ar', '8000', '-c:a', 'pcm_mulaw', '-f', 'wav'], '96 kHz': ['-ar', '96000', '-f', 'wav'],
  'tempo -5 %': ['-af', 'atempo=0.95', '-f', 'wav'], 'tempo +5 %': ['-af', 'atempo=1.05', '-f', 'wav'], 'speed +25 %': ['-af', `asetrate=${RATE * 1.25}`, '-f', 'wav'],
  'loudness normalised': ['-af', 'loudnorm', '-f', 'wav'], 'compressed': ['-af', 'acompressor=threshold=-30dB:ratio=6', '-f', 'wav'], 'noise of -46 dB': ['-filter_complex', 'anoisesrc=a=0.01:r=16000[n];[0:a][n]amix=inputs=2:duration=first:normalize=0', '-f', 'wav'],
  'echo, 60 ms, -8 dB': ['-af', 'aecho=1:1:60:0.4', '-f', 'wav'],
}

const hits = Object.fromEntries(Object.keys(WAYS).map((way) => [way, 0]))
const files = filesIn(first).filter((_, at) => !options.even || at % 2 === 1)
let sounds = 0
for (const path of files) {
  if (past(Number(options.minutes) / 2)) break
  const host = { samples: decoded(path), rate: RATE, channels: 1 }
  const cut = { ...host, samples: host.samples.slice(0, RATE * 20) }
  const position = ['start', 'middle', 'end'][sounds % 3]
  const { samples } = await audio.label(cut, { position })
  sounds += 1
  for (const [way, args] of Object.entries(WAYS)) {
    const coded = args.length === 0 ? undefined : ffmpeg([...raw, ...args, 'pipe:1'], Buffer.from(samples.buffer))
    const changed = coded === undefined ? samples : floats(ffmpeg(['-i', 'pipe:0', '-ac', '1', '-ar', String(RATE), '-f', 'f32le', 'pipe:1'], coded))
    if ((await audio.findLabel({ samples: changed, rate: RATE, channels: 1 })).found) hits[way] += 1
  }
}

let seconds = 0
let looks = 0
let near = 0
const alarms = []
let spent = 0
async function unlabelled(name, soundOf) {
  if (past(Number(options.minutes))) return
  const samples = soundOf().subarray(0, Number(options.seconds) * RATE)
  for (let at = 0; at < samples.length; at += 60 * RATE) {
    const part = samples.slice(at, at + 60 * RATE)
    const start = performance.now()
    const seen = await audio.findLabel({ samples: part, rate: RATE, channels: 1 })
    spent += performance.now() - start
    looks += 1
    seconds += part.length / RATE
    if (seen.score > 0) near += 1
    if (seen.found) alarms.push(`${name} at ${at / RATE} s`)
  }
}
const hours = {}
for (const folder of [first, ...more]) for (const path of filesIn(folder)) await unlabelled(basename(path), () => decoded(path))
hours.files = seconds / 3600
const espeak = spawnSync('espeak-ng', ['--version'])
if (espeak.status === 0) {
  const text = ['In the beginning there was a short story, and after it a long one; nobody had heard either before. 先有一个短故事，然后有一个长故事。'].join(' ').repeat(60)
  for (const voice of ['en-us', 'en-gb', 'en-us+f3', 'cmn', 'cmn+f2', 'yue', 'de', 'fr', 'es', 'en-us+whisper'])
    for (const speed of [130, 180, 240])
      await unlabelled(`espeak-ng ${voice} ${speed}`, () => floats(ffmpeg(['-i', 'pipe:0', '-ac', '1', '-ar', String(RATE), '-f', 'f32le', 'pipe:1'], execFileSync('espeak-ng', ['-v', voice, '-s', String(speed), '--stdout', text], { maxBuffer: 1 << 30 }))))
}
hours.voices = seconds / 3600 - hours.files

const report = `${head('The rhythm label: found, and not found', 'node bench/rhythm.mjs', '.', [`${sounds} files for hits, at most 20 s of each, the rhythm at the start, in the middle, at the end in turn`])}
## Found

${table(['after', 'found'], Object.entries(hits).map(([way, count]) => [way, `${count} of ${sounds}`]))}

## Where there is none

${table(['', 'number'], [
  ['hours of files', hours.files.toFixed(1)], ['hours of synthetic voices (espeak-ng)', hours.voices.toFixed(1)], ['searches, a minute each', looks],
  ['four pulses that pass every test, whatever their score', near], ['found', `${alarms.length}${alarms.length > 0 ? ` (${alarms.join('; ')})` : ''}`],
  ['upper bound of the rate, 95 %', `${((alarms.length === 0 ? 3 : alarms.length + 2 * Math.sqrt(alarms.length) + 3) / (seconds / 3600)).toFixed(3)} an hour`],
  ['speed, on a shared machine', `${Math.round(seconds / (spent / 1000))} times real time`],
])}
`
writeFileSync(new URL('results/rhythm.md', import.meta.url), report)
console.log(report)
