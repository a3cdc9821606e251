// npm start [-- PORT]: builds the page and serves it on this machine with the headers that a host should send.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from './build.mjs'

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json', '.wasm': 'application/wasm',
}

/** The only thing beyond the page's own files is compiling WebAssembly. */
export const HEADERS = {
  'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
}

/** Serves the page; gives the server, which listens. */
export function serve(port = 8080) {
  const site = build()
  const packed = new Map()
  const server = createServer((request, response) => {
    try {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
      const file = join(site, path.endsWith('/') ? `${path}index.html` : path)
      if (!file.startsWith(site + sep) || !['GET', 'HEAD'].includes(request.method ?? '')) throw new Error('not here')
      const bytes = readFileSync(file)
      const small = /\bbr\b/.test(String(request.headers['accept-encoding']))
      if (small && !packed.has(file)) packed.set(file, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
      response.writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...(small ? { 'content-encoding': 'br' } : {}), vary: 'accept-encoding' })
      response.end(request.method === 'HEAD' ? undefined : small ? packed.get(file) : bytes)
    } catch {
      response.writeHead(404, HEADERS).end()
    }
  })
  return new Promise((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', () => done(server)))
}

if (process.argv[1] === import.meta.filename) {
  const server = await serve(Number(process.argv[2] ?? 8080))
  console.log(`http://127.0.0.1:${server.address().port}/  (stop with Ctrl-C)`)
}
