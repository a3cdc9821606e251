// Builds dist/ from src/. The folder is made anew, so that a source that went away leaves nothing behind.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { checkFirstLoad } from './first-load.mjs'

/** Packages that go along, cut to what is used: pages and workers without a bundler cannot resolve a package's name. */
const BUNDLED = [
  { name: 'fflate', folder: 'document', licence: 'LICENSE' },
  { name: 'sm-crypto-v2', folder: 'signature', licence: 'LICENCE_MIT', exports: ['sm2', 'sm3'] },
  { name: 'mediabunny', folder: 'media', licence: 'LICENSE', exports: ['ALL_FORMATS', 'AudioSampleSink', 'BufferSource', 'EncodedPacketSink', 'Input', 'VideoSampleSink'] },
]

rmSync('dist', { recursive: true, force: true })
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (built.status !== 0) process.exit(built.status ?? 1)

for (const { name, folder, licence, exports } of BUNDLED) {
  const room = join('dist', folder)
  for (const file of readdirSync(room).filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(join(room, file), 'utf8')
    writeFileSync(join(room, file), text.replace(new RegExp(`(from |import\\()'${name}'`, 'g'), `$1'./${name}.js'`))
  }
  const entry = `export ${exports === undefined ? '*' : `{ ${exports.join(', ')} }`} from '${name}'`
  const bundle = await rolldown({
    input: 'entry', platform: 'browser',
    plugins: [{ name: 'entry', resolveId: (id) => (id === 'entry' ? id : undefined), load: (id) => (id === 'entry' ? entry : undefined) }],
  })
  const { output: [{ code }] } = await bundle.generate({ format: 'esm', minify: true })
  const { version, license, repository } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'))
  const terms = join('node_modules', name, licence)
  if (!existsSync(terms)) throw new Error(`${name} has no ${licence}: its files have changed, update this script`)
  writeFileSync(join(room, `${name}.js`), `/*! ${name} ${version}, ${license}, ${repository.url ?? repository}\n${readFileSync(terms, 'utf8').replaceAll('*/', '* /')}*/\n${code}`)
}
checkFirstLoad()
