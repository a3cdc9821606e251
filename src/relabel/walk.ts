// A folder, one file after the other: never a list of all of them.
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { CountermarkError, fromSystem } from '../errors.js'

/** Something in the source folder. */
export type Found =
  | { kind: 'folder'; path: string }
  | { kind: 'file'; path: string; size: number; modified: number; mode: number }
  /** A link, a pipe, a device. */
  | { kind: 'other'; path: string; reason: string }
  | { kind: 'unreadable'; path: string; error: CountermarkError }

/** Files of our own in an output folder, which may be a source later. */
const OWN = /^\.countermark-relabel\.(db|lock)(-wal|-shm|-journal)?$/

/** Everything in `root`, folders before what is in them. Paths are relative to it. Links are not followed. */
export async function* walk(root: string, folder = ''): AsyncGenerator<Found> {
  yield { kind: 'folder', path: folder }
  const inner: string[] = []
  try {
    for await (const entry of await opendir(join(root, folder))) {
      const path = join(folder, entry.name)
      if (OWN.test(entry.name)) continue
      if (entry.isDirectory()) inner.push(path)
      else yield await look(root, path)
    }
  } catch (thrown) {
    yield { kind: 'unreadable', path: folder, error: fromSystem(thrown, join(root, folder)) }
  }
  for (const path of inner) yield* walk(root, path)
}

async function look(root: string, path: string): Promise<Found> {
  try {
    const facts = await lstat(join(root, path))
    if (facts.isFile()) return { kind: 'file', path, size: facts.size, modified: Math.round(facts.mtimeMs), mode: facts.mode & 0o777 }
    return { kind: 'other', path, reason: facts.isSymbolicLink() ? 'a link, which is not followed' : 'not a regular file' }
  } catch (thrown) {
    return { kind: 'unreadable', path, error: fromSystem(thrown, join(root, path)) }
  }
}
