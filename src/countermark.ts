// Composition in Node: engine, pixel codec and key are chosen here and nowhere else.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AudioEmbedReport, DrawReport, EmbedReport, Engine, Loudness } from './engine/engine.js'
import { c2paModule } from './c2pa/bridge.js'
import { loadEngine, loadTokenEngine } from './engine/load.js'
import { CountermarkError, fromSystem } from './errors.js'
import { detect as detectSound, embed as embedSound, findLabel as findRhythm, label as labelSound, MOMENTS, type Labelled } from './audio/audio.js'
import { pcmStream, wavStream, type MarkingStream, type PcmOptions, type StreamOptions } from './audio/stream.js'
import { detect, drawLabel, embed, findLabel, keyOf, keysOf } from './image/image.js'
import { defaultKey, keyIdOf } from './key.js'
import { digestOf, digestOfFile, markDraft, propagateDraft } from './ledger/drafts.js'
import { ledgerOf } from './ledger/ledger.js'
import { settle, type Enter } from './ledger/settle.js'
import { Deadline, limitsOf, type Limits } from './limits.js'
import { sharpCodec } from './media/sharp.js'
import { pending, type Pending } from './media/disk.js'
import { DECODED, HEAD, REDRAWN, sameKind, typeOfBytes, typeOfName } from './media/kind.js'
import { besides, checkTarget, deliver, headOf, pathOf, readBeside, readSource, sizeOf, writeWhole, type Source } from './media/source.js'
import { produceIdOf, producerOf, propagatorOf } from './metadata/record.js'
import { soundCodec, type SoundFile } from './media/sound.js'
import { temporaryFolder } from './media/temporary.js'
import { inMemory, markContainer, onDisk, type Container, type DiskWriter } from './pipeline/container.js'
import { documentOf, type Document } from './pipeline/document.js'
import { typeOrThrow } from './pipeline/evidence.js'
import { markBytes, type Marked, type Plan } from './pipeline/mark.js'
import { checkSidecar, markDocument, type MarkedDocument } from './pipeline/mark-document.js'
import { propagateBytes } from './pipeline/propagate.js'
import { filmWork } from './pipeline/film.js'
import { soundWork, type Held } from './pipeline/sound.js'
import { verifyBytes, verifyDisk } from './pipeline/verify.js'
import { filmReader } from './pipeline/view.js'
import { policyOf, wordingOf } from './policy/policy.js'
import { detectTokens, tokenSampler, type TokenFunctions } from './token/token.js'
import { signerOf } from './signature/keys.js'
import { texts, type TextFunctions } from './texts.js'
import { videoFunctions, type VideoFunctions } from './video/functions.js'
import { labelTimes } from './video/video.js'
import { placeInText } from './text/label.js'
import type { AudioLabelEvidence, AudioWatermarkEvidence, C2paOptions, Digest, Effort, EntryDraft, Input, Key, LabelEvidence, LabelPosition, MarkOptions, MarkResult, OutputOf, Picture, PropagateOptions, PropagateResult, Quality, Remark, Sound, SoundPosition, VerifyOptions, VerifyResult, WatermarkEvidence } from './types.js'

/** The output's type: a path where `to` is given, else what `as` names, else the input's own kind. All that may be, where the options leave it open. */
export type OutputFor<I, O> =
  O extends { to: string | URL } ? string
  : (O extends { to?: infer T } ? (T extends string | URL ? string : never) : never) | OutputAs<I, O extends { as?: infer A } ? A : undefined>

type OutputAs<I, A> =
  A extends 'bytes' ? Buffer
  : A extends 'blob' ? Blob
  : A extends 'stream' ? import('node:stream').Readable
  : A extends 'web-stream' ? ReadableStream<Uint8Array>
  : OutputOf<I>

/** A misspelt option would be left out in silence: the compiler refuses keys that `Known` does not have. */
export type NoOther<O, Known> = { [key in Exclude<keyof O, keyof Known>]: never }

/** Work on samples of one picture, without files. */
export interface ImageFunctions {
  /** Puts the watermark into `picture.samples`, in place. `payload`: 16 or 32 hexadecimal digits. */
  embed(picture: Picture, options: { payload: string; key?: Key; quality?: Quality }): Promise<EmbedReport>
  /** Looks for watermarks, one finding a key. Default: the public key, full search. */
  detect(picture: Picture, options?: { keys?: Key[]; effort?: Effort; expect?: string[] }): Promise<WatermarkEvidence[]>
  /** Draws a visible label, in place. `ratio`: ink height as a part of the shortest side. */
  label(picture: Picture, options: { text: string[]; position?: LabelPosition; ratio?: number; font?: Uint8Array }): Promise<DrawReport>
  /** Looks for visible labels of these wordings, as `label` draws them. */
  findLabel(picture: Picture, texts: string[][]): Promise<LabelEvidence>
  /** PSNR in dB and SSIM of two pictures of one shape, RGB. */
  compare(a: Picture, b: Picture): Promise<{ psnr: number; ssim: number }>
  /** First 32, 40, 64 or 128 bits of the hash of ContentProducer and ProduceID, hexadecimal: what a watermark carries. */
  payloadOf(producer: string, produceId: string, bits?: 32 | 40 | 64 | 128): Promise<string>
}

/** Work on samples of one sound, and on sound as it comes, without files. */
export interface AudioFunctions {
  /** Puts the watermark into `sound.samples`, in place. `payload`: 16 or 32 hexadecimal digits. Default: the public key. */
  embed(sound: Sound, options: { payload: string; key?: Key; quality?: Quality }): Promise<AudioEmbedReport>
  /** Looks for watermarks, one finding a key. Default: the public key, full search. */
  detect(sound: Sound, options?: { keys?: Key[]; effort?: Effort }): Promise<AudioWatermarkEvidence[]>
  /** The sound with the rhythm, or with a spoken clip of the same rate; its own samples stay as they are. Default: at the start. */
  label(sound: Sound, options?: { position?: SoundPosition; clip?: Sound }): Promise<Labelled>
  /** Looks for the rhythm. */
  findLabel(sound: Sound): Promise<AudioLabelEvidence>
  /** Loudness in LUFS (absent for silence), the largest sample, and how many frames. */
  loudness(sound: Sound): Promise<Loudness>
  /** First 32, 40, 64 or 128 bits of the hash of ContentProducer and ProduceID, hexadecimal: what a watermark carries. */
  payloadOf(producer: string, produceId: string, bits?: 32 | 40 | 64 | 128): Promise<string>
  /** Labels and watermarks bare samples as they come: Float32Array, or bytes. */
  stream(options: PcmOptions & { format: 's16le' | 'f32le' }): Promise<MarkingStream<Uint8Array>>
  stream(options: PcmOptions & { format?: 'samples' }): Promise<MarkingStream<Float32Array>>
  /** The same of the bytes of a WAV, whose length may be open; the metadata label is written too. */
  wavStream(options: StreamOptions): Promise<MarkingStream<Uint8Array>>
}

/** The functions of the SDK with a service's own settings filled in. */
export interface Countermark<D extends Partial<MarkOptions & VerifyOptions> = {}> {
  /**
   * Marks one file: label, watermark, metadata, as the policy asks; then reads the result back.
   * Pictures (JPEG, PNG, WebP, GIF and TIFF, of animations every frame), films, sound, texts; of other kinds the metadata. The output is the same kind of thing as the input; a path needs `to` (or `as`).
   * Throws CountermarkError; there is no output then.
   */
  mark<I extends Input, O extends MarkArguments<D>>(input: I, options: O & NoOther<O, MarkOptions>): Promise<MarkResult<OutputFor<I, O>>>
  /** Says what a file carries and what that means. Throws CountermarkError where the input is of no kind that is read. */
  verify(input: Input, options?: VerifyOptions): Promise<VerifyResult>
  /** The platform's step: sets the propagation pair, or adds a label where the user declared it or traces show it. */
  propagate<I extends Input, O extends PropagateOptions>(input: I, options: O & NoOther<O, PropagateOptions>): Promise<PropagateResult<OutputFor<I, O>>>
  readonly image: ImageFunctions
  readonly audio: AudioFunctions
  readonly video: VideoFunctions
  readonly text: TextFunctions
  /** What `createCountermark` was given. */
  readonly settings: D
}

/** Options of `mark` where `D` already holds some: `provider` may then be left out. */
export type MarkArguments<D> = D extends { provider: object } ? Omit<MarkOptions, 'provider'> & Partial<Pick<MarkOptions, 'provider'>> : MarkOptions

/**
 * The SDK with defaults for every call.
 *
 * ```js
 * const countermark = createCountermark({ provider: { name: 'Example-Lab' } })
 * const { output } = await countermark.mark(pngBytes, {})
 * ```
 */
export function createCountermark<const D extends Partial<MarkOptions & VerifyOptions> = {}>(defaults?: D): Countermark<D> {
  const own = defaults ?? ({} as D)
  return {
    mark: (input, options) => mark(input, { ...own, ...options } as MarkOptions) as never,
    verify: (input, options) => verify(input, { ...own, ...options }),
    propagate: (input, options) => {
      const { policy, limits, keys, ledger, ffmpeg } = own as Partial<MarkOptions & VerifyOptions>
      return propagate(input, { ...(policy && { policy }), ...(limits && { limits }), ...(keys && { keys }), ...(ledger && { ledger }), ...(ffmpeg && { ffmpeg }), ...options } as PropagateOptions) as never
    },
    image,
    audio,
    video,
    text,
    settings: own,
  }
}

/** Marks one picture with every setting given; see Countermark.mark. */
export function mark<I extends Input, O extends MarkOptions>(input: I, options: O & NoOther<O, MarkOptions>): Promise<MarkResult<OutputFor<I, O>>> {
  return markStaged(input, options, {}) as Promise<MarkResult<OutputFor<I, O>>>
}

/** What a job of many files adds to a call. */
export interface JobStep {
  /** See Entry.task. */
  task?: string
  /** The output's name before it has its own. */
  temporary?: string
  /** A valid label of the same provider stays, though a content number of the job's own is given. */
  keepOwn?: boolean
  /** Runs on the complete file before its entry is written. */
  staged?: (temporary: string, report: Marked['report'], output: Digest) => Promise<void>
}

/** `mark` as one step of a job. */
export async function markStaged(input: Input, options: MarkOptions, { task, temporary, keepOwn, staged }: JobStep): Promise<MarkResult> {
  const start = performance.now()
  if (typeof options !== 'object' || options === null) throw new CountermarkError('ERR_USAGE', 'mark needs its options: at least the provider.')
  const limits = limitsOf(options.limits)
  const deadline = new Deadline(limits, options.signal, options.limits?.seconds !== undefined)
  deadline.check()
  const plan = { ...await planOf(options), ...(keepOwn ? { numbered: false } : {}) }
  const ledger = options.ledger === undefined ? undefined : await ledgerOf(options.ledger)
  if (options.to === undefined && options.as === undefined && pathLike(input))
    throw new CountermarkError('ERR_USAGE', 'The input is a path: say where the output goes.', { remedy: 'Set `to` to a path, or `as` to bytes, blob, stream or web-stream.' })
  if (options.to !== undefined && pathLike(input)) await checkTarget(pathOf(input), pathOf(options.to))
  const engine = await loadEngine()
  const draftOf = (report: Marked['report'], source: Digest, output: Digest, sidecar?: Digest): EntryDraft => markDraft(report, {
    payload: engine.payloadOf(report.record.ContentProducer, report.produceId, 128), policy: plan.policy, signed: report.status === 'done' && plan.signer !== undefined, c2pa: plan.c2pa !== undefined,
    version: engine.version(), source, output,
    ...(plan.label === undefined && plan.waiver !== undefined ? { waiver: plan.waiver } : {}), ...(options.recipient === undefined ? {} : { recipient: options.recipient }),
    ...(plan.system === undefined ? {} : { system: plan.system }), ...(task === undefined ? {} : { task }), ...(sidecar === undefined ? {} : { sidecar }),
  })
  const path = pathLike(input) ? pathOf(input) : undefined
  if (path !== undefined && options.to !== undefined && engine.disk !== undefined) {
    const head = await headOf(path, HEAD)
    const type = head === undefined ? undefined : typeOfBytes(head)
    if (head !== undefined && type !== undefined && !REDRAWN.includes(type) && await sizeOf(path) > IN_MEMORY) {
      checkName({ bytes: head, form: 'path', name: path }, options)
      const { disk } = engine
      const target = pathOf(options.to)
      let made: Pending | undefined
      const write: DiskWriter = async (from, wanted) => {
        made = await pending(disk, from, target, wanted, temporary)
        return { ...made, keep: async () => target }
      }
      const coded = besides(target)
      const held: Held<string> = { target: coded, container: (_, kind) => onDisk(disk, coded, kind, write), coded: async (file, kind) => onDisk(disk, file, kind, write), drop: () => rm(coded, { force: true }) }
      const { report } = await markTracks(engine, onDisk(disk, path, type, write), { type, path }, held, plan, coded, { ffmpeg: options.ffmpeg, limits, deadline })
      const settled = await settle(ledger, plan.policy, (enter) => made!.keep(async (file) => {
        if (ledger === undefined && staged === undefined) return
        const digest = await digestOfFile(file)
        await staged?.(file, report, digest)
        await enter(async () => draftOf(report, await digestOfFile(path), digest))
      }))
      return { file: path, ...report, ...settled, ms: Math.round(performance.now() - start) }
    }
  }
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  checkName(source, options, document)
  if (document?.kind === 'text/plain' && options.to === undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', 'A plain text has no place for a label: it stands in a file beside it.', { remedy: 'Give the output\'s path as `to`, or mark the text as Markdown or HTML.' })
  const { bytes, report, sidecar }: MarkedDocument = document !== undefined ? await markDocument(engine, source.bytes, document, plan, deadline)
    : REDRAWN.includes(typeOrThrow(source.bytes)) ? await markBytes(engine, sharpCodec, source.bytes, plan, limits, deadline)
    : await markInMemory(engine, source, plan, { ffmpeg: options.ffmpeg, limits, deadline })
  deadline.check()
  const beside = sidecar === undefined || options.to === undefined ? undefined : `${pathOf(options.to)}${sidecar.ending}`
  if (sidecar !== undefined && beside !== undefined && document !== undefined) {
    const standing = await readBeside(beside, limits)
    if (standing !== undefined) checkSidecar(engine, standing, document, beside, report.record.ContentProducer)
  }
  const before = async (enter: Enter, file?: string): Promise<void> => {
    if (file !== undefined) await staged?.(file, report, digestOf(bytes))
    await enter(async () => draftOf(report, digestOf(source.bytes), digestOf(bytes), sidecar === undefined ? undefined : digestOf(sidecar.bytes)))
    // First the label: a text without it would be worse than a label without its text.
    if (sidecar !== undefined && beside !== undefined) await writeWhole(beside, sidecar.bytes, 0o666, temporary === undefined ? {} : { temporary: `${temporary}.beside` })
  }
  const settled = await settle(ledger, plan.policy, (enter) => deliver(bytes, report.type, source, options, { ...(temporary === undefined ? {} : { temporary }), before: (file) => before(enter, file) }))
  return { ...(source.name === undefined ? {} : { file: source.name }), ...(beside === undefined ? {} : { sidecar: beside }), ...report, ...settled, ms: Math.round(performance.now() - start) }
}

/** A sound in memory; the path that it came from saves a copy. */
function soundIn({ bytes, form, name }: Source, type: string): SoundFile {
  return form === 'path' && name !== undefined ? { type, path: name } : { type, bytes }
}

function heldIn(engine: Engine, source: Uint8Array, target: string): Held<Uint8Array> {
  const carried = (coded: Uint8Array, type: string): Uint8Array => {
    try {
      return TAGGED.includes(type) ? engine.metadataCarry(source, coded) : coded
    } catch {
      // A structure that is not put together here: the encoder's own tags stay, and the result names those that are missing.
      return coded
    }
  }
  return {
    container: (coded, type) => inMemory(engine, coded === undefined ? source : carried(coded, type), type),
    coded: async (path, type) => inMemory(engine, await fileBytes(path), type),
    drop: () => rm(target, { force: true }),
  }
}

/** Kinds whose tags are carried by the core; the encoder writes those of the others. */
const TAGGED = ['audio/mpeg', 'audio/aac', 'audio/flac', 'audio/ogg']

/** What work on sound and films needs beside a plan. */
interface Means { ffmpeg: string | undefined; limits: Limits; deadline: Deadline }

/** A file in memory that is not coded anew as a picture. ffmpeg's output of a film lies in a folder that only we can enter. */
async function markInMemory(engine: Engine, source: Source, plan: Plan, means: Means): Promise<Marked> {
  const type = typeOrThrow(source.bytes)
  const folder = await temporaryFolder()
  try {
    const target = join(folder, 'coded')
    return await markTracks(engine, inMemory(engine, source.bytes, type), soundIn(source, type), heldIn(engine, source.bytes, target), plan, target, means)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A file of any kind that is not coded anew as a picture. What an encoder takes away is left out in a further try. */
async function markTracks<Output>(engine: Engine, file: Container<Output>, source: SoundFile, held: Held<Output>, plan: Plan, target: string, { ffmpeg, limits, deadline }: Means): Promise<Marked<Output>> {
  let one = plan
  for (let attempt = 0; attempt < 3; attempt++) {
    const made = await markContainer(engine, file, one, deadline, {
      audio: soundWork(engine, soundCodec(ffmpeg), source, held, one, deadline), video: filmWork({ engine, ffmpeg, limits, deadline, target }, source, held, one),
    })
    if (typeof made === 'object') return made
    one = made === 'sound lost' ? { ...one, silent: true } : { ...one, watermark: false, lost: true }
  }
  throw new CountermarkError('ERR_INTERNAL', 'Countermark has a defect that this input shows. Please report it with the input.')
}

/** A document, with the file beside a plain text. */
async function documentIn({ bytes, name, form }: Source, limits: Limits): Promise<Document | undefined> {
  const document = await documentOf(bytes, name)
  if (document?.kind !== 'text/plain' || form !== 'path' || name === undefined) return document
  const sidecar = await readBeside(`${name}${document.code.SIDECAR}`, limits)
  return { ...document, ...(sidecar === undefined ? {} : { sidecar }) }
}

function pathLike(input: Input): input is string | URL {
  return typeof input === 'string' || input instanceof URL
}

/** Files beyond this many bytes are handled on disk: only their labels are read then, not texts in which traces of generators stand. */
const IN_MEMORY = 32 << 20

/** A name that says another kind than the bytes would mislead every reader; a source that does so already may keep its. */
function checkName({ bytes, name = '' }: Source, { to }: Pick<MarkOptions, 'to'>, document?: Document): void {
  const type = document?.kind ?? typeOfBytes(bytes)
  const named = to === undefined ? undefined : typeOfName(pathOf(to))
  if (type !== undefined && named !== undefined && !sameKind(named, type) && named !== typeOfName(name))
    throw new CountermarkError('ERR_USAGE', `The file is ${type}, but the output's name says ${named}.`, { remedy: 'Marking keeps the kind of the file: give the output the same ending.' })
  // Of texts the name alone says the kind: under another one the label would not be found again.
  if (document !== undefined && to !== undefined && document.code.documentKind(bytes, pathOf(to)) !== document.kind)
    throw new CountermarkError('ERR_USAGE', `The file is ${document.kind}, which only its name says, and the output's name does not.`, { remedy: 'Marking keeps the kind of the file: give the output the same ending.' })
}

/** Verifies one picture; see Countermark.verify. */
export async function verify(input: Input, options: VerifyOptions = {}): Promise<VerifyResult> {
  const start = performance.now()
  const limits = limitsOf(options.limits)
  const deadline = new Deadline(limits, options.signal)
  deadline.check()
  const keys = options.keys ?? [...new Set([(await defaultKey()).key, 'public'])]
  const engine = await loadEngine()
  if (pathLike(input) && engine.disk !== undefined) {
    const path = pathOf(input)
    const head = await headOf(path, HEAD)
    const type = head === undefined ? undefined : typeOfBytes(head)
    if (type !== undefined && !DECODED.includes(type) && await sizeOf(path) > IN_MEMORY)
      return { file: path, ...(await verifyDisk(engine.disk, path, type, options, deadline, { engine, sound: soundCodec(options.ffmpeg), film: filmReader(engine, options.ffmpeg, limits, deadline), keys })), ms: Math.round(performance.now() - start) }
  }
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  const result = await verifyBytes(engine, sharpCodec, source.bytes, options, keys, limits, deadline, { document, sound: soundCodec(options.ffmpeg), film: filmReader(engine, options.ffmpeg, limits, deadline) })
  return { ...(source.name === undefined ? {} : { file: source.name }), ...result, ms: Math.round(performance.now() - start) }
}

/**
 * The platform's step of the Labeling Measures, Art. 6. The producer's part of a label stays as it is; a label that is not
 * valid is neither removed nor doubled, and `status` is `unchanged` then.
 */
export async function propagate<I extends Input, O extends PropagateOptions>(input: I, options: O & NoOther<O, PropagateOptions>): Promise<PropagateResult<OutputFor<I, O>>> {
  const start = performance.now()
  if (typeof options !== 'object' || options === null) throw new CountermarkError('ERR_USAGE', 'propagate needs its options: the propagator and its number of the content.')
  const limits = limitsOf(options.limits)
  const deadline = new Deadline(limits, options.signal)
  deadline.check()
  if (typeof options.propagateId !== 'string') throw new CountermarkError('ERR_USAGE', 'The platform\'s number of the content is missing.', { remedy: 'Give it as propagateId (--propagate-id).' })
  const plan = {
    policy: policyOf(options.policy), propagator: propagatorOf(options.propagator), propagateId: produceIdOf(options.propagateId), declared: options.declared ?? false,
    keys: options.keys ?? [...new Set([(await defaultKey()).key, 'public'])],
  }
  if (options.to === undefined && options.as === undefined && pathLike(input))
    throw new CountermarkError('ERR_USAGE', 'The input is a path: say where the output goes.', { remedy: 'Set `to` to a path, or `as` to bytes, blob, stream or web-stream.' })
  if (options.to !== undefined && pathLike(input)) await checkTarget(pathOf(input), pathOf(options.to))
  const engine = await loadEngine()
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  if (document?.kind === 'text/plain')
    throw new CountermarkError('ERR_UNSUPPORTED', 'propagate is not available for plain text in this version: its label is a file of its own.', { remedy: 'Pass the text on with the file beside it as they are.' })
  checkName(source, options, document)
  const decoders = { sound: soundCodec(options.ffmpeg), film: filmReader(engine, options.ffmpeg, limits, deadline) }
  const { bytes, report } = await propagateBytes(engine, sharpCodec, source.bytes, plan, limits, deadline, { ...decoders, ...(document === undefined ? {} : { document }) })
  deadline.check()
  const draft = async (): Promise<EntryDraft> => propagateDraft(report, {
    payload: report.record === undefined ? '' : engine.payloadOf(report.record.ContentProducer, report.record.ProduceID, 128), policy: plan.policy,
    source: digestOf(source.bytes), output: digestOf(bytes), version: engine.version(),
  })
  const written = options.ledger === undefined || report.status === 'unchanged' ? undefined : await ledgerOf(options.ledger)
  const { output, entry } = await settle(written, plan.policy, (enter) => deliver(bytes, report.type, source, options, { before: () => enter(draft) }))
  return { ...(source.name === undefined ? {} : { file: source.name }), output: output as OutputFor<I, O>, ...report, ...(entry === undefined ? {} : { entry }), ms: Math.round(performance.now() - start) }
}

/** Work on texts in memory and on streams of them; see TextFunctions. */
export const text: TextFunctions = texts(loadEngine)

/** Work on samples; see ImageFunctions. */
export const image: ImageFunctions = {
  embed: async (picture, options) => embed(await loadEngine(), picture, options),
  detect: async (picture, options) => detect(await loadEngine(), picture, options),
  label: async (picture, options) => drawLabel(await loadEngine(), picture, options),
  findLabel: async (picture, texts) => findLabel(await loadEngine(), picture, texts),
  compare: async (a, b) => (await loadEngine()).imageCompare(a, b),
  payloadOf: async (producer, produceId, bits = 64) => (await loadEngine()).payloadOf(producer, produceId, bits),
}

/** Work on the frames of films; see VideoFunctions. */
export const video: VideoFunctions = videoFunctions(loadEngine)

/** The mark in a language model's choice of tokens; see TokenFunctions. */
export const token: TokenFunctions = {
  sampler: async (options) => tokenSampler(await loadTokenEngine(), options),
  detect: async (tokens, options) => detectTokens(await loadTokenEngine(), tokens, options),
}

/** Work on samples, and on streams of them; see AudioFunctions. */
export const audio: AudioFunctions = {
  embed: async (sound, { key = 'public', ...options }) => embedSound(await loadEngine(), sound, keyOf(key), options),
  detect: async (sound, { keys = ['public'], effort = 'full' } = {}) => (await detectSound(await loadEngine(), sound, keysOf(keys), effort)).evidence,
  label: async (sound, options) => labelSound(await loadEngine(), sound, options),
  findLabel: async (sound) => findRhythm(await loadEngine(), sound),
  loudness: async (sound) => {
    const meter = (await loadEngine()).loudnessMeter(sound)
    meter.push(sound.samples)
    return meter.report()
  },
  payloadOf: async (producer, produceId, bits = 64) => (await loadEngine()).payloadOf(producer, produceId, bits),
  stream: async (options: PcmOptions) => pcmStream(await loadEngine(), { ...options, ...(options.key === undefined ? {} : { key: keyOf(options.key) }) }) as never,
  wavStream: async (options) => wavStream(await loadEngine(), { ...options, ...(options.key === undefined ? {} : { key: keyOf(options.key) }) }),
}

/** What a voice says; under laws outside China in English. */
const SPOKEN: { readonly [policy: string]: string[] } = {
  cn: ['本音频由人工智能生成'], all: ['本音频由人工智能生成', 'This audio was generated by AI.'],
  ...Object.fromEntries(['eu', 'us-ca', 'kr', 'in'].map((name) => [name, ['This audio was generated by AI.']])),
}

/** Every decision that needs no file, and every error that does not either. */
export async function planOf(options: MarkOptions): Promise<Plan> {
  const policy = policyOf(options.policy)
  const producer = producerOf(options.provider)
  const produceId = produceIdOf(options.produceId)
  const { metadataOnly = false, waiver, watermark = true, label } = options
  if (metadataOnly && typeof label === 'object')
    throw new CountermarkError('ERR_USAGE', 'Metadata-only marking draws no label.', { remedy: 'Leave out one of the two.' })
  if (label === false && policy.label.demand === 'required') {
    if (!policy.label.waivable) throw new CountermarkError('ERR_USAGE', `The policy ${policy.name} knows no waiver of the visible label.`)
    if (waiver === undefined || waiver.trim() === '')
      throw new CountermarkError('ERR_USAGE', 'Leaving out the visible label needs the reference of the agreement with the user (Labeling Measures Art. 9).', { remedy: 'Give it as waiver (--waiver REF).' })
  }
  if (label !== false && waiver !== undefined)
    throw new CountermarkError('ERR_USAGE', 'A waiver is given, but the visible label is not left out.', { remedy: 'Add label: false (--no-explicit), or leave out the waiver.' })
  const key = options.key === undefined ? (await defaultKey()).key : keyOf(options.key)
  const draws = !metadataOnly && label !== false && (policy.label.demand === 'required' || label !== undefined)
  const { text, position, font, ratio, audio, voice, during, seconds } = typeof label === 'object' ? label : {}
  const { encoder, settings, progress } = options.video ?? {}
  if (audio !== undefined && voice) throw new CountermarkError('ERR_USAGE', 'A clip and a voice are given; one of them is the label.', { remedy: 'Leave out one of the two.' })
  const moment = MOMENTS.find((one) => one === position)
  const inText = position === 'inline'
  const words = textOptionsOf({ ...options.text, ...placeInText(options) })
  return {
    policy, producer, produceId, numbered: options.produceId !== undefined,
    key, keyId: keyIdOf(key), quality: options.quality ?? 'standard',
    watermark: watermark && !metadataOnly, ...(Object.keys(words).length === 0 ? {} : { text: words }), remark: remarkOf(options.remark, key), metadataOnly, keepC2pa: options.keepC2pa ?? false,
    ...(draws ? { label: {
      text: wordingOf(policy, text),
      position: moment === undefined && !inText ? ((position ?? policy.label.position) as LabelPosition) : policy.label.position,
      ...(ratio === undefined ? {} : { ratio }),
      font: font === undefined ? new Uint8Array() : font instanceof Uint8Array ? font : await fileBytes(pathOf(font)),
      asked: text !== undefined || (position !== undefined && moment === undefined && !inText),
      placed: position !== undefined && moment === undefined,
    }, sound: {
      position: moment ?? 'start',
      form: audio !== undefined ? 'clip' : voice ? 'voice' : 'rhythm',
      text: text === undefined ? SPOKEN[policy.name] ?? SPOKEN['cn'] ?? [] : wordingOf(policy, text),
      ...(audio === undefined ? {} : { clip: audio instanceof Uint8Array ? audio : await fileBytes(pathOf(audio)) }),
      ...(typeof voice === 'string' ? { program: voice } : {}),
      asked: moment !== undefined || inText || audio !== undefined || voice === true || typeof voice === 'string',
    } } : {}),
    video: {
      encoding: { ...(encoder === undefined ? {} : { encoder }), ...(settings === undefined ? {} : { settings }) },
      times: labelTimes({ ...(during === undefined ? {} : { during }), ...(seconds === undefined ? {} : { seconds }) }), ...(progress === undefined ? {} : { progress }),
    },
    ...(waiver === undefined ? {} : { waiver }),
    ...(options.digitalSourceType === undefined ? {} : { digitalSourceType: options.digitalSourceType }),
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(options.c2pa === undefined ? {} : { c2pa: await c2paOf(options.c2pa) }),
    ...(options.sign === undefined ? {} : { signer: await signerOf(options.sign) }),
  }
}

/** The package must be there before anything is done: its absence is no surprise to find after the work. */
async function c2paOf(options: C2paOptions): Promise<C2paOptions> {
  if (typeof options !== 'object' || options === null || typeof options.certificate !== 'string' || !('key' in options || 'sign' in options))
    throw new CountermarkError('ERR_USAGE', 'c2pa needs a certificate chain, and a key or a function that signs.', { remedy: 'Give c2pa.certificate and c2pa.key (--c2pa-cert, --c2pa-key).' })
  await c2paModule()
  return options
}

function textOptionsOf({ profile, position }: NonNullable<MarkOptions['text']>): NonNullable<MarkOptions['text']> {
  if (profile !== undefined && profile !== 'presence' && profile !== 'id') throw new CountermarkError('ERR_PARAMETER', `The profile of a text is presence or id, not ${String(profile)}.`)
  if (position !== undefined && !['start', 'end', 'inline'].includes(position)) throw new CountermarkError('ERR_PARAMETER', `The label of a text stands at start, end or inline, not ${String(position)}.`)
  return { ...(profile === undefined ? {} : { profile }), ...(position === undefined ? {} : { position }) }
}

function remarkOf(remark: Remark = 'refuse', key: Key): Remark {
  if (remark !== 'refuse' && remark !== 'replace') throw new CountermarkError('ERR_PARAMETER', `remark is refuse or replace, not ${String(remark)}.`)
  if (remark === 'replace' && key === 'public')
    throw new CountermarkError('ERR_USAGE', 'A watermark of the public key may be another producer\'s, which nobody may remove (Labeling Measures Art. 10).', { remedy: 'Use a private key, or leave out remark (--remark).' })
  return remark
}

async function fileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}
