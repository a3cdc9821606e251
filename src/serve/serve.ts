// The same calls over HTTP, for services in any language. docs/serve.md and /openapi.json describe it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { mark, planOf, propagate, verify } from '../countermark.js'
import { CountermarkError } from '../errors.js'
import { loadEngine } from '../engine/load.js'
import { ledgerOf, type Ledger } from '../ledger/ledger.js'
import { limitsOf, type Limits } from '../limits.js'
import type { MarkOptions, MarkResult, PropagateResult, VerifyOptions } from '../types.js'
import { sendError, sendJson, sendOutput, told } from './answer.js'
import { bodyOf, nameOf, type Body } from './body.js'
import { Gate, isLoopback, refused } from './gate.js'
import { Metrics } from './metrics.js'
import { openapi } from './openapi.js'
import { markOptions, propagateOptions, verifyOptions } from './options.js'

/** What `serve` takes: options of `mark` and `verify` that hold for every request, and its own. */
export interface ServeOptions extends Omit<Partial<MarkOptions>, 'to' | 'as' | 'produceId' | 'signal' | 'ledger'>, Pick<VerifyOptions, 'keys' | 'trust'> {
  ledger?: string | URL | Ledger
  /** Default 8080; 0 lets the system choose. */
  port?: number
  /** Default `127.0.0.1`. Another address needs a token. */
  host?: string
  /** What callers send as `Authorization: Bearer TOKEN`. Without one only programs of this machine are answered. */
  token?: string
  /** Files in work at the same time. Default: the number of cores. */
  concurrency?: number
  /** Requests that may wait; more are answered 503. Default: eight for each place. */
  queue?: number
  /** Seconds between two signatures over the ledger, where `sign` is given and something was entered. Default 3600. */
  headEvery?: number
  /** Seconds that `close` waits for files in work. Default 30. */
  patience?: number
  /** Told of every request, and of what went wrong inside. Default: nothing is said. */
  log?: (line: string) => void
}

/** A running server. */
export interface CountermarkServer {
  /** `http://host:port`. */
  readonly address: string
  /** Takes no more requests, finishes those in work, signs the ledger where a key is given. */
  close(): Promise<void>
}

/** Milliseconds that a caller has to read the answer to a request whose body was not taken. */
const LINGER = 1000

type Route = 'mark' | 'verify' | 'propagate'

/** Starts a server. ERR_USAGE for options that make no sense, ERR_IO where the port is taken. */
export async function serve(options: ServeOptions = {}): Promise<CountermarkServer> {
  const { port = 8080, host = '127.0.0.1', token } = options
  if (token === undefined && !isLoopback(host))
    throw new CountermarkError('ERR_USAGE', `Without a token only this machine is served, and ${host} is an address that others reach.`, { remedy: 'Set a token (COUNTERMARK_TOKEN), or leave out host (--host).' })
  if (token !== undefined && token.length < 16) throw new CountermarkError('ERR_PARAMETER', 'The token is shorter than 16 characters.', { remedy: 'Make one: openssl rand -hex 32' })
  // Said now, not with the first request.
  if (options.provider !== undefined) await planOf({ ...callOptions(options), provider: options.provider })
  await loadEngine()
  const ledger = options.ledger === undefined ? undefined : await ledgerOf(options.ledger)
  const service = new Service(options, ledger)
  const server = createServer({ requestTimeout: 300_000, headersTimeout: 15_000, keepAliveTimeout: 10_000, maxHeaderSize: 32_768 }, (request, response) => void service.answer(request, response))
  await listening(server, port, host)
  const bound = (server.address() as AddressInfo).port
  return { address: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, close: () => service.close(server) }
}

async function listening(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((done, failed) => server.once('error', failed).listen(port, host, done))
  } catch (cause) {
    throw new CountermarkError('ERR_IO', `${host}:${port} cannot be listened on: ${(cause as { code?: string }).code ?? 'unknown'}.`, { cause, remedy: 'Choose another port (--port).' })
  }
}

/** The server's own settings taken away: what is left are options of a call. */
function callOptions(options: ServeOptions): Partial<MarkOptions> {
  const { port: _port, host: _host, token: _token, concurrency: _concurrency, queue: _queue, patience: _patience, headEvery: _headEvery, log: _log, keys: _keys, trust: _trust, ...rest } = options
  return rest
}

class Service {
  readonly #options: ServeOptions
  readonly #limits: Limits
  readonly #gate: Gate
  readonly #metrics = new Metrics()
  readonly #ledger: Ledger | undefined
  #entries: number | undefined
  #signed: number | undefined
  readonly #signing: NodeJS.Timeout
  #closing = false

  constructor(options: ServeOptions, ledger: Ledger | undefined) {
    const { concurrency = availableParallelism(), queue = 8 * concurrency } = options
    for (const [name, value, least] of [['concurrency', concurrency, 1], ['queue', queue, 0]] as const)
      if (!(value >= least)) throw new CountermarkError('ERR_PARAMETER', `${name} must be a number of at least ${least}.`)
    this.#options = options
    this.#limits = limitsOf(options.limits)
    this.#gate = new Gate(concurrency, queue)
    this.#ledger = ledger
    this.#signing = setInterval(() => void this.#sign().catch((thrown: unknown) => this.#log(`the ledger could not be signed: ${told(thrown)}`)), (options.headEvery ?? 3600) * 1000).unref()
  }

  /** A head over what was entered since the last one. */
  async #sign(): Promise<void> {
    const { sign } = this.#options
    if (this.#ledger === undefined || sign === undefined || this.#entries === undefined || this.#entries === this.#signed) return
    this.#signed = this.#entries
    await this.#ledger.sign(sign)
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now()
    const { method = 'GET' } = request
    let route = 'other'
    try {
      const url = urlOf(request.url)
      route = ROUTES.get(url.pathname)?.name ?? route
      await this.#route(method, url, request, response)
    } catch (thrown) {
      const status = sendError(response, thrown)
      if (status >= 500) this.#log(`${method} ${route}: ${told(thrown)}`)
    } finally {
      // A body that nobody reads must not be taken for the next request, and may have no end: the caller gets a moment to
      // read the answer.
      if (!request.complete) {
        request.resume()
        setTimeout(() => { if (!request.complete) request.destroy() }, LINGER).unref()
      }
      const seconds = (performance.now() - start) / 1000
      this.#metrics.answered(route, response.statusCode, seconds)
      this.#log(`${method} ${route} ${response.statusCode} ${Math.round(seconds * 1000)} ms`)
    }
  }

  async #route(method: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = ROUTES.get(url.pathname)
    if (known === undefined) return sendJson(response, { error: { code: 'ERR_USAGE', message: 'There is nothing here.', remedy: 'GET /openapi.json says what there is.' } }, 404)
    if (method !== known.method && !(method === 'HEAD' && known.method === 'GET')) return sendJson(response, { error: { code: 'ERR_USAGE', message: `Use ${known.method}.` } }, 405, { allow: known.method })
    if (!known.open) {
      const no = refused(request, this.#options.token)
      if (no === 401) return sendJson(response, { error: { code: 'ERR_USAGE', message: 'The token is missing or wrong.' } }, 401, { 'www-authenticate': 'Bearer' })
      if (no === 403) return sendJson(response, { error: { code: 'ERR_USAGE', message: 'Without a token only programs of this machine are answered.' } }, 403)
    }
    switch (known.name) {
      case 'health': return sendJson(response, { status: this.#closing ? 'closing' : 'ok' }, this.#closing ? 503 : 200)
      case 'openapi': return sendJson(response, openapi((await loadEngine()).version()))
      case 'metrics': {
        const text = this.#metrics.text({ working: this.#gate.working, waiting: this.#gate.waiting, ...(this.#entries === undefined ? {} : { entries: this.#entries }) })
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
        return void response.end(text)
      }
      case 'ledger': return this.#find(url.searchParams, response)
      default: return this.#work(known.name, url.searchParams, request, response)
    }
  }

  #find(query: URLSearchParams, response: ServerResponse): void {
    if (this.#ledger === undefined) return sendJson(response, { error: { code: 'ERR_MISSING', message: 'This server keeps no ledger.' } }, 404)
    const [produceId, payload] = [query.get('produce-id'), query.get('payload')]
    if ((produceId === null) === (payload === null)) throw new CountermarkError('ERR_USAGE', 'Give produce-id or payload, one of the two.')
    sendJson(response, { entries: this.#ledger.find(produceId === null ? { payload: payload ?? '' } : { produceId }).map(({ entry, hash }) => ({ ...entry, hash })) })
  }

  async #work(route: Route, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => { if (!response.writableFinished) gone.abort() })
    // Checked before the body is taken: a wrong parameter costs no upload.
    const options = this.#callOf(route, query, gone.signal)
    if (this.#closing || !this.#gate.admit()) return sendJson(response, { error: { code: 'ERR_LIMIT', message: this.#closing ? 'The server is closing.' : 'Too many requests are waiting.' } }, 503, { 'retry-after': '1' })
    let body: Body | undefined
    try {
      body = await bodyOf(request, nameOf(query.get('file'), request.headers['content-type']), this.#limits)
      this.#metrics.moved('in', body.bytes)
      const whole = body
      await this.#gate.work(() => (gone.signal.aborted ? Promise.resolve() : options(whole, response, String(request.headers.accept ?? ''))))
    } finally {
      this.#gate.leave()
      await body?.drop()
    }
  }

  /** What is done with the body, once it is there. */
  #callOf(route: Route, query: URLSearchParams, signal: AbortSignal): (body: Body, response: ServerResponse, accept: string) => Promise<void> {
    const { keys, trust, provider, policy } = this.#options
    const common = { limits: this.#limits, signal }
    if (route === 'verify') {
      const options = { ...(keys && { keys }), ...(trust && { trust }), ...(policy && { policy }), ...verifyOptions(query, provider), ...common }
      return async ({ input }, response) => {
        const { file: _file, ...seen } = await verify(input, options)
        this.#metrics.judged(route, seen.verdict)
        sendJson(response, seen)
      }
    }
    const ledger = this.#ledger === undefined ? {} : { ledger: this.#ledger }
    if (route === 'propagate') {
      const options = { ...(policy && { policy }), ...propagateOptions(query, provider), ...(keys && { keys }), ...ledger, ...common }
      return async (body, response, accept) => this.#output(route, await propagate(body.input, { ...options, ...outputOf(body) }), response, accept)
    }
    if (provider !== undefined && (query.has('provider-code') || query.has('provider-name'))) throw new CountermarkError('ERR_USAGE', 'This server marks for one provider; the request cannot name another.')
    const options = { ...callOptions(this.#options), ...markOptions(query), ...ledger, ...common } as MarkOptions
    return async (body, response, accept) => this.#output(route, await mark(body.input, { ...options, ...outputOf(body) }), response, accept)
  }

  async #output(route: Route, report: MarkResult | PropagateResult, response: ServerResponse, accept: string): Promise<void> {
    if (report.entry !== undefined) this.#entries = Math.max(this.#entries ?? 0, report.entry.number)
    if ('verdict' in report) this.#metrics.judged(route, report.verdict)
    const bytes = report.output as Buffer | string
    this.#metrics.moved('out', await sendOutput(response, { bytes, report }, accept))
  }

  async close(server: Server): Promise<void> {
    this.#closing = true
    const ended = new Promise<void>((done) => server.close(() => done()))
    server.closeIdleConnections()
    const { patience = 30 } = this.#options
    clearInterval(this.#signing)
    const late = setTimeout(() => server.closeAllConnections(), patience * 1000)
    await ended
    clearTimeout(late)
    await this.#sign()
  }

  #log(line: string): void {
    this.#options.log?.(line)
  }
}

/** ERR_USAGE for what is no address. */
function urlOf(asked = '/'): URL {
  try {
    return new URL(asked, 'http://x')
  } catch (cause) {
    throw new CountermarkError('ERR_USAGE', 'The address of the request cannot be read.', { cause })
  }
}

/** Of a body in a file the output is one too. */
function outputOf({ folder, name }: Body): { to: string } | { as: 'bytes' } {
  return folder === undefined ? { as: 'bytes' } : { to: join(folder, `output-${name}`) }
}

const ROUTES = new Map<string, { name: Route | 'health' | 'openapi' | 'metrics' | 'ledger'; method: 'GET' | 'POST'; open?: true }>([
  ['/v1/mark', { name: 'mark', method: 'POST' }], ['/v1/verify', { name: 'verify', method: 'POST' }], ['/v1/propagate', { name: 'propagate', method: 'POST' }],
  ['/v1/ledger', { name: 'ledger', method: 'GET' }], ['/metrics', { name: 'metrics', method: 'GET' }],
  ['/health', { name: 'health', method: 'GET', open: true }], ['/openapi.json', { name: 'openapi', method: 'GET', open: true }],
])
