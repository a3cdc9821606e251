// npm run bench [-- --runs N --build FOLDER --skip-wasm]: what marking and detecting cost beside sharp's own work on the
// same picture, in one run, every measure taken in turn, medians of N. Pictures: COUNTERMARK_MEDIA or ../shared/data, else
// made ones. Writes bench/results/speed.md.
import { fork } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { canvasOf, cutShare } from './canvas.mjs'
import { head, table } from './machine.mjs'
import { decode } from './pictures.mjs'
import { keyOf, randomOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'
import { median } from './statistics.mjs'

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, build: { type: 'string', default: '.' }, 'skip-wasm': { type: 'boolean' } },
})
const RUNS = Number(options.runs)
const MIB = 2 ** 20
const media = join(process.env.COUNTERMARK_MEDIA ?? '../shared/data', 'image')
const FILES = ['ai-wan-girl.png', 'photo-leaf-8mp-exif.jpg', 'photo-dog-12mp-exif-xmp-icc.jpg']

// One core: what a server has for one request.
sharp.concurrency(1)
sharp.cache(false)

/** A picture without a file: waves under grain, which codecs and masks find neither empty nor full. */
function made(width, height) {
  const random = randomOf('speed', width, height)
  const samples = new Uint8Array(width * height * 3)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const grey = 128 + 60 * Math.sin(x / 37 + 3 * Math.sin(y / 211)) + 40 * Math.cos(y / 53) + 24 * (random.next() - 0.5)
      for (let c = 0; c < 3; c++) samples[at + c] = Math.min(255, Math.max(0, grey + 20 * (c - 1)))
    }
  return { samples, width, height, channels: 3, depth: 8 }
}

async function inputs(sdk) {
  const found = FILES.map((file) => join(media, file)).filter(existsSync)
  if (found.length === 0) return [made(1024, 1024), made(4032, 3024)].map((picture) => ({ name: `made ${picture.width} x ${picture.height}`, picture }))
  return Promise.all(found.map(async (path) => ({ name: basename(path), picture: canvasOf((await decode(sdk, path)).picture) })))
}

/** Wall and processor time of one call, in ms; the second shows whether more than one core was at work. */
async function timed(work) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { wall, cpu: (user + system) / 1000 }
}

/** All measures on one picture, in turn, so that a change of the machine's mood meets them alike. */
async function measure(engines, picture) {
  const { width, height } = picture
  const key = keyOf('speed')
  const payload = engines[0].payloadOf('Countermark speed', '1', 64)
  const marked = { ...picture, samples: picture.samples.slice() }
  await engines[0].imageEmbed(marked, { key, payload, quality: 'standard' })
  const part = await cutShare(marked, 0.5, randomOf('speed', 'cut'))
  const raw = { raw: { width, height, channels: 3 }, limitInputPixels: false }
  const file = await sharp(picture.samples, raw).jpeg({ quality: 90 }).toBuffer()
  const found = {}
  const detect = (name, engine, given, effort) => async () => {
    const [seen] = await engine.imageDetect(given, { keys: [key], effort })
    found[name] = seen.found ? (seen.payload === payload ? 'read' : 'seen') : 'not found'
  }
  // A measure may prepare what it works on; that is not counted.
  const works = new Map([
    ['sharp: JPEG decode', { run: () => sharp(file, { limitInputPixels: false }).raw().toBuffer() }],
    ['sharp: JPEG encode q90', { run: () => sharp(picture.samples, raw).jpeg({ quality: 90 }).toBuffer() }],
  ])
  for (const engine of engines) {
    const add = (what, work) => works.set(`${engine.kind}: ${what}`, work)
    const addDetect = (what, given, effort) => add(what, { run: detect(`${engine.kind}: ${what}`, engine, given, effort) })
    add('embed', { prepare: () => ({ ...picture, samples: picture.samples.slice() }), run: (copy) => engine.imageEmbed(copy, { key, payload, quality: 'standard' }) })
    addDetect('detect, marked, direct', marked, 'direct')
    addDetect('detect, marked, full', marked, 'full')
    addDetect('detect, cut to 50 %, scan', part, 'scan')
    addDetect('detect, unmarked, direct', picture, 'direct')
    addDetect('detect, unmarked, full', picture, 'full')
    add('compare', { run: () => engine.imageCompare(picture, marked) })
  }
  const times = new Map([...works.keys()].map((name) => [name, []]))
  for (let run = -1; run < RUNS; run++)
    for (const [name, work] of works) {
      const prepared = work.prepare?.()
      const taken = await timed(() => work.run(prepared))
      // The first round warms up.
      if (run >= 0) times.get(name).push(taken)
    }
  return { times, found }
}

/** Peak growth of memory for one call in a process of its own, in bytes; undefined where that cannot be told. */
function memory(kind, work, size) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./speed-memory.mjs', import.meta.url)), [options.build, kind, work, ...size.map(String)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let grown
    child.on('message', (message) => (grown = message.grown))
    child.on('exit', () => resolve(grown))
  })
}

function section(name, picture, { times, found }, grown) {
  const megapixels = (picture.width * picture.height) / 1e6
  const wall = (what) => median(times.get(what).map((taken) => taken.wall))
  const processor = (what) => median(times.get(what).map((taken) => taken.cpu))
  const encode = processor('sharp: JPEG encode q90')
  const rows = [...times.keys()].map((what) => {
    const native = what.replace(/^wasm/, 'native')
    return [
      what, wall(what).toFixed(1), processor(what).toFixed(1), (processor(what) / megapixels).toFixed(1), (processor(what) / encode).toFixed(2),
      what.startsWith('wasm') && times.has(native) ? (processor(what) / processor(native)).toFixed(2) : '', found[what] ?? '',
    ]
  })
  const memoryRows = grown.map(({ what, bytes }) => [
    what, bytes === undefined ? 'not measured' : (bytes / MIB).toFixed(1), bytes === undefined ? '' : (bytes / (megapixels * 1e6)).toFixed(2),
    bytes === undefined ? '' : bytes <= 4 * megapixels * 1e6 + 64 * MIB ? 'yes' : '**no**',
  ])
  return `## ${name}: ${picture.width} x ${picture.height}, ${megapixels.toFixed(2)} MP\n\n` +
    `${table(['', 'ms', 'processor ms', 'processor ms / MP', 'x encode', 'wasm / native', 'mark'], rows)}\n\n` +
    `${table(['memory beyond the picture, peak', 'MiB', 'bytes / pixel', 'within 4 bytes / pixel + 64 MiB'], memoryRows)}\n`
}

const sdk = await loadSdk(options.build)
const engines = [sdk.nativeEngine(), ...(options['skip-wasm'] ? [] : [await sdk.wasmEngine()])]
const sections = []
for (const { name, picture } of await inputs(sdk)) {
  process.stderr.write(`${name}\n`)
  const measured = await measure(engines, picture)
  const grown = []
  for (const { kind } of engines)
    for (const work of ['embed', 'direct', 'full', 'compare']) grown.push({ what: `${kind}: ${work}`, bytes: await memory(kind, work, [picture.width, picture.height]) })
  sections.push(section(name, picture, measured, grown))
}
const text = `${head('Speed and memory of the image watermark', 'npm run bench --', options.build, [
  `median of ${RUNS} runs, measures taken in turn in one process; sharp with one thread; samples in memory, RGB`,
  'ratios are of processor time, which other work on the machine does not lengthen; where it equals the ms, one core was used',
  'memory: growth of the process above the samples and the loaded engine, on a made picture of the same size',
])}\n${sections.join('\n')}`
mkdirSync('bench/results', { recursive: true })
writeFileSync('bench/results/speed.md', text)
process.stdout.write(text)
