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

/** So many requests inside, and fewer at work: a slow upload takes nobody's place at work. */
export class Gate {
  readonly #places: number
  readonly #inside: number
  readonly #waiting: (() => void)[] = []
  #working = 0
  #admitted = 0

  constructor(places: number, queue: number) {
    this.#places = places
    this.#inside = places + queue
  }

  get working(): number { return this.#working }
  get waiting(): number { return this.#admitted - this.#working }

  /** Whether there is room inside; who is admitted leaves. */
  admit(): boolean {
    if (this.#admitted >= this.#inside) return false
    this.#admitted++
    return true
  }

  leave(): void {
    this.#admitted--
  }

  /** Does the work when there is a place for it. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    // Who ends hands its place to the one that has waited longest.
    if (this.#working >= this.#places) await new Promise<void>((go) => this.#waiting.push(go))
    else this.#working++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next !== undefined) next()
      else this.#working--
    }
  }
}
