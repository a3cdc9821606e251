// SecurityData in ReservedCode1 (TC260-PG-202511A as far as it is verified; docs/signature.md says what is our own).
import { CountermarkError, messageOf } from '../errors.js'
import type { Record, SignatureEvidence } from '../types.js'
import { bytesOfHex, hexOf } from './der.js'
import type { HashAlgorithm } from './hash.js'
import { ALGORITHMS, holds, keyIdOf, oidOfAlgorithm, publicKeyOf, sm2Key, type PublicKey, type Signer } from './keys.js'
import { judgeTrust, type Trust } from './trust.js'

/** Our way to choose the content for the hash, in the field that the guide calls CntSel; its own values are not verified. */
const SELECTION = 'countermark.coded.1'

/** Object identifiers of the hashes. */
const HASHES: { readonly [oid: string]: HashAlgorithm } = { '1.2.156.10197.1.401': 'SM3', '2.16.840.1.101.3.4.2.1': 'SHA-256' }

type Fields = { [key: string]: unknown }
type Labelled = Pick<Record, 'Label' | 'ContentProducer' | 'ProduceID'>

/** The hash that goes with a signature algorithm. */
export function hashFor(signer: Signer): HashAlgorithm {
  return signer.key.algorithm === 'SM2' ? 'SM3' : 'SHA-256'
}

/** What is signed of the label: three pairs, joined by commas, without braces (TC260-PG-202511A, A.1). */
function labelMessage({ Label, ContentProducer, ProduceID }: Labelled): string {
  return `"Label":"${Label}","ContentProducer":"${ContentProducer}","ProduceID":"${ProduceID}"`
}

/** What is signed of the binding, our own form: the label with it, so that neither can be put beside another. */
function bindingMessage(label: Labelled, bindings: unknown): string {
  return `${labelMessage(label)},"Bindings":${JSON.stringify(bindings)}`
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Whether a label is bound to the very bytes of its content, in our form. */
export function isBound(reserved: string): boolean {
  return bindingOf(securityOf(reserved)?.['Bindings']) !== undefined
}

/** ReservedCode1 for a label and the hash of its content (hexadecimal, by `hashFor`). */
export async function secure(label: Labelled, hash: string, signer: Signer): Promise<string> {
  const { key, certificates } = signer
  const [AlgID, KeyID] = [oidOfAlgorithm(key.algorithm), await keyIdOf(key)]
  const hashId = Object.keys(HASHES).find((oid) => HASHES[oid] === hashFor(signer))
  const Bindings = [{ Type: 'Hash', AlgID: hashId, CntSel: SELECTION, Value: hash }]
  const signed = async (Type: 'Md' | 'Bnd', message: string): Promise<object> =>
    ({ Type: 'DS', AlgID, KeyID, TBSData: { Type }, Signature: hexOf(await signer.sign(utf8(message))) })
  return JSON.stringify({
    SecurityData: {
      Type: 'TC260PG', Version: 1, Bindings,
      PubSD: [
        { Type: 'PubKey', AlgID, KeyID, KeyValue: hexOf(key.algorithm === 'SM2' ? key.point : key.spki) },
        await signed('Md', labelMessage(label)),
        await signed('Bnd', bindingMessage(label, Bindings)),
        ...certificates.map((der) => ({ Type: 'Cert', KeyID, Value: hexOf(der) })),
      ],
    },
  })
}

/** What the SecurityData of a label is worth, one a reserved field that holds one. `hash` gives the hash of the content. */
export async function examine(label: Partial<Record>, hash: (algorithm: HashAlgorithm) => Promise<string>, trust: Trust | undefined): Promise<SignatureEvidence[]> {
  const evidence: SignatureEvidence[] = []
  const first = securityOf(label.ReservedCode1)
  if (first !== undefined) evidence.push(await examineOne(label, first, hash, trust))
  if (securityOf(label.ReservedCode2) !== undefined)
    evidence.push({ kind: 'signature', found: true, location: 'ReservedCode2', problem: 'what a platform signs there is not verified' })
  return evidence
}

function securityOf(reserved: unknown): Fields | undefined {
  let value = reserved
  if (typeof value === 'string') {
    // Opaque values are common; they are no fault.
    if (!value.includes('SecurityData')) return undefined
    try {
      value = JSON.parse(value)
    } catch {
      return undefined
    }
  }
  const security = (value as { SecurityData?: unknown } | null | undefined)?.SecurityData
  return typeof security === 'object' && security !== null && !Array.isArray(security) ? (security as Fields) : undefined
}

async function examineOne(
  aigc: Partial<Record>, security: Fields, hash: (algorithm: HashAlgorithm) => Promise<string>, trust: Trust | undefined,
): Promise<SignatureEvidence> {
  const evidence: SignatureEvidence = { kind: 'signature', found: true, location: 'ReservedCode1' }
  const open = (problem: string): SignatureEvidence => ({ ...evidence, problem })
  if (security['Type'] !== 'TC260PG') return open('its type is not TC260PG')
  // Some services write PubSd.
  const listed = security['PubSD'] ?? security['PubSd']
  const entries = Array.isArray(listed) ? (listed as unknown[]).filter((one): one is Fields => typeof one === 'object' && one !== null) : []
  const signatures = entries.filter(({ Type }) => Type === 'DS')
  const kindOf = (one: Fields): unknown => (one['TBSData'] as Fields | null | undefined)?.['Type']
  const main = signatures.find((one) => kindOf(one) === 'Md')
  const any = main ?? signatures[0]
  if (any === undefined) return open('it holds no signature')
  const named = String(any['AlgID'] ?? '')
  const algorithm = ALGORITHMS[named]
  evidence.algorithm = algorithm ?? named
  if (algorithm === undefined) return open(`the algorithm ${named} is not checked by this version`)
  if (main === undefined) return open(`it signs ${JSON.stringify(kindOf(any))}, whose message is not known`)

  const key = keyFor(main, entries)
  if (key === undefined || key.algorithm !== algorithm) return open('its public key is not there, or not of that algorithm')
  evidence.keyId = await keyIdOf(key)
  const label: Labelled = { Label: String(aigc.Label ?? ''), ContentProducer: String(aigc.ContentProducer ?? ''), ProduceID: String(aigc.ProduceID ?? '') }
  try {
    evidence.valid = await signatureHolds(main, key, labelMessage(label))
    if (bindingOf(security['Bindings']) !== undefined) evidence.own = true
    if (evidence.valid) {
      const bound = await judgeBinding(security['Bindings'], signatures.find((one) => kindOf(one) === 'Bnd'), key, label, hash)
      if (typeof bound === 'boolean') evidence.bound = bound
      else evidence.problem = bound
    }
    if (trust !== undefined) {
      const chain = entries.filter(({ Type }) => Type === 'Cert').flatMap(({ Value }) => bytesOfHex(Value) ?? [])
      const { trusted, problem } = await judgeTrust(key, chain, trust)
      evidence.trusted = trusted
      if (problem !== undefined) evidence.problem = problem
    }
    return evidence
  } catch (thrown) {
    // A library or an algorithm of the platform is missing: nothing can be said then.
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_MISSING') return open(messageOf(thrown))
    // A key of the file that no library takes (a point off its curve, say) signed nothing.
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_PARAMETER') return { ...evidence, valid: false, problem: messageOf(thrown) }
    throw thrown
  }
}

/** The first key with the signature's KeyID, or the first key where it names none. */
function keyFor({ KeyID }: Fields, entries: readonly Fields[]): PublicKey | undefined {
  const keys = entries.filter(({ Type }) => Type === 'PubKey')
  const value = bytesOfHex((keys.find((one) => KeyID === undefined || one['KeyID'] === undefined || one['KeyID'] === KeyID))?.['KeyValue'])
  if (value === undefined) return undefined
  try {
    return value[0] === 0x30 ? publicKeyOf(value) : value.length === 65 || value.length === 33 ? sm2Key(value) : undefined
  } catch {
    return undefined
  }
}

async function signatureHolds({ Signature }: Fields, key: PublicKey, message: string): Promise<boolean> {
  const signature = bytesOfHex(Signature)
  return signature !== undefined && holds(key, utf8(message), signature)
}

/** The binding in our form. */
function bindingOf(bindings: unknown): Fields | undefined {
  return Array.isArray(bindings) ? ((bindings as (Fields | null)[]).find((one) => one?.['CntSel'] === SELECTION) ?? undefined) : undefined
}

/** Whether the content is the signed one, or why that cannot be told. */
async function judgeBinding(
  bindings: unknown, signature: Fields | undefined, key: PublicKey, label: Labelled, hash: (algorithm: HashAlgorithm) => Promise<string>,
): Promise<boolean | string> {
  const own = bindingOf(bindings)
  if (own === undefined) return Array.isArray(bindings) && bindings.length > 0 ? 'its way to choose the content is not known here' : 'it has no binding'
  const algorithm = HASHES[String(own['AlgID'])]
  if (algorithm === undefined) return 'the hash of its binding is not known here'
  // A binding that nobody signed for this label is that of another label.
  if (signature === undefined || !(await signatureHolds(signature, key, bindingMessage(label, bindings)))) return false
  try {
    return String(own['Value']).toLowerCase() === (await hash(algorithm))
  } catch (thrown) {
    // The signature of the label was judged already: what is not known is only whose content it is.
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_UNSUPPORTED') return thrown.message
    throw thrown
  }
}
