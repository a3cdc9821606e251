// All evidence to one verdict and one state. No file and no engine here: data in, data out.
import { SOFT_BINDING_ALGORITHMS } from '../c2pa/algorithms.js'
import { modalityOf } from '../media/kind.js'
import { isAiSourceType, isPlatforms, isValid, judgeRecord } from '../metadata/record.js'
import { explained, finding } from '../policy/rules.js'
import type { C2paReading, Evidence, Finding, LabelEvidence, MetadataEvidence, Policy, SignatureEvidence, State, Verdict, VideoLabelEvidence, WatermarkEvidence } from '../types.js'
import type { Sight } from './evidence.js'

/** What `mark` knows beyond what can be seen in the file. `verify` knows nothing of it. */
export interface Knowledge {
  /** Reference of the agreement under which the label was left out. */
  waiver?: string
  /** The visible label was drawn by us, whether or not our detector can see it. */
  drawn?: boolean
  /** The first write of the label was ours. */
  firstWrite: boolean
  /** True: embedded; false: we tried or were told not to; undefined: nobody looked. */
  watermark?: boolean
}

/** Verdict, state, and the rules that speak. */
export interface Judgement { verdict: Verdict; state: State; findings: Finding[] }

/** Judges what was seen under a policy. `declared`: the user declared the content as generated (Art. 6(2)). */
export function judge(policy: Policy, sight: Sight, declared = false, known?: Knowledge): Judgement {
  const { evidence } = sight
  const findings = [...sight.findings]
  // A rule that neither passed nor failed: the verdict cannot be "compliant".
  let open = sight.metadata === 'broken' || sight.pixels === 'failed'

  findings.push(...judgeLabels(policy, sight, known), ...judgeSignatures(evidence), ...judgeDisclosure(policy, sight))
  open ||= policy.metadata.aigc === 'required' && sight.metadata !== 'read'

  const [manifestSite] = ofFormat(evidence, 'c2pa')
  const manifest = manifestSite !== undefined
  if (policy.metadata.c2pa === 'required' && sight.metadata === 'read' && !manifest)
    findings.push(finding('C1', 'There is no C2PA manifest; this policy asks for signed metadata.'))
  if (manifest) {
    const judged = judgeManifest(policy, manifestSite.c2pa)
    findings.push(...judged.findings)
    open ||= judged.open && policy.metadata.c2pa === 'required'
  }
  open ||= policy.metadata.c2pa === 'required' && sight.metadata !== 'read'

  const marks = judgeWatermarks(policy, sight, known)
  const label = judgeVisible(policy, sight, known)
  findings.push(...marks.findings, ...label.findings)
  open ||= marks.open || label.open

  // A trace of a generator is no mark: it makes the state "suspected", and the verdict stays "not found".
  const seen = evidence.some((one) => one.found && one.kind !== 'trace' && !(one.kind === 'metadata' && one.format === 'c2pa' && !saysGenerated(one.c2pa)))
  const verdict: Verdict =
    !seen && known === undefined ? (sight.metadata === 'read' && sight.pixels === 'read' && !manifest ? 'not found' : 'cannot tell')
    : findings.some(({ severity }) => severity === 'error') ? 'non-compliant'
    : open ? 'cannot tell'
    : 'compliant'
  return { verdict, state: stateOf(evidence, declared), findings: findings.map(explained) }
}

/** A manifest counts as a mark where a trusted signer says that a model made the content. */
function saysGenerated(reading: C2paReading | undefined): boolean {
  return reading !== undefined && reading.valid && reading.trusted && reading.sourceTypes.some(isAiSourceType)
}

function ofFormat(evidence: readonly Evidence[], format: MetadataEvidence['format']): MetadataEvidence[] {
  return evidence.filter((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === format && one.found)
}

/** Rules M1 to M9 and C5. Where the policy does not require the label, its faults are warnings. */
function judgeLabels(policy: Policy, sight: Sight, known: Knowledge | undefined): Finding[] {
  const findings: Finding[] = []
  const required = policy.metadata.aigc === 'required'
  const softened = required ? undefined : 'warning'
  const sites = ofFormat(sight.evidence, 'aigc')
  if (sites.length === 0 && required && sight.metadata === 'read')
    findings.push(finding('M1', 'The file has no AIGC metadata label.'))
  if (sites.length > 1)
    findings.push(finding('M2', `The file has ${sites.length} AIGC labels, at ${sites.map(({ location, offset }) => `${location} (byte ${offset})`).join(', ')}; exactly one is allowed.`, softened))
  for (const { aigc, problem, location } of sites) {
    if (aigc === undefined) findings.push(finding('M3', `The label at ${location} cannot be read${problem === undefined ? '' : `: ${problem}`}.`, softened))
    else {
      if (problem !== undefined) findings.push(finding('M3', `The label at ${location}: ${problem}.`, 'warning'))
      for (const one of judgeRecord(aigc, known?.firstWrite === true))
        findings.push(required || one.severity !== 'error' ? one : { ...one, severity: 'warning' })
    }
  }
  const sourceType = sight.report?.digitalSourceType
  if (sourceType === undefined && sight.metadata === 'read' && policy.metadata.digitalSourceType !== 'optional' && sites.length > 0)
    findings.push(finding('C5', 'There is no IPTC DigitalSourceType.', policy.metadata.digitalSourceType === 'required' ? 'error' : 'info'))
  const made = ofFormat(sight.evidence, 'c2pa')[0]?.c2pa
  if (made?.valid && made.sourceTypes.length > 0 && !made.sourceTypes.some(isAiSourceType) && sites.some(({ aigc }) => aigc?.Label === '1'))
    findings.push(finding('C5', `The AIGC label says generated, the C2PA manifest says ${made.sourceTypes.join(', ')}.`))
  if (sourceType !== undefined && sites.some(({ aigc }) => aigc?.Label === '1') && !ofFormat(sight.evidence, 'iptc').length)
    findings.push(finding('C5', `The AIGC label says generated, DigitalSourceType says ${sourceType}.`))
  return findings
}

/** Rules C1 and C2. A manifest that was not checked, or whose signer nobody vouches for, leaves the question open. */
function judgeManifest(policy: Policy, reading: C2paReading | undefined): { findings: Finding[]; open: boolean } {
  const required = policy.metadata.c2pa === 'required'
  if (reading === undefined)
    return { findings: [finding('C1', 'There is a C2PA manifest. It was not checked: that needs an optional package (docs/c2pa.md).', 'info')], open: true }
  const { valid, trusted, problems, actions, sourceTypes, softBindings, timeStamped, signer = 'an unnamed signer' } = reading
  if (!valid) return { findings: [finding('C1', `The C2PA manifest does not hold for this file (${problems.join(', ')}).`, required ? 'error' : 'warning')], open: false }
  const findings: Finding[] = []
  const stamped = timeStamped || !required ? [] : [finding('C2', 'The signature of the C2PA manifest has no time-stamp that could be checked.')]
  const first = actions[0]
  if (first !== 'c2pa.created' && first !== 'c2pa.opened') findings.push(finding('C1', `The first action of the C2PA manifest is ${first ?? 'missing'}; it must be c2pa.created or c2pa.opened.`, required ? 'error' : 'warning'))
  else if (first === 'c2pa.created' && !sourceTypes.some(isAiSourceType)) findings.push(finding('C1', 'The C2PA manifest does not say that the content was generated.', required ? 'error' : 'warning'))
  if (!trusted) findings.push(finding('C1', `The C2PA manifest of ${signer} holds; its certificate is not one that is trusted here (${problems.join(', ')}).`, 'info'))
  const unlisted = softBindings.map(({ algorithm }) => algorithm).filter((algorithm) => !SOFT_BINDING_ALGORITHMS.has(algorithm))
  const listed = unlisted.length === 0 ? [] : [finding('C4', `The soft binding ${unlisted.join(', ')} is not in the public list of algorithms.`)]
  return { findings: [...findings, ...stamped, ...listed], open: !trusted }
}

/** Rule C3: California's elements, in the label and in XMP. A manifest may carry them too, unseen without its package. */
function judgeDisclosure(policy: Policy, { metadata, evidence, texts }: Sight): Finding[] {
  if ((policy.name !== 'us-ca' && policy.name !== 'all') || metadata !== 'read') return []
  const label = ofFormat(evidence, 'aigc')[0]?.aigc
  // Of a file whose texts were not read, nobody knows.
  const has = (...keys: string[]): boolean => texts === undefined || texts.some(({ key }) => keys.includes(key))
  const missing = [
    ['A (provider)', Boolean(label?.ContentProducer)],
    ['B (system and version)', has('Iptc4xmpExt:AISystemUsed') && has('Iptc4xmpExt:AISystemVersionUsed')],
    ['C (time)', has('xmp:CreateDate', 'photoshop:DateCreated')],
    ['D (number)', Boolean(label?.ProduceID)],
    ['E (created or altered)', ofFormat(evidence, 'iptc').length > 0],
  ].filter(([, there]) => !there).map(([letter]) => letter)
  if (missing.length === 0 || missing.length === 5) return []
  const manifest = ofFormat(evidence, 'c2pa').length > 0
  return [finding('C3', `Of the elements of 22757.3(a) these are not in the label or in XMP: ${missing.join(', ')}${manifest ? '; the C2PA manifest may hold them' : ''}.`, manifest ? 'info' : undefined)]
}

/**
 * Rule S1. An edited field, or a label on other content, is a breach under every policy: the label lies then. What another
 * service signs is known from its files only, so its signature that does not hold is a warning unless its key is trusted.
 */
function judgeSignatures(evidence: readonly Evidence[]): Finding[] {
  return evidence.filter((one): one is SignatureEvidence => one.kind === 'signature' && one.found).flatMap((one) => {
    const { valid, bound, trusted, own, algorithm, location = 'ReservedCode1', problem, keyId = '' } = one
    const name = algorithm === undefined ? '' : ` (${algorithm})`
    const why = problem === undefined ? '' : `: ${problem}`
    if (valid === false)
      return [finding('S1', `The signature in ${location}${name} does not hold: a field of the label was edited after it was signed, or it was signed otherwise than is known.`, own || trusted ? undefined : 'warning')]
    if (bound === false) return [finding('S1', 'The signed label belongs to other content than this file\'s: it was copied from another file, or the content was changed, coded anew or rewritten by another program.')]
    if (valid === undefined) return [finding('S1', `The signature in ${location}${name} was not checked${why}.`, 'info')]
    if (trusted === false) return [finding('S1', `The signature holds, but its key ${keyId} is not one of those that are trusted${why}.`, 'warning')]
    if (trusted === undefined) return [finding('S1', `The signature${name} holds. Its key ${keyId} came with the file: whose it is can only be told with a trusted key or certificate.`, 'info')]
    return bound === undefined ? [finding('S1', `The signature holds, but nothing binds the label to this content${why}: it could have been copied.`, 'warning')] : []
  })
}

/** Rule W1. A watermark of another maker cannot be seen, so its absence is never held against a file that is verified. */
function judgeWatermarks(policy: Policy, sight: Sight, known: Knowledge | undefined): { findings: Finding[]; open: boolean } {
  const found = sight.evidence.filter((one): one is WatermarkEvidence => one.kind === 'watermark' && one.found)
  if (found.some(({ matchesMetadata }) => matchesMetadata === false) && !found.some(({ matchesMetadata }) => matchesMetadata === true))
    return { findings: [isPlatforms(ofFormat(sight.evidence, 'aigc')[0]?.aigc)
      ? finding('W1', 'The watermark is the producer\'s; the label is of a platform that did not know the producer, so that the two do not agree.', 'info')
      : finding('W1', 'The watermark is of other content than the metadata: the label may have been copied from another file.')], open: false }
  if (found.length > 0 || policy.watermark.demand !== 'required') return { findings: [], open: false }
  if (sight.tokens !== undefined) return judgeLongText(sight.tokens, known)
  if (known?.watermark === false)
    return { findings: [{ ...finding('W1', 'The file has no watermark; this policy asks for one.'), remedy: 'Mark the content as a kind of file that carries a watermark, with the watermark left on.' }], open: false }
  if (sight.unsearched) return { findings: [], open: true }
  return { findings: [finding('W1', 'No watermark of the known keys was found; one of another key or maker cannot be seen.', 'info')], open: true }
}

/** Rule T5: what is shorter needs no mark. Another maker's cannot be seen. */
function judgeLongText(tokens: number, known: Knowledge | undefined): { findings: Finding[]; open: boolean } {
  if (tokens <= 200) return { findings: [], open: false }
  return known?.watermark === false
    ? { findings: [finding('T5', `The text has about ${tokens} tokens and no watermark; this policy asks for one above 200.`)], open: false }
    : { findings: [finding('T5', `The text has about ${tokens} tokens, and no watermark of the known keys was found; one of another key or maker cannot be seen.`, 'info')], open: true }
}

/** Rules I1, A1 and V1. A label of another maker, and a waiver, cannot be seen; of audible labels only the rhythm is recognised. */
function judgeVisible(policy: Policy, sight: Sight, known: Knowledge | undefined): { findings: Finding[]; open: boolean } {
  const modality = modalityOf(sight.type)
  const audible = modality === 'audio'
  if (policy.label.demand !== 'required') return { findings: [], open: false }
  if (known?.waiver !== undefined)
    return { findings: [finding('L1', `The ${audible ? 'audible' : 'visible'} label was left out under agreement ${known.waiver}; keep the record of it for at least six months.`, 'info')], open: false }
  if (known?.drawn === true || sight.evidence.some((one): one is LabelEvidence => one.kind === 'label' && one.found && (modality !== 'video' || one.modality === 'video'))) return { findings: [], open: false }
  if (sight.unsearched) return { findings: [], open: true }
  if (sight.tokens !== undefined)
    return { findings: [finding('T1', 'No label that says AI and generated stands at the start or the end of the text; whether one is shown around it, or an agreement leaves it out, cannot be told from the file.', 'info')], open: true }
  return { findings: [audible
    ? finding('A1', 'The rhythm was not heard; whether a voice says the label instead, or an agreement leaves it out, cannot be told from the file.', 'info')
    : modality === 'video' ? judgeFilmLabel(sight)
    : finding('I1', 'No visible label of ours was seen; whether there is another one, or an agreement to leave it out, cannot be told from the file.', 'info')], open: true }
}

/** Rules V1 and V3: a label of ours that is there at the start, but not for two seconds, is a breach; none at all may be another's. */
function judgeFilmLabel({ evidence }: Sight): Finding {
  const label = evidence.find((one): one is VideoLabelEvidence => one.kind === 'label' && one.modality === 'video')
  // A browser does not look where a film's pixels are not square.
  if (label === undefined) return finding('V1', 'The film was not searched for a visible label; whether it has one, or an agreement leaves it out, cannot be told.', 'info')
  const frames = label.frames ?? []
  const missed = frames.filter(([, there]) => !there)
  if (missed.length > 0 && missed.length < frames.length)
    return finding('V1', `The label was seen, but not in all of the first two seconds: not at ${missed.map(([second]) => `${second.toFixed(1)} s`).join(', ')}.`, 'warning')
  return finding('V1', 'No visible label of ours was seen in the first two seconds; whether there is another one, or an agreement to leave it out, cannot be told from the file.', 'info')
}

/** Labeling Measures Art. 6(1) to (3); table P1. A public-key watermark alone confirms nothing: anyone can write one. */
function stateOf(evidence: readonly Evidence[], declared: boolean): State {
  // A label that its own signature gives away as edited or copied says nothing of this content.
  const betrayed = evidence.some((one) => one.kind === 'signature' && (one.bound === false || (one.valid === false && (one.own || one.trusted))))
  const labels = ofFormat(evidence, 'aigc').map(({ aigc }) => (isValid(aigc) && !betrayed ? String(aigc?.Label) : 'faulty'))
  // A mark that is there without a payload can be made from three pictures of the key (bench/results/averaging.md).
  const privately = evidence.some((one) => one.kind === 'watermark' && one.found && (one.payload ?? one.asked) !== undefined && one.key !== 'public')
  if (labels.includes('1') || privately) return 'confirmed'
  if (labels.includes('2') || declared) return 'possible'
  return evidence.some((one) => one.found && !(one.kind === 'metadata' && one.format === 'c2pa')) ? 'suspected' : 'none'
}
