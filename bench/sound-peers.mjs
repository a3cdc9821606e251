// node bench/sound-peers.mjs PROGRAM FOLDER [BUILD] [MINUTES]: audiowmark beside ours on the same speech, at the strength that brings the same ratio of
// sound to difference; parts of 3, 5 and 10 s after codecs and a faster tempo. PROGRAM is audiowmark, built from its source. After so many MINUTES no further
// file is taken. Writes bench/results/sound-peers.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { head, table } from './machine.mjs'
import { keyOf, randomOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'
import { ATTACKS, RATE, decode } from './sound-attacks.mjs'
import { median } from './statistics.mjs'

const [program, folder, build = '.', minutes = 'Infinity'] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name audiowmark and a folder of sound.')
const engine = (await loadSdk(build)).nativeEngine()
const place = mkdtempSync(join(tmpdir(), 'peers-'))
const PAYLOAD = '72d3686493a04b04'
const MESSAGE = `${PAYLOAD}009a20f034a49e5f`
const WAYS = ['none', 'MP3 64k', 'Opus 24k', 'G.711', 'tempo +5 %']
const LENGTHS = [3, 5, 10]
const STRENGTHS = [12, 16, 20, 24]

const cpu = { ours: [0, 0], theirs: [0, 0] }
const milliseconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }

/** Runs audiowmark; its processor time is what GNU's shell says of its children. */
function run(kind, ...args) {
  const done = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', program, ...args], { encoding: 'utf8' })
  const times = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr)
  cpu.theirs[kind] += 1000 * (Number(times[1]) + Number(times[2]))
  return done.stdout
}

/** Samples as a WAV of 32-bit floating-point numbers. */
function wav(name, samples) {
  const path = join(place, name)
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', 'pipe:0', '-c:a', 'pcm_f32le', path], { input: bytes })
  return path
}
const ratio = (before, after) => 10 * Math.log10(before.reduce((sum, value) => sum + value * value, 0) / before.reduce((sum, value, at) => sum + (after[at] - value) ** 2, 0))

const names = readdirSync(folder).filter((name) => name.startsWith('speech-')).sort().filter((_, at) => at % 2 === 1)
const hits = new Map()
const ratios = { ours: [], theirs: [] }
let seconds = 0
let listened = 0
let taken = 0
const count = (who, way, length, hit) => {
  const cell = hits.get(`${who} ${way} ${length}`) ?? [0, 0]
  hits.set(`${who} ${way} ${length}`, [cell[0] + hit, cell[1] + 1])
}
const until = performance.now() + 60_000 * Number(minutes)
for (const name of names) {
  if (performance.now() > until) break
  taken += 1
  const before = decode(join(folder, name), 12)
  const key = keyOf('peers', name)
  const ours = before.slice()
  let began = milliseconds()
  const { snr } = await engine.audioEmbed(ours, { rate: RATE, channels: 1, key, payload: PAYLOAD, quality: 'standard' })
  cpu.ours[0] += milliseconds() - began
  seconds += before.length / RATE
  // The strength whose ratio is nearest to ours.
  const source = wav('before.wav', before)
  const made = STRENGTHS.map((strength) => {
    const path = join(place, 'after.wav')
    const spent = cpu.theirs[0]
    run(0, 'add', '-q', '--strength', String(strength), source, path, MESSAGE)
    const after = decode(path, 12)
    return { after, ratio: ratio(before, after), ms: cpu.theirs[0] - spent }
  })
  cpu.theirs[0] -= made.reduce((sum, { ms }) => sum + ms, 0)
  const theirs = made.reduce((best, one) => (Math.abs(one.ratio - snr) < Math.abs(best.ratio - snr) ? one : best))
  cpu.theirs[0] += theirs.ms
  ratios.ours.push(snr)
  ratios.theirs.push(theirs.ratio)
  for (const way of WAYS) {
    const attack = ATTACKS.find((one) => one.name === way)
    const [a, b] = [ours, theirs.after].map((samples) => attack.run(samples, name))
    for (const length of LENGTHS) {
      if (a.length < length * RATE) continue
      const from = randomOf('peers', name, way, length).whole(Math.min(a.length, b.length) - length * RATE + 1)
      const part = (samples) => samples.slice(from, from + length * RATE)
      began = milliseconds()
      const { evidence: [found] } = await engine.audioDetect(part(a), { rate: RATE, channels: 1, keys: [key], effort: 'full' })
      cpu.ours[1] += milliseconds() - began
      count('ours', way, length, found.payload === PAYLOAD ? 1 : 0)
      count('theirs', way, length, run(1, 'get', wav('part.wav', part(b))).includes(MESSAGE) ? 1 : 0)
      listened += length
    }
  }
  process.stderr.write(`${name}: ${snr.toFixed(1)} dB, ${theirs.ratio.toFixed(1)} dB\n`)
}
rmSync(place, { recursive: true })

const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim()
const speed = (who) => [Math.round((1000 * seconds) / cpu[who][0]), Math.round((1000 * listened) / cpu[who][1])]
const columns = WAYS.flatMap((way) => LENGTHS.map((length) => [way, length]))
const score = (who, way, length) => (hits.get(`${who} ${way} ${length}`) ?? [0, 0]).join(' of ')
const report = `${head('The audio watermark beside audiowmark', 'node bench/sound-peers.mjs', build, [
  `${version}, built from its source; ${taken} of ${names.length} files of speech, the even ones, at most 12 s of each; strengths ${STRENGTHS.join(', ')}, of each file the one nearest to our ratio`,
  'audiowmark carries 128 bits without a check of its own: counted where the message is among those that it prints. Ours carries 64 bits and a check',
  'cells: whole payloads read',
]).replace(/sound-peers\.mjs .*$/m, 'sound-peers.mjs PROGRAM FOLDER`')}
${table(['', 'ours', 'audiowmark'], [
  ['ratio dB, median', ...['ours', 'theirs'].map((who) => median(ratios[who]).toFixed(1))],
  ...columns.map(([way, length]) => [`${way}, ${length} s`, score('ours', way, length), score('theirs', way, length)]),
  ...['marking', 'finding'].map((what, at) => [`${what}, x real time of processor`, speed('ours')[at], speed('theirs')[at]]),
])}
`
writeFileSync(new URL('results/sound-peers.md', import.meta.url), report)
console.log(report)
