// npm run study:image -- FOLDER... [options]: marks pictures, attacks each marked one in every way that targets name, and
// counts what is read back. Writes bench/results/study-image.md, and beside it a .jsonl with every single trial.
//   --odd | --even        half of a class, in name order: tune on the odd ones
//   --limit N             the first N of each folder's classes
//   --rows TEXT,...       only attacks whose name holds one of the texts
//   --quality Q --effort E --key fresh|public --bits 64|128 --seed TEXT
//   --small               pictures scaled to 256 and 384 px short side, 32 bits expected
//   --patterns            also made pictures: brick, halftone, grids, text, repeated tiles
//   --chromium            also through screenshots of a real browser
//   --false [N]           no marks: N keys a picture are looked for (--marked: in pictures that carry another key's mark)
//   --curves              no table of attacks but curves: a few attacks at many strengths, and the three settings of quality
//   --html FILE           with --curves: the same as a page with charts, complete in itself
//   --jobs N              processes (default 2)
//   --build FOLDER        another build than this one
//   --out FILE            the report; the .jsonl gets the same name
//   --resume              keeps what the .jsonl has of an earlier run with the same options and build
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { chromiumPath } from './chromium.mjs'
import { curvePage } from './curve-page.mjs'
import { curveReport } from './curve-report.mjs'
import { falseAlarmReport } from './false-report.mjs'
import { report } from './image-report.mjs'
import { head } from './machine.mjs'
import { inParallel } from './parallel.mjs'
import { hasPerceptual } from './perceptual.mjs'
import { listPictures, portable, shortSideOf, sizeOf } from './pictures.mjs'
import { buildOf } from './sdk.mjs'

// `--false` may stand alone; parseArgs knows no such option.
const words = process.argv.slice(2).flatMap((word, at, all) => (word === '--false' && !/^\d+$/.test(all[at + 1] ?? '') ? [word, '1000'] : [word]))
const { values: options, positionals: folders } = parseArgs({
  args: words, allowPositionals: true,
  options: {
    odd: { type: 'boolean' }, even: { type: 'boolean' }, limit: { type: 'string' }, rows: { type: 'string', default: '' },
    quality: { type: 'string', default: 'standard' }, effort: { type: 'string' }, key: { type: 'string', default: 'fresh' },
    bits: { type: 'string', default: '64' }, seed: { type: 'string', default: '1' }, small: { type: 'boolean' }, patterns: { type: 'boolean' },
    chromium: { type: 'boolean' }, false: { type: 'string' }, marked: { type: 'boolean' }, jobs: { type: 'string', default: '2' },
    build: { type: 'string', default: '.' }, out: { type: 'string' }, resume: { type: 'boolean' }, curves: { type: 'boolean' }, html: { type: 'string' },
  },
})
if (folders.length === 0 && !options.patterns) {
  process.stderr.write('Name the folders with pictures: npm run study:image -- FOLDER...\n')
  process.exit(2)
}
if (options.chromium && chromiumPath() === undefined) {
  process.stderr.write('There is no Chromium here; name it in COUNTERMARK_CHROMIUM.\n')
  process.exit(2)
}
if (options.html !== undefined && !options.curves) {
  process.stderr.write('--html goes with --curves.\n')
  process.exit(2)
}

if (!hasPerceptual()) process.stderr.write('SSIMULACRA 2 is left out: cargo build --release -p perceptual\n')

const falseAlarms = options.false !== undefined
const settings = {
  seed: options.seed, build: options.build, native: buildOf(options.build), quality: options.quality, bits: Number(options.bits), key: options.key,
  effort: options.effort ?? (falseAlarms ? 'direct' : 'full'), rows: options.rows.split(',').filter((text) => text !== ''),
  chromium: options.chromium === true, keys: Number(options.false), marked: options.marked === true,
}

/** Those large enough, at most `limit` of each folder's classes; each with three others for a collage. */
async function chosen() {
  const listed = listPictures(folders, options.odd ? 'odd' : options.even ? 'even' : undefined, options.patterns)
  const fitting = []
  for (const picture of listed) {
    // What cannot even be opened stays in: the report says so.
    const size = await sizeOf(picture.path)
    if (size === undefined || shortSideOf(size) >= 512) fitting.push(picture)
  }
  const counts = {}
  const limited = fitting.filter(({ path, kind }) => {
    const group = `${kind} of ${dirname(path)}`
    counts[group] = (counts[group] ?? 0) + 1
    return counts[group] <= Number(options.limit ?? Infinity)
  })
  const tasks = limited.map((picture, at) => ({ ...picture, others: [1, 2, 3].map((step) => limited[(at + step) % limited.length].path) }))
  return options.small ? tasks.flatMap((task) => [256, 384].map((shortSide) => ({ ...task, shortSide }))) : tasks
}

function defaultName() {
  if (options.curves) return 'curves'
  if (falseAlarms) return `false-alarms-${settings.effort}${settings.marked ? '-marked' : ''}`
  return `study-image${options.small ? '-small' : ''}${settings.bits === 128 ? '-128' : ''}${settings.quality === 'standard' ? '' : `-${settings.quality}`}`
}

const out = options.out ?? `bench/results/${defaultName()}.md`
const log = out.replace(/(\.md)?$/, '.jsonl')
mkdirSync(dirname(out), { recursive: true })

/** What an earlier run answered, if it ran with these settings. */
function earlier() {
  if (!options.resume || !existsSync(log)) return []
  const [before, ...answered] = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  if (JSON.stringify(before) === JSON.stringify(settings)) return answered
  process.stderr.write(`${log} is of a run with other options or of another build.\n`)
  process.exit(2)
}

const identity = ({ name, shortSide }) => `${name} ${shortSide}`
const tasks = await chosen()
const answers = earlier()
if (answers.length === 0) writeFileSync(log, `${JSON.stringify(settings)}\n`)
const known = new Set(answers.map(identity))
const worker = new URL(falseAlarms ? './false-trials.mjs' : options.curves ? './curve-trials.mjs' : './image-trials.mjs', import.meta.url)
await inParallel(worker, settings, tasks.filter((task) => !known.has(identity(task))), Number(options.jobs), (task, answer) => {
  const kept = { name: task.name, kind: task.kind, number: task.number, shortSide: task.shortSide, ...answer }
  answers.push(kept)
  appendFileSync(log, `${JSON.stringify(kept)}\n`)
})
answers.sort((a, b) => a.number - b.number || (a.shortSide ?? 0) - (b.shortSide ?? 0))

const facts = [
  `inputs: ${tasks.length} pictures of ${[...folders.map(portable), ...(options.patterns ? ['made patterns'] : [])].join(', ')}`,
  `seed ${settings.seed}; quality ${settings.quality}, effort ${settings.effort}, ${options.small ? 32 : settings.bits} bits, ${settings.key} keys`,
]
const program = 'npm run study:image --'
const survival = [...facts, 'payload: every bit right and accepted by the detector; presence: p <= 1e-6; 95 %: Wilson; open: below the target, which the interval still holds']
const text = falseAlarms
  ? `${head('False alarms of the image watermark', program, options.build, facts)}\n${falseAlarmReport(answers, settings)}`
  : options.curves
    ? `${head('Image watermark: survival against strength', program, options.build, facts)}\n${curveReport(answers)}`
    : `${head('Image watermark: what survives', program, options.build, survival)}\n${report(answers, settings)}`
writeFileSync(out, text)
if (options.html !== undefined) writeFileSync(options.html, curvePage(answers, head('Image watermark: survival against strength', program, options.build, facts)))
process.stdout.write(text)
