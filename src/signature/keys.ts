// Public keys in their forms, the check of one signature, and who signs: a PEM key or a remote one.
import { CountermarkError, messageOf } from '../errors.js'
import type { RemoteSigner, SignatureAlgorithm, SignOptions } from '../types.js'
import { bitsOf, certificateOf, derSignature, hexOf, oidOf, pemBlocks, rawSignature, sequenceOf, valuesOf } from './der.js'
import { sm2Public, sm2Sign, sm2Verify } from './sm2.js'

/** Object identifiers of the signature algorithms: SM2 with SM3, ECDSA with SHA-256, Ed25519. */
export const ALGORITHMS: { readonly [oid: string]: SignatureAlgorithm } = {
  '1.2.156.10197.1.501': 'SM2', '1.2.840.10045.4.3.2': 'ECDSA-P256', '1.3.101.112': 'Ed25519',
}

/** Identifier of an algorithm. */
export function oidOfAlgorithm(algorithm: SignatureAlgorithm): string {
  return Object.keys(ALGORITHMS).find((oid) => ALGORITHMS[oid] === algorithm) ?? ''
}

/** Identifiers of the curves and of Ed25519 inside a key (RFC 5480, RFC 8410, GM/T 0006). */
const KEYS: { readonly [oid: string]: SignatureAlgorithm } = {
  '1.2.156.10197.1.301': 'SM2', '1.2.840.10045.3.1.7': 'ECDSA-P256', '1.3.101.112': 'Ed25519',
}

/** SubjectPublicKeyInfo up to the point, for an uncompressed point of SM2. */
const SM2_HEAD = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00])

/** A public key. */
export interface PublicKey {
  algorithm: SignatureAlgorithm
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
  /** What the BIT STRING holds: a point, or 32 bytes. */
  point: Uint8Array
}

/** Reads a SubjectPublicKeyInfo. ERR_PARAMETER where it is none, ERR_UNSUPPORTED for another kind of key. */
export function publicKeyOf(spki: Uint8Array): PublicKey {
  const [head, bits] = sequenceOf(spki, 'The public key')
  const algorithm = algorithmOf(head?.whole)
  if (algorithm === undefined) throw new CountermarkError('ERR_UNSUPPORTED', 'The key is none of: SM2, ECDSA P-256, Ed25519.')
  return { algorithm, spki, point: bitsOf(bits, 'The public key') }
}

/** The key of an SM2 point of 65 bytes, as it stands in labels. */
export function sm2Key(point: Uint8Array): PublicKey {
  return { algorithm: 'SM2', point, spki: point.length === 65 ? Uint8Array.from([...SM2_HEAD, ...point]) : point }
}

function algorithmOf(identifier: Uint8Array | undefined): SignatureAlgorithm | undefined {
  if (identifier === undefined) return undefined
  const [kind, curve] = sequenceOf(identifier, 'The key')
  return KEYS[oidOf(kind)] ?? KEYS[oidOf(curve)]
}

/** First 16 digits of SHA-256 of the key: its name in results. */
export async function keyIdOf(key: PublicKey): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(key.spki)))).slice(0, 16)
}

/** Whether the signature of the message holds. ERR_MISSING where this platform lacks the algorithm. */
export async function holds(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.algorithm === 'SM2') return sm2Verify(message, signature, key.point)
  const ecdsa = key.algorithm === 'ECDSA-P256'
  const raw = ecdsa ? rawSignature(signature) : signature
  if (raw === undefined || raw.length !== 64) return false
  const imported = await subtle(() => crypto.subtle.importKey('spki', Uint8Array.from(key.spki), ecdsa ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }, false, ['verify']), key.algorithm)
  return crypto.subtle.verify(ecdsa ? { name: 'ECDSA', hash: 'SHA-256' } : { name: 'Ed25519' }, imported, Uint8Array.from(raw), Uint8Array.from(message))
}

async function subtle<T>(work: () => Promise<T>, algorithm: string): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const absent = (cause as { name?: string } | null)?.name === 'NotSupportedError'
    throw absent
      ? new CountermarkError('ERR_MISSING', `This platform's WebCrypto does not know ${algorithm}.`, { cause })
      : new CountermarkError('ERR_PARAMETER', `The ${algorithm} key cannot be used: ${messageOf(cause)}.`, { cause })
  }
}

/** Who signs. */
export interface Signer {
  key: PublicKey
  /** DER, the signer's own first; none where only a public key is known. */
  certificates: Uint8Array[]
  /** DER for SM2 and ECDSA, 64 bytes for Ed25519. Checked against `key` before it is given. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** A signer from options. ERR_PARAMETER for keys that cannot be read, or do not fit the certificate. */
export async function signerOf(options: SignOptions): Promise<Signer> {
  if (typeof options !== 'object' || options === null) throw new CountermarkError('ERR_USAGE', 'sign needs a key (PEM) with its certificate, or a remote signer.')
  if ('sign' in options) return checkedSigner(remoteKey(options), async (message) => wellFormed(await options.sign(message), options.algorithm))
  const { key: pem, certificate } = options
  if (typeof pem !== 'string') throw new CountermarkError('ERR_USAGE', 'sign.key must be the PEM text of a PKCS#8 key.')
  const known = certificate === undefined ? undefined : publicOf(certificate, 'The certificate')
  const secret = pemBlocks(pem, 'The private key').find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (secret?.label !== 'PRIVATE KEY')
    throw new CountermarkError('ERR_PARAMETER', `The private key is ${secret === undefined ? 'not there' : `of the form ${secret.label}`}.`, { remedy: 'Give it as PKCS#8, not encrypted: openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pem' })
  const own = await privateKey(secret.der)
  const signer: Omit<Signer, 'sign'> = { key: known?.key ?? own.key, certificates: known?.certificates ?? [] }
  return checkedSigner(signer, own.sign)
}

function remoteKey({ algorithm, certificate }: RemoteSigner): Omit<Signer, 'sign'> {
  const known = publicOf(certificate, 'The certificate')
  if (known.key.algorithm !== algorithm) throw new CountermarkError('ERR_PARAMETER', `The certificate's key is ${known.key.algorithm}, not ${String(algorithm)}.`)
  return known
}

/** The key of a PEM text of certificates, or of a public key. */
export function publicOf(pem: string, what: string): { key: PublicKey; certificates: Uint8Array[] } {
  const blocks = pemBlocks(pem, what)
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => der)
  const [first] = certificates
  if (first !== undefined) return { key: publicKeyOf(certificateOf(first).spki), certificates }
  const plain = blocks.find(({ label }) => label === 'PUBLIC KEY')
  if (plain === undefined) throw new CountermarkError('ERR_PARAMETER', `${what} holds neither a certificate nor a public key.`)
  return { key: publicKeyOf(plain.der), certificates: [] }
}

/** A PKCS#8 key (RFC 5958) as key and signing function. */
async function privateKey(der: Uint8Array): Promise<Pick<Signer, 'key' | 'sign'>> {
  const [, head, wrapped] = sequenceOf(der, 'The private key')
  const algorithm = algorithmOf(head?.whole)
  if (algorithm === undefined || wrapped === undefined) throw new CountermarkError('ERR_UNSUPPORTED', 'The private key is none of: SM2, ECDSA P-256, Ed25519.')
  if (algorithm === 'SM2') {
    // ECPrivateKey (RFC 5915): version, then the number.
    const number = valuesOf(wrapped.body, 'The private key')[0]
    const secret = number === undefined ? undefined : valuesOf(number.body, 'The private key')[1]?.body
    if (secret?.length !== 32) throw new CountermarkError('ERR_PARAMETER', 'The SM2 private key has not 32 bytes.')
    const point = await sm2Public(secret)
    return { key: sm2Key(point), sign: (message) => sm2Sign(message, secret, point) }
  }
  const how = algorithm === 'ECDSA-P256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }
  const secret = await subtle(() => crypto.subtle.importKey('pkcs8', Uint8Array.from(der), how, true, ['sign']), algorithm)
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', secret)
  const open = await subtle(() => crypto.subtle.importKey('jwk', { kty, crv, x, y } as JsonWebKey, how, true, ['verify']), algorithm)
  const key = publicKeyOf(new Uint8Array(await crypto.subtle.exportKey('spki', open)))
  return {
    key,
    sign: async (message) => wellFormed(new Uint8Array(await crypto.subtle.sign(algorithm === 'ECDSA-P256' ? { name: 'ECDSA', hash: 'SHA-256' } : how, secret, Uint8Array.from(message))), algorithm),
  }
}

function wellFormed(signature: Uint8Array, algorithm: SignatureAlgorithm): Uint8Array {
  if (!(signature instanceof Uint8Array)) throw new CountermarkError('ERR_PARAMETER', 'The remote signer gave no bytes.')
  if (algorithm === 'Ed25519') return signature
  const raw = rawSignature(signature)
  return raw === undefined ? signature : derSignature(raw)
}

/** Every signature is checked as it is made: one that no certificate vouches for must not leave the house. */
function checkedSigner(signer: Omit<Signer, 'sign'>, sign: Signer['sign']): Signer {
  return {
    ...signer,
    sign: async (message) => {
      const made = await sign(message)
      if (!(await holds(signer.key, message, made))) throw new CountermarkError('ERR_PARAMETER', 'The signature does not fit the certificate: the private key is another one\'s.')
      return made
    },
  }
}
