// A browser and a page of our own: files from memory or the repository, served from this machine under a strict CSP.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, resolve, sep } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { program } from './programs.js'

const ROOT = resolve(import.meta.dirname, '../..')
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** What the strictest host allows: no inline script, no eval, WebAssembly and nothing from elsewhere. */
export const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

/** The installed Chromium, or undefined (its tests are then skipped). */
export const chromiumPath: string | undefined = program('chromium', 'chromium-browser', 'google-chrome')

/** A headless browser with a fresh profile that makes no requests of its own. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
}

/** Serves `pages` (path to text) and, below them, the repository's dist/, wasm/pkg/, test/vectors/ and what `more` names. */
export async function serve(pages: Record<string, string>, more: string[] = []): Promise<{ url: string; close: () => Promise<void> }> {
  const open = ['dist', 'wasm/pkg', 'test/vectors', ...more].map((folder) => resolve(ROOT, folder) + sep)
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const file = resolve(ROOT, `.${decodeURIComponent(path)}`)
    const body =
      pages[path] !== undefined ? Promise.resolve(Buffer.from(pages[path]))
      : open.some((folder) => file.startsWith(folder)) ? readFile(file)
      : Promise.reject(new Error('not served'))
    body.then(
      (bytes) => {
        response.writeHead(200, {
          'content-type': TYPES[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream',
          'content-security-policy': POLICY,
          'x-content-type-options': 'nosniff',
        })
        response.end(bytes)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => {
      server.close(() => closed())
      server.closeAllConnections()
    }),
  }
}
