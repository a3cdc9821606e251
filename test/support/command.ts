// The built command line as a child process, away from the machine's own key and language.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

/** What one run said. `signal` is set where it was killed. */
export interface Run { code: number | null; signal: string | null; stdout: string; stderr: string }

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')

/** Runs `countermark`; it is killed after `seconds`. */
export function countermark(args: string[], { env = {}, seconds = 60 }: { env?: Record<string, string>; seconds?: number } = {}): Promise<Run> {
  const clean = { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', LANG: 'C', ...env }
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], { env: clean, timeout: seconds * 1000, killSignal: 'SIGKILL', maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const failed = error as { code?: unknown; signal?: string | null } | null
      done({ code: failed === null ? 0 : typeof failed.code === 'number' ? failed.code : null, signal: failed?.signal ?? null, stdout, stderr })
    })
  })
}

/** JSON lines of stdout. */
export function lines(run: Run): Record<string, unknown>[] {
  return run.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A folder that is gone after the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'countermark-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}
