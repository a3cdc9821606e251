// Tries packed packages as a user meets them: installed into an empty project with install scripts disabled; the root alone runs on
// WebAssembly, and with the package of the platform natively. Fails where one does not.
//   node scripts/try-packages.mjs FOLDER PLATFORM [NODE...]      FOLDER: of scripts/pack.mjs; NODE: programs to try, else this one
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [folder, platform, ...programs] = process.argv.slice(2)
const find = (pattern) => {
  const found = readdirSync(folder).filter((name) => pattern.test(name))
  if (found.length !== 1) throw new Error(`${folder} holds ${found.length} packages for ${pattern}`)
  return resolve(folder, found[0])
}

// What a user's program does; it prints the engines that work.
const PROGRAM = `
import sharp from 'sharp'
import { createCountermark, diagnose } from 'countermark'
import { markedFetch } from 'countermark/adapters'
const png = await sharp({ create: { width: 512, height: 512, channels: 3, background: '#468', noise: { type: 'gaussian', mean: 128, sigma: 20 } } }).png().toBuffer()
const countermark = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public' })
const { output, produceId } = await countermark.mark(png, {})
const seen = await countermark.verify(output, { expect: { provider: 'Example-Lab', produceId } })
const watermark = seen.evidence.some(({ kind, found }) => kind === 'watermark' && found)
if (seen.verdict !== 'compliant' || !seen.matchesExpected || !watermark || typeof markedFetch !== 'function') throw new Error(JSON.stringify(seen))
console.log((await diagnose()).engines.filter(({ ok }) => ok).map(({ kind }) => kind).join(' '))
`

const place = mkdtempSync(join(tmpdir(), 'countermark-packages-'))
function run(program, args, more = {}) {
  const done = spawnSync(program, args, { cwd: place, encoding: 'utf8', ...more, env: { ...process.env, COUNTERMARK_ENGINE: '', HOME: place, ...more.env } })
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${done.status}\n${done.stdout}${done.stderr}`)
  return done.stdout.trim()
}
const install = (...packages) => run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { shell: process.platform === 'win32', env: { HOME: process.env.HOME } })

try {
  writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module" }')
  writeFileSync(join(place, 'program.mjs'), PROGRAM)
  for (const [packages, wanted] of [[[find(/^countermark-\d.*\.tgz$/)], 'wasm'], [[find(new RegExp(`^countermark-${platform}-\\d.*\\.tgz$`))], 'native wasm']]) {
    install(...packages)
    run(process.execPath, [join('node_modules', 'countermark', 'dist', 'cli', 'main.js'), 'doctor'])
    for (const node of programs.length === 0 ? [process.execPath] : programs) {
      const engines = run(node, ['program.mjs'])
      if (engines !== wanted) throw new Error(`${node}: the engines that work are "${engines}", not "${wanted}"`)
      console.log(`try-packages: Node ${run(node, ['-p', 'process.versions.node'])}: ${engines}`)
    }
  }
} finally {
  rmSync(place, { recursive: true, force: true })
}
