// A request's body: in memory while it is small, else in a file, so that no upload takes more memory than that.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { CountermarkError } from '../errors.js'
import { checkBytes, type Limits } from '../limits.js'
import { typeOfName } from '../media/kind.js'
import { temporaryFolder } from '../media/temporary.js'

/** From here on a body is a file. Requests that wait hold no more than this. */
const IN_MEMORY = 8 << 20

/** A body that has come in whole. */
export interface Body {
  bytes: number
  /** What `mark` and `verify` take. */
  input: Blob | string
  /** Where it lies, where it is a file; a folder for it and its output, of this request alone. */
  folder?: string
  /** The name that tells the kind of texts. */
  name: string
  drop(): Promise<void>
}

/** Reads the body. ERR_LIMIT beyond `limits.bytes`, ERR_CANCELLED where the sender goes away. */
export async function bodyOf(request: IncomingMessage, name: string, limits: Limits): Promise<Body> {
  const said = Number(request.headers['content-length'] ?? 0)
  checkBytes(said, limits)
  const parts: Buffer[] = []
  let bytes = 0
  let folder: string | undefined
  let file: ReturnType<typeof createWriteStream> | undefined
  const drop = async (): Promise<void> => {
    file?.destroy()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  const write = (part: Buffer): Promise<void> => new Promise((done, failed) => file?.write(part, (error) => (error ? failed(error) : done())))
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.byteLength
      checkBytes(bytes, limits)
      // Of a plain text on disk the label would be a file beside it, which has no place in the answer.
      if (file === undefined && bytes > IN_MEMORY && typeOfName(name) !== 'text/plain') {
        folder = await temporaryFolder()
        file = createWriteStream(join(folder, name), { mode: 0o600 })
        for (const before of parts) await write(before)
        parts.length = 0
      }
      if (file === undefined) parts.push(part)
      else await write(part)
    }
    if (!request.complete) throw new CountermarkError('ERR_CANCELLED', 'The request ended before its body did.')
    if (file !== undefined) await new Promise<void>((done, failed) => file?.on('error', failed).end(done))
  } catch (thrown) {
    await drop()
    if (thrown instanceof CountermarkError) throw thrown
    throw (thrown as { code?: unknown }).code === 'ECONNRESET' ? new CountermarkError('ERR_CANCELLED', 'The request ended before its body did.', { cause: thrown }) : thrown
  }
  return {
    bytes, name, drop,
    ...(folder === undefined ? { input: new File(parts as BlobPart[], name) } : { input: join(folder, name), folder }),
  }
}

const NAMES: { readonly [type: string]: string } = {
  'text/plain': 'input.txt', 'text/markdown': 'input.md', 'text/html': 'input.html', 'application/json': 'input.json', 'application/xhtml+xml': 'input.xhtml',
}

/** A name without folders: the parameter `file`, else one that fits the content type; texts need one. */
export function nameOf(asked: string | null, type: string | undefined): string {
  const name = (asked ?? '').replace(/^.*[/\\]/s, '').replace(/[\u0000-\u001f]/g, '')
  if (name !== '' && name !== '.' && name !== '..' && typeOfName(name) !== undefined && Buffer.byteLength(name) < 200) return name
  return NAMES[(type ?? '').split(';')[0]?.trim().toLowerCase() ?? ''] ?? 'input'
}
