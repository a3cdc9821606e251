// Signed heads: one signature speaks for every entry up to a number.
import { hexOf } from '../signature/der.js'
import { holds, publicKeyOf, type PublicKey, type Signer } from '../signature/keys.js'
import type { LedgerHead } from '../types/ledger.js'
import { canonical } from './entry.js'

/** What stands before the signed JSON, so that no other signature of the key can be taken for this one. */
const HEAD = 'countermark-ledger-head-1\n'
const DELETION = 'countermark-ledger-deletion-1\n'

const bytes = (domain: string, value: object): Uint8Array => new TextEncoder().encode(domain + canonical(value))

/** A deletion as its tombstone names it. */
export interface Deletion { ledger: string; first: number; last: number; before: string; hash: string }

/** Who signed something, and the signature: hexadecimal. */
export interface Signed { algorithm: string; publicKey: string; signature: string }

/** Signs a head. */
export async function signHead(at: Pick<LedgerHead, 'ledger' | 'number' | 'hash'>, signer: Signer): Promise<LedgerHead> {
  const head = { ...at, time: new Date().toISOString() }
  return { ...head, ...(await signed(HEAD, head, signer)) }
}

/** Signs a deletion. */
export function signDeletion(deletion: Deletion, signer: Signer): Promise<Signed> {
  return signed(DELETION, deletion, signer)
}

async function signed(domain: string, what: object, { key, sign }: Signer): Promise<Signed> {
  const who = { algorithm: key.algorithm, publicKey: hexOf(key.spki) }
  return { ...who, signature: hexOf(await sign(bytes(domain, { ...what, ...who }))) }
}

/** The key of a head whose signature holds, else undefined; a head of another shape does not hold. */
export function headSigner({ ledger, number, hash, time, ...who }: LedgerHead): Promise<PublicKey | undefined> {
  return signerIf(HEAD, { ledger, number, hash, time }, who)
}

/** The key of a deletion whose signature holds, else undefined. */
export function deletionSigner({ ledger, first, last, before, hash }: Deletion, who: Partial<Signed>): Promise<PublicKey | undefined> {
  return signerIf(DELETION, { ledger, first, last, before, hash }, who)
}

async function signerIf(domain: string, what: object, { algorithm, publicKey, signature }: Partial<Signed>): Promise<PublicKey | undefined> {
  if (![publicKey, signature].every((hex) => typeof hex === 'string' && /^([0-9a-f]{2})+$/.test(hex))) return undefined
  let key: PublicKey
  try {
    key = publicKeyOf(Buffer.from(publicKey ?? '', 'hex'))
  } catch {
    return undefined
  }
  if (key.algorithm !== algorithm) return undefined
  return (await holds(key, bytes(domain, { ...what, algorithm, publicKey }), Buffer.from(signature ?? '', 'hex'))) ? key : undefined
}
