// Whom a caller trusts: pinned keys everywhere, certificate chains in Node.
import { CountermarkError, messageOf } from '../errors.js'
import { certificateOf, hexOf, pemBlocks, sequenceOf, type Certificate } from './der.js'
import { holds, publicKeyOf, type PublicKey } from './keys.js'

/** The longest chain that is followed. */
const MAX_CHAIN = 8

/** What the caller's PEM texts say. */
export interface Trust { keys: ReadonlySet<string>; roots: readonly Certificate[] }

/** Reads PEM texts, each of any number of public keys and certificates of any algorithm. ERR_PARAMETER for others. */
export function trustOf(pems: readonly string[]): Trust {
  const keys = new Set<string>()
  const roots: Certificate[] = []
  for (const [index, pem] of pems.entries()) {
    let taken = 0
    const what = `trust[${index}]`
    for (const { label, der } of pemBlocks(pem, what)) {
      if (label === 'PUBLIC KEY' && sequenceOf(der, what).length === 2) {
        keys.add(hexOf(der))
        taken += 1
      }
      if (label !== 'CERTIFICATE') continue
      taken += 1
      const certificate = certificateOf(der)
      roots.push(certificate)
      keys.add(hexOf(certificate.spki))
    }
    if (taken === 0) throw new CountermarkError('ERR_PARAMETER', `${what} holds neither a certificate nor a public key.`)
  }
  return { keys, roots }
}

/**
 * Whether the key is pinned, or its certificate leads to one that is trusted. `chain`: DER certificates from the file, the
 * signer's own first. Revocation is not looked up.
 */
export async function judgeTrust(key: PublicKey, chain: readonly Uint8Array[], trust: Trust, now = new Date()): Promise<{ trusted: boolean; problem?: string }> {
  if (trust.keys.has(hexOf(key.spki))) return { trusted: true }
  if (chain.length === 0 || trust.roots.length === 0) return { trusted: false }
  if (typeof process === 'undefined' || process.versions?.node === undefined)
    return { trusted: false, problem: 'certificate chains are not followed in browsers: pin the signer\'s own key or certificate' }
  try {
    return await follow(key, chain.slice(0, MAX_CHAIN).map(certificateOf), trust.roots, now)
  } catch (thrown) {
    // Without the library for SM2 nobody knows; all else is about the certificate.
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_MISSING') throw thrown
    return { trusted: false, problem: `a certificate in the file cannot be read (${messageOf(thrown)})` }
  }
}

/** RFC 5280, 6.1, as far as it decides here: names, signatures, validity, CA flag; the last step must be a trusted certificate. */
async function follow(key: PublicKey, chain: readonly Certificate[], roots: readonly Certificate[], now: Date): Promise<{ trusted: boolean; problem?: string }> {
  const name = 'node:crypto'
  const { X509Certificate } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as typeof import('node:crypto')
  let [current] = chain
  if (current === undefined || hexOf(current.spki) !== hexOf(key.spki)) return { trusted: false, problem: 'the certificate in the file is not of the key that signed' }
  for (let step = 0; step < MAX_CHAIN; step++) {
    const subject = new X509Certificate(current.der)
    if (new Date(subject.validFrom) > now || new Date(subject.validTo) < now) return { trusted: false, problem: `the certificate of ${subject.subject} is not valid now` }
    let next: Certificate | undefined
    for (const issuer of [...roots, ...chain]) {
      const parsed = new X509Certificate(issuer.der)
      if (!subject.checkIssued(parsed) || !parsed.ca || !(await signedBy(current, issuer, subject.verify.bind(subject), parsed))) continue
      if (roots.includes(issuer)) {
        const fresh = new Date(parsed.validFrom) <= now && new Date(parsed.validTo) >= now
        return fresh ? { trusted: true } : { trusted: false, problem: 'the trusted certificate is not valid now' }
      }
      if (issuer !== current) next = issuer
    }
    if (next === undefined) break
    current = next
  }
  return { trusted: false, problem: 'no trusted certificate vouches for it' }
}

async function signedBy(
  { signed, signature, algorithm }: Certificate, issuer: Certificate, verify: (key: import('node:crypto').KeyObject) => boolean, parsed: import('node:crypto').X509Certificate,
): Promise<boolean> {
  // OpenSSL behind Node checks SM2 certificates without the user id that they are signed with.
  if (algorithm === '1.2.156.10197.1.501') return holds(publicKeyOf(issuer.spki), signed, signature)
  return verify(parsed.publicKey)
}
