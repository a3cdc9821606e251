// npm run study:looks -- FOLDER... [--worst N --limit N --quality Q --seed N --build FOLDER --out FOLDER] or --made: what a mark looks like
// where it is seen most. For the N pictures with the worst SSIMULACRA 2 and for those that are flat or dark, a strip of enlarged crops:
// original, marked, difference x 16 about mid-grey. The place is that of the largest change beside what hides it. The output
// folder (.cache/looks) is outside git, since the pictures are other people's; --made takes made pictures and writes docs/looks.
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { canvasOf, cut, pipe } from './canvas.mjs'
import { head, table } from './machine.mjs'
import { startPerceptual } from './perceptual.mjs'
import { decode, listPictures, portable, shortSideOf, sizeOf } from './pictures.mjs'
import { PLAIN, plainOf } from './plain.mjs'
import { keyOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'

/** The flat and dark ones of the development data (its SOURCES.md): shown whatever their score. */
const NAMED = [
  'photo-moon-clear-sky-512', 'photo-sea-flat-512', 'photo-night-sky-stars-512', 'poster-gradient-9mp', 'ai-doubao-tc260-xmp',
  'kodak-20-plane-flat-sky', 'drawing-ink-tree-bw-512', 'screenshot-docs-page-2048',
]
/** Pixels of a crop's side, how much it is enlarged, and the difference's factor. */
const CROP = 64
const ENLARGED = 3
const FACTOR = 16

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    made: { type: 'boolean' }, worst: { type: 'string', default: '12' }, limit: { type: 'string' }, quality: { type: 'string', default: 'standard' },
    seed: { type: 'string', default: '1' }, build: { type: 'string', default: '.' }, out: { type: 'string' },
  },
})
if (folders.length === 0 && !options.made) {
  process.stderr.write('Name the folders with pictures, or --made: npm run study:looks -- FOLDER...\n')
  process.exit(2)
}
const perceptual = startPerceptual()
if (perceptual === undefined) {
  process.stderr.write('SSIMULACRA 2 chooses the pictures: cargo build --release -p perceptual\n')
  process.exit(2)
}
const out = options.out ?? (options.made ? 'docs/looks' : '.cache/looks')
const sdk = await loadSdk(options.build)
const engine = sdk.nativeEngine()

function lumaOf({ samples, width, height }) {
  const luma = new Float32Array(width * height)
  for (let at = 0, from = 0; at < luma.length; at++, from += 3) luma[at] = 0.299 * samples[from] + 0.587 * samples[from + 1] + 0.114 * samples[from + 2]
  return luma
}

/** The window in which the change is largest beside the picture's own detail: `{ left, top, rms, hidden }` in grey levels. */
function mostVisible(original, marked) {
  const { width, height } = original
  const [before, after] = [lumaOf(original), lumaOf(marked)]
  const step = Math.max(8, Math.round(Math.sqrt(width * height) / 128))
  let best
  for (let top = 0; top + CROP <= height; top += step)
    for (let left = 0; left + CROP <= width; left += step) {
      let change = 0
      let detail = 0
      for (let y = top; y < top + CROP - 1; y += 2)
        for (let x = left; x < left + CROP - 1; x += 2) {
          const at = y * width + x
          change += (after[at] - before[at]) ** 2
          detail += ((before[at + 1] - before[at]) ** 2 + (before[at + width] - before[at]) ** 2) / 2
        }
      const count = (CROP / 2) ** 2
      // A flat window hides about two grey levels.
      const visible = change / (detail + 4 * count)
      if (best === undefined || visible > best.visible) best = { left, top, visible, rms: Math.sqrt(change / count), detail: Math.sqrt(detail / count) }
    }
  return best
}

/** Three crops side by side, a grey line between them. */
async function strip(original, marked, { left, top }, file) {
  const change = { ...original, samples: original.samples.map((value, at) => Math.min(255, Math.max(0, 128 + FACTOR * (marked.samples[at] - value)))) }
  const side = CROP * ENLARGED
  const crops = await Promise.all([original, marked, change].map(async (canvas) =>
    pipe(await cut(canvas, left, top, CROP, CROP)).resize(side, side, { kernel: 'nearest' }).png().toBuffer()))
  await sharp({ create: { width: 3 * side + 16, height: side, channels: 3, background: '#808080' } })
    .composite(crops.map((input, at) => ({ input, left: at * (side + 8), top: 0 })))
    .png({ compressionLevel: 9, effort: 10 })
    .toFile(file)
}

async function marking({ name, load }) {
  const original = await load()
  if (original === undefined) return undefined
  const marked = { ...original, samples: original.samples.slice() }
  const payload = engine.payloadOf('Countermark study', name, 64)
  const report = await engine.imageEmbed(marked, { key: keyOf(options.seed, name), payload, quality: options.quality })
  if (!report.embedded) return { name, reason: report.reason }
  const { psnr, ssim } = await engine.imageCompare(original, marked)
  return { name, original, marked, psnr, ssim, score: await perceptual.score(original, marked) }
}

const number = (value, digits) => (value === undefined ? 'too large' : value.toFixed(digits))

/** Everything is measured first, then only what is shown is marked again: many pictures do not fit into memory together. */
async function measured(sources) {
  const rows = []
  for (const source of sources) {
    const done = await marking(source)
    if (done === undefined) continue
    rows.push({ ...source, reason: done.reason, score: done.score })
    process.stderr.write(`[${rows.length}/${sources.length}] ${source.name}\n`)
  }
  return rows
}

async function sourcesOf() {
  if (options.made) return PLAIN.map((name) => ({ name, load: () => plainOf(name) }))
  const counts = {}
  const sources = []
  for (const { path, name, kind } of listPictures(folders)) {
    const size = await sizeOf(path)
    const named = NAMED.some((one) => basename(name).startsWith(one))
    counts[kind] = (counts[kind] ?? 0) + 1
    if (size === undefined || shortSideOf(size) < 160 || (!named && counts[kind] > Number(options.limit ?? Infinity))) continue
    const load = async () => {
      const { picture } = await decode(sdk, path)
      return picture === undefined ? undefined : canvasOf(picture)
    }
    sources.push({ name, named, load })
  }
  return sources
}

const rows = await measured(await sourcesOf())
const scored = rows.filter((row) => row.score !== undefined).sort((a, b) => a.score - b.score)
const worst = new Set(options.made ? rows : scored.slice(0, Number(options.worst)))
const shown = rows.filter((row) => worst.has(row) || row.named)
mkdirSync(out, { recursive: true })
const lines = []
for (const row of shown.sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity))) {
  const { original, marked, reason, psnr, ssim, score } = await marking(row)
  if (reason !== undefined) {
    lines.push([row.name, '', '', '', '', '', '', `not marked: ${reason}`])
    continue
  }
  const place = mostVisible(original, marked)
  const file = `${basename(row.name).replace(/\.\w+$/, '')}.png`
  await strip(original, marked, place, join(out, file))
  lines.push([row.name, number(score, 2), psnr.toFixed(2), ssim.toFixed(4), `${place.left}, ${place.top}`, place.rms.toFixed(2), place.detail.toFixed(2), options.made ? `![${row.name}](${file})` : file])
}
perceptual.end()
const facts = [
  options.made ? 'pictures: made by bench/plain.mjs, 1024 x 1024' : `inputs: ${rows.length} pictures of ${folders.map(portable).join(', ')}`,
  `quality ${options.quality}; crops of ${CROP} x ${CROP} pixels, ${ENLARGED} times enlarged: original, marked, difference x ${FACTOR} about mid-grey`,
  'place: where the change is largest beside the detail that hides it; change and detail: root mean squares there, in grey levels',
]
const text = `${head('What a mark looks like where it is seen most', 'npm run study:looks --', options.build, facts)}
${table(['picture', 'SSIMULACRA 2', 'PSNR', 'SSIM', 'place', 'change', 'detail', 'crops'], lines)}
`
writeFileSync(join(out, 'README.md'), text)
process.stdout.write(text)
