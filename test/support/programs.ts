// Programs that only tests use. Missing ones skip their tests, except under CI.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first of `names` that PATH holds, or undefined; under CI a missing program is a failure. */
export function program(...names: string[]): string | undefined {
  for (const name of names)
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not in this folder; the next one may hold it.
      }
    }
  if (process.env['CI'] === 'true') throw new Error(`${names.join(' or ')} is missing: run npm run setup.`)
  return undefined
}
