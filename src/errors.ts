/** Stable codes: programs branch on these, never on the message. */
export type ErrorCode =
  /** The call or command line does not make sense: a required option is missing, two options exclude each other. */
  | 'ERR_USAGE'
  /** A value is outside its documented range. */
  | 'ERR_PARAMETER'
  /** The file's structure contradicts itself or ends early. */
  | 'ERR_BROKEN'
  /** A valid file of a kind, or with a feature, that is not handled. */
  | 'ERR_UNSUPPORTED'
  /** A stated limit (pixels, bytes, seconds) was passed. */
  | 'ERR_LIMIT'
  /** What the file already holds forbids the request. */
  | 'ERR_CONFLICT'
  /** A file could not be read or written. */
  | 'ERR_IO'
  /** An optional library or module is not there; the message names it. */
  | 'ERR_MISSING'
  /** The caller's AbortSignal was raised. */
  | 'ERR_CANCELLED'
  /** The finished file did not give back what was put into it, so no output was made. */
  | 'ERR_READBACK'
  /** A defect of Countermark. */
  | 'ERR_INTERNAL'

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_USAGE', 'ERR_PARAMETER', 'ERR_BROKEN', 'ERR_UNSUPPORTED', 'ERR_LIMIT', 'ERR_CONFLICT', 'ERR_IO',
  'ERR_MISSING', 'ERR_CANCELLED', 'ERR_READBACK', 'ERR_INTERNAL',
])

/** What an error may carry beside its code and message. */
export interface ErrorDetails {
  /** What the caller can do about it, one sentence. */
  remedy?: string
  /** The error underneath. */
  cause?: unknown
  /** Where in the file, in bytes from its start. */
  offset?: number
}

/**
 * The one error of the SDK.
 *
 * `message` says what happened in plain words, `remedy` what to do about it.
 */
export class CountermarkError extends Error {
  /** Stable code. */
  readonly code: ErrorCode
  /** What the caller can do about it. */
  readonly remedy: string | undefined
  /** Where in the file, in bytes from its start, when that is known. */
  readonly offset: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'CountermarkError'
    this.code = code
    this.remedy = details.remedy
    this.offset = details.offset
  }

  /** What `--json` prints. */
  toJSON(): { code: ErrorCode; message: string; remedy?: string; offset?: number } {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.offset === undefined ? {} : { offset: this.offset }),
    }
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** An error of the engine (`code`, and "(at byte N)" at the end of its message) as ours. Ours pass unchanged. */
export function fromEngine(thrown: unknown): CountermarkError {
  if (thrown instanceof CountermarkError) return thrown
  const code = (thrown as { code?: unknown } | null)?.code
  const message = messageOf(thrown)
  const at = /^(.*) \(at byte (\d+)\)$/s.exec(message)
  return new CountermarkError(
    typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'ERR_INTERNAL',
    at?.[1] ?? message,
    { cause: thrown, ...(at?.[2] === undefined ? {} : { offset: Number(at[2]) }), ...(code === 'ERR_BROKEN' ? { remedy: 'Get an undamaged copy of the file.' } : {}) },
  )
}

/** Node's own error (ENOENT, EACCES, ...) for `path` as ours. */
export function fromSystem(thrown: unknown, path: string): CountermarkError {
  if (thrown instanceof CountermarkError) return thrown
  const code = (thrown as { code?: unknown } | null)?.code
  const said =
    code === 'ENOENT' ? 'there is no such file'
    : code === 'EACCES' || code === 'EPERM' ? 'access is denied'
    : code === 'EISDIR' ? 'it is a folder'
    : code === 'ENOSPC' ? 'the disk is full'
    : messageOf(thrown)
  return new CountermarkError('ERR_IO', `${path}: ${said}.`, { cause: thrown })
}
