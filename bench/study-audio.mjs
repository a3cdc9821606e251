// npm run study:audio -- FOLDER... [options]: marks sounds, attacks each marked one in every way that targets name, cuts parts
// at random places, and counts what is read back. Writes bench/results/study-audio.md.
//   --odd | --even        half of a class, in name order: tune on the odd ones
//   --rows TEXT,...       only attacks whose name holds one of the texts
//   --lengths 1,2,3,5,10  seconds of the parts
//   --parts N             parts of each length (default 4)
//   --quality Q --payload HEX --seed TEXT
//   --seconds N           at most so much of each file (default 30)
//   --false N             no marks: N private keys are looked for in every minute of at most --seconds of each file
//   --where               no attacks: a marked second in ten of other sound, five in sixty, --parts of each a file; how well they are placed
//   --pesq PYTHON         a Python with numpy and pesq: PESQ-WB of the marked sounds, at 16 kHz
//   --class NAME          only this class
//   --build FOLDER        another build than this one
//   --minutes N           takes no further attack after so long; the report has those that were taken
//   --out FILE            the report; without it, it is printed only
import { readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { head, table } from './machine.mjs'
import { pesqOf } from './pesq.mjs'
import { keyOf, randomOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'
import { median, upperBound } from './statistics.mjs'
import { ATTACKS, GOALS, RATE, decode } from './sound-attacks.mjs'

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    odd: { type: 'boolean' }, even: { type: 'boolean' }, rows: { type: 'string', default: '' }, lengths: { type: 'string', default: '1,2,3,5,10' },
    parts: { type: 'string', default: '4' }, quality: { type: 'string', default: 'standard' }, seed: { type: 'string', default: '1' },
    payload: { type: 'string', default: '72d3686493a04b04' }, seconds: { type: 'string', default: '30' }, false: { type: 'string' }, where: { type: 'boolean' },
    pesq: { type: 'string' }, out: { type: 'string' }, class: { type: 'string', default: '' }, build: { type: 'string', default: '.' }, minutes: { type: 'string', default: 'Infinity' },
  },
})
if (folders.length === 0) {
  process.stderr.write('Name the folders with sounds: npm run study:audio -- FOLDER...\n')
  process.exit(2)
}
const { nativeEngine } = await loadSdk(options.build)
const engine = nativeEngine()
const classOf = (path) => basename(path).replace(/-.*/, '').replace('singing', 'music')

/** Files by class in name order; of each class every second one where half is asked for. */
function chosen() {
  const all = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => /\.(wav|mp3|ogg|opus|flac|m4a|webm)$/.test(path)).sort((a, b) => (basename(a) < basename(b) ? -1 : 1))
  const classes = grouped(all, classOf)
  return [...classes].filter(([name]) => name.includes(options.class)).flatMap(([, paths]) => paths.filter((_, at) => !(options.odd && at % 2 === 1) && !(options.even && at % 2 === 0)))
}

/** A list by what `of` says of each, in the order of first sight. */
function grouped(list, of) {
  const groups = new Map()
  for (const one of list) groups.set(of(one), [...(groups.get(of(one)) ?? []), one])
  return groups
}

/** Milliseconds that processors have worked for this process: other programs on the machine do not count. */
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }

/** The head without folders of this machine. */
const headOf = (title, facts) => head(title, 'npm run study:audio --', options.build, facts).replace(/ --(?:build|pesq) [^\s`]+/g, '')

const say = (text) => process.stderr.write(`${text}\n`)
const files = chosen()
const rows = options.rows.split(',').filter((text) => text !== '')
const until = performance.now() + 60_000 * Number(options.minutes)
let attacks = ATTACKS.filter(({ name }) => rows.length === 0 || rows.some((text) => name.includes(text)))
const lengths = options.lengths.split(',').map(Number)
const load = (path) => ({ path, name: basename(path), class: classOf(path), samples: decode(path, Number(options.seconds)) })
const percent = (hits, trials) => (trials === 0 ? '-' : Math.round((100 * hits) / trials))
const round = (number, digits) => (Number.isFinite(number) ? number.toFixed(digits) : '-')
const lines = []

async function falseAlarms() {
  const trials = []
  const heard = {}
  for (const path of files) {
    if (performance.now() > until) break
    const { name, class: kind, samples } = load(path)
    for (let from = 0; from < samples.length; from += 60 * RATE) {
      const minute = samples.subarray(from, from + 60 * RATE)
      const keys = Array.from({ length: Number(options.false) }, (_, at) => keyOf(options.seed, name, from, at))
      const { evidence, carries } = await engine.audioDetect(minute, { rate: RATE, channels: 1, keys, effort: 'full' })
      // In what cannot hold a mark nothing is looked for: it would only make the shares smaller.
      if (!carries) continue
      heard[kind] = (heard[kind] ?? 0) + minute.length / RATE
      trials.push(...evidence.map(({ found, pValue, score }) => ({ name, found, pValue, score })))
    }
    say(`${name}: ${trials.length} trials, ${trials.filter(({ found }) => found).length} found`)
  }
  const hours = (seconds) => (seconds / 3600).toFixed(2)
  lines.push(headOf('False alarms of the audio watermark', [
    `${new Set(trials.map(({ name }) => name)).size} files, ${hours(Object.values(heard).reduce((sum, seconds) => sum + seconds, 0))} hours of unmarked sound (${Object.entries(heard).map(([kind, seconds]) => `${kind} ${hours(seconds)}`).join(', ')})`,
    `${trials.length} trials: a minute, or what is left of a file, and a private key drawn for it; full search`,
    'at most: the largest chance at which so few would still come about in 5 of 100 studies (Clopper-Pearson, one-sided)',
  ]))
  lines.push(table(['p-value of at most', 'trials', 'share', 'at most'], [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6].map((level) => {
    const count = trials.filter(({ pValue }) => pValue <= level).length
    return [String(level), count, (count / trials.length).toExponential(2), upperBound(count, trials.length).toExponential(2)]
  })))
  lines.push(`\nFound: ${trials.filter(({ found }) => found).length}. Highest sync: ${Math.max(...trials.map(({ score }) => score)).toFixed(2)} standard deviations.`)
}

/** Each file with its mark. */
async function marks() {
  const marked = []
  for (const { name, samples, ...rest } of files.map(load)) {
    const after = samples.slice()
    const key = keyOf(options.seed, name)
    const began = cpu()
    const report = await engine.audioEmbed(after, { rate: RATE, channels: 1, key, payload: options.payload, quality: options.quality })
    marked.push({ name, before: samples, samples: after, key, report, ms: cpu() - began, ...rest })
  }
  return marked
}

/** The seconds that two lists of spans share, over those that either has. */
function overlap(spans, [from, to]) {
  const inside = spans.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, to) - Math.max(a, from)), 0)
  return inside / (to - from + spans.reduce((sum, [a, b]) => sum + b - a, 0) - inside)
}

/** A marked part among other sounds: the other files, one behind the other. */
async function placing() {
  const carrying = (await marks()).filter(({ report }) => report.embedded)
  const rows = []
  for (const [part, whole, goal] of [[1, 10, 0.8], [5, 60, 0.95]]) {
    const shares = []
    for (const sound of carrying) {
      const others = carrying.filter((one) => one !== sound).flatMap(({ before }) => [before])
      for (let trial = 0; trial < Number(options.parts); trial++) {
        const random = randomOf(options.seed, sound.name, part, trial)
        if (sound.samples.length < part * RATE) continue
        const around = new Float32Array(whole * RATE)
        for (let at = 0; at < around.length;) {
          const other = others[random.whole(others.length)]
          around.set(other.subarray(0, around.length - at), at)
          at += other.length
        }
        const from = random.whole(sound.samples.length - part * RATE + 1)
        const into = random.whole(around.length - part * RATE + 1)
        around.set(sound.samples.subarray(from, from + part * RATE), into)
        const { evidence: [found] } = await engine.audioDetect(around, { rate: RATE, channels: 1, keys: [sound.key], effort: 'full' })
        shares.push(found.where === undefined ? 0 : overlap(found.where.spans, [into / RATE, into / RATE + part]))
      }
    }
    const good = shares.filter((share) => share >= goal).length
    rows.push([`${part} s in ${whole} s`, shares.length, shares.filter((share) => share > 0).length, good, goal, round(median(shares), 2)])
    say(rows.at(-1).join(' '))
  }
  lines.push(headOf('The audio watermark: which part is marked', [`${carrying.length} files; a part of each at a random place in the other files, unmarked; ${options.parts} trials a file`, 'overlap: seconds that are marked and said to be, over those that are one of both; 0 where nothing was found']))
  lines.push(table(['marked', 'trials', 'found', 'of these with the overlap aimed at', 'aim', 'median overlap, all trials'], rows))
}

async function survival() {
  const music = decode(files.find((path) => classOf(path) === 'music') ?? files[0], 60)
  const marked = await marks()
  pesqOf(options.pesq, marked.map(({ before, samples }) => [before, samples])).forEach((pesq, at) => { marked[at].pesq = pesq })
  const carrying = marked.filter(({ report }) => report.embedded)
  const counts = new Map()
  const time = { ms: 0, seconds: 0 }
  const add = (attack, kind, length, read, present, wrong) => {
    const at = `${attack}|${kind}|${length}`
    const count = counts.get(at) ?? { trials: 0, read: 0, present: 0, wrong: 0 }
    counts.set(at, { trials: count.trials + 1, read: count.read + read, present: count.present + present, wrong: count.wrong + wrong })
  }
  for (const [at, attack] of attacks.entries()) {
    if (performance.now() > until) {
      attacks = attacks.slice(0, at)
      break
    }
    for (const sound of carrying) {
      const changed = attack.run(sound.samples, `${options.seed}${sound.name}`, music)
      for (const length of lengths) {
        const size = length * RATE
        if (changed.length < size) continue
        const random = randomOf(options.seed, sound.name, attack.name, length)
        for (let part = 0; part < Number(options.parts); part++) {
          const from = random.whole(changed.length - size + 1)
          const began = cpu()
          const { evidence: [found] } = await engine.audioDetect(changed.slice(from, from + size), { rate: RATE, channels: 1, keys: [sound.key], effort: 'full' })
          time.ms += cpu() - began
          time.seconds += length
          const read = found.payload !== undefined && options.payload.startsWith(found.payload)
          add(attack.name, sound.class, length, read, found.found, found.payload !== undefined && !read)
        }
      }
    }
    say(`${attack.name}: ${[...counts].filter(([at]) => at.startsWith(`${attack.name}|`)).map(([at, { trials, read, present }]) => `${at.split('|').slice(1).join(' ')} s ${percent(read, trials)}/${percent(present, trials)}`).join('  ')}`)
  }
  lines.push(headOf(`The audio watermark: what is read back (${options.quality})`, [
    `${carrying.length} of ${marked.length} files carry a mark; payload of ${4 * options.payload.length} bits asked for; ${options.parts} parts of each length at random places`,
    'cells: payload read / mark found, in percent, full search; n: trials a cell with the shortest length',
    `marking: ${round(marked.reduce((sum, { samples }) => sum + samples.length, 0) / RATE / marked.reduce((sum, { ms }) => sum + ms, 0) * 1000, 0)} x real time of processor; finding: ${round(time.seconds / time.ms * 1000, 0)} x`,
  ]))
  const kinds = [...new Set(carrying.map((sound) => sound.class))].sort()
  const titles = ['attack', ...kinds.flatMap((kind) => [`${kind}: n`, ...lengths.map((length) => `${length} s`)]), 'goal']
  lines.push(table(titles, attacks.map(({ name, group }) => [
    name,
    ...kinds.flatMap((kind) => {
      const cell = (length) => counts.get(`${name}|${kind}|${length}`) ?? { trials: 0, read: 0, present: 0 }
      return [cell(lengths[0]).trials, ...lengths.map((length) => `${percent(cell(length).read, cell(length).trials)}/${percent(cell(length).present, cell(length).trials)}`)]
    }),
    Object.entries(GOALS[group]).map(([length, goal]) => `${length} s ${goal}`).join(', '),
  ])))
  lines.push(`\nWrong payloads: ${[...counts.values()].reduce((sum, { wrong }) => sum + wrong, 0)}.\n`)
  lines.push('## Groups\n')
  const groups = grouped(attacks, ({ group }) => group)
  lines.push(table(['group', ...lengths.map((length) => `${length} s`), 'goal'], [...groups].map(([group, list]) => [
    `${group} (${list.length} attacks)`,
    ...lengths.map((length) => {
      const cells = [...counts].filter(([at]) => { const [name, , seconds] = at.split('|'); return Number(seconds) === length && list.some((attack) => attack.name === name) }).map(([, count]) => count)
      const sum = (of) => cells.reduce((total, cell) => total + cell[of], 0)
      const share = (of) => round((100 * sum(of)) / sum('trials'), 1)
      return `${share('read')}/${share('present')} of ${sum('trials')}`
    }),
    Object.entries(GOALS[group]).map(([length, goal]) => `${length} s ${goal}`).join(', '),
  ])))
  lines.push('\n## Quality\n')
  lines.push(table(['file', 'seconds', 'bits', 'SNR dB', 'NMR dB', 'PESQ-WB'], marked.map(({ name, report, pesq }) =>
    [name, round(report.seconds, 1), report.embedded ? report.bits : `none: ${report.reason}`, round(report.snr, 1), round(report.nmr, 1), round(pesq, 2)])))
  for (const kind of kinds) {
    const own = carrying.filter((sound) => sound.class === kind)
    const pesqs = own.map(({ pesq }) => pesq).filter(Number.isFinite)
    const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length
    lines.push(`\n${kind}: SNR mean ${round(mean(own.map(({ report }) => report.snr)), 2)} dB, least ${round(Math.min(...own.map(({ report }) => report.snr)), 2)}; NMR mean ${round(mean(own.map(({ report }) => report.nmr)), 1)} dB, most ${round(Math.max(...own.map(({ report }) => report.nmr)), 1)}; PESQ-WB mean ${round(mean(pesqs), 3)}, least ${round(Math.min(...pesqs), 3)}.`)
  }
}

if (options.false !== undefined) await falseAlarms()
else if (options.where) await placing()
else await survival()
const text = `${lines.join('\n')}\n`
if (options.out === undefined) process.stdout.write(text)
else writeFileSync(options.out, text)
