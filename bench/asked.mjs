// node bench/asked.mjs FOLDER... [--even|--odd] [--limit N] [--rows TEXT,...] [--seed TEXT] [--jobs N] [--build FOLDER] [--out FILE]: how often a
// payload is read, how often it is known once it is asked for, and how often one of eight other payloads of the same key is taken for it, and how often any is found without a mark.
// Pictures from 512 px short side, 64 bits, fresh private keys, full search. Writes bench/results/asked.md.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { head, table } from './machine.mjs'
import { inParallel } from './parallel.mjs'
import { listPictures, portable, shortSideOf, sizeOf } from './pictures.mjs'
import { upperBound, wilson } from './statistics.mjs'

const HARD = 'JPEG 20,WebP 20,AVIF 30,JPEG 10,resize 0.25,resize 0.35,crop to 25,crop to 10,rotate 7,perspective'
const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    odd: { type: 'boolean' }, even: { type: 'boolean' }, limit: { type: 'string' }, rows: { type: 'string', default: HARD }, seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' }, build: { type: 'string', default: '.' }, out: { type: 'string', default: 'bench/results/asked.md' },
  },
})
if (folders.length === 0) {
  process.stderr.write('Name the folders with pictures: node bench/asked.mjs FOLDER...\n')
  process.exit(2)
}

const tasks = []
for (const picture of listPictures(folders, options.odd ? 'odd' : options.even ? 'even' : undefined, false)) {
  const size = await sizeOf(picture.path)
  if (size !== undefined && shortSideOf(size) >= 512 && tasks.length < Number(options.limit ?? Infinity)) tasks.push(picture)
}
const answers = []
await inParallel(new URL('./asked-trials.mjs', import.meta.url), { seed: options.seed, build: options.build, rows: options.rows.split(',') }, tasks, Number(options.jobs), (task, answer) => {
  if (answer.skipped === undefined) answers.push({ ...task, ...answer })
})

const share = (results, name) => {
  const hits = results.filter((result) => result[name]).length
  const [low, high] = wilson(hits, results.length).map((part) => (100 * part).toFixed(1))
  return [`${((100 * hits) / results.length).toFixed(1)}`, `${low}-${high}`]
}
const sections = [['medium', '512 to 1023 px'], ['large', 'from 1024 px']].flatMap(([tier, title]) => {
  const pictures = answers.filter((one) => one.tier === tier && one.embedded)
  const names = [...new Set(pictures.flatMap(({ results }) => Object.keys(results)))]
  if (names.length === 0) return []
  const rows = names.map((name) => {
    const results = pictures.flatMap((picture) => picture.results[name] ?? [])
    return [name, results.length, ...share(results, 'read'), ...share(results, 'known'), results.filter(({ wrong }) => wrong).length, results.filter(({ none }) => none).length]
  })
  return [`## ${title}: ${pictures.length} pictures`, table(['attack', 'n', 'read %', '95 %', 'known when asked for %', '95 %', 'taken for another', 'found without a mark'], rows)]
})
const all = answers.flatMap(({ results }) => Object.values(results ?? {}))
const wrong = all.filter((result) => result.wrong).length
const none = all.filter((result) => result.none).length
const died = answers.filter((one) => one.died !== undefined)
const text = [
  head('Payloads that are asked for', 'node bench/asked.mjs', options.build, [
    `inputs: ${tasks.length} pictures of ${folders.map(portable).join(', ')}; seed ${options.seed}; standard quality, 64 bits, a fresh private key each, full search`,
    'known: read, or recognised by its code word at p <= 1e-6, the search included; taken for another: one of eight other payloads, asked for at once, was said to be there; found without a mark: the same picture, never marked, by the same attack, eight payloads asked for at once',
  ]),
  ...sections,
  `In ${all.length} trials another payload was found ${wrong} times, and any in a picture without a mark ${none} times (at most ${upperBound(wrong, all.length).toExponential(1)} and ${upperBound(none, all.length).toExponential(1)} by their number).${died.length > 0 ? ` Not finished: ${died.map(({ name }) => name).join(', ')}.` : ''}`,
].join('\n\n')
writeFileSync(options.out, `${text}\n`)
process.stdout.write(`${text}\n`)
