// Fastify, by its hooks.
import { checkHeld, checkWhole, markedBytes, PARTIAL, STALE, wanted, type AdapterSettings, type Marker } from './response.js'

/** What of Fastify's objects is used. */
interface Reply { statusCode: number; getHeader(name: string): unknown; removeHeader(name: string): unknown; header(name: string, value: unknown): unknown }
interface Asked { headers: { [name: string]: unknown }; method: string; raw: { headers: { [name: string]: unknown } } }
interface Instance { addHook(name: 'onRequest' | 'onSend', hook: (...given: never[]) => Promise<unknown>): unknown }

/** `app.register(markFastify(countermark))`: pictures, sound and films are marked on their way. What cannot be marked becomes an error of Fastify's. */
export function markFastify<Request extends Asked = Asked>(marker: Marker, settings: AdapterSettings<Request> = {}) {
  const plugin = async (app: Instance): Promise<void> => {
    app.addHook('onRequest', async (request: Request) => {
      for (const name of PARTIAL) delete request.raw.headers[name]
    })
    app.addHook('onSend', async (request: Request, reply: Reply, payload: unknown) => {
      if (payload === null || payload === undefined || request.method === 'HEAD' || reply.statusCode < 200 || reply.statusCode >= 300 || !wanted(String(reply.getHeader('content-type') ?? ''), settings)) return payload
      const coding = reply.getHeader('content-encoding') as string | undefined
      // Else the error's own answer would be said to be coded.
      reply.removeHeader('content-encoding')
      checkWhole(reply.statusCode, coding)
      const output = await markedBytes(marker, await whole(payload, settings), request, settings)
      for (const name of STALE) reply.removeHeader(name)
      reply.header('content-length', output.byteLength)
      return output
    })
  }
  // For the whole application, not for the plugin's own routes alone.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

async function whole(payload: unknown, settings: Pick<AdapterSettings, 'bytes'>): Promise<Buffer> {
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const bytes = Buffer.from(payload as Uint8Array)
    checkHeld(bytes.byteLength, settings)
    return bytes
  }
  const stream = (payload instanceof Response ? payload.body : payload) as AsyncIterable<Uint8Array>
  const parts: Uint8Array[] = []
  let held = 0
  for await (const part of stream) {
    checkHeld((held += part.byteLength), settings)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
