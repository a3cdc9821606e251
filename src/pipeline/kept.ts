// Whether the source's own label stands. Nobody may remove another's label (Labeling Measures Art. 10).
import type { MetadataSite } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { FIELDS, isValid } from '../metadata/record.js'
import type { Record } from '../types.js'

/**
 * The source's valid label, to be kept, or undefined where it has none.
 * ERR_CONFLICT where it has several, one that is not valid, or our own under another content number.
 */
export function keptRecord(sites: readonly MetadataSite[], plan: { producer: string; produceId: string; numbered: boolean }): Record | undefined {
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
