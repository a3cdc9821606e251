// What all adapters share: which answers are marked, and what else of an answer that changes.
import type { Countermark } from '../countermark.js'
import { CountermarkError } from '../errors.js'
import type { MarkOptions, MarkResult } from '../types.js'

/** What `createCountermark` gives. */
export type Marker = Pick<Countermark<{ provider: object }>, 'mark'>

/** The same, where texts are marked that are no files. */
export type TextMarker = { readonly settings: Partial<MarkOptions> }

/** How an adapter behaves. `Request`: the framework's own. */
export interface AdapterSettings<Request = unknown> {
  /** MIME types that are marked, or a function that says so. Default: pictures, sound and films, SVG excepted. */
  types?: readonly string[] | ((type: string) => boolean)
  /** Options of `mark` for one answer, e.g. its content number, or false to leave it as it is. */
  options?: (request: Request) => Partial<MarkOptions> | false
  /** Told of everything that was marked. */
  marked?: (result: MarkResult<Buffer>, request: Request) => void
  /** Bytes of an answer that are held; more is an error. Default 64 MiB. */
  bytes?: number
}

/** Whether an answer of this type is to be marked. Coded answers (gzip) are not looked into, and are an error. */
export function wanted(type: string | null | undefined, { types }: Pick<AdapterSettings, 'types'>): boolean {
  const plain = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (typeof types === 'function') return types(plain)
  return types === undefined ? /^(image|audio|video)\//.test(plain) && plain !== 'image/svg+xml' : types.includes(plain)
}

/** Headers that speak of the bytes as they were. */
export const STALE = ['content-length', 'etag', 'last-modified', 'content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges', 'content-range'] as const

/** Headers of a request that ask for a part, or for nothing where nothing has changed: the answer must be whole to be marked. */
export const PARTIAL = ['range', 'if-range', 'if-none-match', 'if-modified-since'] as const

/** Marks the bytes of one answer, or gives them back where `options` says false. */
export async function markedBytes<Request>(marker: Marker, bytes: Uint8Array, request: Request, settings: AdapterSettings<Request>): Promise<Buffer> {
  const options = settings.options?.(request) ?? {}
  if (options === false) return Buffer.from(bytes)
  const result = await marker.mark(bytes, { ...options, as: 'bytes' } as never) as MarkResult<Buffer>
  settings.marked?.(result, request)
  return result.output
}

/** ERR_LIMIT where an answer is larger than is held. */
export function checkHeld(bytes: number, { bytes: most = 64 << 20 }: Pick<AdapterSettings, 'bytes'>): void {
  if (bytes > most) throw new CountermarkError('ERR_LIMIT', `The answer has more than ${most} bytes.`, { remedy: 'Raise bytes of the adapter, or mark the file before it is sent.' })
}

/** ERR_UNSUPPORTED where an answer that should be marked is coded or a part. */
export function checkWhole(status: number, coding: string | null | undefined): void {
  if (status === 206) throw new CountermarkError('ERR_UNSUPPORTED', 'A part of a file cannot be marked.', { remedy: 'Send the whole file: the adapter takes Range out of the request.' })
  if (coding !== null && coding !== undefined && coding !== '' && coding !== 'identity') throw new CountermarkError('ERR_UNSUPPORTED', `An answer coded as ${coding} cannot be marked.`, { remedy: 'Compress after marking: put the adapter nearer to the handler.' })
}

/** A Web response with its body marked, or the response itself. What cannot be marked is an error, never sent unmarked. */
export async function markedResponse<Request>(marker: Marker, response: Response, request: Request, settings: AdapterSettings<Request> = {}): Promise<Response> {
  if (response.body === null || !response.ok || !wanted(response.headers.get('content-type'), settings)) return response
  checkWhole(response.status, response.headers.get('content-encoding'))
  const parts: Uint8Array[] = []
  let held = 0
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    checkHeld((held += part.byteLength), settings)
    parts.push(part)
  }
  const output = await markedBytes(marker, Buffer.concat(parts), request, settings)
  const headers = new Headers(response.headers)
  for (const name of STALE) headers.delete(name)
  headers.set('content-length', String(output.byteLength))
  return new Response(new Uint8Array(output), { status: response.status, statusText: response.statusText, headers })
}

/** A Web request that asks for the whole answer. */
export function wholeRequest(request: Request): Request {
  if (!PARTIAL.some((name) => request.headers.has(name))) return request
  const headers = new Headers(request.headers)
  for (const name of PARTIAL) headers.delete(name)
  return new Request(request, { headers })
}
