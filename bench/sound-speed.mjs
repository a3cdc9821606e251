// node bench/sound-speed.mjs SOUND [BUILD...]: times real time of one core's processor time, 48 kHz mono, a minute: marking, full search with
// and without a mark, and 3 s; beside what ffmpeg's Opus and MP3 encoders take for the same samples in the same run, since clocks differ from
// day to day. Each the best of three. Writes bench/results/sound-speed.md.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { head, table } from './machine.mjs'
import { buildOf, loadSdk } from './sdk.mjs'
import { RATE, decode } from './sound-attacks.mjs'

const [path, ...given] = process.argv.slice(2)
if (path === undefined) throw new Error('Name a sound of a minute or more.')
const builds = given.length > 0 ? given : ['.']
const samples = decode(path, 60)
const seconds = samples.length / RATE
const raw = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
const KEYS = ['public']

/** Seconds of processor that a call takes. */
async function own(call) {
  const before = process.cpuUsage()
  await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** The same of ffmpeg, which runs as a program of its own. */
async function encoder(...args) {
  const command = ['ffmpeg', '-v', 'error', '-threads', '1', '-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', 'pipe:0', ...args, '-f', 'null', '-']
  const done = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', ...command], { input: raw, encoding: 'utf8' })
  const times = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr)
  if (done.status !== 0 || times === null) throw new Error(done.stderr)
  return Number(times[1]) + Number(times[2])
}

const works = [
  ['ffmpeg libopus 64k', seconds, () => encoder('-c:a', 'libopus', '-b:a', '64k')],
  ['ffmpeg libmp3lame 128k', seconds, () => encoder('-c:a', 'libmp3lame', '-b:a', '128k')],
]
for (const build of builds) {
  const engine = (await loadSdk(build)).nativeEngine()
  const marked = samples.slice()
  const sound = { rate: RATE, channels: 1 }
  const find = (part) => engine.audioDetect(part, { ...sound, keys: KEYS, effort: 'full' })
  await engine.audioEmbed(marked, { ...sound, key: KEYS[0], payload: '72d3686493a04b04', quality: 'standard' })
  const name = `build ${buildOf(build)}`
  works.push(
    [`${name}: marking`, seconds, () => own(() => engine.audioEmbed(samples.slice(), { ...sound, key: KEYS[0], payload: '72d3686493a04b04', quality: 'standard' }))],
    [`${name}: full search, marked`, seconds, () => own(() => find(marked))],
    [`${name}: full search, unmarked`, seconds, () => own(() => find(samples))],
    [`${name}: full search of 3 s, unmarked`, 3, () => own(() => find(samples.slice(0, 3 * RATE)))],
  )
}
const least = works.map(() => Infinity)
for (let round = 0; round < 3; round++) for (const [at, [, , work]] of works.entries()) least[at] = Math.min(least[at], await work())
const report = `${head('Speed of the audio watermark', 'node bench/sound-speed.mjs', builds.at(-1), [`${seconds.toFixed(0)} s, mono, 48 kHz; processor time, the best of three, one after another in turns`])}
${table(['work', 'x real time', 'ms', 'x the time of libopus'], works.map(([name, length], at) => [name, (length / least[at]).toFixed(0), (1000 * least[at]).toFixed(0), (least[at] / length / (least[0] / seconds)).toFixed(2)]))}
`
writeFileSync(new URL('results/sound-speed.md', import.meta.url), report)
console.log(report)
