// What a manifest says, from the JSON that every library of contentauth gives.
import { CountermarkError, messageOf } from '../errors.js'
import type { C2paReading } from '../types.js'

interface Status { code: string; explanation?: string }
/** The part of a manifest store that is looked at. */
export interface ManifestStore {
  active_manifest?: string | null
  validation_state?: string | null
  validation_status?: Status[] | null
  validation_results?: { activeManifest?: { success?: Status[] } } | null
  manifests?: { [label: string]: Manifest }
}
interface Manifest {
  claim_generator?: string | null
  claim_generator_info?: { name?: string }[] | null
  signature_info?: { issuer?: string; common_name?: string; time?: string } | null
  assertions?: { label: string; data?: unknown }[]
}

/** Reads and validates the manifest of a file; undefined where there is none. `anchors`: PEM certificates, or empty. */
export type ManifestReader = (bytes: Uint8Array, type: string, anchors: string) => Promise<ManifestStore | undefined>

/** Failures that say something of the signer, not of the content. */
const ABOUT_SIGNER = /^(signingCredential\.(untrusted|expired|ocsp|revoked)|timeStamp\.)/

/**
 * What the manifest of a file says, or undefined where the reader finds none. `trust`: PEM texts; certificates among them are
 * trust anchors. ERR_MISSING where the library is not there.
 */
export async function readManifest(bytes: Uint8Array, type: string, trust: readonly string[], read: ManifestReader): Promise<C2paReading | undefined> {
  let store
  try {
    store = await read(bytes, type, trust.filter((pem) => pem.includes('BEGIN CERTIFICATE')).join('\n'))
  } catch (thrown) {
    if (thrown instanceof CountermarkError) throw thrown
    return { valid: false, trusted: false, problems: [messageOf(thrown)], actions: [], sourceTypes: [], softBindings: [], timeStamped: false }
  }
  const manifest = store?.manifests?.[store.active_manifest ?? '']
  return store === undefined || manifest === undefined ? undefined : readingOf(store, manifest)
}

function readingOf(store: ManifestStore, manifest: Manifest): C2paReading {
  const failures = store.validation_status ?? []
  const passed = new Set((store.validation_results?.activeManifest?.success ?? []).map(({ code }) => code))
  const actions = assertionsOf(manifest, /^c2pa\.actions/).flatMap((data) => listOf((data as { actions?: unknown }).actions)) as { action?: unknown; digitalSourceType?: unknown }[]
  const generator = manifest.claim_generator_info?.[0]?.name ?? manifest.claim_generator ?? undefined
  const { issuer, common_name: name, time } = manifest.signature_info ?? {}
  return {
    // The package calls an expired or unknown signer invalid too; whether the content is what was signed is another question.
    valid: passed.has('claimSignature.validated') && failures.every(({ code }) => ABOUT_SIGNER.test(code)),
    trusted: store.validation_state === 'Trusted',
    problems: failures.map(({ code }) => code),
    actions: actions.map(({ action }) => String(action)),
    sourceTypes: actions.flatMap(({ digitalSourceType }) => (typeof digitalSourceType === 'string' ? [digitalSourceType] : [])),
    softBindings: assertionsOf(manifest, /^c2pa\.soft-binding/).flatMap((data) => {
      const { alg, blocks } = data as { alg?: unknown; blocks?: unknown }
      const [block] = listOf(blocks) as { value?: unknown }[]
      return typeof alg === 'string' ? [{ algorithm: alg, ...(typeof block?.value === 'string' ? { value: block.value } : {}) }] : []
    }),
    timeStamped: passed.has('timeStamp.validated'),
    ...(generator === undefined ? {} : { generator }),
    ...(issuer === undefined && name === undefined ? {} : { signer: [name, issuer].filter((part) => part !== undefined).join(', ') }),
    ...(time === undefined ? {} : { time }),
  }
}

function assertionsOf({ assertions = [] }: Manifest, label: RegExp): object[] {
  return assertions.flatMap(({ label: own, data }) => (label.test(own) && typeof data === 'object' && data !== null ? [data] : []))
}

function listOf(value: unknown): object[] {
  return Array.isArray(value) ? value.filter((one): one is object => typeof one === 'object' && one !== null) : []
}
