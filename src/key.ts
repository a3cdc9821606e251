// The watermark's key: where it lies, how it is made, what it is called.
import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CountermarkError, fromSystem } from './errors.js'
import { writeWhole } from './media/source.js'
import type { Key } from './types.js'

/** What a key file holds. */
export interface KeyFile {
  version: 1
  /** 8 hexadecimal digits that name the key without giving it away. */
  id: string
  /** 64 hexadecimal digits. */
  secret: string
}

/** `$COUNTERMARK_KEY`, else `$XDG_CONFIG_HOME/countermark/key.json`, else `~/.config/countermark/key.json`. */
export function defaultKeyPath(): string {
  return process.env['COUNTERMARK_KEY'] || join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'countermark', 'key.json')
}

/** `public`, or the first 8 digits of HMAC-SHA-256 of the purpose `id`, as the core computes it. */
export function keyIdOf(key: Key): string {
  return key === 'public' ? key : createHmac('sha256', Buffer.from(key, 'hex')).update('countermark/1/id').digest('hex').slice(0, 8)
}

/** Reads a key file. ERR_IO where it cannot be read, ERR_PARAMETER where it is not a key file. */
export async function readKey(path: string): Promise<Key> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
  let file: Partial<KeyFile> | null
  try {
    file = JSON.parse(text) as Partial<KeyFile> | null
  } catch {
    // Not quoted in the error: it may be a secret of another kind.
    file = null
  }
  const secret = file?.version === 1 ? file.secret : undefined
  if (typeof secret !== 'string' || !/^[0-9a-f]{64}$/i.test(secret))
    throw new CountermarkError('ERR_PARAMETER', `${path} is not a key file.`, { remedy: 'Make one with countermark keygen.' })
  return secret.toLowerCase()
}

/** The key of this machine: the default key file where there is one, else `public`. */
export async function defaultKey(): Promise<{ key: Key; path?: string }> {
  const path = defaultKeyPath()
  // A path that was named must be there; the usual place may be empty.
  if (!process.env['COUNTERMARK_KEY'] && (await stat(path).catch(() => undefined)) === undefined) return { key: 'public' }
  try {
    return { key: await readKey(path), path }
  } catch (thrown) {
    const { code, message } = fromSystem(thrown, path)
    if (!process.env['COUNTERMARK_KEY']) throw thrown
    throw new CountermarkError(code, `The key file that COUNTERMARK_KEY names: ${message}`, { remedy: 'Let COUNTERMARK_KEY name a key file (countermark keygen makes one), or leave it out.', cause: thrown })
  }
}

/**
 * Makes a private key and writes it to `path` (default: the place where `mark` looks), readable by the owner only.
 * ERR_CONFLICT where a file is there already: its watermarks could no longer be read.
 */
export async function keygen(path: string = defaultKeyPath()): Promise<{ path: string; id: string }> {
  if ((await stat(path).catch(() => undefined)) !== undefined)
    throw new CountermarkError('ERR_CONFLICT', `${path} exists already.`, { remedy: 'Choose another path; without the old key its watermarks cannot be read any more.' })
  const secret = randomBytes(32).toString('hex')
  const file: KeyFile = { version: 1, id: keyIdOf(secret), secret }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
  await writeWhole(path, Buffer.from(`${JSON.stringify(file, null, 2)}\n`), 0o600)
  return { path, id: file.id }
}
