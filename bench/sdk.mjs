// The build that is measured: dist/ of this project, or of another folder, so that two versions can be compared and a
// long study does not see a build that changes under it.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'

/** Parts of the SDK by their own names; `folder` holds dist/ and native/ (and wasm/pkg/). */
export async function loadSdk(folder = '.') {
  const part = (path) => import(pathToFileURL(resolve(join(folder, 'dist', path))).href)
  if (!existsSync(join(folder, 'dist', 'index.js'))) throw new Error(`There is no build in ${folder}: npm run build`)
  const [native, wasm, limits, sharp] = await Promise.all(
    ['engine/native.js', 'engine/wasm.js', 'limits.js', 'media/sharp.js'].map(part),
  )
  return { ...native, ...wasm, ...limits, ...sharp }
}

/** The same with its native engine, in a process that keeps one core busy with one picture after the other. */
export async function loadWorker(folder) {
  sharp.concurrency(1)
  sharp.cache(false)
  const sdk = await loadSdk(folder)
  return { sdk, engine: sdk.nativeEngine() }
}

/** Which native module that is: results of two builds must not be taken for one's. */
export function buildOf(folder = '.') {
  const native = join(folder, 'native')
  const modules = existsSync(native) ? readdirSync(native).filter((name) => name.endsWith('.node')).sort() : []
  if (modules.length === 0) return 'none'
  const hash = createHash('sha256')
  for (const name of modules) hash.update(readFileSync(join(native, name)))
  return hash.digest('hex').slice(0, 12)
}
