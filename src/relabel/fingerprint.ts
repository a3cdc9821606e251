// What makes two runs the same job.
import { keyIdOf } from '../key.js'
import { canonical, sha256 } from '../ledger/entry.js'
import type { Plan } from '../pipeline/mark.js'

/** SHA-256 over the source's real path and all that decides on the outputs; no key stands in it but by its id. */
export function fingerprint(source: string, plan: Plan): string {
  const { key, label, signer, c2pa, produceId: _fresh, keyId: _id, ...rest } = plan
  return sha256(canonical({
    ...rest, source, key: keyIdOf(key),
    ...(label === undefined ? {} : { label: { ...label, font: sha256(label.font) } }),
    ...(signer === undefined ? {} : { signer: sha256(signer.key.spki) }),
    ...(c2pa === undefined ? {} : { c2pa: sha256(c2pa.certificate) }),
  }))
}
