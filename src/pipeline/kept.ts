// What the source says already: whether its own label stands (nobody may remove another's, Labeling Measures Art. 10), and what is
// then to be written.
import type { MetadataReport, MetadataSite } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { FIELDS, isAiSourceType, isValid, recordOf, TRAINED } from '../metadata/record.js'
import type { Finding, Record } from '../types.js'

/** What of a plan decides about the metadata. */
export interface Wanted { producer: string; produceId: string; numbered: boolean; keepC2pa: boolean; digitalSourceType?: string; signer?: object; c2pa?: object }

/** How the marking of a file begins. */
export interface Start {
  /** The source's own label, which stays as it is; undefined: `first` is written. */
  kept?: Record
  first: Record
  /** DigitalSourceType to write; undefined: the source says already that the content is generated. */
  sourceType?: string
  findings: Finding[]
}

/** Looks at the source before anything is done, the same for every kind of file. ERR_CONFLICT as `keptRecord`, and for keepC2pa. */
export function begin(before: MetadataReport, plan: Wanted): Start {
  const findings: Finding[] = []
  if (before.c2pa && plan.c2pa === undefined) {
    if (plan.keepC2pa)
      throw new CountermarkError('ERR_CONFLICT', 'The file has a C2PA manifest, which any change breaks.', { remedy: 'Leave out keepC2pa (--keep-c2pa) to mark it all the same, and sign the result anew.' })
    findings.push({ rule: 'C1', severity: 'warning', message: 'The source\'s C2PA manifest no longer fits the file: it was signed over the unmarked bytes.' })
  }
  const kept = keptRecord(before.sites, plan)
  if (kept !== undefined && kept.ContentProducer !== plan.producer)
    findings.push({ rule: 'M16', severity: 'warning', message: `The file is already labelled by ${kept.ContentProducer} as content ${kept.ProduceID}. That label is kept; the provider and content number that were given are not written.` })
  if (kept !== undefined && plan.signer !== undefined)
    findings.push({ rule: 'S1', severity: 'info', message: 'The label that was there is kept as it is: nothing was signed.' })
  const known = before.digitalSourceType !== undefined && isAiSourceType(before.digitalSourceType)
  const sourceType = plan.digitalSourceType ?? (known ? undefined : TRAINED)
  return { ...(kept === undefined ? {} : { kept }), first: recordOf(plan.producer, plan.produceId), ...(sourceType === undefined ? {} : { sourceType }), findings }
}

/**
 * The source's valid label, to be kept, or undefined where it has none.
 * ERR_CONFLICT where it has several, one that is not valid, or our own under another content number.
 */
function keptRecord(sites: readonly MetadataSite[], plan: { producer: string; produceId: string; numbered: boolean }): Record | undefined {
  const [site, second] = sites
  if (site === undefined) return undefined
  if (second !== undefined)
    throw new CountermarkError('ERR_CONFLICT', `The file has ${sites.length} AIGC labels already (${sites.map(({ location }) => location).join(', ')}); exactly one is allowed.`, {
      remedy: 'Find out which of them is right; Countermark does not remove labels.', offset: second.offset,
    })
  if (site.aigc === undefined || !isValid(site.aigc))
    throw new CountermarkError('ERR_CONFLICT', `The file has an AIGC label that is not valid (${site.problem ?? 'a field is missing or not defined'}).`, {
      remedy: 'Ask whoever wrote it for the file with a valid label; Countermark does not remove labels.', offset: site.offset,
    })
  const kept = Object.fromEntries(FIELDS.map((key) => [key, String(site.aigc?.[key] ?? '')])) as unknown as Record
  if (plan.numbered && kept.ContentProducer === plan.producer && kept.ProduceID !== plan.produceId)
    throw new CountermarkError('ERR_CONFLICT', `The file is already labelled as content ${kept.ProduceID} of the same provider.`, {
      remedy: 'Leave out produceId (--produce-id) to keep that label, or start from the unlabelled file.', offset: site.offset,
    })
  return kept
}
