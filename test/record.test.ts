// The seven-field label: what is written, what is refused, what is said of labels as they occur.
import { describe, expect, test } from 'vitest'
import { codeProblem, isValid, judgeRecord, producerOf, produceIdOf, recordOf } from '../src/metadata/record.js'
import { policyOf, POLICIES, wordingOf, wordingPasses } from '../src/policy/policy.js'

// A made-up organisation: the region 000000 does not exist. Its check character is computed by hand:
// sum of value x 3^i mod 31 over 9,1,0,...,0 = 9 + 3 = 12, and 31 - 12 = 19 is the character K.
const CODE = '001191000000000000000K10000'

describe('provider', () => {
  test('a code with its right check character is written', () => {
    expect(codeProblem(CODE)).toBeUndefined()
    expect(producerOf({ code: CODE })).toBe(CODE)
  })
  test.each([
    ['another check character', CODE.replace('K', 'L')],
    ['26 characters', CODE.slice(1)],
    ['small letters', CODE.toLowerCase()],
    ['a letter that credit codes do not have', CODE.replace('9100', '91O0')],
    ['a propagation service', `${CODE.slice(0, 22)}20000`],
  ])('%s is refused', (_, code) => {
    expect(() => producerOf({ code })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('nobody is the provider by default', () => {
    expect(() => producerOf(undefined)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => producerOf({})).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
  test('a Chinese name is written, with the warning of M7', () => {
    const name = producerOf({ name: '示例公司' })
    const findings = judgeRecord(recordOf(name, 'id-1'), true)
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['M7 warning', 'M7 warning'])
  })
  test.each(['a"b', 'a\\b', 'a\nb', 'a\u0000b', '\ud800', 'x'.repeat(1025)])('a name that no reader takes is refused: %j', (name) => {
    expect(() => producerOf({ name })).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('numbers are fresh unless given', () => {
    expect(produceIdOf(undefined)).toMatch(/^[0-9a-f-]{36}$/)
    expect(produceIdOf(undefined)).not.toBe(produceIdOf(undefined))
    expect(produceIdOf('abc')).toBe('abc')
    expect(() => produceIdOf('')).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
})

describe('labels as they occur', () => {
  const good = recordOf('Example-Lab', 'id-1')
  const rules = (label: object): string[] => judgeRecord(label, false).map(({ rule, severity }) => `${rule} ${severity}`)
  test('our own has nothing against it', () => expect(rules(good)).toEqual([]))
  test.each([
    ['Label as a number', { ...good, Label: 1 }, ['M4 warning'], true],
    ['Label AIGC', { ...good, Label: 'AIGC' }, ['M5 error'], false],
    ['no producer', { ...good, ContentProducer: '' }, ['M6 error', 'M8 info'], false],
    ['empty propagation pair', { ...good, ContentPropagator: '', PropagateID: '' }, ['M8 info'], true],
    ['three fields only', { Label: '1', ContentProducer: 'a', ProduceID: 'b' }, ['M4 warning', 'M4 warning', 'M4 warning', 'M4 warning', 'M8 info'], true],
    ['a field of its own', { ...good, Time: '1' }, ['M4 warning'], true],
    ['signature data with quotes', { ...good, ReservedCode1: '{"SecurityData":{}}' }, [], true],
    ['a code that fails its check', recordOf(CODE.replace('K', 'L'), 'x'), ['M9 warning'], true],
  ])('%s', (_, label, expected, valid) => {
    expect(rules(label)).toEqual(expected)
    expect(isValid(label as never)).toBe(valid)
  })
})

describe('policies', () => {
  test('every one is of the documented shape', () => {
    for (const policy of Object.values(POLICIES)) expect(policyOf(structuredClone(policy))).toEqual(policy)
  })
  test('others are refused', () => {
    expect(() => policyOf('fr' as never)).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(() => policyOf('constructor' as never)).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(() => policyOf({ name: 'x' } as never)).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('their own wording passes their own rule', () => {
    for (const policy of Object.values(POLICIES)) expect(wordingPasses(policy, policy.label.text)).toBe(true)
  })
  test('cn never draws English alone', () => {
    expect(wordingOf(POLICIES.cn, undefined)).toEqual(['AI生成'])
    expect(wordingOf(POLICIES.cn, 'AI-generated')).toEqual(['AI生成', 'AI-generated'])
    expect(wordingOf(POLICIES.cn, '人工智能合成')).toEqual(['人工智能合成'])
  })
})
