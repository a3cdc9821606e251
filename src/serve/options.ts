// Parameters of a request as options of a call. Keys, certificates and files are the server's alone.
import { CountermarkError } from '../errors.js'
import { POLICIES } from '../policy/policy.js'
import type { MarkOptions, PolicyName, PropagateOptions, Provider, VerifyOptions } from '../types.js'

const MARK = ['file', 'produce-id', 'provider-code', 'provider-name', 'policy', 'quality', 'watermark', 'label', 'waiver', 'recipient', 'metadata-only', 'label-text', 'label-position', 'label-during', 'label-seconds', 'text-profile', 'text-label', 'remark', 'system-name', 'system-version', 'digital-source-type'] as const
const VERIFY = ['file', 'policy', 'effort', 'provider-code', 'provider-name', 'produce-id', 'declared'] as const
const PROPAGATE = ['file', 'policy', 'provider-code', 'provider-name', 'propagate-id', 'declared'] as const

/** Names of the parameters of a path. */
export const PARAMETERS = { mark: MARK, verify: VERIFY, propagate: PROPAGATE } as const

/** Options of `mark`. ERR_USAGE for a parameter that does not exist, ERR_PARAMETER for a value that does not. */
export function markOptions(query: URLSearchParams): Partial<MarkOptions> {
  known(query, MARK)
  const lines = query.getAll('label-text')
  const position = query.get('label-position')
  const [during, seconds] = [query.get('label-during'), query.get('label-seconds')]
  const system = query.get('system-name')
  const version = query.get('system-version')
  return {
    ...provider(query), ...policy(query),
    ...text(query, 'produce-id', 'produceId'), ...one(query, 'quality', ['standard', 'high', 'robust']), ...text(query, 'waiver', 'waiver'), ...text(query, 'recipient', 'recipient'),
    ...one(query, 'remark', ['refuse', 'replace']),
    ...(query.has('text-profile') || query.has('text-label') ? { text: { ...text(query, 'text-profile', 'profile'), ...text(query, 'text-label', 'position') } } : {}),
    ...text(query, 'digital-source-type', 'digitalSourceType'),
    ...flag(query, 'watermark', 'watermark'), ...flag(query, 'metadata-only', 'metadataOnly'),
    ...(system === null ? {} : { system: { name: system, ...(version === null ? {} : { version }) } }),
    ...(query.get('label') === 'false' ? { label: false as const } : lines.length === 0 && position === null && during === null && seconds === null ? {} : {
      label: {
        ...(lines.length === 0 ? {} : { text: lines }), ...(position === null ? {} : { position: position as 'top' }),
        ...(during === null ? {} : { during: during as 'start' }), ...(seconds === null ? {} : { seconds: Number(seconds) }),
      },
    }),
  } as Partial<MarkOptions>
}

/** Options of `verify`. */
export function verifyOptions(query: URLSearchParams, own: Provider | undefined): VerifyOptions {
  known(query, VERIFY)
  const produceId = query.get('produce-id')
  const who = provider(query).provider ?? (produceId === null ? undefined : own)
  if ((who === undefined) !== (produceId === null)) throw new CountermarkError('ERR_USAGE', 'To ask for one content give the provider and produce-id.')
  return {
    ...policy(query), ...one(query, 'effort', ['direct', 'scan', 'full']), ...flag(query, 'declared', 'declared'),
    ...(who === undefined || produceId === null ? {} : { expect: { provider: who, produceId } }),
  } as VerifyOptions
}

/** Options of `propagate`. */
export function propagateOptions(query: URLSearchParams, own: Provider | undefined): PropagateOptions {
  known(query, PROPAGATE)
  return { propagator: provider(query).provider ?? own ?? {}, ...policy(query), ...text(query, 'propagate-id', 'propagateId'), ...flag(query, 'declared', 'declared') } as PropagateOptions
}

function known(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) throw new CountermarkError('ERR_USAGE', `There is no parameter ${name}.`, { remedy: `Use ${names.join(', ')}.` })
    if (name !== 'label-text' && query.getAll(name).length > 1) throw new CountermarkError('ERR_USAGE', `The parameter ${name} is given twice.`)
  }
}

function provider(query: URLSearchParams): { provider?: Provider } {
  const [code, name] = [query.get('provider-code'), query.get('provider-name')]
  if (code !== null && name !== null) throw new CountermarkError('ERR_USAGE', 'Give provider-code or provider-name, not both.')
  return code !== null ? { provider: { code } } : name !== null ? { provider: { name } } : {}
}

/** By name only: a policy of the caller's own would let anyone lower what the server must do. */
function policy(query: URLSearchParams): { policy?: PolicyName } {
  const name = query.get('policy')
  if (name === null) return {}
  if (!Object.hasOwn(POLICIES, name)) throw new CountermarkError('ERR_PARAMETER', `There is no policy ${JSON.stringify(name)}.`)
  return { policy: name as PolicyName }
}

function text(query: URLSearchParams, name: string, option: string): { [option: string]: string } {
  const value = query.get(name)
  return value === null ? {} : { [option]: value }
}

function one(query: URLSearchParams, name: string, values: readonly string[]): { [option: string]: string } {
  const value = query.get(name)
  if (value !== null && !values.includes(value)) throw new CountermarkError('ERR_PARAMETER', `${name} is one of ${values.join(', ')}.`)
  return value === null ? {} : { [name]: value }
}

function flag(query: URLSearchParams, name: string, option: string): { [option: string]: boolean } {
  const value = query.get(name)
  if (value === null) return {}
  if (value !== 'true' && value !== 'false') throw new CountermarkError('ERR_PARAMETER', `${name} is true or false.`)
  return { [option]: value === 'true' }
}
