// Four verdicts and four states, over everything that can be seen.
import { describe, expect, test } from 'vitest'
import { recordOf } from '../src/metadata/record.js'
import type { Sight } from '../src/pipeline/evidence.js'
import { judge } from '../src/pipeline/judge.js'
import { POLICIES } from '../src/policy/policy.js'
import type { Evidence } from '../src/types.js'

const aigc = (fields: object = {}): Evidence => ({ kind: 'metadata', format: 'aigc', found: true, location: 'APP1 XMP', offset: 2, aigc: { ...recordOf('Example-Lab', 'id-1'), ...fields } })
const mark = (more: object = {}): Evidence => ({ kind: 'watermark', modality: 'image', found: true, payload: '0011223344556677', bits: 64, key: 'public', ...more })
const label: Evidence = { kind: 'label', modality: 'image', found: true }
const sight = (evidence: Evidence[], more: Partial<Sight> = {}): Sight => ({ type: 'image/png', evidence, metadata: 'read', pixels: 'read', findings: [], ...more })
const rules = (seen: Sight, policy = POLICIES.cn): string => {
  const { verdict, state, findings } = judge(policy, seen)
  return [verdict, state, ...findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)].join(', ')
}

describe('under cn', () => {
  test.each([
    ['everything is there', sight([aigc(), mark({ matchesMetadata: true }), label]), 'compliant, confirmed'],
    ['no watermark: it is encouraged, not demanded', sight([aigc(), label]), 'compliant, confirmed'],
    ['a label that we cannot see', sight([aigc()]), 'cannot tell, confirmed'],
    ['nothing', sight([]), 'not found, none, M1'],
    ['nothing, in a container that is not known', sight([], { metadata: 'unknown' }), 'cannot tell, none'],
    ['nothing, in a picture that does not decode', sight([], { pixels: 'failed' }), 'cannot tell, none, M1'],
    ['nothing, in broken metadata', sight([], { metadata: 'broken' }), 'cannot tell, none'],
    ['a public watermark alone', sight([mark()]), 'non-compliant, suspected, M1'],
    ['a private watermark alone', sight([mark({ key: '0a1b2c3d' })]), 'non-compliant, confirmed, M1'],
    ['a visible label alone', sight([label]), 'non-compliant, suspected, M1'],
    ['the watermark of other content', sight([aigc(), mark({ matchesMetadata: false }), label]), 'non-compliant, confirmed, W1'],
    ['two watermarks, one of this content', sight([aigc(), mark({ matchesMetadata: false }), mark({ matchesMetadata: true, key: '0a1b2c3d' }), label]), 'compliant, confirmed'],
    ['two labels', sight([aigc(), aigc(), label]), 'non-compliant, confirmed, M2'],
    ['a label that does not parse', sight([{ kind: 'metadata', format: 'aigc', found: true, location: 'x', offset: 1, problem: 'no JSON' }, label]), 'non-compliant, suspected, M3'],
    ['declared by the user to a platform', sight([aigc({ Label: '2' }), label]), 'compliant, possible'],
    ['suspected by a platform', sight([aigc({ Label: '3' }), label]), 'compliant, suspected'],
    ['suspected by a platform, of a producer\'s watermark', sight([aigc({ Label: '3' }), mark({ matchesMetadata: false }), label]), 'compliant, suspected'],
    ['another platform\'s pair beside a watermark of other content', sight([aigc({ Label: '3', PropagateID: 'p-2' }), mark({ matchesMetadata: false }), label]), 'non-compliant, suspected, W1'],
    ['an undefined Label', sight([aigc({ Label: 'AIGC' }), label]), 'non-compliant, suspected, M5'],
    ['a signed label of other content', sight([aigc(), { kind: 'signature', found: true, valid: true, bound: false }, label]), 'non-compliant, suspected, S1'],
    ['a signed label that was edited', sight([aigc(), { kind: 'signature', found: true, valid: false, own: true }, label]), 'non-compliant, suspected, S1'],
    ['a signature of another form that does not hold', sight([aigc(), { kind: 'signature', found: true, valid: false }, label]), 'compliant, confirmed'],
    ['a signature that holds', sight([aigc(), { kind: 'signature', found: true, valid: true, bound: true, trusted: true, own: true }, label]), 'compliant, confirmed'],
    ['a trace of a generator alone', sight([{ kind: 'trace', found: true, generator: 'x', location: 'EXIF Software', value: 'x' }]), 'not found, suspected, M1'],
    ['a C2PA manifest that we do not read', sight([{ kind: 'metadata', format: 'c2pa', found: true }]), 'cannot tell, none, M1'],
  ])('%s', (_, seen, expected) => expect(rules(seen)).toBe(expected))

  test('the user declared it', () => expect(judge(POLICIES.cn, sight([]), true).state).toBe('possible'))
  test('a waiver that we know of', () => {
    expect(judge(POLICIES.cn, sight([aigc()]), false, { firstWrite: true, waiver: 'A-1' }).verdict).toBe('compliant')
  })
})

describe('under eu', () => {
  test('a watermark and unsigned metadata are not enough', () => {
    expect(rules(sight([aigc(), mark({ matchesMetadata: true })]), POLICIES.eu)).toBe('non-compliant, confirmed, C1')
  })
  test('a manifest that this version cannot check leaves it open', () => {
    expect(rules(sight([aigc(), mark({ matchesMetadata: true }), { kind: 'metadata', format: 'c2pa', found: true }]), POLICIES.eu)).toBe('cannot tell, confirmed')
  })
})

test('C5: a manifest of a camera beside a label that says generated', () => {
  const c2pa = { valid: true, trusted: true, problems: [], actions: ['c2pa.created'], sourceTypes: ['http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture'], softBindings: [], timeStamped: true }
  const { findings } = judge(POLICIES.cn, sight([aigc(), { kind: 'metadata', format: 'c2pa', found: true, c2pa }]))
  expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toContain('C5 warning')
})

test('the faults of a label that the policy does not ask for are no breach', () => {
  expect(rules(sight([aigc({ ContentProducer: '' }), label]), POLICIES.kr)).toBe('compliant, suspected')
})

test('a film that was not searched for a label is not said to have none', () => {
  const said = (evidence: Evidence[]): string => judge(POLICIES.cn, sight([aigc(), ...evidence], { type: 'video/mp4' })).findings.find(({ rule }) => rule === 'V1')!.message
  expect(said([])).toContain('was not searched')
  expect(said([{ kind: 'label', modality: 'video', found: false }])).toContain('No visible label of ours was seen')
})
