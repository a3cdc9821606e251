// Express, and every server of Node's http with middleware of its form.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { CountermarkError } from '../errors.js'
import { checkHeld, checkWhole, markedBytes, PARTIAL, STALE, wanted, type AdapterSettings, type Marker } from './response.js'

/**
 * `app.use(markExpress(countermark))`: pictures, sound and films that handlers send are marked on their way. An answer that
 * cannot be marked becomes a 500 and is not sent. Put it before the handlers and after compression.
 */
export function markExpress<Request extends IncomingMessage>(marker: Marker, settings: AdapterSettings<Request> & { failed?: (error: unknown, request: Request) => void } = {}) {
  return (request: Request, response: ServerResponse, next: (error?: unknown) => void): void => {
    for (const name of PARTIAL) delete request.headers[name]
    if (request.method === 'HEAD') return next()
    const { writeHead, write, end } = response
    const parts: Buffer[] = []
    let held = 0
    let broken: unknown
    let decided: boolean | undefined
    const marks = (): boolean => (decided ??= response.statusCode >= 200 && response.statusCode < 300 && response.statusCode !== 204 && wanted(String(response.getHeader('content-type') ?? ''), settings))
    const restore = (): void => void Object.assign(response, { writeHead, write, end })
    const take = (chunk: unknown, coding?: unknown): void => {
      if (chunk === undefined || chunk === null || typeof chunk === 'function' || broken !== undefined) return
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, typeof coding === 'string' ? coding as BufferEncoding : 'utf8') : Buffer.from(chunk as Uint8Array)
      try {
        checkHeld((held += bytes.byteLength), settings)
        parts.push(bytes)
      } catch (error) {
        broken = error
        parts.length = 0
      }
    }
    const finish = async (): Promise<void> => {
      let output: Buffer
      try {
        if (broken !== undefined) throw broken
        checkWhole(response.statusCode, response.getHeader('content-encoding') as string | undefined)
        output = await markedBytes(marker, Buffer.concat(parts), request, settings)
        for (const name of STALE) response.removeHeader(name)
      } catch (error) {
        settings.failed?.(error, request)
        for (const name of response.getHeaderNames()) response.removeHeader(name)
        response.statusCode = 500
        response.setHeader('content-type', 'application/json')
        output = Buffer.from(JSON.stringify({ error: { code: error instanceof CountermarkError ? error.code : 'ERR_INTERNAL', message: 'The content could not be marked, so it is not sent.' } }))
      }
      response.setHeader('content-length', output.byteLength)
      restore()
      response.end(output)
    }
    const callback = (given: unknown[]): (() => void) | undefined => given.find((one): one is () => void => typeof one === 'function')
    response.writeHead = ((status: number, ...given: (string | OutgoingHttpHeaders | unknown[] | undefined)[]) => {
      response.statusCode = status
      const headers = given.find((one) => typeof one === 'object')
      if (headers !== undefined && !Array.isArray(headers)) for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) if (value !== undefined) response.setHeader(name, value)
      return marks() ? response : writeHead.call(response, status, ...given as [])
    }) as typeof response.writeHead
    response.write = ((chunk: unknown, ...given: unknown[]) => {
      if (!marks()) return write.apply(response, [chunk, ...given] as never)
      take(chunk, given[0])
      const done = callback(given)
      if (done !== undefined) queueMicrotask(done)
      return true
    }) as typeof response.write
    response.end = ((...given: unknown[]) => {
      if (!marks()) {
        restore()
        return end.apply(response, given as never)
      }
      take(given[0], given[1])
      const done = callback(given)
      if (done !== undefined) response.once('finish', done)
      void finish()
      return response
    }) as typeof response.end
    next()
  }
}
