// The packages as they are released: what they hold, how they resolve, and that they run where a user installs them.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createPackageFromTarballData, checkPackage } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { beforeAll, expect, test } from 'vitest'
import { packageOf, platformHere, PLATFORMS } from '../scripts/platforms.mjs'
import { platformName } from '../src/engine/native.js'

const run = promisify(execFile)
const HERE = platformName()
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const ROOT = `countermark-${version}.tgz`
const PLATFORM = `countermark-${HERE}-${version}.tgz`
let folder: string
let files: string[]

/** Names and sizes of what a package holds. */
async function entries(name: string): Promise<{ path: string; bytes: number }[]> {
  const { stdout } = await run('tar', ['-tvzf', join(folder, name)])
  return stdout.trim().split('\n').map((line) => {
    const [, , bytes, , , ...path] = line.split(/\s+/)
    return { path: path.join(' ').replace(/^package\//, ''), bytes: Number(bytes) }
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countermark-packed-'))
  await run(process.execPath, ['scripts/pack.mjs', '-o', folder])
  files = readdirSync(folder).sort()
  return () => rmSync(folder, { recursive: true, force: true })
})


test('the root holds what a user needs and no more, and no native binary; the platform holds its binary', async () => {
  expect(files).toContain(ROOT)
  expect(files).toContain(PLATFORM)
  const root = await entries(ROOT)
  for (const { path } of root) expect(path).toMatch(/^(dist\/.*\.(js|d\.ts)|wasm\/pkg\/countermark_wasm(_full|_token)?(_bg)?\.(wasm|js|d\.ts|wasm\.d\.ts)|package\.json|LICENSE|README\.md|README\.zh\.md)$/)
  for (const needed of ['dist/index.js', 'dist/index.d.ts', 'dist/browser.js', 'dist/cli/main.js', 'wasm/pkg/countermark_wasm_full_bg.wasm', 'LICENSE']) expect(root.map(({ path }) => path)).toContain(needed)
  const bytes = root.reduce((sum, one) => sum + one.bytes, 0)
  expect(bytes).toBeLessThan(6 << 20)
  const platform = await entries(PLATFORM)
  expect(platform.map(({ path }) => path).sort()).toEqual(['LICENSE', 'README.md', `countermark.${HERE}.node`, 'package.json'])
  expect(platform.find(({ path }) => path.endsWith('.node'))?.bytes).toBeLessThan(10 << 20)
})

test('the root names every platform in its own version, and asks for no install script', async () => {
  const read = async (name: string): Promise<Record<string, any>> => JSON.parse((await run('tar', ['-xOzf', join(folder, name), 'package/package.json'])).stdout) as Record<string, any>
  const root = await read(ROOT)
  expect(root['optionalDependencies']).toEqual(Object.fromEntries(PLATFORMS.map((platform) => [packageOf(platform), root['version']])))
  expect([root['private'], root['scripts'], root['devDependencies']]).toEqual([undefined, undefined, undefined])
  const platform = await read(PLATFORM)
  expect(platform).toMatchObject({ name: `@countermark/${HERE}`, version: root['version'], main: `countermark.${HERE}.node`, os: [process.platform], cpu: [process.arch] })
  expect(platform['scripts']).toBeUndefined()
})

test('every entry point resolves, for programs and for types', async () => {
  const tarball = readFileSync(join(folder, ROOT))
  const { messages } = await publint({ pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) as ArrayBuffer }, strict: true })
  expect(messages).toEqual([])
  const analysis = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints: [/\.wasm$/] })
  if (analysis.types === false) throw new Error('the package has no types')
  // The package is ESM alone, and Node 10's way of resolving knows no exports.
  const problems = analysis.problems.filter((problem) => problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'))
  expect(problems).toEqual([])
  expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(['.', './browser', './adapters']))
})

test('the platforms, the loader and the release agree', () => {
  expect(platformHere()?.name).toBe(HERE)
  const workflow = readFileSync('.github/workflows/release.yml', 'utf8')
  for (const { name, triple } of PLATFORMS) {
    expect(workflow).toContain(`{ name: ${name}, triple: ${triple}, runner: `)
    expect(workflow.match(new RegExp(`{ name: ${name},`, 'g'))).toHaveLength(2)
  }
})

// npm has Node 22 and 24 as packages for this platform; setup installs them.
test.skipIf(HERE !== 'linux-x64-gnu')('installed without install scripts it runs on Node 20, 22 and 24: the root alone on WebAssembly, with its platform natively', async () => {
  const nodes = [process.execPath, ...['node-22', 'node-24'].map((name) => resolve(`.cache/nodes/node_modules/${name}/bin/node`))]
  const { stdout } = await run(process.execPath, ['scripts/try-packages.mjs', folder, HERE, ...nodes])
  const said = stdout.trim().split('\n').map((line) => /^try-packages: Node (\d+)\.[\d.]+: (.+)$/.exec(line)!.slice(1).join(' '))
  const here = process.versions.node.split('.')[0]!
  expect(said).toEqual([`${here} wasm`, '22 wasm', '24 wasm', `${here} native wasm`, '22 native wasm', '24 native wasm'])
}, 300_000)
