// Which pictures a study takes, and of which class each is.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import sharp from 'sharp'
import { PATTERNS, patternOf } from './patterns.mjs'

const PICTURE = /\.(jpe?g|png|webp|avif|tiff?|gif|heic)$/i
const CLASSES = [
  ['ai', /^ai-/],
  ['illustration', /^(illustration|drawing|poster)-/],
  ['screen', /^(chart|screenshot|doc)-/],
]

/** By the name's prefix; whatever has none is a photograph. */
export function classOf(path) {
  return CLASSES.find(([, prefix]) => prefix.test(basename(path)))?.[0] ?? 'photograph'
}

const MADE = 'made:'

/**
 * The pictures of the folders in name order: `{ path, name, kind, number }`, and with `patterns` the made ones. `half`:
 * `odd` or `even` ones, counted from 1 within a folder and a class, whatever else the study leaves out.
 */
export function listPictures(folders, half, patterns) {
  const listed = []
  for (const folder of folders) {
    const counts = {}
    for (const file of readdirSync(folder).filter((name) => PICTURE.test(name)).sort()) {
      const kind = classOf(file)
      counts[kind] = (counts[kind] ?? 0) + 1
      if (half !== undefined && (counts[kind] % 2 === 1) !== (half === 'odd')) continue
      listed.push({ path: join(folder, file), name: `${basename(folder)}/${file}`, kind })
    }
  }
  if (patterns) listed.push(...PATTERNS.map((name) => ({ path: MADE + name, name: MADE + name, kind: 'pattern' })))
  return listed.map((picture, at) => ({ ...picture, number: at }))
}

export const shortSideOf = (picture) => Math.min(picture.width, picture.height)

/** Targets are set by size: `small` below 512 px, `large` from 1024 px. */
export function tierOf(picture) {
  const side = shortSideOf(picture)
  return side < 512 ? 'small' : side < 1024 ? 'medium' : 'large'
}

/** Paths as a reader of a report can use them, whatever machine it was made on. */
export function portable(path) {
  return relative('.', path) || '.'
}

/** Width and height from the header; undefined where that cannot be read. */
export async function sizeOf(path) {
  if (path.startsWith(MADE)) return patternOf(path.slice(MADE.length))
  return sharp(path).metadata().then((read) => ({ width: read.width, height: read.pageHeight ?? read.height }), () => undefined)
}

/** `{ picture }` as `mark` decodes it, or `{ skipped }` with the reason. */
export async function decode(sdk, path) {
  if (path.startsWith(MADE)) return { picture: await patternOf(path.slice(MADE.length)) }
  const limits = sdk.limitsOf({})
  try {
    const { picture, frames } = await sdk.sharpCodec.decode(readFileSync(path), limits, new sdk.Deadline(limits))
    return frames > 1 ? { skipped: 'animated' } : { picture }
  } catch (thrown) {
    return { skipped: thrown.message }
  }
}
