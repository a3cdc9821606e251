// Bytes to a verdict, with whichever engine and decoder the face chose.
import type { ManifestReader } from '../c2pa/reading.js'
import type { Disk, Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import { keysOf } from '../image/image.js'
import type { Decoder } from '../media/codec.js'
import type { SoundDecoder } from '../media/sound.js'
import { policyOf, WORDINGS } from '../policy/policy.js'
import type { Key, PartialResult, Provider, VerifyOptions, VerifyResult } from '../types.js'
import { diskHasher } from './content.js'
import { seeDocument, type Document } from './document.js'
import { gather, gatherMetadata, type FilmReader, type Opening, type Request, type Sight, type Stage } from './evidence.js'
import { judge } from './judge.js'

/** What a file is verified with, beside engine and decoder of pictures. `onPart` is waited for. */
export interface Means {
  document?: Document | undefined
  manifests?: ManifestReader | undefined
  sound?: SoundDecoder | undefined
  film?: FilmReader | undefined
  onPart?: ((part: PartialResult) => Promise<void>) | undefined
}

/** Verifies one file in memory. `keys` are what is searched for where the options name none. */
export async function verifyBytes(
  engine: Engine, decoder: Decoder, bytes: Uint8Array, options: VerifyOptions, keys: Key[], limits: Limits, deadline: Deadline,
  { document, manifests, sound, film, onPart }: Means = {},
): Promise<Omit<VerifyResult, 'file' | 'ms'>> {
  const tell = (stage: Stage, sight: Sight): Promise<void> =>
    onPart?.({ stage, type: sight.type, state: judge(policyOf(options.policy), sight, options.declared).state, evidence: [...sight.evidence] }) ?? Promise.resolve()
  return verifySight(options, (asked) => document !== undefined ? seeDocument(engine, bytes, document, { ...asked, keys: options.keys ?? keys }) : gather(engine, decoder, bytes, {
    keys: options.keys ?? keys,
    effort: options.effort ?? 'full',
    texts: textsOf(options),
    pixels: true,
    claims: true,
    ...asked,
    ...(manifests === undefined ? {} : { manifests }),
    ...(sound === undefined ? {} : { sound }),
    ...(film === undefined ? {} : { film }),
    ...(onPart === undefined ? {} : { onPart: tell }),
  }, limits, deadline))
}

/** Wordings of labels to look for. */
function textsOf({ labelTexts = [] }: VerifyOptions): (readonly string[])[] {
  return [...labelTexts, ...WORDINGS]
}

/** Verifies one file on disk, in bounded memory: its metadata, and of a sound or a film its samples. */
export async function verifyDisk(
  disk: Disk, path: string, type: string, options: VerifyOptions, deadline: Deadline, { keys, ...opening }: Pick<Opening, 'engine' | 'sound' | 'film' | 'keys'>,
): Promise<Omit<VerifyResult, 'file' | 'ms'>> {
  const all = { ...opening, source: { path }, keys: keysOf(options.keys ?? keys), effort: options.effort ?? 'full' as const, texts: textsOf(options), deadline }
  return verifySight(options, (asked) => deadline.within(gatherMetadata(type, () => disk.metadataRead(path), asked, { hash: diskHasher(disk, path) }, all)))
}

async function verifySight(options: VerifyOptions, look: (asked: Pick<Request, 'expect' | 'trust'>) => Promise<Sight>): Promise<Omit<VerifyResult, 'file' | 'ms'>> {
  const policy = policyOf(options.policy)
  const expect = expected(options.expect)
  const sight = await look({ ...(expect === undefined ? {} : { expect }), ...(options.trust === undefined ? {} : { trust: options.trust }) })
  const { verdict, state, findings } = judge(policy, sight, options.declared)
  return {
    type: sight.type, verdict, state, policy: policy.name, evidence: sight.evidence, findings,
    ...(expect === undefined ? {} : { matchesExpected: sight.evidence.some((one) => 'matchesExpected' in one && one.matchesExpected === true) }),
  }
}

function expected(expect: VerifyOptions['expect']): { producer: string; produceId: string } | undefined {
  if (expect === undefined) return undefined
  const { provider, produceId } = expect
  const producer = typeof provider === 'string' ? provider : nameOf(provider)
  if (producer === '' || typeof produceId !== 'string' || produceId === '')
    throw new CountermarkError('ERR_USAGE', 'To ask for one content, both its provider and its content number are needed.')
  return { producer, produceId }
}

function nameOf({ code, name }: Provider): string {
  return code ?? name ?? ''
}
