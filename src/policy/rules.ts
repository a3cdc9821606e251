// The rules as data. docs/rules.md is made from this table (scripts/write-docs.mjs), findings take their source, severity
// and remedy from it, and the command line its Chinese headings.
import type { Finding, Modality } from '../types.js'
import { CONTENT_RULES } from './rules-content.js'
import { METADATA_RULES } from './rules-metadata.js'
import { OTHER_RULES } from './rules-other.js'
import type { Rule } from './rules-row.js'

export type { Rule } from './rules-row.js'

/** Every rule, in the order of the document. */
export const RULES: readonly Rule[] = [...METADATA_RULES, ...CONTENT_RULES, ...OTHER_RULES]

const BY_NUMBER: ReadonlyMap<string, Rule> = new Map(RULES.map((rule) => [rule.rule, rule]))

/** The rule of that number, or undefined where there is none. */
export function ruleOf(number: string): Rule | undefined {
  return BY_NUMBER.get(number)
}

/** `GB 45438-2025 6.1; Labeling Measures 5`, or `own rule` where no law or standard says so. */
export function sourceOf({ articles }: Rule): string {
  return articles.length === 0 ? 'own rule' : articles.map(({ law, article }) => `${law} ${article}`).join('; ')
}

/** A finding of that rule; its severity is the table's unless a policy asks for less. */
export function finding(number: string, message: string, severity?: Finding['severity']): Finding {
  return { rule: number, severity: severity ?? ruleOf(number)?.severity ?? 'info', message }
}

/**
 * The finding with the source of its rule and what to do about it. A rule whose wording is not verified is never an
 * error, whoever raised it.
 */
export function explained(found: Finding): Finding {
  const rule = ruleOf(found.rule)
  if (rule === undefined) return found
  const severity = found.severity === 'error' && rule.verified === false ? 'warning' : found.severity
  return { ...found, severity, article: sourceOf(rule), ...(severity === 'info' ? {} : { remedy: found.remedy ?? rule.remedy.en }) }
}

/** What one rule says of one file. */
export interface RuleAnswer {
  rule: string
  /**
   * `passed`, or `breach` and `warning` by its gravest finding; `cannot tell` where this version, or nobody, can see it in
   * a finished file; `not applicable` where the file is of another kind or has nothing that the rule is about.
   */
  answer: 'passed' | 'breach' | 'warning' | 'cannot tell' | 'not applicable'
}

/** What is known of a file after `verify` or `mark`. */
export interface Examined {
  type: string
  evidence: readonly { kind: string; found: boolean; format?: string }[]
  findings: readonly Finding[]
}

/** How every rule of the table answers for one file. A rule of content that is not looked at yet says so. */
export function checklist({ type, evidence, findings }: Examined): RuleAnswer[] {
  const modality = contentOf(type)
  const unread = findings.some(({ rule, severity }) => (rule === 'P2' || rule === 'M17') && severity !== 'info')
  return RULES.map((rule) => {
    const own = findings.filter((one) => one.rule === rule.rule).map(({ severity }) => severity)
    const there = rule.about === undefined || evidence.some((one) => one.found && (one.kind === rule.about || one.format === rule.about))
    const answer: RuleAnswer['answer'] =
      own.includes('error') ? 'breach'
      : own.includes('warning') ? 'warning'
      : rule.modality !== undefined && modality !== undefined && rule.modality !== modality ? 'not applicable'
      : own.length > 0 || rule.seen !== 'file' || unread || (rule.modality !== undefined && modality === undefined) ? 'cannot tell'
      : there ? 'passed' : 'not applicable'
    return { rule: rule.rule, answer }
  })
}

/** What the rules call the content of a file; all documents are texts. */
function contentOf(type: string): Modality | 'text' | 'audio' | 'video' | undefined {
  const start = type.slice(0, type.indexOf('/'))
  if (start === 'image' || start === 'audio' || start === 'video' || start === 'text') return start
  return start === 'application' ? 'text' : undefined
}
