// The media that tests read: a folder outside the repository, named by COUNTERMARK_MEDIA (or ../shared/data).
// Without it those tests are skipped and counted as such; under CI it must be there.
import { readdirSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { test } from 'vitest'

function find(): string | undefined {
  const named = process.env['COUNTERMARK_MEDIA']
  const folder = resolve(import.meta.dirname, '../..', named ?? '../shared/data')
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder
  if (named !== undefined || process.env['CI'] === 'true')
    throw new Error('The test media are missing: set COUNTERMARK_MEDIA to the folder that holds image/, audio/, video/ and text/.')
  return undefined
}

/** The media folder, or undefined where there is none (only outside CI). */
export const media: string | undefined = find()

/** `test` where the media are present, `test.skip` where they are not. */
export const testOnMedia: typeof test | typeof test.skip = media === undefined ? test.skip : test

/**
 * Paths of the files below `folder` of the media, sorted, at most `limit`.
 * Empty where there are no media. `extensions` are lower case with the dot, e.g. `['.jpg', '.png']`.
 */
export function mediaFiles(folder: string, extensions?: string[], limit = Infinity): string[] {
  if (media === undefined) return []
  return readdirSync(join(media, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => extensions === undefined || extensions.includes(extname(name).toLowerCase()))
    .map((name) => join(media, folder, name))
    .filter((path) => statSync(path).isFile())
    .sort()
    .slice(0, limit)
}
