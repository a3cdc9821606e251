// Puts the page and what it needs of the package into site/, which any static host can serve as it is.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const HERE = import.meta.dirname
const PACKAGE = resolve(HERE, '../..')
const ENTRIES = ['dist/element/index.js', 'dist/verifier/worker.js']
const MODULES = ['countermark_wasm', 'countermark_wasm_full'].flatMap((name) => [`wasm/pkg/${name}.js`, `wasm/pkg/${name}_bg.wasm`])

/** A script of the package and all that it may ever import. Names of packages are left out: the page does without them. */
function scripts(path, seen) {
  if (seen.has(path) || !existsSync(join(PACKAGE, path))) return seen
  seen.add(path)
  for (const [, from] of readFileSync(join(PACKAGE, path), 'utf8').matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\()['"](\.[^'"]+\.js)['"]/g)) scripts(join(dirname(path), from), seen)
  return seen
}

/** Builds site/ anew; gives its path. */
export function build() {
  if (![...ENTRIES, ...MODULES].every((path) => existsSync(join(PACKAGE, path))))
    for (const step of ['setup', 'build']) {
      const { status } = spawnSync('npm', ['run', step], { cwd: PACKAGE, stdio: ['ignore', 'inherit', 'inherit'] })
      if (status !== 0) throw new Error(`npm run ${step} failed in ${relative('.', PACKAGE) || '.'}`)
    }
  const site = join(HERE, 'site')
  rmSync(site, { recursive: true, force: true })
  cpSync(join(HERE, 'page'), site, { recursive: true })
  const seen = new Set(MODULES)
  for (const entry of ENTRIES) scripts(entry, seen)
  for (const path of seen) {
    const to = join(site, 'countermark', path)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(PACKAGE, path), to)
  }
  const files = readdirSync(site, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    .map((one) => relative(site, join(one.parentPath, one.name)).replaceAll('\\', '/')).filter((name) => name !== 'sw.js').sort()
  const version = createHash('sha256')
  for (const file of files) version.update(file).update(readFileSync(join(site, file)))
  const worker = join(site, 'sw.js')
  writeFileSync(worker, readFileSync(worker, 'utf8').replace('VERSION', version.digest('hex').slice(0, 16)).replace('const FILES = []', `const FILES = ${JSON.stringify(['./', ...files])}`))
  return site
}

if (process.argv[1] === import.meta.filename) console.log(build())
