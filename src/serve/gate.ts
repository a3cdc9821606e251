// Who may come in, and how many at a time.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Why a request is not let in, or undefined. Without a token only programs of this machine are, never pages in its browser. */
export function refused({ headers }: IncomingMessage, token: string | undefined): 401 | 403 | undefined {
  if (token !== undefined) {
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
    // Of equal length whatever was given, so that the time says nothing.
    return timingSafeEqual(digest(given), digest(token)) ? undefined : 401
  }
  // A page of another site can send a request here, and one whose name was bound to this address can read the answer.
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  if (headers.origin !== undefined || /^(cross-site|same-site)$/.test(String(headers['sec-fetch-site'] ?? ''))) return 403
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(host) ? undefined : 403
}

/** Addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Places to work in, and a queue of fixed length before them. */
export class Gate {
  readonly #places: number
  readonly #queue: number
  readonly #waiting: (() => void)[] = []
  #working = 0

  constructor(places: number, queue: number) {
    this.#places = places
    this.#queue = queue
  }

  get working(): number { return this.#working }
  get waiting(): number { return this.#waiting.length }

  /** A place, which the function given back frees; undefined where the queue is full. Who gives up while waiting leaves it. */
  async enter(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (this.#working >= this.#places) {
      if (this.#waiting.length >= this.#queue) return undefined
      await new Promise<void>((go) => {
        this.#waiting.push(go)
        signal.addEventListener('abort', () => {
          const at = this.#waiting.indexOf(go)
          if (at >= 0) {
            this.#waiting.splice(at, 1)
            this.#working++
            go()
          }
        }, { once: true })
      })
    } else this.#working++
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.#waiting.shift()
      // Who comes next takes over the place.
      if (next !== undefined) next()
      else this.#working--
    }
  }
}
