// node bench/inputs.mjs FOLDER... : what marking does to animations, what becomes of a watermark that another of the same key
// is put over, and what memory marking holds. Writes bench/results/inputs.md.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import sharp from 'sharp'
import { image, mark } from '../dist/index.js'
import { head, table } from './machine.mjs'
import { keyOf } from './random.mjs'
import { classOf, listPictures } from './pictures.mjs'
import { loadSdk } from './sdk.mjs'

const folders = process.argv.slice(2)
if (folders[0] === '--memory') {
  await memory(folders[1])
  process.exit()
}
if (folders.length === 0) {
  process.stderr.write('Name the folders with pictures: node bench/inputs.mjs FOLDER...\n')
  process.exit(2)
}
const sdk = await loadSdk()
const limits = sdk.limitsOf({})
const COMMON = { provider: { name: 'Example-Lab' }, produceId: 'c-1', key: 'public' }

/** Frames of a wandering scene: `photograph` with grain, `drawing` of flat shapes, `gradient` without edges. */
function scene(kind, width, height, count) {
  const out = Buffer.alloc(count * width * height * 3)
  let seed = 7
  for (let frame = 0, at = 0; frame < count; frame++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, at += 3) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        const [dx, dy] = [x - width / 2 - frame * 20, y - height / 2]
        const light = 128 + 60 * Math.sin((x + frame * 8) / 37) * Math.cos(y / 29) + (seed >>> 27) - 16
        const colour =
          kind === 'photograph' ? [light, light * 0.8 + 20, light * 0.6 + 50]
          : kind === 'drawing' ? (dx * dx + dy * dy < height * height / 16 ? [220, 60, 40] : y > height * 0.7 ? [60, 140, 70] : [130, 190, 240])
          : [(x * 255) / width, (y * 255) / height, 128 + frame * 10]
        colour.forEach((value, channel) => { out[at + channel] = Math.max(0, Math.min(255, value)) })
      }
  return out
}

async function animations() {
  const rows = []
  const count = 6
  const made = []
  for (const [width, height] of [[640, 512], [320, 240]])
    for (const kind of ['photograph', 'drawing', 'gradient'])
      for (const type of ['gif', 'webp']) {
        const bytes = await sharp(scene(kind, width, height, count), { raw: { width, height: height * count, channels: 3, pageHeight: height } })[type]({ delay: Array(count).fill(80) }).toBuffer()
        made.push({ name: `made ${kind}, ${width} x ${height}, ${type}`, bytes })
      }
  const real = folders.flatMap((folder) => listPictures([folder])).filter(({ path }) => /(^|\/)anim-.*\.(gif|webp|png)$/.test(path))
  for (const { name, bytes } of [...made, ...real.map(({ path, name }) => ({ name, bytes: readFileSync(path) }))]) {
    const start = performance.now()
    const { output, payload, watermark, label, quality } = await mark(bytes, COMMON)
    const ms = performance.now() - start
    const { pictures } = await sdk.sharpCodec.decodeAll(output, limits, new sdk.Deadline(limits))
    let read = 0
    for (const picture of pictures) {
      const [found] = await image.detect(picture, { effort: 'direct' })
      if (found.payload !== undefined && payload.startsWith(found.payload)) read += 1
    }
    rows.push([name, pictures.length, watermark.frames?.marked ?? `none: ${watermark.reason}`, watermark.embedded ? read : '', quality?.psnr.toFixed(1) ?? '', label.drawn ? 'yes' : 'no', (output.length / bytes.length).toFixed(1), Math.round(ms / pictures.length)])
  }
  return table(['animation', 'frames', 'marked', 'read', 'least dB', 'label', 'size, times', 'ms a frame'], rows)
}

/** One content's watermark, and another's of the same key over it: which of the two is read. */
async function remarking() {
  const pictures = folders.flatMap((folder) => listPictures([folder])).filter(({ path }) => /\.(jpe?g|png)$/.test(path) && ['ai', 'photograph', 'illustration', 'screen'].includes(classOf(path)) && !/hostile|anim-/.test(path))
  const tally = {}
  let tried = 0
  for (const [at, { path }] of pictures.entries()) {
    const read = await sharp(path).resize({ width: 1024, height: 1024, fit: 'inside', withoutEnlargement: true }).flatten().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true }).catch(() => undefined)
    if (read === undefined || read.info.channels !== 3 || Math.min(read.info.width, read.info.height) < 512) continue
    const { width, height } = read.info
    const key = keyOf('remark', at)
    const [older, newer] = await Promise.all(['1', '2'].map((id) => image.payloadOf(basename(path), id)))
    for (const quality of ['standard', 'robust']) {
      const picture = { samples: new Uint8Array(read.data), width, height, channels: 3, depth: 8 }
      if (!(await image.embed(picture, { payload: older, key })).embedded) continue
      await image.embed(picture, { payload: newer, key, quality })
      if (quality === 'standard') tried += 1
      const raw = () => sharp(picture.samples, { raw: { width, height, channels: 3 } })
      const copies = {
        'as it is': raw(), 'JPEG 70': sharp(await raw().jpeg({ quality: 70 }).toBuffer()),
        'crop to half, JPEG 70': sharp(await raw().extract({ left: 60, top: 50, width: Math.round(width * 0.7), height: Math.round(height * 0.7) }).jpeg({ quality: 70 }).toBuffer()),
        'half size, JPEG 70': sharp(await raw().resize({ width: width >> 1 }).jpeg({ quality: 70 }).toBuffer()),
      }
      for (const [name, copy] of Object.entries(copies)) {
        const { data, info } = await copy.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
        const [found] = await image.detect({ samples: data, width: info.width, height: info.height, channels: 3, depth: 8 }, { keys: [key] })
        const said = found.payload === undefined ? 'none' : newer.startsWith(found.payload) ? 'newer' : older.startsWith(found.payload) ? 'older' : 'another'
        const counts = ((tally[name] ??= {})[quality] ??= { newer: 0, older: 0, none: 0, another: 0 })
        counts[said] += 1
      }
    }
  }
  const cell = (counts) => [counts.newer, counts.older, counts.none + counts.another]
  return `${tried} pictures of at least 512 px, a private key each.\n\n${table(['copy', 'standard: newer', 'older', 'neither', 'robust: newer', 'older', 'neither'], Object.entries(tally).map(([name, { standard, robust }]) => [name, ...cell(standard), ...cell(robust)]))}`
}

/** In a process of its own: bytes that JavaScript holds at most during a call, and the process's own peak. */
async function memory(work) {
  const { samples, width, height } = { samples: scene('photograph', 4032, 3024, 1), width: 4032, height: 3024 }
  const bytes = await sharp(samples, { raw: { width, height, channels: 3 } }).jpeg({ quality: 90 }).toBuffer()
  const path = `/proc/self/clear_refs`
  samples.fill(0)
  const before = process.memoryUsage.rss()
  try {
    writeFileSync(path, '5')
  } catch {
    // Elsewhere than on Linux the peak includes what was before.
  }
  const base = process.memoryUsage().external
  let most = 0
  const timer = setInterval(() => { most = Math.max(most, process.memoryUsage().external - base) }, 5)
  const { mark: marking, verify } = await import('../dist/index.js')
  if (work === 'mark') await marking(bytes, { provider: { name: 'Example-Lab' }, key: 'public' })
  else if (work === 'verify') await verify(bytes, { keys: ['public'], effort: 'direct' })
  else {
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    await sharp(data, { raw: info }).jpeg({ quality: 90 }).toBuffer()
  }
  clearInterval(timer)
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? NaN) * 1024
  process.stdout.write(JSON.stringify({ most, grown: peak - before, copy: width * height * 3 }))
}

function memories() {
  const rows = ['sharp: decode and encode', 'mark', 'verify'].map((work) => {
    const { most, grown, copy } = JSON.parse(execFileSync(process.execPath, [import.meta.filename, '--memory', work], { encoding: 'utf8' }))
    return [work, (most / copy).toFixed(2), (most / 2 ** 20).toFixed(0), (grown / 2 ** 20).toFixed(0)]
  })
  return table(['12 MP JPEG', 'decoded copies held by JavaScript', 'MiB of it', 'process grew by MiB'], rows)
}

const text = [
  head('Animations, marking again, memory', 'node bench/inputs.mjs', '.', []),
  '## Animations\n', await animations(),
  '\nEvery frame of each marked file is looked at, direct search. `size`: the marked file against the source.\n',
  '## A second watermark of the same key\n', await remarking(),
  '\nThe older one at `standard`; the newer one over it at `standard` or at `robust` (what `remark: replace` does). Full search.\n',
  '## Memory\n', memories(), '',
].join('\n')
writeFileSync('bench/results/inputs.md', text)
process.stdout.write(text)
