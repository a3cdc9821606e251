// Gathers what every detector says of one file. No verdict here.
import type { Engine, FileInfo, MetadataReport } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import { detect, findLabel } from '../image/image.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Decoder } from '../media/codec.js'
import { DECODED, modalityOf, REDRAWN, typeOfBytes } from '../media/kind.js'
import { isAiSourceType } from '../metadata/record.js'
import type { Effort, Evidence, Finding, Key, MetadataEvidence, Record, WatermarkEvidence } from '../types.js'

/** What is asked of `gather`. */
export interface Request {
  keys: Key[]
  effort: Effort
  /** Wordings of visible labels to look for; none: the picture is not searched for labels. */
  texts: readonly (readonly string[])[]
  /** False leaves the pixels alone. */
  pixels: boolean
  expect?: { producer: string; produceId: string }
}

/** Everything that was seen, and how much of the file could be seen at all. */
export interface Sight {
  type: string
  evidence: Evidence[]
  /** `unknown`: the core does not know this container. */
  metadata: 'read' | 'unknown' | 'broken'
  /** `partly`: the first frame of several. */
  pixels: 'read' | 'partly' | 'skipped' | 'failed'
  findings: Finding[]
  report?: MetadataReport
  /** Nobody looked for watermarks and labels in the samples, and nothing follows from not seeing any. */
  unsearched?: true
}

/** Errors that end a call; the others leave a part of the file unseen, and the verdict says so. */
const ENDING: ReadonlySet<string> = new Set(['ERR_LIMIT', 'ERR_CANCELLED', 'ERR_INTERNAL', 'ERR_PARAMETER', 'ERR_USAGE', 'ERR_IO'])

/** MIME type by the bytes. ERR_BROKEN for an empty file, ERR_UNSUPPORTED for what is no picture. */
export function typeOrThrow(bytes: Uint8Array): string {
  const type = typeOfBytes(bytes)
  if (type !== undefined) return type
  throw bytes.byteLength === 0
    ? new CountermarkError('ERR_BROKEN', 'The file is empty.', { offset: 0 })
    : new CountermarkError('ERR_UNSUPPORTED', 'This is not a file of a kind that is read (JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, JPEG XL, SVG, MP4, QuickTime, Matroska, WebM, AVI, FLV, WAV, AIFF).')
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
  if (!DECODED.includes(type)) return gatherMetadata(type, () => engine.metadataRead(bytes), request)
  const sight: Sight = { type, evidence: [], metadata: 'read', pixels: 'skipped', findings: [] }
  const header = REDRAWN.includes(type) ? await attempt(() => engine.fileInspect(bytes)) : undefined
  const info = header instanceof CountermarkError ? undefined : header
  if (info) checkPixels(info.width, info.height, limits)

  readMetadata(await attempt(() => engine.metadataRead(bytes)), request, sight)
  if (request.pixels) await readPixels(engine, decoder, bytes, info, request, sight, limits, deadline)
  return sight
}

/** Reads the metadata of a file whose samples nobody decodes here. */
export async function gatherMetadata(type: string, read: () => MetadataReport | Promise<MetadataReport>, request: Pick<Request, 'expect'>): Promise<Sight> {
  const sight: Sight = { type, evidence: [], metadata: 'read', pixels: 'skipped', unsearched: true, findings: [] }
  readMetadata(await attempt(read), request, sight)
  const modality = modalityOf(sight.type)
  sight.findings.push({ rule: 'P2', severity: 'info', message: modality === 'image'
    ? `Files of type ${sight.type} are not decoded: only the metadata was looked at, not watermarks and visible labels.`
    : `Only the metadata was looked at: this version does not search ${modality} for watermarks and labels.` })
  return sight
}

function readMetadata(report: MetadataReport | CountermarkError, request: Pick<Request, 'expect'>, sight: Sight): void {
  if (report instanceof CountermarkError) {
    sight.metadata = report.code === 'ERR_UNSUPPORTED' ? 'unknown' : 'broken'
    sight.findings.push(sight.metadata === 'unknown'
      ? { rule: 'P2', severity: 'info', message: `The metadata of this ${sight.type} file is not read by this version: ${report.message}` }
      : { rule: 'M17', severity: 'warning', message: `The metadata could not be read to its end: ${report.message}` })
    return
  }
  describe(report, request, sight)
}

/** What a metadata report alone shows. */
export function metadataSight(report: MetadataReport, request: Pick<Request, 'expect'>): Sight {
  const sight: Sight = { type: report.type, evidence: [], metadata: 'read', pixels: 'skipped', findings: [] }
  describe(report, request, sight)
  return sight
}

function describe(report: MetadataReport, { expect }: Pick<Request, 'expect'>, sight: Sight): void {
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

async function readPixels(
  engine: Engine, decoder: Decoder, bytes: Uint8Array, info: FileInfo | undefined, request: Request, sight: Sight, limits: Limits, deadline: Deadline,
): Promise<void> {
  let decoded
  try {
    decoded = await decoder.decode(bytes, limits, deadline)
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (ENDING.has(error.code)) throw error
    sight.pixels = 'failed'
    sight.findings.push({ rule: 'P2', severity: 'warning', message: `The picture could not be decoded: ${error.message}` })
    return
  }
  sight.pixels = 'read'
  if (sight.metadata !== 'read') sight.type = decoded.type
  sight.findings.push(...decoded.findings)
  if (decoded.frames > 1 || info?.animated) {
    sight.pixels = 'partly'
    sight.findings.push({ rule: 'P2', severity: 'info', message: 'Only the first frame of the animation was looked at.' })
  }

  const picture = { ...decoded.picture, orientation: decoded.turned ? 1 : (info?.orientation ?? decoded.picture.orientation ?? 1) }
  const marks = await deadline.within(detect(engine, picture, request))
  const aigc = soleRecord(sight.evidence)
  for (const mark of marks) {
    const asked = aigc?.ContentProducer !== undefined && aigc.ProduceID !== undefined
      ? agrees(engine, mark, String(aigc.ContentProducer), String(aigc.ProduceID)) : undefined
    if (asked !== undefined) mark.matchesMetadata = asked
    const expected = request.expect && agrees(engine, mark, request.expect.producer, request.expect.produceId)
    if (expected !== undefined) mark.matchesExpected = expected
  }
  sight.evidence.unshift(...marks)
  if (request.texts.length > 0) sight.evidence.push(await deadline.within(findLabel(engine, picture, request.texts)))
}

/** The one AIGC label of the file, or undefined where there is none, several, or none that parses. */
export function soleRecord(evidence: readonly Evidence[]): Partial<Record> | undefined {
  const sites = evidence.filter((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'aigc' && one.found)
  return sites.length === 1 ? sites[0]?.aigc : undefined
}

/** Whether the mark's payload is the hash of that pair, in as many bits as were read; undefined where none was read. */
function agrees(engine: Engine, mark: WatermarkEvidence, producer: string, produceId: string): boolean | undefined {
  if (!mark.found || mark.payload === undefined) return undefined
  const digits = mark.payload.length
  if (digits < 8 || digits > 32) return undefined
  return engine.payloadOf(producer, produceId, 128).startsWith(mark.payload.toLowerCase())
}
