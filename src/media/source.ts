// Bytes in, bytes out: every kind of input of the contract, in Node.
import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CountermarkError, fromSystem } from '../errors.js'
import { checkBytes, type Deadline, type Limits } from '../limits.js'
import type { Input, MarkOptions } from '../types.js'

/** The bytes of an input, and what is needed to give the output the same form. */
export interface Source {
  bytes: Uint8Array
  form: 'path' | 'bytes' | 'blob' | 'file' | 'web-stream' | 'stream'
  /** Path, or name of a File. */
  name?: string
}

/** The path of a text or file URL. ERR_USAGE for other URLs: nothing is fetched. */
export function pathOf(where: string | URL): string {
  if (typeof where === 'string') return where
  if (where.protocol !== 'file:') throw new CountermarkError('ERR_USAGE', `Only file: URLs are read, not ${where.protocol}`, { remedy: 'Fetch it and pass the bytes.' })
  return fileURLToPath(where)
}

/** Reads an input whole, but never more than `limits.bytes`. */
export async function readSource(input: Input, limits: Limits, deadline: Deadline): Promise<Source> {
  if (typeof input === 'string' || input instanceof URL) {
    const name = pathOf(input)
    return { bytes: await deadline.within(readPath(name, limits)), form: 'path', name }
  }
  if (input instanceof Uint8Array) {
    checkBytes(input.byteLength, limits)
    return { bytes: input, form: 'bytes' }
  }
  if (input instanceof Blob) {
    checkBytes(input.size, limits)
    const bytes = new Uint8Array(await deadline.within(input.arrayBuffer()))
    return isFile(input) ? { bytes, form: 'file', name: input.name } : { bytes, form: 'blob' }
  }
  if (input instanceof ReadableStream) return { bytes: await deadline.within(collect(input, limits)), form: 'web-stream' }
  if (typeof (input as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function')
    return { bytes: await deadline.within(collect(input, limits)), form: 'stream' }
  throw new CountermarkError('ERR_USAGE', 'The input is none of: path, file URL, Uint8Array, Blob, File, Web stream, Node stream.')
}

function isFile(blob: Blob): blob is File {
  return 'name' in blob && typeof blob.name === 'string'
}

/** The bytes of a file that may not be there. */
export async function readBeside(path: string, limits: Limits): Promise<Uint8Array | undefined> {
  const facts = await stat(path).catch(() => undefined)
  return facts?.isFile() ? readPath(path, limits) : undefined
}

async function readPath(path: string, limits: Limits): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r')
    try {
      const facts = await file.stat()
      // A pipe or device has no size before it is read.
      if (!facts.isFile()) return await collect(file.createReadStream({ autoClose: false }), limits)
      checkBytes(facts.size, limits)
      return await file.readFile()
    } finally {
      await file.close()
    }
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}

/** The first bytes of a regular file, or undefined for anything else: a pipe can be read only once. */
export async function headOf(path: string, count: number): Promise<Uint8Array | undefined> {
  try {
    const facts = await stat(path)
    if (!facts.isFile()) return undefined
    return await bytesOf(path, 0, count)
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}

/** Bytes of a file. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}

/** At most `count` bytes of a file from `at`. */
export async function bytesOf(path: string, at: number, count: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, at)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function collect(stream: AsyncIterable<Uint8Array | string>, limits: Limits): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of stream) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    size += bytes.byteLength
    checkBytes(size, limits)
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

/** ERR_USAGE where the output path is the input file itself, also under another name: inputs are never overwritten. */
export async function checkTarget(input: string, target: string): Promise<void> {
  const same = async (): Promise<boolean> => {
    if (resolve(input) === resolve(target)) return true
    const [a, b] = await Promise.all([input, target].map((path) => stat(path).catch(() => undefined)))
    return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
  }
  if (await same()) throw new CountermarkError('ERR_USAGE', `The output ${target} is the input itself.`, { remedy: 'Choose another output; inputs are never overwritten.' })
}

/** A name in the same folder that nobody has. */
export function besides(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

/** Gives a finished file its name. */
export async function publish(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path)
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
  await syncFolder(dirname(path))
}

/** How a file comes to its name. */
export interface Staging {
  /** The name before; default: one that nobody has. A file that has it already is overwritten. */
  temporary?: string
  /** Runs when the file is complete and flushed, but has not its name yet. Where it fails, the file is gone. Of bytes and streams without a file. */
  before?: (temporary?: string) => Promise<void>
}

/** Writes a file whole or not at all: a temporary name in the same folder, flushed to the disk, then renamed. */
export async function writeWhole(path: string, bytes: Uint8Array, mode = 0o666, staging: Staging = {}): Promise<void> {
  const folder = dirname(path)
  const temporary = staging.temporary ?? besides(path)
  try {
    if (staging.temporary !== undefined) await rm(temporary, { force: true })
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await staging.before?.(temporary)
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => {})
    if ((thrown as { code?: unknown }).code === 'ENOENT') throw new CountermarkError('ERR_IO', `${folder}: there is no such folder.`, { cause: thrown })
    throw fromSystem(thrown, path)
  }
  await syncFolder(folder)
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // Windows and some network disks cannot flush a folder; the file itself is flushed.
  }
}

/** The bytes in the form that was asked for: a path that was written, or the input's own kind. */
export async function deliver(bytes: Uint8Array, type: string, source: Source, options: Pick<MarkOptions, 'to' | 'as'>, staging: Staging = {}): Promise<unknown> {
  if (options.to !== undefined) {
    const path = pathOf(options.to)
    await writeWhole(path, bytes, 0o666, staging)
    return path
  }
  await staging.before?.()
  const form = options.as ?? source.form
  // A file that was kept as it was must not share its memory with the input: who changes one would change the other.
  if (bytes === source.bytes) bytes = new Uint8Array(bytes)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const part = bytes as Uint8Array<ArrayBuffer>
  switch (form) {
    case 'bytes': return buffer
    case 'blob': return new Blob([part], { type })
    case 'file': return new File([part], source.name ?? '', { type })
    case 'web-stream': return new Blob([part], { type }).stream()
    case 'stream': return Readable.from([buffer], { objectMode: false })
    default: throw new CountermarkError('ERR_USAGE', 'The input is a path: say where the output goes.', { remedy: 'Set `to` to a path, or `as` to bytes, blob, stream or web-stream.' })
  }
}
