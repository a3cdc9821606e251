// What a page gives to be verified.
import { CountermarkError } from '../errors.js'
import { checkBytes, type Deadline, type Limits } from '../limits.js'

/** A file of a page: a File has a name, which tells texts and documents apart. */
export type PageInput = Blob | ArrayBuffer | Uint8Array

/** Its bytes. ERR_USAGE for anything else, ERR_LIMIT for more than is allowed. */
export async function bytesOf(input: PageInput, limits: Limits, deadline: Deadline): Promise<Uint8Array> {
  if (input instanceof Blob) {
    checkBytes(input.size, limits)
    return new Uint8Array(await deadline.within(input.arrayBuffer()))
  }
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input
  if (!(bytes instanceof Uint8Array)) throw new CountermarkError('ERR_USAGE', 'The input is none of: Blob, File, ArrayBuffer, Uint8Array.')
  checkBytes(bytes.byteLength, limits)
  return bytes
}
