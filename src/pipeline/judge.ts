// All evidence to one verdict and one state. No file and no engine here: data in, data out.
import { isValid, judgeRecord } from '../metadata/record.js'
import type { Evidence, Finding, LabelEvidence, MetadataEvidence, Policy, State, Verdict, WatermarkEvidence } from '../types.js'
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

  findings.push(...judgeLabels(policy, sight, known))
  open ||= policy.metadata.aigc === 'required' && sight.metadata !== 'read'

  const manifest = ofFormat(evidence, 'c2pa').length > 0
  if (policy.metadata.c2pa === 'required' && sight.metadata === 'read' && !manifest)
    findings.push({ rule: 'C1', severity: 'error', message: 'There is no C2PA manifest; this policy asks for signed metadata.' })
  if (manifest) {
    findings.push({ rule: 'C1', severity: 'info', message: 'There is a C2PA manifest. This version does not check it.' })
    open ||= policy.metadata.c2pa === 'required'
  }
  open ||= policy.metadata.c2pa === 'required' && sight.metadata !== 'read'

  const marks = judgeWatermarks(policy, sight, known)
  const label = judgeVisible(policy, sight, known)
  findings.push(...marks.findings, ...label.findings)
  open ||= marks.open || label.open

  const seen = evidence.some((one) => one.found && !(one.kind === 'metadata' && one.format === 'c2pa'))
  const verdict: Verdict =
    !seen && known === undefined ? (sight.metadata === 'read' && sight.pixels === 'read' && !manifest ? 'not found' : 'cannot tell')
    : findings.some(({ severity }) => severity === 'error') ? 'non-compliant'
    : open ? 'cannot tell'
    : 'compliant'
  return { verdict, state: stateOf(evidence, declared), findings }
}

function ofFormat(evidence: readonly Evidence[], format: MetadataEvidence['format']): MetadataEvidence[] {
  return evidence.filter((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === format && one.found)
}

/** Rules M1 to M9 and C5. Where the policy does not require the label, its faults are warnings. */
function judgeLabels(policy: Policy, sight: Sight, known: Knowledge | undefined): Finding[] {
  const findings: Finding[] = []
  const required = policy.metadata.aigc === 'required'
  const severity = required ? 'error' : 'warning'
  const sites = ofFormat(sight.evidence, 'aigc')
  if (sites.length === 0 && required && sight.metadata === 'read')
    findings.push({ rule: 'M1', severity, message: 'The file has no AIGC metadata label.' })
  if (sites.length > 1)
    findings.push({ rule: 'M2', severity, message: `The file has ${sites.length} AIGC labels, at ${sites.map(({ location, offset }) => `${location} (byte ${offset})`).join(', ')}; exactly one is allowed.` })
  for (const { aigc, problem, location } of sites) {
    if (aigc === undefined) findings.push({ rule: 'M3', severity, message: `The label at ${location} cannot be read${problem === undefined ? '' : `: ${problem}`}.` })
    else {
      if (problem !== undefined) findings.push({ rule: 'M3', severity: 'warning', message: `The label at ${location}: ${problem}.` })
      for (const finding of judgeRecord(aigc, known?.firstWrite === true))
        findings.push(required || finding.severity !== 'error' ? finding : { ...finding, severity: 'warning' })
    }
  }
  const sourceType = sight.report?.digitalSourceType
  if (sourceType === undefined && sight.metadata === 'read' && policy.metadata.digitalSourceType !== 'optional' && sites.length > 0)
    findings.push({ rule: 'C5', severity: policy.metadata.digitalSourceType === 'required' ? 'error' : 'info', message: 'There is no IPTC DigitalSourceType.' })
  if (sourceType !== undefined && sites.some(({ aigc }) => aigc?.Label === '1') && !ofFormat(sight.evidence, 'iptc').length)
    findings.push({ rule: 'C5', severity: 'warning', message: `The AIGC label says generated, DigitalSourceType says ${sourceType}.` })
  return findings
}

/** Rule W1. A watermark of another maker cannot be seen, so its absence is never held against a file that is verified. */
function judgeWatermarks(policy: Policy, sight: Sight, known: Knowledge | undefined): { findings: Finding[]; open: boolean } {
  const found = sight.evidence.filter((one): one is WatermarkEvidence => one.kind === 'watermark' && one.found)
  if (found.some(({ matchesMetadata }) => matchesMetadata === false) && !found.some(({ matchesMetadata }) => matchesMetadata === true))
    return { findings: [{ rule: 'W1', severity: 'error', message: 'The watermark is of other content than the metadata: the label may have been copied from another file.' }], open: false }
  if (found.length > 0 || policy.watermark.demand !== 'required') return { findings: [], open: false }
  if (known?.watermark === false)
    return { findings: [{ rule: 'W1', severity: 'error', message: 'The file has no watermark; this policy asks for one.' }], open: false }
  if (sight.unsearched) return { findings: [], open: true }
  return { findings: [{ rule: 'W1', severity: 'info', message: 'No watermark of the known keys was found; one of another key or maker cannot be seen.' }], open: true }
}

/** Rule I1. A label of another maker, and a waiver, cannot be seen. */
function judgeVisible(policy: Policy, sight: Sight, known: Knowledge | undefined): { findings: Finding[]; open: boolean } {
  if (policy.label.demand !== 'required') return { findings: [], open: false }
  if (known?.waiver !== undefined)
    return { findings: [{ rule: 'L1', severity: 'info', message: `The visible label was left out under agreement ${known.waiver}; keep the record of it for at least six months.` }], open: false }
  if (known?.drawn === true || sight.evidence.some((one): one is LabelEvidence => one.kind === 'label' && one.found)) return { findings: [], open: false }
  if (sight.unsearched) return { findings: [], open: true }
  return { findings: [{ rule: 'I1', severity: 'info', message: 'No visible label of ours was seen; whether there is another one, or an agreement to leave it out, cannot be told from the file.' }], open: true }
}

/** Labeling Measures Art. 6(1) to (3); table P1. A public-key watermark alone confirms nothing: anyone can write one. */
function stateOf(evidence: readonly Evidence[], declared: boolean): State {
  const labels = ofFormat(evidence, 'aigc').map(({ aigc }) => (isValid(aigc) ? String(aigc?.Label) : 'faulty'))
  const privately = evidence.some((one) => one.kind === 'watermark' && one.found && one.key !== 'public')
  if (labels.includes('1') || privately) return 'confirmed'
  if (labels.includes('2') || declared) return 'possible'
  return evidence.some((one) => one.found && !(one.kind === 'metadata' && one.format === 'c2pa')) ? 'suspected' : 'none'
}
