// Sound as a model speaks it: labelled, watermarked and (of a WAV) given its metadata while it comes, by a Web TransformStream.
import type { AudioEmbedReport, Engine, SoundFormat } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { isOpen, wavBytes, wavForm, wavHeader, wavSamples, type WavForm } from '../media/wav.js'
import { recordOf } from '../metadata/record.js'
import type { Key, Quality, Sound } from '../types.js'
import { clipMaker, embedOptions } from './audio.js'

/** What both kinds of streams take. */
export interface StreamOptions {
  /** ContentProducer and ProduceID of the content; their hash is what the watermark carries. */
  producer: string
  produceId: string
  /** Default `public`. */
  key?: Key
  /** Default `standard`. */
  quality?: Quality
  /** Default true. */
  watermark?: boolean
  /**
   * The audible label; false for none. `position`: start (default) or end. `clip`: a spoken label of the stream's rate; default
   * the rhythm. `loudness`: LUFS of the speech that follows, default -23; at the end it is measured.
   */
  label?: false | { position?: 'start' | 'end'; clip?: Sound; loudness?: number }
}

/** What a stream of bare samples takes. */
export interface PcmOptions extends StreamOptions, SoundFormat {
  /** `samples`: Float32Array, full scale 1 (default). `s16le`, `f32le`: bytes, cut anywhere. */
  format?: 'samples' | 's16le' | 'f32le'
}

/** What was done, once the stream has ended. */
export interface StreamReport {
  watermark: { embedded: boolean; reason?: string; bits?: number }
  /** `span`: seconds in the output. */
  label: { drawn: boolean; span?: [number, number] }
  quality?: { snr: number; nmr: number; setting: Quality }
  /** Seconds of the output. */
  seconds: number
}

/** A pair of streams, and what it did. `source.pipeThrough(pair)`, or Duplex.fromWeb(pair) in Node. */
export interface MarkingStream<Piece> {
  readable: ReadableStream<Piece>
  writable: WritableStream<Piece>
  /** Settles when the stream has ended; rejects where it failed. */
  report: Promise<StreamReport>
}

/** Samples in, samples out, one call a piece. */
interface Marker { begin(): Float32Array[]; push(samples: Float32Array): Float32Array[]; finish(): Float32Array[]; report(): StreamReport }

/** Seconds at the end of the label's pause that lead into the first sample; as in the core. */
const GLIDE = 0.006

function markerOf(engine: Engine, format: SoundFormat, { producer, produceId, key = 'public', quality, watermark = true, label = {} }: StreamOptions): Marker {
  const { rate, channels } = format
  for (const [name, text] of Object.entries({ producer, produceId }))
    if (typeof text !== 'string' || text === '') throw new CountermarkError('ERR_PARAMETER', `A stream needs its ${name}.`)
  for (const [name, number] of Object.entries({ rate, channels }))
    if (!Number.isInteger(number) || number < 1) throw new CountermarkError('ERR_PARAMETER', `${name} is a whole number above 0, not ${String(number)}.`)
  const payload = engine.payloadOf(producer, produceId, 64)
  const embedder = watermark ? engine.audioEmbedder({ rate, channels, key, ...embedOptions({ payload, ...(quality === undefined ? {} : { quality }) }) }) : undefined
  const meter = engine.loudnessMeter(format)
  const position = label === false ? undefined : (label.position ?? 'start')
  if (position !== undefined && position !== 'start' && position !== 'end') throw new CountermarkError('ERR_PARAMETER', `The label of a stream stands at the start or the end, not ${String(position)}.`)
  const clip = label === false ? undefined : label.clip
  const asked = label === false ? undefined : label.loudness
  let head: { rest: number } | undefined
  let last: number[] | undefined
  let taken = 0
  let span: [number, number] | undefined
  let report: AudioEmbedReport | undefined
  const out = (samples: Float32Array): Float32Array[] => {
    taken += samples.length / channels
    const ready = embedder === undefined ? samples : embedder.push(samples)
    return ready.length > 0 ? [ready] : []
  }
  const leading = (after: number[]): Float32Array => clipMaker(engine, format, asked, clip)(undefined, after)
  return {
    begin: () => {
      if (position !== 'start') return []
      const whole = leading(new Array<number>(channels).fill(0))
      head = { rest: Math.round(GLIDE * rate) * channels }
      span = [0, whole.length / channels / rate]
      return out(whole.subarray(0, whole.length - head.rest))
    },
    push: (samples) => {
      if (samples.length === 0) return []
      const before = head === undefined ? [] : out(leading([...samples.subarray(0, channels)]).slice(-head.rest))
      head = undefined
      meter.push(samples)
      last = [...samples.subarray(samples.length - channels)]
      return [...before, ...out(samples)]
    },
    finish: () => {
      const ready: Float32Array[] = []
      if (position === 'end') {
        const start = taken / rate
        const made = clipMaker(engine, format, asked ?? meter.report().loudness, clip)(last)
        span = [start, start + made.length / channels / rate]
        ready.push(...out(made))
      }
      const rest = embedder?.finish()
      if (rest !== undefined && rest.length > 0) ready.push(rest)
      report = embedder?.report()
      return ready
    },
    report: () => ({
      watermark: report === undefined ? { embedded: false, reason: 'not asked for' }
        : { embedded: report.embedded, ...(report.embedded ? { bits: report.bits } : {}), ...(report.reason === undefined ? {} : { reason: report.reason }) },
      label: { drawn: span !== undefined, ...(span === undefined ? {} : { span }) },
      ...(report?.embedded ? { quality: { snr: report.snr, nmr: report.nmr, setting: report.quality } } : {}),
      seconds: taken / rate,
    }),
  }
}

/** A transformer around a marker: `into` gives samples of a piece, `from` a piece of samples. */
function streamOf<Piece>(begin: () => Piece[], push: (piece: Piece) => Piece[] | Promise<Piece[]>, finish: () => Piece[] | Promise<Piece[]>, report: () => StreamReport): MarkingStream<Piece> {
  let settle: { done(report: StreamReport): void; failed(why: unknown): void }
  const told = new Promise<StreamReport>((done, failed) => { settle = { done, failed } })
  // Whoever does not ask for it is told by the stream itself.
  told.catch(() => {})
  const guarded = async (controller: TransformStreamDefaultController<Piece>, work: () => Piece[] | Promise<Piece[]>): Promise<void> => {
    try {
      for (const piece of await work()) controller.enqueue(piece)
    } catch (thrown) {
      settle.failed(thrown)
      throw thrown
    }
  }
  const transformer: Transformer<Piece, Piece> = {
    start: (controller) => guarded(controller, begin),
    transform: (piece, controller) => guarded(controller, () => push(piece)),
    flush: async (controller) => {
      await guarded(controller, finish)
      settle.done(report())
    },
  }
  const inner = new TransformStream<Piece, Piece>(transformer)
  const [writer, reader] = [inner.writable.getWriter(), inner.readable.getReader()]
  // Node 20 tells a transformer neither of an abort nor of a cancel: so both ends are watched.
  return {
    writable: new WritableStream<Piece>({
      write: (piece) => writer.write(piece),
      close: () => writer.close(),
      abort: (why) => {
        settle.failed(why)
        return writer.abort(why)
      },
    }),
    readable: new ReadableStream<Piece>({
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (why) => {
        settle.failed(why)
        return reader.cancel(why)
      },
    }, { highWaterMark: 0 }),
    report: told,
  }
}

/** A stream over bare samples. */
export function pcmStream(engine: Engine, options: PcmOptions): MarkingStream<Float32Array> | MarkingStream<Uint8Array> {
  const { rate, channels, format = 'samples' } = options
  const marker = markerOf(engine, { rate, channels }, options)
  if (format === 'samples') return streamOf<Float32Array>(marker.begin, (piece) => marker.push(samplesOf(piece, channels)), marker.finish, marker.report)
  if (format !== 's16le' && format !== 'f32le') throw new CountermarkError('ERR_PARAMETER', `format is samples, s16le or f32le, not ${String(format)}.`)
  return bytesStream(marker, { channels, bits: format === 's16le' ? 16 : 32, float: format === 'f32le' })
}

function samplesOf(piece: Float32Array, channels: number): Float32Array {
  if (!(piece instanceof Float32Array) || piece.length % channels !== 0) throw new CountermarkError('ERR_PARAMETER', `A piece is a Float32Array of whole frames of ${channels} channels.`)
  return piece
}

function bytesStream(marker: Marker, form: Pick<WavForm, 'channels' | 'bits' | 'float'>): MarkingStream<Uint8Array> {
  const frames = framesOf(form)
  const bytes = (made: Float32Array[]): Uint8Array[] => made.map((samples) => wavBytes(samples, form))
  return streamOf<Uint8Array>(() => bytes(marker.begin()), (piece) => bytes(marker.push(frames(piece))), () => bytes(marker.finish()), marker.report)
}

/** Bytes that are cut anywhere as whole frames. */
function framesOf(form: Pick<WavForm, 'channels' | 'bits' | 'float'>): (piece: Uint8Array) => Float32Array {
  const size = form.channels * (form.bits >> 3)
  let rest = new Uint8Array()
  return (piece) => {
    if (!(piece instanceof Uint8Array)) throw new CountermarkError('ERR_PARAMETER', 'A piece is a Uint8Array of bytes.')
    const all = new Uint8Array(rest.length + piece.length)
    all.set(rest)
    all.set(piece, rest.length)
    const whole = all.length - (all.length % size)
    rest = all.slice(whole)
    return wavSamples(all.subarray(0, whole), form)
  }
}

/** Most bytes before the samples of a WAV that comes as a stream. */
const HEADER = 1 << 20
const OPEN = 0xffffffff

/**
 * A stream over the bytes of a WAV. Its header may leave the length open, as models that do not know it yet write it; the output's
 * does then, else it states the new length. The metadata label stands before the samples.
 */
export function wavStream(engine: Engine, options: StreamOptions): MarkingStream<Uint8Array> {
  let head = new Uint8Array()
  let form: WavForm | undefined
  let marker: Marker | undefined
  let frames: ((piece: Uint8Array) => Float32Array) | undefined
  let left = Infinity
  let given = 0
  const bytes = (made: Float32Array[]): Uint8Array[] => made.map((samples) => {
    const out = wavBytes(samples, form ?? { bits: 16, float: false })
    given += out.length
    return out
  })
  const body = (piece: Uint8Array): Uint8Array[] => {
    const part = piece.subarray(0, Math.min(left, piece.length))
    left -= part.length
    return marker === undefined || frames === undefined ? [] : bytes(marker.push(frames(part)))
  }
  const push = async (piece: Uint8Array): Promise<Uint8Array[]> => {
    if (form !== undefined) return body(piece)
    if (!(piece instanceof Uint8Array)) throw new CountermarkError('ERR_PARAMETER', 'A piece is a Uint8Array of bytes.')
    const all = new Uint8Array(head.length + piece.length)
    all.set(head)
    all.set(piece, head.length)
    head = all
    const found = dataAt(head)
    if (found === undefined) {
      if (head.length > HEADER) throw new CountermarkError('ERR_BROKEN', 'The WAV holds no samples in its first megabyte.', { offset: head.length })
      return []
    }
    const { start, size } = found
    const stated = new DataView(head.buffer, head.byteOffset).getUint32(4, true)
    form = await wavForm(async (at, count) => head.subarray(at, Math.min(start, at + count)), isOpen(size, stated, 0) ? start : start + size)
    left = isOpen(size, stated, 0) ? Infinity : size
    marker = markerOf(engine, form, options)
    frames = framesOf(form)
    const first = marker.begin()
    return [headerOf(form, left), ...bytes(first), ...body(head.subarray(start))]
  }
  /** A plain header with the label in a chunk before the samples; the core puts it there where the sizes are open. */
  const headerOf = (of: WavForm, size: number): Uint8Array => {
    const base = headerBefore(head, dataAt(head)?.start ?? head.length) ?? wavHeader(of)
    if (engine.metadataRead(base).sites.length > 0)
      throw new CountermarkError('ERR_CONFLICT', 'The stream has a label already, which a stream cannot keep.', { remedy: 'Use mark on the whole file, which keeps it.' })
    const header = engine.metadataWrite(base, { aigc: recordOf(options.producer, options.produceId), digitalSourceType: 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia' })
    if (!Number.isFinite(size)) return header
    const block = of.channels * (of.bits >> 3)
    // A clip at the end has as long a pause as one at the start.
    const label = options.label === false ? 0 : clipMaker(engine, of, undefined, options.label?.clip)(undefined, new Array<number>(of.channels).fill(0)).length / of.channels
    const whole = size - (size % block) + label * block
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
    view.setUint32(4, Math.min(OPEN, header.byteLength - 8 + whole + (whole % 2)), true)
    view.setUint32(header.byteLength - 4, Math.min(OPEN, whole), true)
    return header
  }
  return streamOf<Uint8Array>(() => [], push, () => {
    if (marker === undefined) throw new CountermarkError('ERR_BROKEN', 'The stream ended before the samples of a WAV began.', { offset: head.length })
    if (Number.isFinite(left) && left > 0) throw new CountermarkError('ERR_BROKEN', `The stream ended ${left} bytes before the length that its header states.`)
    const last = bytes(marker.finish())
    return Number.isFinite(left) && given % 2 === 1 ? [...last, new Uint8Array(1)] : last
  }, () => marker?.report() ?? { watermark: { embedded: false }, label: { drawn: false }, seconds: 0 })
}

/** Chunks before the samples that stay true of the marked sound: the others speak of its length or of places in it. */
const KEPT = new Set(['fmt ', 'LIST', 'bext', 'iXML', 'axml', 'id3 ', 'ID3 ', '_PMX', 'AIGC'])

/** The header with the chunks that are kept and open sizes; undefined where its sizes stand elsewhere (RF64). */
function headerBefore(head: Uint8Array, start: number): Uint8Array | undefined {
  const text = (at: number): string => String.fromCharCode(...head.subarray(at, at + 4))
  if (text(0) !== 'RIFF') return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const parts: Uint8Array[] = [head.slice(0, 12)]
  for (let at = 12; at + 8 < start;) {
    const size = view.getUint32(at + 4, true)
    const next = at + 8 + size + (size % 2)
    if (KEPT.has(text(at))) parts.push(head.slice(at, next))
    at = next
  }
  parts.push(head.slice(start - 8, start))
  const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    made.set(part, at)
    at += part.length
  }
  const sizes = new DataView(made.buffer)
  sizes.setUint32(4, OPEN, true)
  sizes.setUint32(made.length - 4, OPEN, true)
  return made
}

/** Where the samples of a WAV begin, once its header is there. ERR_BROKEN for what is none. */
function dataAt(head: Uint8Array): { start: number; size: number } | undefined {
  if (head.length < 12) return undefined
  const text = (at: number): string => String.fromCharCode(...head.subarray(at, at + 4))
  if (!/^(RIFF|RF64|BW64)$/.test(text(0)) || text(8) !== 'WAVE') throw new CountermarkError('ERR_BROKEN', 'The stream is no WAV.', { offset: 0 })
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  for (let at = 12; at + 8 <= head.length;) {
    const size = view.getUint32(at + 4, true)
    if (text(at) === 'data') return { start: at + 8, size }
    at += 8 + size + (size % 2)
  }
  return undefined
}
