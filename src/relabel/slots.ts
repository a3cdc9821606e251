// How much is done at the same time: so many files, and no more memory than allowed.

/** Hands out places. One that needs more than all there is gets it all, alone. */
export class Slots {
  readonly #places: number
  readonly #bytes: number
  #taken = 0
  #held = 0
  readonly #waiting: { bytes: number; go: () => void }[] = []

  constructor(places: number, bytes: number) {
    this.#places = places
    this.#bytes = bytes
  }

  /** Waits for a place; gives back what frees it. */
  async take(wanted: number): Promise<() => void> {
    const bytes = Math.min(wanted, this.#bytes)
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await new Promise<void>((go) => this.#waiting.push({ bytes, go }))
    else this.#hold(bytes)
    let free = false
    return () => {
      if (free) return
      free = true
      this.#taken--
      this.#held -= bytes
      for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift()
        this.#hold(next.bytes)
        next.go()
      }
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken < this.#places && this.#held + bytes <= this.#bytes
  }

  #hold(bytes: number): void {
    this.#taken++
    this.#held += bytes
  }
}

/** Samples for a byte of the file, roughly, and the copies of them that marking holds. */
const SPREAD: { readonly [ending: string]: number } = { jpg: 40, jpeg: 40, webp: 60, gif: 60, png: 16, tif: 8, tiff: 8 }

/** The same of sound, at usual rates. */
const SOUND: { readonly [ending: string]: number } = { mp3: 50, aac: 60, m4a: 60, ogg: 80, oga: 80, opus: 160, flac: 8, wav: 6, aif: 6, aiff: 6 }

/** Files beyond this are written on disk (countermark.ts). */
const ON_DISK = 32 << 20

/** Memory that a file may take, by its size and its name's end. */
export function memoryOf(name: string, size: number): number {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  const spread = SPREAD[ending]
  if (spread !== undefined) return (8 << 20) + size * spread
  return (4 << 20) + (SOUND[ending] ?? 4) * Math.min(size, ON_DISK)
}
