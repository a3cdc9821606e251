// Folders for work on files that need a path. A process that is killed leaves its own; the next one takes them away.
import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder in the system's temporary place that only this user can enter; whoever asks for it removes it. */
export async function temporaryFolder(): Promise<string> {
  await sweepTemporary()
  return mkdtemp(join(tmpdir(), `countermark-${process.pid}-${await machine()}-`))
}

let swept: Promise<void> | undefined

/** Removes the folders that processes of this user and machine left when they were killed; once a process. */
export function sweepTemporary(): Promise<void> {
  return (swept ??= sweep())
}

async function sweep(): Promise<void> {
  const here = await machine()
  const names = await readdir(tmpdir()).catch(() => [])
  for (const name of names) {
    const [, pid, place] = /^countermark-(\d+)-([0-9a-f]{8})-\w{6}$/.exec(name) ?? []
    if (place !== here || runs(Number(pid))) continue
    const path = join(tmpdir(), name)
    const facts = await lstat(path).catch(() => undefined)
    // What cannot be removed stays for the system's own cleaning: it is no reason not to work.
    if (facts?.isDirectory() && facts.uid === (process.getuid?.() ?? facts.uid)) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

/** Where a process number means the same: containers that share a folder number their processes each for itself. */
async function machine(): Promise<string> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '')
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 8)
}

/** A process of another user cannot be signalled, but runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as { code?: unknown }).code !== 'ESRCH'
  }
}
