// What users agreed to. Labeling Measures Art. 8: the user agreement says how content is labelled. Art. 9: at a user's request content may be
// given without the visible label, after an agreement that makes labelling the user's duty; the record is kept for six months at least.
import { randomUUID } from 'node:crypto'
import { appendFile, open, readFile } from 'node:fs/promises'

/** The version of the agreement in pages.mjs. A new one asks users again: a waiver under an older version is not used. */
export const AGREEMENT = '2026-01'

/** Accepted waivers, one JSON line each, flushed before the user hears of it. */
export class Waivers {
  #path
  #known = new Map()

  static async open(path) {
    const waivers = new Waivers()
    waivers.#path = path
    await appendFile(path, '')
    const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean)
    for (const line of lines) {
      const waiver = JSON.parse(line)
      waivers.#known.set(waiver.reference, waiver)
    }
    return waivers
  }

  /** `purpose`: what the user wants unlabelled content for. */
  async accept(user, purpose) {
    const waiver = { reference: `waiver-${randomUUID()}`, user, purpose, agreement: AGREEMENT, accepted: new Date().toISOString() }
    const file = await open(this.#path, 'a')
    try {
      await file.write(`${JSON.stringify(waiver)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    this.#known.set(waiver.reference, waiver)
    return waiver
  }

  /** The waiver of this user under the present agreement, or undefined. */
  find(reference, user) {
    const waiver = this.#known.get(reference)
    return waiver?.user === user && waiver.agreement === AGREEMENT ? waiver : undefined
  }

  all() {
    return [...this.#known.values()]
  }
}
