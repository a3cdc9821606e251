import { CountermarkError } from './errors.js'

/** What one call may use. Passing a limit is ERR_LIMIT, before the work where the file's header shows it. */
export interface Limits {
  /** Pixels of a picture, width x height of one frame, checked before anything is decoded. Default 100 million. */
  pixels: number
  /** Bytes of a file, checked before it is read where the size is known, else while it is read. Default 256 MiB. */
  bytes: number
  /**
   * Seconds of wall time for one file. Default 120, and for marking a film 60 more for each of its seconds. Decoding and encoding are ended by it; a step of the engine that
   * has begun runs to its end on its own thread, and its result is dropped.
   */
  seconds: number
}

/** The limits that hold where the caller names none. */
export const DEFAULT_LIMITS: Readonly<Limits> = { pixels: 100_000_000, bytes: 256 * 1024 * 1024, seconds: 120 }

/** Fills in the defaults. ERR_PARAMETER unless every limit is a number above zero. */
export function limitsOf(wanted: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) }
  for (const [name, value] of Object.entries(limits))
    if (!(name in DEFAULT_LIMITS) || typeof value !== 'number' || !(value > 0))
      throw new CountermarkError('ERR_PARAMETER', `limits.${name} must be a number above 0, not ${String(value)}.`)
  return limits
}

/** ERR_LIMIT when `bytes` is more than allowed. */
export function checkBytes(bytes: number, limits: Limits): void {
  if (bytes > limits.bytes)
    throw new CountermarkError('ERR_LIMIT', `The file has ${bytes} bytes; the limit is ${limits.bytes}.`, {
      remedy: 'Raise limits.bytes (--max-bytes) if you trust the file.',
    })
}

/** ERR_LIMIT when a picture of `width` x `height` is larger than allowed. */
export function checkPixels(width: number, height: number, limits: Limits): void {
  if (width * height > limits.pixels)
    throw new CountermarkError('ERR_LIMIT', `The picture has ${width} x ${height} pixels; the limit is ${limits.pixels}.`, {
      remedy: 'Raise limits.pixels (--max-pixels) if you trust the file and have the memory.',
    })
}

/** Seconds of coding for one second of a film: a slow encoder on a small machine. And how long a film is that does not say, or says too much. */
const FOR_A_SECOND = 60
const UNKNOWN = 60
const LONGEST = 3 * 3600

/** One call's time: `within` gives up on a step when the time is over or the caller's signal is raised. */
export class Deadline {
  #end: number
  #seconds: number
  readonly #signal: AbortSignal | undefined
  readonly #fixed: boolean

  /** `fixed`: the caller named the time, and a long film gets no more. */
  constructor(limits: Limits, signal?: AbortSignal, fixed = true) {
    this.#fixed = fixed
    this.#seconds = limits.seconds
    this.#end = performance.now() + limits.seconds * 1000
    this.#signal = signal
  }

  /** Whole seconds left, at least 1: what external libraries take as their own limit. */
  get secondsLeft(): number {
    return Math.max(1, Math.ceil((this.#end - performance.now()) / 1000))
  }

  /** Gives a film of that many seconds time for its encoder, unless the caller has named a time. */
  extend(film: number | undefined): void {
    if (this.#fixed) return
    const more = FOR_A_SECOND * Math.min(LONGEST, film ?? UNKNOWN)
    this.#end += more * 1000
    this.#seconds = Math.round(this.#seconds + more)
  }

  /** Throws ERR_CANCELLED or ERR_LIMIT when the call should not go on. */
  check(): void {
    if (this.#signal?.aborted) throw cancelled(this.#signal)
    if (performance.now() > this.#end) throw this.#late()
  }

  /** Waits for a step, but no longer than the call may take. */
  async within<T>(step: Promise<T>): Promise<T> {
    // The step may fail after we gave up on it; nobody listens then.
    step.catch(() => {})
    this.check()
    const signal = this.#signal
    let stop = (): void => {}
    const given = new Promise<never>((_, reject) => {
      const abort = (): void => reject(cancelled(signal))
      const timer = setTimeout(() => reject(this.#late()), Math.max(0, this.#end - performance.now()))
      signal?.addEventListener('abort', abort, { once: true })
      stop = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
    })
    try {
      return await Promise.race([step, given])
    } finally {
      stop()
    }
  }

  #late(): CountermarkError {
    return new CountermarkError('ERR_LIMIT', `The file took longer than ${this.#seconds} seconds.`, {
      remedy: 'Raise limits.seconds (--timeout) for large files or slow machines.',
    })
  }
}

function cancelled(signal: AbortSignal | undefined): CountermarkError {
  return new CountermarkError('ERR_CANCELLED', 'The call was cancelled.', { cause: signal?.reason })
}
