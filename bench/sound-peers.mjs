// node bench/sound-peers.mjs FOLDER --audiowmark PROGRAM [options]: audiowmark and resemble-perth beside ours on the same speech, and the
// same parts of it after the same changes. Writes bench/results/sound-peers.md.
//   --audiowmark PROGRAM  audiowmark, built from its source; of each file the strength whose ratio of sound to difference is nearest to ours
//   --pesq PYTHON         a Python with numpy and pesq: PESQ-WB of what each of them marks
//   --perth PYTHON        a Python that sound-perth.py can run with
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { head, table } from './machine.mjs'
import { pesqOf } from './pesq.mjs'
import { keyOf, randomOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'
import { ATTACKS, RATE, decode } from './sound-attacks.mjs'
import { median } from './statistics.mjs'

const { values: options, positionals: [folder] } = parseArgs({ allowPositionals: true, options: { audiowmark: { type: 'string' }, pesq: { type: 'string' }, perth: { type: 'string' }, build: { type: 'string', default: '.' } } })
if (folder === undefined || options.audiowmark === undefined) throw new Error('Name a folder of sound, and audiowmark with --audiowmark PROGRAM.')
const engine = (await loadSdk(options.build)).nativeEngine()
const place = mkdtempSync(join(tmpdir(), 'peers-'))
const PAYLOAD = '72d3686493a04b04'
const MESSAGE = `${PAYLOAD}009a20f034a49e5f`
const TEMPO = 'tempo +5 %'
const WAYS = ['none', 'MP3 64k', 'Opus 24k', 'G.711', TEMPO]
/** Parts of each file by their seconds: few files are long. */
const PARTS = { 3: 2, 5: 2, 10: 4 }
const STRENGTHS = Array.from({ length: 9 }, (_, at) => 12 + 2 * at)
const PERTH_RATE = 32_000

/** Seconds of sound and milliseconds of processor. */
const spent = { ours: { mark: [0, 0], find: [0, 0] }, audiowmark: { mark: [0, 0], find: [0, 0] }, perth: { mark: [0, 0], find: [0, 0] }, mp3: { mark: [0, 0] } }
function spend([sound, work], seconds, ms) { return [sound + seconds, work + ms] }
const milliseconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }

/** Runs a program; its processor time is what the shell says of its children. */
function timed(program, ...args) {
  const done = spawnSync('bash', ['-c', 'TIMEFORMAT="%3U %3S"; time "$@"', 'bash', program, ...args], { encoding: 'utf8' })
  const times = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr)
  if (times === null) throw new Error(`${program}: ${done.stderr}`)
  return { output: done.stdout, ms: 1000 * (Number(times[1]) + Number(times[2])) }
}

const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
const samplesOf = (bytes) => new Float32Array(new Uint8Array(bytes).buffer)
function convert(args, input) {
  const done = spawnSync('ffmpeg', ['-v', 'error', '-y', ...args], { input, maxBuffer: 1 << 30 })
  if (done.status !== 0) throw new Error(`ffmpeg: ${done.stderr}`)
  return done.stdout
}
const raw = (rate) => ['-f', 'f32le', '-ar', String(rate), '-ac', '1']

/** Samples as a WAV of 32-bit floating-point numbers. */
function wav(name, samples) {
  const path = join(place, name)
  convert([...raw(RATE), '-i', 'pipe:0', '-c:a', 'pcm_f32le', path], bytesOf(samples))
  return path
}
/** Samples as a raw file at the rate of resemble-perth. */
function rawOf(name, samples) {
  const path = join(place, name)
  convert([...raw(RATE), '-i', 'pipe:0', ...raw(PERTH_RATE), path], bytesOf(samples))
  return path
}
function ratio(before, after) {
  let sound = 0
  let difference = 0
  for (let at = 0; at < Math.min(before.length, after.length); at++) {
    sound += before[at] ** 2
    difference += (after[at] - before[at]) ** 2
  }
  return 10 * Math.log10(sound / difference)
}
/** The numbers that sound-perth.py answers, one list a task. */
function perth(tasks) {
  const done = spawnSync(options.perth, [join(import.meta.dirname, 'sound-perth.py')], { input: `${tasks.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`sound-perth.py: ${done.stderr}`)
  return done.stdout.trim().split('\n').map((line) => line.split(' ').map(Number))
}

/** Of each file the sound as it is and as each of them marks it, with the ratios of sound to difference. */
async function marks() {
  const names = readdirSync(folder).filter((name) => name.startsWith('speech-')).sort().filter((_, at) => at % 2 === 1)
  const sounds = []
  for (const name of names) {
    const sound = decode(join(folder, name), 30)
    // audiowmark turns down what comes near full scale, which would count as difference.
    const gain = Math.min(1, 0.5 / sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0))
    const before = sound.map((value) => value * gain)
    const seconds = before.length / RATE
    const key = keyOf('peers', name)
    const ours = before.slice()
    const began = milliseconds()
    const { snr } = await engine.audioEmbed(ours, { rate: RATE, channels: 1, key, payload: PAYLOAD, quality: 'standard' })
    spent.ours.mark = spend(spent.ours.mark, seconds, milliseconds() - began)
    const source = wav('before.wav', before)
    spent.mp3.mark = spend(spent.mp3.mark, seconds, timed('ffmpeg', '-v', 'error', '-y', '-i', source, '-c:a', 'libmp3lame', '-b:a', '64k', join(place, 'x.mp3')).ms)
    const made = STRENGTHS.map((strength) => {
      const path = join(place, 'after.wav')
      const { ms } = timed(options.audiowmark, 'add', '-q', '--strength', String(strength), source, path, MESSAGE)
      const after = decode(path, 30)
      return { after, strength, ratio: ratio(before, after), ms }
    })
    const theirs = made.reduce((best, one) => (Math.abs(one.ratio - snr) < Math.abs(best.ratio - snr) ? one : best))
    spent.audiowmark.mark = spend(spent.audiowmark.mark, seconds, theirs.ms)
    const one = { name, key, before, ours, audiowmark: theirs.after, strength: theirs.strength, ratios: { ours: snr, audiowmark: theirs.ratio } }
    if (options.perth !== undefined) {
      const [from, to] = [rawOf('before.raw', before), join(place, 'after.raw')]
      const [[work]] = perth([`mark ${from} ${to}`])
      spent.perth.mark = spend(spent.perth.mark, seconds, 1000 * work)
      one.ratios.perth = ratio(samplesOf(readFileSync(from)), samplesOf(readFileSync(to)))
      one.perth = samplesOf(convert([...raw(PERTH_RATE), '-i', to, ...raw(RATE), 'pipe:1']))
    }
    sounds.push(one)
    process.stderr.write(`${name}: ${Object.entries(one.ratios).map(([who, decibels]) => `${who} ${decibels.toFixed(1)} dB`).join(', ')}, strength ${theirs.strength}\n`)
  }
  return sounds
}

const hits = new Map()
function count(who, way, length, hit) {
  const [good, all] = hits.get(`${who} ${way} ${length}`) ?? [0, 0]
  hits.set(`${who} ${way} ${length}`, [good + (hit ? 1 : 0), all + 1])
}

/** One sound in one way: parts of it given to each of them. What resemble-perth has to listen to is kept for one run. */
async function listen(sound, way, waiting) {
  const attack = ATTACKS.find((one) => one.name === way)
  const changed = Object.fromEntries(['before', 'ours', 'audiowmark', 'perth'].filter((who) => sound[who] !== undefined).map((who) => [who, attack.run(sound[who], sound.name)]))
  const size = Math.min(...Object.values(changed).map(({ length }) => length))
  for (const [length, parts] of Object.entries(PARTS)) {
    if (size < length * RATE) continue
    const random = randomOf('peers', sound.name, way, length)
    for (let at = 0; at < parts; at++) {
      const from = random.whole(size - length * RATE + 1)
      const part = (who) => changed[who].slice(from, from + length * RATE)
      const began = milliseconds()
      const { evidence: [found] } = await engine.audioDetect(part('ours'), { rate: RATE, channels: 1, keys: [sound.key], effort: 'full' })
      const ms = milliseconds() - began
      count('payload', way, length, found.payload === PAYLOAD)
      count('found', way, length, found.found)
      const theirs = timed(options.audiowmark, 'get', ...(way === TEMPO ? ['--detect-speed'] : []), wav('part.wav', part('audiowmark')))
      count('audiowmark', way, length, theirs.output.includes(MESSAGE))
      if (way !== TEMPO) {
        spent.ours.find = spend(spent.ours.find, Number(length), ms)
        spent.audiowmark.find = spend(spent.audiowmark.find, Number(length), theirs.ms)
      }
      for (const who of sound.perth === undefined ? [] : ['perth', 'before']) waiting.push({ who, way, length, path: rawOf(`${waiting.length}.raw`, part(who)) })
    }
  }
}

const sounds = await marks()
const waiting = []
for (const way of WAYS) {
  for (const sound of sounds) await listen(sound, way, waiting)
  process.stderr.write(`${way}\n`)
}
const heard = waiting.length === 0 ? [] : perth(waiting.map(({ path }) => `find ${path}`))
for (const [at, [work, confidence]] of heard.entries()) {
  const { who, way, length } = waiting[at]
  spent.perth.find = spend(spent.perth.find, Number(length), 1000 * work)
  count(who, way, length, confidence >= 0.5)
}
rmSync(place, { recursive: true })

const version = spawnSync(options.audiowmark, ['--version'], { encoding: 'utf8' }).stdout.trim()
const titles = { ours: 'ours', audiowmark: 'audiowmark', ...(options.perth === undefined ? {} : { perth: 'resemble-perth' }) }
const speed = ([seconds, ms] = [0, 0]) => (ms === 0 ? '-' : String(Math.round((1000 * seconds) / ms)))
const quality = Object.entries(titles).map(([who, title]) => {
  const pesq = pesqOf(options.pesq, sounds.map((sound) => [sound.before, sound[who]])).filter(Number.isFinite)
  return [title, median(sounds.map(({ ratios }) => ratios[who])).toFixed(1), ...(pesq.length === 0 ? ['-', '-'] : [(pesq.reduce((sum, one) => sum + one, 0) / pesq.length).toFixed(2), Math.min(...pesq).toFixed(2)]), speed(spent[who].mark), speed(spent[who].find)]
})
const columns = ['payload', 'found', 'audiowmark', ...(options.perth === undefined ? [] : ['perth', 'before'])]
const names = { payload: 'ours: payload', found: 'ours: found', audiowmark: 'audiowmark: payload', perth: 'resemble-perth: found', before: 'resemble-perth: found in what has no mark' }
const report = `${head('The audio watermark beside audiowmark and resemble-perth', 'node bench/sound-peers.mjs', options.build, [
  `${version}, built from its source; ${sounds.length} files of speech, the even ones, at most 30 s of each, turned down to half of full scale where it is louder; strengths of ${sounds.map(({ strength }) => strength).join(', ')}: of each file the one whose ratio is nearest to ours`,
  'audiowmark carries 128 bits without a check of its own: counted where the message is among those that it prints; with --detect-speed where the tempo was changed. Ours carries 64 bits and a check; found: a p-value of at most 1e-6',
  ...(options.perth === undefined ? [] : ['resemble-perth 1.0.1 with the weights that it ships carries no payload, and its strength is fixed; found: a confidence of at least 0.5, for which it states no rate of false alarms']),
  'processor time, without the changed tempo; audiowmark starts a program each time, resemble-perth is measured without its start',
]).replace(/ --(audiowmark|pesq|perth) [^\s`]+/g, (_, name) => ` --${name} ${name === 'audiowmark' ? 'PROGRAM' : 'PYTHON'}`)}
${table(['after', 'seconds', ...columns.map((column) => names[column])], WAYS.flatMap((way) => Object.keys(PARTS).map((length) => [way, length, ...columns.map((who) => (hits.get(`${who} ${way} ${length}`) ?? [0, 0]).join(' of '))])))}

${table(['', 'sound to difference, dB, median', 'PESQ-WB, mean', 'PESQ-WB, worst', 'marking, x real time of processor', 'finding'], [...quality, ['MP3 at 64 kbit/s by ffmpeg, for comparison', '-', '-', '-', speed(spent.mp3.mark), '-']])}
`
writeFileSync(new URL('results/sound-peers.md', import.meta.url), report)
console.log(report)
