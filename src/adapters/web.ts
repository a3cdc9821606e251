// Frameworks of Web requests and responses: Hono, and handlers as Next.js has them.
import { markedResponse, wholeRequest, type AdapterSettings, type Marker } from './response.js'

/** What of Hono's context is used. */
interface Context { req: { raw: Request }; res: Response }

/** `app.use(markHono(countermark))`: pictures, sound and films are marked on their way. What cannot be marked is thrown to Hono's error handler. */
export function markHono<C extends Context>(marker: Marker, settings: AdapterSettings<C> = {}) {
  return async (context: C, next: () => Promise<void>): Promise<void> => {
    context.req.raw = wholeRequest(context.req.raw)
    await next()
    const { res } = context
    // Hono would put the headers of the old response, its length among them, over those of the next one, errors included.
    context.res = undefined as never
    context.res = await markedResponse(marker, res, context, settings)
  }
}

/** `export const GET = markHandler(countermark, handler)`: a route handler of Next.js, or of anything that takes a Request and gives a Response. */
export function markHandler<Rest extends unknown[]>(marker: Marker, handler: (request: Request, ...rest: Rest) => Response | Promise<Response>, settings: AdapterSettings<Request> = {}) {
  return async (request: Request, ...rest: Rest): Promise<Response> => markedResponse(marker, await handler(wholeRequest(request), ...rest), request, settings)
}
