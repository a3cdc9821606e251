// Composition in Node: engine, pixel codec and key are chosen here and nowhere else.
import { readFile } from 'node:fs/promises'
import type { DrawReport, EmbedReport } from './engine/engine.js'
import { c2paModule } from './c2pa/bridge.js'
import { loadEngine } from './engine/load.js'
import { CountermarkError, fromSystem } from './errors.js'
import { detect, drawLabel, embed, findLabel, keyOf } from './image/image.js'
import { defaultKey, keyIdOf } from './key.js'
import { Deadline, limitsOf, type Limits } from './limits.js'
import { sharpCodec } from './media/sharp.js'
import { pending } from './media/disk.js'
import { DECODED, HEAD, REDRAWN, sameKind, typeOfBytes, typeOfName } from './media/kind.js'
import { checkTarget, deliver, headOf, pathOf, readBeside, readSource, sizeOf, writeWhole, type Source } from './media/source.js'
import { produceIdOf, producerOf, propagatorOf } from './metadata/record.js'
import { inMemory, markContainer, onDisk } from './pipeline/container.js'
import { checkSidecar, documentOf, markDocument, type Document, type MarkedDocument } from './pipeline/document.js'
import { typeOrThrow } from './pipeline/evidence.js'
import { markBytes, type Plan } from './pipeline/mark.js'
import { propagateBytes } from './pipeline/propagate.js'
import { verifyBytes, verifyDisk } from './pipeline/verify.js'
import { policyOf, wordingOf } from './policy/policy.js'
import { signerOf } from './signature/keys.js'
import { texts, type TextFunctions } from './texts.js'
import type { C2paOptions, Effort, Input, Key, LabelEvidence, LabelPosition, MarkOptions, MarkResult, OutputOf, Picture, PropagateOptions, PropagateResult, Quality, Remark, VerifyOptions, VerifyResult, WatermarkEvidence } from './types.js'

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
  detect(picture: Picture, options?: { keys?: Key[]; effort?: Effort }): Promise<WatermarkEvidence[]>
  /** Draws a visible label, in place. `ratio`: ink height as a part of the shortest side. */
  label(picture: Picture, options: { text: string[]; position?: LabelPosition; ratio?: number; font?: Uint8Array }): Promise<DrawReport>
  /** Looks for visible labels of these wordings, as `label` draws them. */
  findLabel(picture: Picture, texts: string[][]): Promise<LabelEvidence>
  /** PSNR in dB and SSIM of two pictures of one shape, RGB. */
  compare(a: Picture, b: Picture): Promise<{ psnr: number; ssim: number }>
  /** First 32, 40, 64 or 128 bits of the hash of ContentProducer and ProduceID, hexadecimal: what a watermark carries. */
  payloadOf(producer: string, produceId: string, bits?: 32 | 40 | 64 | 128): Promise<string>
}

/** The functions of the SDK with a service's own settings filled in. */
export interface Countermark<D extends Partial<MarkOptions & VerifyOptions> = {}> {
  /**
   * Marks one picture: visible label, watermark, metadata, as the policy asks; then reads the result back.
   * JPEG, PNG, WebP, GIF and TIFF, of animations every frame. The output is the same kind of thing as the input; a path needs `to` (or `as`).
   * Throws CountermarkError; there is no output then.
   */
  mark<I extends Input, O extends MarkArguments<D>>(input: I, options: O & NoOther<O, MarkOptions>): Promise<MarkResult<OutputFor<I, O>>>
  /** Says what a picture carries and what that means. Throws CountermarkError where the input is no picture. */
  verify(input: Input, options?: VerifyOptions): Promise<VerifyResult>
  /** The platform's step: sets the propagation pair, or adds a label where the user declared it or traces show it. */
  propagate<I extends Input, O extends PropagateOptions>(input: I, options: O & NoOther<O, PropagateOptions>): Promise<PropagateResult<OutputFor<I, O>>>
  readonly image: ImageFunctions
  readonly text: TextFunctions
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
      const { policy, limits, keys } = own as Partial<MarkOptions & VerifyOptions>
      return propagate(input, { ...(policy && { policy }), ...(limits && { limits }), ...(keys && { keys }), ...options } as PropagateOptions) as never
    },
    image,
    text,
  }
}

/** Marks one picture with every setting given; see Countermark.mark. */
export async function mark<I extends Input, O extends MarkOptions>(input: I, options: O & NoOther<O, MarkOptions>): Promise<MarkResult<OutputFor<I, O>>> {
  const start = performance.now()
  if (typeof options !== 'object' || options === null) throw new CountermarkError('ERR_USAGE', 'mark needs its options: at least the provider.')
  const limits = limitsOf(options.limits)
  const deadline = new Deadline(limits, options.signal)
  deadline.check()
  const plan = await planOf(options)
  if (options.to === undefined && options.as === undefined && pathLike(input))
    throw new CountermarkError('ERR_USAGE', 'The input is a path: say where the output goes.', { remedy: 'Set `to` to a path, or `as` to bytes, blob, stream or web-stream.' })
  if (options.to !== undefined && pathLike(input)) await checkTarget(pathOf(input), pathOf(options.to))
  const engine = await loadEngine()
  const path = pathLike(input) ? pathOf(input) : undefined
  if (path !== undefined && options.to !== undefined && engine.disk !== undefined) {
    const head = await headOf(path, HEAD)
    const type = head === undefined ? undefined : typeOfBytes(head)
    if (head !== undefined && type !== undefined && !REDRAWN.includes(type) && await sizeOf(path) > IN_MEMORY) {
      checkName({ bytes: head, form: 'path', name: path }, options)
      const { disk } = engine
      const target = pathOf(options.to)
      const { bytes: output, report } = await markContainer(engine, onDisk(disk, path, type, (from, wanted) => pending(disk, from, target, wanted)), plan, deadline)
      return { file: path, output: output as OutputFor<I, O>, ...report, ms: Math.round(performance.now() - start) }
    }
  }
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  checkName(source, options, document)
  if (document?.kind === 'text/plain' && options.to === undefined)
    throw new CountermarkError('ERR_UNSUPPORTED', 'A plain text has no place for a label: it stands in a file beside it.', { remedy: 'Give the output\'s path as `to`, or mark the text as Markdown or HTML.' })
  const { bytes, report, sidecar }: MarkedDocument = document !== undefined ? await markDocument(engine, source.bytes, document, plan, deadline)
    : REDRAWN.includes(typeOrThrow(source.bytes)) ? await markBytes(engine, sharpCodec, source.bytes, plan, limits, deadline)
    : await markContainer(engine, inMemory(engine, source.bytes, typeOrThrow(source.bytes)), plan, deadline)
  deadline.check()
  const beside = sidecar === undefined || options.to === undefined ? undefined : `${pathOf(options.to)}${sidecar.ending}`
  if (sidecar !== undefined && beside !== undefined && document !== undefined) {
    const standing = await readBeside(beside, limits)
    if (standing !== undefined) checkSidecar(engine, standing, document, beside, report.record.ContentProducer)
    // First the label: a text without it would be worse than a label without its text.
    await writeWhole(beside, sidecar.bytes)
  }
  const output = (await deliver(bytes, report.type, source, options)) as OutputFor<I, O>
  return { ...(source.name === undefined ? {} : { file: source.name }), output, ...(beside === undefined ? {} : { sidecar: beside }), ...report, ms: Math.round(performance.now() - start) }
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
      return { file: path, ...(await verifyDisk(engine.disk, path, type, options, deadline)), ms: Math.round(performance.now() - start) }
  }
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  const result = await verifyBytes(engine, sharpCodec, source.bytes, options, keys, limits, deadline, { document })
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
  if (options.to === undefined && options.as === undefined && (typeof input === 'string' || input instanceof URL))
    throw new CountermarkError('ERR_USAGE', 'The input is a path: say where the output goes.', { remedy: 'Set `to` to a path, or `as` to bytes, blob, stream or web-stream.' })
  if (options.to !== undefined && (typeof input === 'string' || input instanceof URL)) await checkTarget(pathOf(input), pathOf(options.to))
  const engine = await loadEngine()
  const source = await readSource(input, limits, deadline)
  const document = await documentIn(source, limits)
  if (document?.kind === 'text/plain')
    throw new CountermarkError('ERR_UNSUPPORTED', 'propagate is not available for plain text in this version: its label is a file of its own.', { remedy: 'Pass the text on with the file beside it as they are.' })
  checkName(source, options, document)
  const { bytes, report } = await propagateBytes(engine, sharpCodec, source.bytes, plan, limits, deadline, document)
  deadline.check()
  const output = (await deliver(bytes, report.type, source, options)) as OutputFor<I, O>
  return { ...(source.name === undefined ? {} : { file: source.name }), output, ...report, ms: Math.round(performance.now() - start) }
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

/** Every decision that needs no file, and every error that does not either. */
async function planOf(options: MarkOptions): Promise<Plan> {
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
  const { text, position, font, ratio } = typeof label === 'object' ? label : {}
  return {
    policy, producer, produceId, numbered: options.produceId !== undefined,
    key, keyId: keyIdOf(key), quality: options.quality ?? 'standard',
    watermark: watermark && !metadataOnly, ...(options.text === undefined ? {} : { text: textOptionsOf(options.text) }), remark: remarkOf(options.remark, key), metadataOnly, keepC2pa: options.keepC2pa ?? false,
    ...(draws ? { label: {
      text: wordingOf(policy, text),
      position: position ?? policy.label.position,
      ...(ratio === undefined ? {} : { ratio }),
      font: font === undefined ? new Uint8Array() : font instanceof Uint8Array ? font : await fontBytes(pathOf(font)),
      asked: text !== undefined || position !== undefined,
    } } : {}),
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

async function fontBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw fromSystem(thrown, path)
  }
}
