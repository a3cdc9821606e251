// The packages as they are released, as .tgz files: `countermark`, which holds no native binary, and one for each platform whose build
// lies in native/. The root names all platforms as optional dependencies of its own version, so that npm takes the one that fits,
// without any install script; what is only for working on the project stays out of its package.json.
//   node scripts/pack.mjs [-o FOLDER] [--all]      --all: fail where the build of a platform is missing
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { addonOf, packageOf, PLATFORMS } from './platforms.mjs'

const { values } = parseArgs({ options: { output: { type: 'string', short: 'o', default: '.' }, all: { type: 'boolean', default: false } } })
const source = JSON.parse(readFileSync('package.json', 'utf8'))
const { version, license, engines } = source

function stop(message) {
  console.error(`pack: ${message}`)
  process.exit(1)
}

/** Packs a folder; npm says what it took. */
function pack(folder) {
  const done = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(values.output), folder], {
    stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', shell: process.platform === 'win32',
  })
  if (done.status !== 0) stop(`npm pack failed in ${folder}`)
  const [{ name, filename, size, unpackedSize, entryCount }] = JSON.parse(done.stdout)
  console.log(`pack: ${filename}: ${name} ${version}, ${entryCount} files, ${size} bytes, ${unpackedSize} unpacked`)
}

const missing = [...source.files.filter((one) => !/[*!]/.test(one)), 'wasm/pkg/countermark_wasm_full_bg.wasm'].filter((one) => !existsSync(one))
if (missing.length > 0) stop(`${missing.join(', ')} missing. Run: npm run build`)
const built = PLATFORMS.filter((platform) => existsSync(addonOf(platform)))
if (values.all && built.length < PLATFORMS.length) stop(`no build of ${PLATFORMS.filter((one) => !built.includes(one)).map(({ name }) => name).join(', ')}`)

mkdirSync(values.output, { recursive: true })
const place = mkdtempSync(join(tmpdir(), 'countermark-pack-'))
try {
  for (const platform of built) {
    const folder = join(place, platform.name)
    mkdirSync(folder)
    const addon = addonOf(platform)
    copyFileSync(addon, join(folder, basename(addon)))
    copyFileSync('LICENSE', join(folder, 'LICENSE'))
    writeFileSync(join(folder, 'README.md'), `# ${packageOf(platform)}\n\nThe native engine of countermark for ${platform.triple}. Install \`countermark\`, which takes it by itself.\n`)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({
      name: packageOf(platform), version, description: `The native engine of countermark for ${platform.triple}.`, license,
      main: basename(addon), files: [basename(addon)], engines, ...platform.package, publishConfig: { access: 'public' },
    }, null, 2))
    pack(folder)
  }
  const root = join(place, 'root')
  for (const one of source.files.filter((name) => !name.startsWith('!'))) {
    mkdirSync(dirname(join(root, one)), { recursive: true })
    cpSync(one, join(root, one), { recursive: true })
  }
  // `private` keeps npm from publishing the folder itself.
  const { private: _private, scripts: _scripts, devDependencies: _dev, ...released } = source
  writeFileSync(join(root, 'package.json'), JSON.stringify({ ...released, optionalDependencies: Object.fromEntries(PLATFORMS.map((platform) => [packageOf(platform), version])) }, null, 2))
  pack(root)
} finally {
  rmSync(place, { recursive: true, force: true })
}
