// Laws as data: the shape is `Policy` in types.ts, this file chooses one and checks one that a user wrote.
import { CountermarkError } from '../errors.js'
import type { Policy, PolicyName } from '../types.js'
import { all } from './all.js'
import { cn } from './cn.js'
import { eu } from './eu.js'
import { india } from './in.js'
import { kr } from './kr.js'
import { usCa } from './us-ca.js'

/** The policies that come with the package. */
export const POLICIES: Readonly<{ [name in PolicyName]: Policy }> = { cn, eu, 'us-ca': usCa, kr, in: india, all }

/** Where a label may be drawn. */
export const POSITIONS = ['bottom-right', 'bottom-left', 'top-right', 'top-left', 'bottom', 'top'] as const

/** Every wording that a built-in policy draws, once for each first line: what `verify` looks for in a picture. */
export const WORDINGS: readonly string[][] = [...new Map(
  Object.values(POLICIES).map(({ label }) => [label.text[0] ?? '', label.text.slice(0, 1)]),
).values()]

/** The policy of that name, or the given one checked. Default `cn`. ERR_PARAMETER for anything else. */
export function policyOf(wanted: PolicyName | Policy = 'cn'): Policy {
  if (typeof wanted === 'object') return checked(wanted)
  if (Object.hasOwn(POLICIES, wanted)) return POLICIES[wanted]
  throw new CountermarkError('ERR_PARAMETER', `There is no policy "${String(wanted)}".`, {
    remedy: `Use ${Object.keys(POLICIES).join(', ')}, or a policy of your own.`,
  })
}

/** True where the label's lines hold one word of every group that the policy asks for (rule I1). */
export function wordingPasses(policy: Policy, lines: readonly string[]): boolean {
  const text = lines.join('\n')
  return policy.label.elements.every((group) => group.some((word) => text.includes(word)))
}

/**
 * The lines to draw: the caller's, or the policy's own. Where the caller's lines lack a demanded word, the policy's
 * wording is put before them: foreign wording is added, never alone.
 */
export function wordingOf(policy: Policy, asked: string | readonly string[] | undefined): string[] {
  const lines = asked === undefined ? [] : typeof asked === 'string' ? asked.split('\n') : [...asked]
  if (lines.length === 0) return policy.label.text
  return wordingPasses(policy, lines) ? lines : [...policy.label.text, ...lines]
}

const DEMANDS: readonly unknown[] = ['required', 'recommended', 'optional']

function checked(policy: Policy): Policy {
  const { name, title, label, watermark, metadata } = policy
  const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0
  const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
  const wrong =
    !isText(name) || !isText(title) ? 'name and title must be texts'
    : typeof label !== 'object' || !isTexts(label?.text) || label.text.length === 0 ? 'label.text must be a list of lines'
    : !Array.isArray(label.elements) || !label.elements.every(isTexts) ? 'label.elements must be a list of lists of words'
    : !(POSITIONS as readonly unknown[]).includes(label.position) ? `label.position must be one of ${POSITIONS.join(', ')}`
    : typeof label.ratio !== 'number' || !(label.ratio > 0 && label.ratio < 1) ? 'label.ratio must be between 0 and 1'
    : typeof label.waivable !== 'boolean' ? 'label.waivable must be true or false'
    : [label.demand, watermark?.demand, metadata?.aigc, metadata?.digitalSourceType, metadata?.c2pa].some((demand) => !DEMANDS.includes(demand))
      ? 'every demand (label.demand, watermark.demand, metadata.aigc, .digitalSourceType, .c2pa) must be required, recommended or optional'
    : undefined
  if (wrong !== undefined) throw new CountermarkError('ERR_PARAMETER', `The policy is not of the documented shape: ${wrong}.`)
  return policy
}
