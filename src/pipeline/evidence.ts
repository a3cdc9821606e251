// Gathers what every detector says of one file. No verdict here.
import type { Engine, FileInfo, MetadataReport, MetadataText } from '../engine/engine.js'
import type { ManifestReader } from '../c2pa/reading.js'
import { CountermarkError, fromEngine, messageOf } from '../errors.js'
import { detect, findLabel, keysOf } from '../image/image.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Decoded, Decoder } from '../media/codec.js'
import type { SoundDecoder } from '../media/sound.js'
import { DECODED, modalityOf, REDRAWN, typeOfBytes } from '../media/kind.js'
import { isAiSourceType } from '../metadata/record.js'
import { tracesIn } from '../trace/traces.js'
import { contentHasher, type Hasher } from './content.js'
import type { AudioLabelEvidence, AudioWatermarkEvidence, Effort, Evidence, Finding, Key, LabelEvidence, MetadataEvidence, Picture, Record, VideoLabelEvidence, VideoWatermarkEvidence, WatermarkEvidence } from '../types.js'

/** What is asked of `gather`. */
export interface Request {
  keys: Key[]
  effort: Effort
  /** Wordings of visible labels to look for; none: the picture is not searched for labels. */
  texts: readonly (readonly string[])[]
  /** False leaves the pixels alone. */
  pixels: boolean
  /** True: no frame is left out because another has answered already. Still at most MOST_FRAMES. */
  everyFrame?: boolean
  expect?: { producer: string; produceId: string }
  /** True: marks too weak to be read are tried for the content asked for and the one that the metadata names. */
  claims?: boolean
  /** PEM texts of trusted keys and certificates. */
  trust?: readonly string[]
  /** Decodes sound. Default: nobody listens. */
  sound?: SoundDecoder
  /** Decodes films. Default: nobody looks. */
  film?: FilmReader
  /** Reads C2PA manifests. Default in Node: the optional package; elsewhere manifests are not checked. */
  manifests?: ManifestReader
  /** Told of what is known so far, before a slower part of the search begins, which waits for it. */
  onPart?: ((stage: Stage, sight: Sight) => Promise<void>) | undefined
}

/** How far a search has come: the metadata is read; the direct stage has looked at a picture. */
export type Stage = 'metadata' | 'direct'

/** What a film shows and sounds like. `sounds`: one a track. `whole`: no part of its time was left out. */
export interface FilmSeen {
  marks: VideoWatermarkEvidence[]
  label?: VideoLabelEvidence
  sounds: { marks: AudioWatermarkEvidence[]; label: AudioLabelEvidence }[]
  whole: boolean
  findings: Finding[]
}

/** Decodes a film and asks the detectors. */
export type FilmReader = (source: { type: string } & ({ bytes: Uint8Array } | { path: string }), asked: { keys: Key[]; effort: Effort; texts: readonly (readonly string[])[] }) => Promise<FilmSeen>

/** Everything that was seen, and how much of the file could be seen at all. */
export interface Sight {
  type: string
  evidence: Evidence[]
  /** `unknown`: the core does not know this container. */
  metadata: 'read' | 'unknown' | 'broken'
  /** `partly`: some frames of an animation. */
  pixels: 'read' | 'partly' | 'skipped' | 'failed'
  /** Of an animation: its frames, those looked at, and those of them in which the first key's payload was read. */
  frames?: { count: number; looked: number; read: number }
  findings: Finding[]
  report?: MetadataReport
  /** Every text of the metadata. */
  texts?: MetadataText[]
  /** Of a text that was searched: about how many tokens of a model it has (rule T5). */
  tokens?: number
  /** Nobody looked for watermarks and labels in the samples, and nothing follows from not seeing any. */
  unsearched?: true
}

/** Errors that end a call; the others leave a part of the file unseen, and the verdict says so. */
const ENDING: ReadonlySet<string> = new Set(['ERR_LIMIT', 'ERR_CANCELLED', 'ERR_INTERNAL', 'ERR_PARAMETER', 'ERR_USAGE', 'ERR_IO'])

/** MIME type by the bytes. ERR_BROKEN for an empty file, ERR_UNSUPPORTED for what nothing here reads. */
export function typeOrThrow(bytes: Uint8Array): string {
  const type = typeOfBytes(bytes)
  if (type !== undefined) return type
  throw bytes.byteLength === 0
    ? new CountermarkError('ERR_BROKEN', 'The file is empty.', { offset: 0, remedy: 'Get an undamaged copy of the file.' })
    : new CountermarkError('ERR_UNSUPPORTED', 'This is not a file of a kind that is read: a picture, film, sound or document of docs/formats.md.', { remedy: 'Convert it to one of those; a text needs its file name, which tells its kind.' })
}

async function attempt<T>(work: () => T | Promise<T>): Promise<T | CountermarkError> {
  try {
    return await work()
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (ENDING.has(error.code)) throw error
    return error
  }
}

/** Reads metadata and pixels and asks every detector. */
export async function gather(
  engine: Engine, decoder: Decoder, bytes: Uint8Array, request: Request, limits: Limits, deadline: Deadline,
): Promise<Sight> {
  const type = typeOrThrow(bytes)
  const whole: Whole = { texts: () => engine.metadataTexts(bytes), hash: contentHasher(engine, bytes) }
  if (!DECODED.includes(type)) {
    const opening: Opening = {
      engine, source: { bytes }, keys: keysOf(request.keys), effort: request.effort, texts: request.texts, deadline,
      ...(request.sound === undefined ? {} : { sound: request.sound }), ...(request.film === undefined ? {} : { film: request.film }),
    }
    const sight = await gatherMetadata(type, () => engine.metadataRead(bytes), request, whole, request.pixels ? opening : undefined)
    await readC2pa(bytes, request, sight)
    return sight
  }
  const sight: Sight = { type, evidence: [], metadata: 'read', pixels: 'skipped', findings: [] }
  const header = REDRAWN.includes(type) ? await attempt(() => engine.fileInspect(bytes)) : undefined
  const info = header instanceof CountermarkError ? undefined : header
  if (info) checkPixels(info.width, info.height, limits)

  await addMetadata(() => engine.metadataRead(bytes), request, sight)
  await addFurther(whole, request, sight)
  await readC2pa(bytes, request, sight)
  await request.onPart?.('metadata', sight)
  if (request.pixels) await readPixels(engine, decoder, bytes, info, request, sight, limits, deadline)
  return sight
}

/** What can be asked of a file beside its labels. */
export interface Whole {
  /** Every text of its metadata. */
  texts?: () => MetadataText[]
  hash: Hasher
}

/** What listening to a sound, and looking at a film, needs. */
export interface Opening {
  engine: Engine
  sound?: SoundDecoder
  film?: FilmReader
  source: { bytes: Uint8Array } | { path: string }
  keys: Key[]
  effort: Effort
  texts: readonly (readonly string[])[]
  deadline: Deadline
}

/** Reads the metadata of a file whose pixels nobody decodes as a picture here, listens to a sound, and looks at a film. */
export async function gatherMetadata(type: string, read: () => MetadataReport | Promise<MetadataReport>, request: Pick<Request, 'expect' | 'trust' | 'onPart'>, whole: Whole, opening?: Opening): Promise<Sight> {
  const sight: Sight = { type, evidence: [], metadata: 'read', pixels: 'skipped', unsearched: true, findings: [] }
  await addMetadata(read, request, sight)
  await addFurther(whole, request, sight)
  await request.onPart?.('metadata', sight)
  const modality = modalityOf(sight.type)
  if (modality === 'audio' && opening?.sound !== undefined) await addHeard({ ...opening, sound: opening.sound }, request, sight)
  else if (modality === 'video' && opening?.film !== undefined) await addSeen({ ...opening, film: opening.film }, request, sight)
  else
    sight.findings.push({ rule: 'P2', severity: 'info', message: modality === 'image'
      ? `Files of type ${sight.type} are not decoded: only the metadata was looked at, not watermarks and visible labels.`
      : `Only the metadata was looked at: this version does not search ${modality} for watermarks and labels.` })
  return sight
}

/** Listens, and adds what was heard. A sound that cannot be decoded here leaves its samples unseen. */
async function addHeard({ engine, sound, source, keys, effort, deadline }: Opening & { sound: SoundDecoder }, request: Pick<Request, 'expect'>, sight: Sight): Promise<void> {
  const heard = await attempt(async () => {
    // Pages load it with the first sound.
    const { complaints, listen } = await import('./listen.js')
    const track = await sound.open({ ...source, type: sight.type }, deadline)
    const all = await listen(engine, track, track.blocks(), { keys, effort }, deadline)
    const damage = complaints(track)
    sight.findings.push(...damage)
    return { ...all, whole: damage.length === 0 }
  })
  if (heard instanceof CountermarkError) {
    const unable = heard.code === 'ERR_MISSING' || heard.code === 'ERR_UNSUPPORTED'
    if (!unable) sight.pixels = 'failed'
    sight.findings.push(unable
      ? { rule: 'P2', severity: 'info', message: `Only the metadata was looked at; nobody listened to the sound: ${heard.message}` }
      : { rule: 'P2', severity: 'warning', message: `The sound could not be decoded: ${heard.message}` })
    return
  }
  delete sight.unsearched
  sight.pixels = heard.whole ? 'read' : 'partly'
  const record = soleRecord(sight.evidence)
  sight.evidence.unshift(...heard.marks.map((mark) => compared(engine, mark, request, record)))
  sight.evidence.push(heard.label)
  if (heard.silent !== undefined) sight.findings.push({ rule: 'W1', severity: 'info', message: `No watermark can be in this sound: ${heard.silent}.` })
}

/** Looks at a film and listens to it, and adds what was seen. One that cannot be decoded here leaves its samples unseen. */
async function addSeen({ engine, film, source, keys, effort, texts }: Opening & { film: FilmReader }, request: Pick<Request, 'expect'>, sight: Sight): Promise<void> {
  const seen = await attempt(() => film({ ...source, type: sight.type }, { keys, effort, texts }))
  if (seen instanceof CountermarkError) {
    const unable = seen.code === 'ERR_MISSING' || seen.code === 'ERR_UNSUPPORTED'
    if (!unable) sight.pixels = 'failed'
    const ways = seen.remedy === undefined ? '' : ` What to do: ${seen.remedy}`
    sight.findings.push(unable
      ? { rule: 'P2', severity: 'info', message: `Only the metadata was looked at, not the film itself: ${seen.message}${ways}` }
      : { rule: 'P2', severity: 'warning', message: `The film could not be decoded: ${seen.message}` })
    return
  }
  delete sight.unsearched
  sight.pixels = seen.whole ? 'read' : 'partly'
  sight.findings.push(...seen.findings)
  const record = soleRecord(sight.evidence)
  sight.evidence.unshift(...seen.marks.map((mark) => compared(engine, mark, request, record)), ...seen.sounds.flatMap(({ marks }, track) => marks.map((mark) => compared(engine, { ...mark, track }, request, record))))
  if (seen.label !== undefined) sight.evidence.push(seen.label)
  sight.evidence.push(...seen.sounds.flatMap(({ label }, track) => (label.found ? [{ ...label, track }] : [])))
}

/** Traces of generators, and signatures. */
export async function addFurther({ texts, hash }: Whole, request: Pick<Request, 'trust'>, sight: Sight): Promise<void> {
  if (sight.report === undefined) return
  const found = texts === undefined ? [] : await attempt(texts)
  if (!(found instanceof CountermarkError)) {
    sight.texts = found
    // What the system of our own label says of itself is no trace of another.
    const own = sight.report.sites.length > 0
    sight.evidence.push(...tracesIn(own ? found.filter(({ key }) => key !== 'Iptc4xmpExt:AISystemUsed') : found))
  }
  await readSignatures(hash, request, sight)
}

/** Runs a reader of metadata and adds what it says to `sight`; failures leave the metadata unseen. */
export async function addMetadata(read: () => MetadataReport | Promise<MetadataReport>, { expect }: Pick<Request, 'expect'>, sight: Sight): Promise<void> {
  const report = await attempt(read)
  if (report instanceof CountermarkError) {
    sight.metadata = report.code === 'ERR_UNSUPPORTED' ? 'unknown' : 'broken'
    sight.findings.push(sight.metadata === 'unknown'
      ? { rule: 'P2', severity: 'info', message: `The metadata of this ${sight.type} file is not read by this version: ${report.message}` }
      : { rule: 'M17', severity: 'warning', message: `The metadata could not be read to its end: ${report.message}` })
    return
  }
  sight.report = report
  sight.type = report.type
  for (const { location, offset, aigc, problem } of report.sites)
    sight.evidence.push({
      kind: 'metadata', format: 'aigc', found: true, location, offset,
      ...(aigc === undefined ? {} : { aigc }),
      ...(problem === undefined ? {} : { problem }),
      ...(expect === undefined ? {} : { matchesExpected: aigc?.ContentProducer === expect.producer && aigc.ProduceID === expect.produceId }),
    })
  if (report.sites.length === 0) sight.evidence.push({ kind: 'metadata', format: 'aigc', found: false })
  if (report.digitalSourceType !== undefined)
    sight.evidence.push({ kind: 'metadata', format: 'iptc', found: isAiSourceType(report.digitalSourceType), digitalSourceType: report.digitalSourceType })
  if (report.c2pa) sight.evidence.push({ kind: 'metadata', format: 'c2pa', found: true })
}

/** Signatures are few, and their arithmetic is large: the room is loaded for a file that has one. */
export async function readSignatures(hash: Hasher, { trust }: Pick<Request, 'trust'>, sight: Sight): Promise<void> {
  if (trust === undefined && !JSON.stringify(sight.report?.sites ?? []).includes('SecurityData')) return
  let room
  try {
    room = await Promise.all([import('../signature/security.js'), import('../signature/trust.js'), import('../signature/hash.js')])
  } catch (thrown) {
    // A page that has lost its network: the rest of the answer stands.
    sight.evidence.push({ kind: 'signature', found: true, location: 'ReservedCode1', problem: `the module that checks signatures could not be loaded (${messageOf(thrown)})` })
    return
  }
  const [{ examine }, { trustOf }] = room
  const trusted = trust === undefined ? undefined : trustOf(trust)
  for (const { aigc } of sight.report?.sites ?? []) {
    if (aigc === undefined) continue
    const seen = await attempt(() => examine(aigc, hash, trusted))
    sight.evidence.push(...(seen instanceof CountermarkError ? [{ kind: 'signature' as const, found: true, location: 'ReservedCode1', problem: seen.message }] : seen))
  }
}

/** Validates a manifest where the optional package is installed; a manifest that nobody checked says so by having no reading. */
async function readC2pa(bytes: Uint8Array, { trust = [], manifests }: Request, sight: Sight): Promise<void> {
  const manifest = sight.evidence.find((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'c2pa')
  const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined
  if (manifest === undefined || !(inNode || manifests)) return
  try {
    const { readManifest } = await import('../c2pa/reading.js')
    const reader = manifests ?? (await import('../c2pa/bridge.js')).nodeReader()
    const reading = await readManifest(bytes, sight.type, trust, reader)
    if (reading !== undefined) manifest.c2pa = reading
  } catch (thrown) {
    if (!(thrown instanceof CountermarkError) || thrown.code !== 'ERR_MISSING') throw thrown
  }
}

/**
 * Looks for the keys in one picture. Whoever waits hears first what the direct stage says; a payload that it reads is what
 * the whole search would give, which stops there too.
 */
async function search(
  engine: Engine, picture: Picture, keys: Key[], request: Pick<Request, 'effort' | 'expect' | 'claims' | 'onPart'>, sight: Sight, deadline: Deadline,
): Promise<WatermarkEvidence[]> {
  const expect = request.claims === true ? claimed(engine, request, soleRecord(sight.evidence)) : []
  const look = (wanted: Key[], effort: Effort): Promise<WatermarkEvidence[]> => deadline.within(detect(engine, picture, { keys: wanted, effort, expect }))
  if (request.onPart === undefined) return look(keys, request.effort)
  const early = await look(keys, 'direct')
  const record = soleRecord(sight.evidence)
  await request.onPart('direct', { ...sight, evidence: [...early.map((mark) => compared(engine, mark, request, record)), ...sight.evidence] })
  const open = request.effort === 'direct' ? [] : keys.filter((_, at) => early[at]?.payload === undefined && early[at]?.asked === undefined)
  const whole = open.length === 0 ? [] : await look(open, request.effort)
  return early.map((one, at) => whole[open.indexOf(keys[at] ?? '')] ?? one)
}

async function readPixels(
  engine: Engine, decoder: Decoder, bytes: Uint8Array, info: FileInfo | undefined, request: Request, sight: Sight, limits: Limits, deadline: Deadline,
): Promise<void> {
  const decode = async (frame: number): Promise<Decoded | undefined> => {
    try {
      return await decoder.decode(bytes, limits, deadline, frame)
    } catch (thrown) {
      const error = fromEngine(thrown)
      if (ENDING.has(error.code)) throw error
      sight.pixels = frame === 0 ? 'failed' : 'partly'
      sight.findings.push({ rule: 'P2', ...(sight.type === 'image/heic' ? { severity: 'info' as const } : { severity: 'warning' as const }), message: `${frame === 0 ? 'The picture' : `Frame ${frame}`} could not be decoded${sight.type === 'image/heic' ? ' here (most decoders know no HEVC)' : ''}: ${error.message}` })
      return undefined
    }
  }
  let decoded = await decode(0)
  if (decoded === undefined) return
  sight.pixels = 'read'
  if (sight.metadata !== 'read') sight.type = decoded.type

  const count = decoded.frames
  const moving = count > 1 || info?.animated === true
  const planned = spread(count)
  const wanted = keysOf(request.keys)
  const marks = new Map<Key, WatermarkEvidence>()
  let label: LabelEvidence | undefined
  let looked = 0
  let read = 0
  for (const frame of planned) {
    if (looked > 0) decoded = await decode(frame)
    if (decoded === undefined) break
    const picture: Picture = { ...decoded.picture, orientation: decoded.turned ? 1 : (info?.orientation ?? decoded.picture.orientation ?? 1) }
    const keys = request.everyFrame ? wanted : wanted.filter((key) => marks.get(key)?.found !== true)
    const seen = await search(engine, picture, keys, looked === 0 ? request : { ...request, onPart: undefined }, sight, deadline)
    for (const [at, key] of keys.entries()) {
      const mark = seen[at]
      if (mark === undefined) continue
      if (key === wanted[0] && mark.found && mark.payload !== undefined) read += 1
      const one = moving ? { ...amongFrames(mark, planned.length), frame } : mark
      const before = marks.get(key)
      if (before === undefined || (!before.found && (one.found || (one.pValue ?? 1) < (before.pValue ?? 1)))) marks.set(key, one)
    }
    // A label of ours stands in every frame: two of them are enough, and more would find more that is none.
    if (request.texts.length > 0 && looked < 2 && label?.found !== true) {
      const turned = [...marks.values()].some(({ found }) => found) || sight.evidence.some((one) => one.found && one.kind === 'metadata' && one.format === 'aigc')
      const one = await deadline.within(findLabel(engine, picture, request.texts, turned))
      if (label === undefined || one.found) label = moving ? { ...one, frame } : one
    }
    looked += 1
    const done = wanted.every((key) => marks.get(key)?.found) && (label?.found === true || looked > 1 || request.texts.length === 0)
    if (done && !request.everyFrame) break
  }

  sight.evidence.unshift(...[...marks.values()].map((mark) => compared(engine, mark, request, soleRecord(sight.evidence))))
  if (label !== undefined) sight.evidence.push(label)
  if (!moving) return
  sight.frames = { count, looked, read }
  const whole = looked >= count && count > 1
  if (!whole) sight.pixels = 'partly'
  if (!whole && ![...marks.values()].some(({ found }) => found))
    sight.findings.push({ rule: 'P2', severity: 'info', message: count > 1 ? `${looked} of the animation's ${count} frames were looked at.` : 'Only the first frame of the animation was looked at.' })
}

/** Frames of an animation that one call looks at. */
const MOST_FRAMES = 8

/** Which frames are looked at, in this order: the first, one in the middle, then those between. */
function spread(count: number): number[] {
  const most = Math.min(count, MOST_FRAMES)
  return [0, 4, 2, 6, 1, 5, 3, 7].filter((at) => at < most).map((at) => Math.floor((at * count) / most))
}

/** The chance of a false finding that a search of one picture accepts; as in the core. */
const ACCEPT = 1e-6

/** A finding of one frame as that of a file of which `frames` are looked at: each of them is another chance (Bonferroni). */
function amongFrames(mark: WatermarkEvidence, frames: number): WatermarkEvidence {
  const pValue = Math.min(1, (mark.pValue ?? 1) * frames)
  if (!mark.found || pValue <= ACCEPT) return { ...mark, pValue }
  const { payload: _payload, bits: _bits, asked: _asked, where: _where, ...rest } = mark
  return { ...rest, found: false, pValue }
}

type Mark = Pick<WatermarkEvidence, 'found' | 'payload' | 'asked'>

/** The payloads of the content asked for and of what the metadata says. */
function claimed(engine: Engine, { expect }: Pick<Request, 'expect'>, aigc: Partial<Record> | undefined): string[] {
  const pairs = [
    ...(expect === undefined ? [] : [[expect.producer, expect.produceId] as const]),
    ...(aigc?.ContentProducer === undefined || aigc.ProduceID === undefined ? [] : [[String(aigc.ContentProducer), String(aigc.ProduceID)] as const]),
  ]
  return [...new Set(pairs.map(([producer, produceId]) => engine.payloadOf(producer, produceId, 128)))]
}

/** The mark with what it says about the content of the metadata, and about the content asked for. */
export function compared<M extends Mark>(engine: Engine, mark: M, { expect }: Pick<Request, 'expect'>, aigc: Partial<Record> | undefined): M {
  const metadata = aigc?.ContentProducer !== undefined && aigc.ProduceID !== undefined
    ? agrees(engine, mark, String(aigc.ContentProducer), String(aigc.ProduceID)) : undefined
  const expected = expect && agrees(engine, mark, expect.producer, expect.produceId)
  return { ...mark, ...(metadata === undefined ? {} : { matchesMetadata: metadata }), ...(expected === undefined ? {} : { matchesExpected: expected }) }
}

/** The one AIGC label of the file, or undefined where there is none, several, or none that parses. */
export function soleRecord(evidence: readonly Evidence[]): Partial<Record> | undefined {
  const sites = evidence.filter((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'aigc' && one.found)
  return sites.length === 1 ? sites[0]?.aigc : undefined
}

/** Whether the mark's payload is the hash of that pair, in as many bits as were read or recognised; undefined where none was. */
function agrees(engine: Engine, { found, payload, asked }: Mark, producer: string, produceId: string): boolean | undefined {
  const known = payload ?? asked
  if (!found || known === undefined || known.length < 8 || known.length > 32) return undefined
  return engine.payloadOf(producer, produceId, 128).startsWith(known.toLowerCase())
}
