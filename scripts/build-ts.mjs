// Builds dist/ from src/. The folder is made anew, so that a source that went away leaves nothing behind.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkFirstLoad } from './first-load.mjs'

rmSync('dist', { recursive: true, force: true })
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (built.status !== 0) process.exit(built.status ?? 1)

// Pages without a bundler cannot resolve a package's name: fflate goes along, with its licence.
const folder = join('dist', 'document')
for (const name of readdirSync(folder).filter((one) => one.endsWith('.js'))) {
  const text = readFileSync(join(folder, name), 'utf8')
  writeFileSync(join(folder, name), text.replace(/from 'fflate'/g, "from './fflate.js'"))
}
const licence = readFileSync(join('node_modules', 'fflate', 'LICENSE'), 'utf8')
writeFileSync(join(folder, 'fflate.js'), `/*! fflate\n${licence}*/\n${readFileSync(join('node_modules', 'fflate', 'esm', 'browser.js'), 'utf8')}`)
checkFirstLoad()
