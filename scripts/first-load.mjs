// What a page loads before the first answer about a picture, after brotli: the module for pictures and every script that the
// element, its verifier and their worker import at once. Both builds print the sum and fail when it is over BUDGET.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const BUDGET = 350_000
const ENTRIES = ['dist/element/index.js', 'dist/browser.js', 'dist/verifier/worker.js']
const MODULE = ['wasm/pkg/countermark_wasm.js', 'wasm/pkg/countermark_wasm_bg.wasm']

/** A script and all that it imports when it is loaded. */
function scripts(path, seen = new Set()) {
  if (seen.has(path)) return seen
  seen.add(path)
  const text = readFileSync(path, 'utf8')
  for (const [, from] of text.matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s*)?['"](\.[^'"]+)['"]/gm)) scripts(join(dirname(path), from), seen)
  return seen
}

/** Bytes after brotli. Undefined before both builds have run. */
export function firstLoad() {
  if (![...ENTRIES, ...MODULE].every((path) => existsSync(path))) return undefined
  const size = (path) => brotliCompressSync(readFileSync(path)).length
  const seen = new Set()
  for (const entry of ENTRIES) scripts(entry, seen)
  return { module: size(MODULE[1]), scripts: [MODULE[0], ...seen].map(size).reduce((before, one) => before + one, 0), budget: BUDGET }
}

/** Prints the sum; ends the process with 1 where it is over the budget. */
export function checkFirstLoad() {
  const load = firstLoad()
  if (load === undefined) return
  const { module, scripts } = load
  console.error(`first load: module ${module} + scripts ${scripts} = ${module + scripts} bytes after brotli, of ${BUDGET}`)
  if (module + scripts <= BUDGET) return
  console.error(`first load: over the budget by ${module + scripts - BUDGET} bytes: move a part to what is loaded on demand, or drop a dependency`)
  process.exit(1)
}
