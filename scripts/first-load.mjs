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

/** Prints the sum; ends the process with 1 where it is over the budget. Before both builds have run there is none. */
export function checkFirstLoad() {
  if (![...ENTRIES, ...MODULE].every((path) => existsSync(path))) return
  const size = (path) => brotliCompressSync(readFileSync(path)).length
  const sum = (paths) => paths.map(size).reduce((before, one) => before + one, 0)
  const seen = new Set()
  for (const entry of ENTRIES) scripts(entry, seen)
  const [module, beside] = [size(MODULE[1]), sum([MODULE[0], ...seen])]
  console.error(`first load: module ${module} + scripts ${beside} = ${module + beside} bytes after brotli, of ${BUDGET}`)
  if (module + beside <= BUDGET) return
  console.error(`first load: over the budget by ${module + beside - BUDGET} bytes: move a part to what is loaded on demand, or drop a dependency`)
  process.exit(1)
}
