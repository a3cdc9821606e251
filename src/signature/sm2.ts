// SM2 (GB/T 32918) and SM3 (GB/T 32905) by sm-crypto-v2, which computes on the curves of @noble/curves. Loaded at the first
// use only. JavaScript gives no constant time: whoever fears a neighbour that measures signs in a key management service.
import { CountermarkError, messageOf } from '../errors.js'
import { bytesOfHex, derSignature, hexOf, rawSignature } from './der.js'

/** The user id where no other was agreed (GM/T 0009, 10). */
const USER_ID = '1234567812345678'

type Library = typeof import('sm-crypto-v2')

let loading: Promise<Library> | undefined

async function library(): Promise<Library> {
  loading ??= import('sm-crypto-v2').catch((thrown: unknown) => {
    loading = undefined
    throw new CountermarkError('ERR_MISSING', `SM2 and SM3 need sm-crypto-v2, which could not be loaded: ${messageOf(thrown)}`, {
      remedy: 'It lies in the folder dist/signature of the package: serve that folder too.', cause: thrown,
    })
  })
  return loading
}

/** What the library gives in hexadecimal digits. */
function fromHex(digits: string): Uint8Array {
  const bytes = bytesOfHex(digits)
  if (bytes === undefined) throw new CountermarkError('ERR_INTERNAL', 'sm-crypto-v2 gave no hexadecimal digits.')
  return bytes
}

/** Hash of all bytes, hexadecimal. */
export async function sm3(bytes: Uint8Array): Promise<string> {
  return (await library()).sm3(bytes)
}

/** The uncompressed point, 65 bytes, of a private key of 32 bytes. */
export async function sm2Public(secret: Uint8Array): Promise<Uint8Array> {
  const { sm2 } = await library()
  return fromHex(sm2.getPublicKeyFromPrivateKey(hexOf(secret)))
}

/** Signs with SM3, giving DER. `point`: the public key, uncompressed. */
export async function sm2Sign(message: Uint8Array, secret: Uint8Array, point: Uint8Array): Promise<Uint8Array> {
  const { sm2 } = await library()
  const hex = sm2.doSignature(message, hexOf(secret), { hash: true, userId: USER_ID, publicKey: hexOf(point) })
  return derSignature(fromHex(hex))
}

/** Checks a signature, DER or 64 bytes, against a point of 33 or 65 bytes. A point off the curve verifies nothing. */
export async function sm2Verify(message: Uint8Array, signature: Uint8Array, point: Uint8Array): Promise<boolean> {
  const raw = rawSignature(signature)
  if (raw === undefined) return false
  const { sm2 } = await library()
  try {
    const uncompressed = point.length === 65 ? hexOf(point) : sm2.precomputePublicKey(hexOf(point)).toHex(false)
    return sm2.verifyPublicKey(uncompressed) && sm2.doVerifySignature(message, hexOf(raw), uncompressed, { hash: true, userId: USER_ID })
  } catch {
    // The library throws for points and numbers outside their range: no signature then.
    return false
  }
}
