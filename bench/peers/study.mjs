// npm run study:peers -- FOLDER... [--limit N --rows TEXT,... --odd --even --build FOLDER --out FILE]: the same pictures, the same
// attacks and the same 64 bits for Countermark and for the classical watermarks of PyPI, one process, in turn. The peers
// are installed into .cache/peers on the first run. What neural marks publish is quoted below the tables. Writes
// bench/results/peers.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { ROWS } from '../attacks.mjs'
import { canvasOf } from '../canvas.mjs'
import { head, table } from '../machine.mjs'
import { decode, listPictures, portable, shortSideOf } from '../pictures.mjs'
import { keyOf, randomOf } from '../random.mjs'
import { loadSdk } from '../sdk.mjs'
import { median, wilson } from '../statistics.mjs'
import { QUOTED } from './quoted.mjs'

const METHODS = ['dwtDct', 'dwtDctSvd', 'blind_watermark']
const USUAL = [
  'none', 'JPEG 75', 'JPEG 50', 'JPEG 20', 'WebP 50', 'AVIF 50', 'brightness x 1.3', 'noise sigma 10', 'blur sigma 1', 'median 5 x 5',
  'resize 0.5, JPEG 70', 'resize 1.5, JPEG 70', 'crop to 50 %', 'crop to 25 %, JPEG 60', 'rotate 5, JPEG 60', 'rotate 90, JPEG 60',
  'flip left-right, JPEG 60', 'screenshot: 0.83, border, gamma, JPEG 85', 'social: 1080 px, JPEG 70', 'padding, JPEG 80',
]
const BITS = 64

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string', default: '24' }, rows: { type: 'string', default: '' }, odd: { type: 'boolean' }, even: { type: 'boolean' },
    build: { type: 'string', default: '.' }, seed: { type: 'string', default: '1' }, out: { type: 'string', default: 'bench/results/peers.md' },
  },
})
if (folders.length === 0) {
  process.stderr.write('Name the folders with pictures: npm run study:peers -- FOLDER...\n')
  process.exit(2)
}

/** The Python with the peers in it, made on the first run. */
function installed() {
  const here = (name) => fileURLToPath(new URL(name, import.meta.url))
  const python = '.cache/peers/bin/python'
  const step = (program, ...args) => {
    const done = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} failed; Python 3 with venv and pip is needed.`)
  }
  if (!existsSync(python)) step('python3', '-m', 'venv', '.cache/peers')
  step(python, '-m', 'pip', 'install', '--quiet', '-r', here('libraries.txt'))
  step(python, '-m', 'pip', 'install', '--quiet', '--no-deps', '-r', here('requirements.txt'))
  return python
}

const python = installed()
const folder = mkdtempSync(join(tmpdir(), 'peers-'))
// One thread each, as for sharp and for us.
const child = spawn(python, [fileURLToPath(new URL('peers.py', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
})
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

async function ask(request, picture) {
  const samples = join(folder, 'in.rgb')
  writeFileSync(samples, picture.samples)
  child.stdin.write(`${JSON.stringify({ ...request, samples, width: picture.width, height: picture.height })}\n`)
  const { value, done } = await lines.next()
  if (done) throw new Error('The peers\' process ended.')
  return JSON.parse(value)
}

const bitsOf = (payload) => [...payload].map((digit) => parseInt(digit, 16).toString(2).padStart(4, '0')).join('')

/** One way to mark and read: `mark` gives the marked picture and ms, `read` the bits (undefined: refuses) and ms. */
const peers = METHODS.map((method) => ({
  name: method,
  mark: async (picture, payload) => {
    const out = join(folder, 'out.rgb')
    const { error, ms } = await ask({ do: 'embed', method, bits: bitsOf(payload), out }, picture)
    return { error, ms, marked: error ? undefined : { ...picture, samples: new Uint8Array(readFileSync(out)) } }
  },
  read: (picture) => ask({ do: 'extract', method, count: BITS }, picture),
}))

function ours(engine, key) {
  return {
    name: 'Countermark',
    mark: async (picture, payload) => {
      const marked = { ...picture, samples: picture.samples.slice() }
      const start = performance.now()
      const report = await engine.imageEmbed(marked, { key, payload, quality: 'standard' })
      return { ms: performance.now() - start, marked, error: report.embedded ? undefined : report.reason }
    },
    read: async (picture) => {
      const start = performance.now()
      const [found] = await engine.imageDetect(picture, { keys: [key], effort: 'full' })
      return { bits: found.payload === undefined ? undefined : bitsOf(found.payload), ms: performance.now() - start }
    },
  }
}

const wanted = options.rows.split(',').filter((text) => text !== '')
const rows = ROWS.filter((row) => !row.browser && !row.png && (wanted.length > 0 ? wanted.some((text) => row.name.includes(text)) : USUAL.includes(row.name)))
const sdk = await loadSdk(options.build)
const engine = sdk.nativeEngine()
sharp.concurrency(1)

const seen = new Map()
const note = (name) => seen.get(name) ?? seen.set(name, { psnr: [], ssim: [], embed: [], clean: [], all: [], failed: 0, rows: new Map(rows.map((row) => [row.name, []])) }).get(name)
let count = 0
for (const task of listPictures(folders, options.odd ? 'odd' : options.even ? 'even' : undefined)) {
  if (count >= Number(options.limit)) break
  const { picture, skipped } = await decode(sdk, task.path)
  if (skipped !== undefined || shortSideOf(picture) < 512) continue
  process.stderr.write(`[${++count}/${options.limit}] ${task.name}\n`)
  const canvas = canvasOf(picture)
  const payload = engine.payloadOf('Countermark study', String(task.number), BITS)
  for (const way of [ours(engine, keyOf(options.seed, task.name)), ...peers]) {
    const kept = note(way.name)
    const { marked, ms, error } = await way.mark(canvas, payload)
    if (error !== undefined) {
      kept.failed++
      for (const row of rows) kept.rows.get(row.name).push(0.5)
      continue
    }
    const { psnr, ssim } = await engine.imageCompare(canvas, marked)
    kept.psnr.push(psnr)
    kept.ssim.push(ssim)
    kept.embed.push(ms)
    for (const row of rows) {
      const attacked = await row.run(marked, { random: randomOf(options.seed, task.name, row.name) })
      const { bits, ms: taken } = await way.read(attacked)
      if (row.name === 'none') kept.clean.push(taken)
      kept.all.push(taken)
      // Whoever gives no bits is taken to know nothing.
      kept.rows.get(row.name).push(bits === undefined ? 0.5 : [...bitsOf(payload)].filter((bit, at) => bit === bits[at]).length / BITS)
    }
  }
}
child.stdin.end()
rmSync(folder, { recursive: true, force: true })

const names = [...seen.keys()]
const own = seen.get('Countermark')
const quality = names.map((name) => {
  const kept = seen.get(name)
  const [embed, clean] = [median(kept.embed), median(kept.clean)]
  return [
    name, Math.min(...kept.psnr).toFixed(1), median(kept.psnr).toFixed(1), Math.min(...kept.ssim).toFixed(4), median(kept.ssim).toFixed(4), embed.toFixed(0), (embed / median(own.embed)).toFixed(1),
    clean.toFixed(0), (clean / median(own.clean)).toFixed(1), median(kept.all).toFixed(0), kept.failed,
  ]
})
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
const survival = rows.map((row) => [row.name, ...names.map((name) => {
  const shares = seen.get(name).rows.get(row.name)
  return `${mean(shares).toFixed(2)} / ${(100 * shares.filter((share) => share === 1).length / shares.length).toFixed(0)} %`
})])
const reach = (100 * (1 - wilson(count, count)[0])).toFixed(0)
const text = `${head('Countermark beside the classical watermarks of PyPI', 'npm run study:peers --', options.build, [
  `inputs: ${count} pictures of ${folders.map(portable).join(', ')}, seed ${options.seed}`,
  'invisible-watermark 0.2.0 (dwtDct, dwtDctSvd), blind_watermark 0.4.4, as installed, one thread each; 64 raw bits, geometry not handed to them',
  'same pictures, same attacks by the same code; Countermark: standard quality, a private key, full search, and it says when it finds nothing (counted as half of the bits)',
])}
${table(['', 'PSNR min', 'median', 'SSIM min', 'median', 'embed ms', 'x ours', 'read ms (unattacked)', 'x ours', 'read ms (all attacks)', 'not marked'], quality)}

Share of bits right / pictures with all ${BITS} right (with ${count} pictures 0 or 100 % is known to within ${reach} points):

${table(['attack', ...names], survival)}

## Quoted: neural marks

Not run here: other pictures, other payloads, bits without a decision whether there is a mark at all. To be read beside the shares of bits above.
${QUOTED.map(({ title, source, titles, rows: quoted }) => `\n${title}. Source: ${source}.\n\n${table(titles, quoted)}\n`).join('')}`
mkdirSync('bench/results', { recursive: true })
writeFileSync(options.out, text)
process.stdout.write(text)
