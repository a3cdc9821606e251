// Files that are made to break readers. Each goes through verify and mark in a process of its own, with both engines: a
// verdict or an error with a stable code comes out, within a minute and 2 GiB, and no half of a file stays behind.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ErrorCode, Verdict } from '../src/index.js'
import { folder } from './support/command.js'
import { media, mediaFiles, testOnMedia } from './support/media.js'

const SECONDS = 60
const MIB = 2048
/** A folder of hostile files with fewer than this is not the one that this test is for. */
const LEAST = 40

const FACE = resolve(import.meta.dirname, '../dist/index.js')
const CHILD = `
  import { mark, verify } from ${JSON.stringify(FACE)}
  const [file, to] = process.argv.slice(1)
  const said = (call) => call.then(
    ({ verdict, type, findings }) => ({ verdict, type, rules: findings.map(({ rule }) => rule) }),
    ({ name, code, message }) => ({ name, code, message }),
  )
  const seen = await said(verify(file, { keys: ['public'] }))
  const marked = await said(mark(file, { provider: { name: 'Example-Lab' }, key: 'public', to }))
  const bare = await said(mark(file, { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, as: 'bytes' }))
  console.log(JSON.stringify({ seen, marked, bare, mib: process.resourceUsage().maxRSS / 1024 }))
`

interface Said { verdict?: Verdict; type?: string; rules?: string[]; name?: string; code?: ErrorCode; message?: string }
interface Outcome { seen: Said; marked: Said; bare: Said; mib: number; left: string[] }

const VERDICTS: readonly unknown[] = ['compliant', 'non-compliant', 'not found', 'cannot tell']
/** ERR_INTERNAL is a defect, ERR_READBACK a failure of ours, and the others are not about files. */
const CODES: readonly unknown[] = ['ERR_BROKEN', 'ERR_UNSUPPORTED', 'ERR_LIMIT', 'ERR_CONFLICT']

function run(file: string, engine: string): Promise<Outcome> {
  const home = folder()
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, file, join(home, basename(file))], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', COUNTERMARK_ENGINE: engine },
    })
    let [stdout, stderr, why] = ['', '', '']
    child.stdout.on('data', (bytes) => { stdout += bytes })
    child.stderr.on('data', (bytes) => { stderr += bytes })
    const end = (reason: string): void => { why = reason; child.kill('SIGKILL') }
    const timer = setTimeout(() => end(`took longer than ${SECONDS} seconds`), SECONDS * 1000)
    const watch = setInterval(() => residentMib(child.pid) > MIB && end(`used more than ${MIB} MiB`), 50)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      clearInterval(watch)
      if (code !== 0) fail(new Error(`${basename(file)}: ${why || `ended with ${signal ?? code}`} ${stderr}`))
      else done({ ...(JSON.parse(stdout) as Outcome), left: readdirSync(home) })
    })
  })
}

/** What a process holds in memory now; 0 where the system does not tell. */
function residentMib(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    // The process has just ended, or this is not Linux.
    return 0
  }
}

testOnMedia('the folder holds what this test is for', () => {
  expect(mediaFiles('hostile').length).toBeGreaterThanOrEqual(LEAST)
})

describe.skipIf(media === undefined).each(['native', 'wasm'])('by the %s engine', (engine) => {
  test.each(mediaFiles('hostile').map((path) => [basename(path), path] as const))('%s', async (name, path) => {
    const { seen, marked, bare, mib, left } = await run(path, engine)
    for (const said of [seen, marked, bare]) {
      if (said.verdict !== undefined) expect(VERDICTS).toContain(said.verdict)
      else expect([said.name, CODES.includes(said.code)], `${said.code}: ${said.message}`).toEqual(['CountermarkError', true])
    }
    // None of them carries a mark. One that was not read to its end is not "not found" either.
    expect(seen.verdict === undefined || seen.verdict === 'not found' || seen.verdict === 'cannot tell' || seen.verdict === 'non-compliant', JSON.stringify(seen)).toBe(true)
    if (/^(truncated|broken|corrupt|bomb-\d)/.test(name)) expect(seen.verdict).not.toBe('not found')
    if (/^bomb-\d/.test(name)) expect([seen.code, marked.code]).toEqual(['ERR_LIMIT', name.endsWith('.avif') ? 'ERR_UNSUPPORTED' : 'ERR_LIMIT'])
    // The label of a plain text is a file beside it.
    expect(left.filter((one) => one !== `${name}.aigc.json`)).toEqual(marked.verdict === undefined ? [] : [name])
    expect(mib).toBeLessThan(MIB)
  }, (SECONDS + 10) * 1000)
})
