// What the flags mean: files, keys, policies, numbers. Everything that can be wrong before a file is touched.
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { CountermarkError, defaultKey, keyIdOf, POLICIES, readKey, type SignOptions, type Key, type Limits, type Policy, type PolicyName, type Provider } from '../index.js'
import { SIDECAR } from '../document/text.js'
import { typeOfName } from '../media/kind.js'
import type { Speech } from './language.js'
import { usage } from './terminal.js'

/** Flags that `mark` and `verify` share. */
export interface FileOptions { policy?: string; maxPixels?: string; maxBytes?: string; timeout?: string; ffmpeg?: string }

/** Which output each input gets. Throws ERR_USAGE for clashes, before anything is written. */
export async function outputsOf(inputs: string[], out: string, speech: Speech): Promise<{ input: string; output: string }[]> {
  if (inputs.includes('-') || out === '-') throw usage(speech.say('stdin'))
  const facts = await stat(out).catch(() => undefined)
  const folder = inputs.length > 1 || out.endsWith('/') || facts?.isDirectory() === true
  if (folder && facts !== undefined && !facts.isDirectory()) throw usage(speech.say('notFolder', { output: out }))
  const pairs = inputs.map((input) => ({ input, output: folder ? join(out, basename(input)) : out }))

  const taken = new Map<string, string>()
  for (const { input, output } of pairs)
    for (const path of written(input, output)) {
      // One file on disks that do not tell capitals from small letters.
      const place = resolve(path).toLowerCase()
      const before = taken.get(place)
      if (before !== undefined) throw usage(speech.say('sameOutput', { a: before, b: input, output: path }))
      taken.set(place, input)
    }
  const known = new Set(inputs.map((input) => resolve(input)))
  const own = pairs.flatMap(({ input, output }) => written(input, output)).find((path) => known.has(resolve(path)))
  if (own !== undefined) throw usage(speech.say('ownOutput', { output: own }))
  if (folder) await mkdir(out, { recursive: true })
  return pairs
}

/** The files that one job writes: of a plain text there is one beside it. */
function written(input: string, output: string): string[] {
  return [output, ...(typeOfName(input) === 'text/plain' ? [`${output}${SIDECAR}`] : [])]
}

/** A policy by name, or from a JSON file; its shape is checked by the SDK. */
export async function policyFrom(asked: string | undefined, speech: Speech): Promise<PolicyName | Policy | undefined> {
  if (asked === undefined || Object.hasOwn(POLICIES, asked)) return asked as PolicyName | undefined
  try {
    return JSON.parse(await readFile(asked, 'utf8')) as Policy
  } catch {
    throw usage(speech.say('badPolicy', { file: asked }))
  }
}

/** `--provider-code` and `--provider-name`, or undefined without either. */
export function providerFrom(options: { providerCode?: string; providerName?: string }, speech: Speech): Provider | undefined {
  const { providerCode: code, providerName: name } = options
  if (code !== undefined && name !== undefined) throw usage(speech.say('oneProvider'))
  return code !== undefined ? { code } : name !== undefined ? { name } : undefined
}

/** `public`, or the key in that file. */
export async function keyFrom(asked: string): Promise<Key> {
  return asked === 'public' ? asked : readKey(asked)
}

/** The key that marks, and a sentence that says which. */
export async function markingKey(asked: string | undefined, speech: Speech): Promise<{ key: Key; said: string }> {
  const { key, path } = asked === undefined ? await defaultKey() : { key: await keyFrom(asked), path: asked }
  return { key, said: key === 'public' ? speech.say('usedKeyPublic') : speech.say('usedKey', { id: keyIdOf(key), path: path ?? '' }) }
}

/** The text of a file. ERR_IO where it cannot be read. */
export async function textFrom(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CountermarkError('ERR_IO', `${path} cannot be read.`, { cause })
  }
}

/** `--sign-key` and `--sign-cert`, or undefined without them. */
export async function signFlags({ signKey, signCert }: { signKey?: string; signCert?: string }, speech: Speech): Promise<SignOptions | undefined> {
  if (signCert !== undefined && signKey === undefined) throw usage(speech.say('certAlone'))
  return signKey === undefined ? undefined : { key: await textFrom(signKey), ...(signCert === undefined ? {} : { certificate: await textFrom(signCert) }) }
}

/** The limits that the flags set. */
export function limitsFrom(options: FileOptions, speech: Speech): Partial<Limits> {
  const limits: Partial<Limits> = {}
  for (const [name, flag, field] of [['--max-pixels', options.maxPixels, 'pixels'], ['--max-bytes', options.maxBytes, 'bytes'], ['--timeout', options.timeout, 'seconds']] as const) {
    if (flag === undefined) continue
    const value = Number(flag)
    if (!(value > 0) || !Number.isFinite(value)) throw usage(speech.say('badNumber', { name }))
    limits[field] = value
  }
  return limits
}
