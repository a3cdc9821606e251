// The table of rules: whole, well formed, and what findings take from it. R1 and R2 hold the package itself.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { forVisitors } from '../src/element/words.js'
import * as face from '../src/index.js'
import { codeProblem, recordOf } from '../src/metadata/record.js'
import { judge } from '../src/pipeline/judge.js'
import { FORMATS } from '../src/policy/formats.js'
import { explained, finding } from '../src/policy/rules.js'
import { checklist, POLICIES, ruleOf, RULES, type Evidence } from '../src/index.js'

const upTo = (letter: string, last: number): string[] => Array.from({ length: last }, (_, at) => `${letter}${at + 1}`)

describe('the table', () => {
  test('holds every rule once', () => {
    const wanted = [...upTo('M', 17), ...upTo('S', 2), ...upTo('T', 5), ...upTo('I', 6), ...upTo('V', 4), ...upTo('A', 4), ...upTo('W', 3), ...upTo('C', 5), ...upTo('L', 2), ...upTo('P', 2), ...upTo('R', 2)]
    expect(RULES.map(({ rule }) => rule)).toEqual(wanted)
  })
  test.each(RULES)('$rule says what, where it is written, and what to do in two languages', (rule) => {
    expect([rule.says, rule.marks, rule.verifies, rule.remedy.en].every((text) => text.length > 0)).toBe(true)
    expect([rule.zh, rule.remedy.zh].every((text) => /[\u4e00-\u9fff]/.test(text))).toBe(true)
    // No cell may break the document's table.
    expect(Object.values(rule).some((value) => typeof value === 'string' && /[|\n]/.test(value))).toBe(false)
    if (rule.verified === false) expect(rule.severity).not.toBe('error')
  })
  test('a page gives no command to its visitors', () => {
    const given = RULES.map(({ remedy }) => forVisitors(remedy.en)).filter((one) => one !== undefined)
    expect(given.filter((one) => /countermark mark|--|docs\//.test(one))).toEqual([])
    expect([forVisitors(ruleOf('M1')!.remedy.en), forVisitors(ruleOf('P2')!.remedy.en), forVisitors('Raise limits.pixels (--max-pixels) if you trust the file.')]).toEqual([undefined, undefined, undefined])
    expect(forVisitors(ruleOf('W1')!.remedy.en)).toBe(ruleOf('W1')!.remedy.en)
  })
  test('the kinds of files are of those that are handled', () => {
    expect(new Set(FORMATS.map(({ type }) => type)).size).toBe(FORMATS.length)
    for (const one of FORMATS) expect([one.type, one.readersTried.length > 0, /^(own convention|TC260-PG-20\d+A)/.test(one.source)]).toEqual([one.type, true, true])
  })
})

describe('findings', () => {
  test('carry the source and what to do', () => {
    const { findings } = judge(POLICIES.cn, { type: 'image/png', evidence: [], metadata: 'read', pixels: 'read', findings: [] })
    const [first] = findings
    expect(first).toMatchObject({ rule: 'M1', severity: 'error', article: 'Labeling Measures 5; GB 45438-2025 6.1', remedy: expect.stringContaining('countermark mark') })
    expect(findings.find(({ severity }) => severity === 'info')).not.toHaveProperty('remedy')
  })
  test('a rule that is not verified is never an error', () => {
    expect(explained({ rule: 'V3', severity: 'error', message: 'x' }).severity).toBe('warning')
    expect(explained(finding('V1', 'x')).severity).toBe('error')
  })
})

describe('the checklist', () => {
  const aigc: Evidence = { kind: 'metadata', format: 'aigc', found: true, location: 'APP1 XMP', offset: 1, aigc: recordOf('Example-Lab', 'id-1') }
  const answers = (type: string, evidence: Evidence[], findings: { rule: string; severity: 'error' | 'warning' | 'info'; message: string }[] = []): { [rule: string]: string } =>
    Object.fromEntries(checklist({ type, evidence, findings }).map(({ rule, answer }) => [rule, answer]))

  test('answers every rule', () => expect(Object.keys(answers('image/png', []))).toEqual(RULES.map(({ rule }) => rule)))
  test('what was seen and has no finding passed; what nobody can see cannot be told', () => {
    const said = answers('image/png', [aigc])
    expect([said['M1'], said['M2'], said['M10'], said['I3'], said['S1']]).toEqual(['passed', 'passed', 'cannot tell', 'cannot tell', 'not applicable'])
  })
  test('rules of another kind of content do not apply, and those of a label only where one is', () => {
    const said = answers('video/mp4', [aigc])
    expect([said['V1'], said['V4'], said['T1'], said['I1']]).toEqual(['not applicable', 'cannot tell', 'not applicable', 'not applicable'])
    expect(answers('video/mp4', [aigc, { kind: 'label', modality: 'video', found: true }])['V1']).toBe('passed')
    expect(answers('video/mp4', [aigc], [{ rule: 'V1', severity: 'info', message: '' }])['V1']).toBe('cannot tell')
  })
  test('the gravest finding decides, and a file that was not read passes nothing', () => {
    expect(answers('image/png', [aigc], [{ rule: 'M9', severity: 'warning', message: '' }, { rule: 'M1', severity: 'error', message: '' }])).toMatchObject({ M1: 'breach', M9: 'warning' })
    expect(answers('image/png', [], [{ rule: 'M17', severity: 'warning', message: '' }])).toMatchObject({ M1: 'cannot tell', M17: 'warning' })
  })
})

describe('the package itself', () => {
  test('R1: no exported function removes a label', () => {
    const names = Object.entries(face).flatMap(([name, value]) => (typeof value === 'object' && value !== null ? [name, ...Object.keys(value)] : [name]))
    expect(names.length).toBeGreaterThan(10)
    // A provider may take its own text mark out again, with its key, before text goes into its model.
    expect(names.filter((name) => /remove|strip|delete|clear|unlabel/i.test(name))).toEqual(['stripForModel'])
  })
  test('R2: no provider code of a real organisation', () => {
    const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).split('\n').filter((name) => /\.(ts|mjs|rs|md|json|py|html)$/.test(name))
    expect(files.length).toBeGreaterThan(100)
    const codes = files.flatMap((name) => { try { return [...readFileSync(name, 'utf8').matchAll(/(?<![0-9A-Z])00[0-9A-Z]{25}(?![0-9A-Z])/g)].map(([code]) => code) } catch { return [] } })
    // Region 000000 does not exist: codes with it are made up.
    expect([...new Set(codes)].filter((code) => codeProblem(code) === undefined && code.slice(6, 12) !== '000000' && code.slice(4, 6) !== '00')).toEqual([])
    expect(ruleOf('R2')?.seen).toBe('tests')
  })
})
