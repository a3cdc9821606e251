// Which pictures a study takes, and of which class each is.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

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

/**
 * The pictures of the folders in name order: `{ path, name, kind, number }`. `half`: `odd` or `even` ones, counted
 * from 1 within a folder and a class, whatever else the study leaves out.
 */
export function listPictures(folders, half) {
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

/** `{ picture }` as `mark` decodes it, or `{ skipped }` with the reason. */
export async function decode(sdk, path) {
  const limits = sdk.limitsOf({})
  try {
    const { picture, frames } = await sdk.sharpCodec.decode(readFileSync(path), limits, new sdk.Deadline(limits))
    return frames > 1 ? { skipped: 'animated' } : { picture }
  } catch (thrown) {
    return { skipped: thrown.message }
  }
}
