// The one interface that both engines satisfy. Underneath, a binding takes bytes and JSON texts and gives the same.
import { fromEngine } from '../errors.js'
import { textOf, unitsOf } from './units.js'
import type { Effort, Key, LabelPosition, Picture, Quality } from '../types.js'
import type { EmbedReport, SoundFormat, AudioEmbedOptions, AudioEmbedReport, AudioDetectReport, AudioEmbedder, Detection, DrawReport, LabelDetection, ClipOptions, Loudness, Meter, RhythmDetection, FileInfo, MetadataReport, MetadataText, WriteOptions, LabelReading, XmpProperty, LabelRequest, TextSettings, TextDetection, Fingerprint, Frames, Display, VideoEmbedOptions, VideoEmbedReport, Embedder, Detector } from './reports.js'

export type * from './reports.js'

/** What a binding exports; native and WebAssembly alike. Work on samples may be given as a promise. */
export interface Binding {
  version(): string
  payloadOf(producer: string, produceId: string, bits: number): string
  imageEmbed(samples: Uint8Array, options: string): string | Promise<string>
  imageDetect(samples: Uint8Array, options: string): string | Promise<string>
  imageCompare(a: Uint8Array, b: Uint8Array, options: string): string | Promise<string>
  audioEmbed(samples: Uint8Array, options: string): string | Promise<string>
  audioDetect(samples: Uint8Array, options: string): string | Promise<string>
  readonly AudioEmbedder: { of(options: string): AudioEmbedderBinding }
  labelDraw(samples: Uint8Array, font: Uint8Array, options: string): string | Promise<string>
  labelDetect(samples: Uint8Array, options: string): string | Promise<string>
  fileInspect(bytes: Uint8Array): string
  codedRanges(bytes: Uint8Array): string
  metadataTexts(bytes: Uint8Array): string
  metadataWrite(bytes: Uint8Array, options: string): Uint8Array
  metadataRead(bytes: Uint8Array): string
  metadataCarry(source: Uint8Array, encoded: Uint8Array): Uint8Array
  labelParse(label: string): string
  labelText(options: string): string
  xmpRead(packet: Uint8Array): string
  xmpWrite(packet: Uint8Array, options: string): Uint8Array
  rhythmMake(options: string): Uint8Array
  voiceFit(samples: Uint8Array, options: string): Uint8Array
  rhythmDetect(samples: Uint8Array, options: string): string | Promise<string>
  readonly LoudnessMeter: { of(options: string): { push(samples: Uint8Array): void; report(): string } }
  textEmbed(text: Uint8Array, options: string): Uint8Array
  textStrip(text: Uint8Array, options: string): Uint8Array
  textStep(text: Uint8Array, options: string): Uint8Array
  textDetect(text: Uint8Array, options: string): string
  textFingerprint(text: Uint8Array): string
  videoEmbedder(font: Uint8Array, options: string): VideoEmbedder
  videoDetector(options: string): VideoDetector
}

/** The frames of one film are marked one after the other: the next call waits for the one before. */
export interface VideoEmbedder {
  /** Changes `samples`; gives an empty text. */
  frame(samples: Uint8Array, labelled: boolean): string | Promise<string>
  report(): string
}

/** The frames of one film are looked at one after the other. */
export interface VideoDetector {
  /** `true` or `false`. */
  frame(samples: Uint8Array, seconds: number, fresh: boolean): string | Promise<string>
  finish(): string | Promise<string>
}

/** Marks a sound piece by piece: interleaved samples, 32-bit floating-point numbers in little-endian bytes. */
export interface AudioEmbedderBinding {
  readonly latency: number
  push(samples: Uint8Array): Uint8Array
  finish(): Uint8Array
  report(): string
}

/** What only the native binding exports: files on disk, read and written in bounded memory on the thread pool. */
export interface DiskBinding {
  metadataReadPath(path: string): Promise<string>
  metadataWritePath(source: string, target: string, options: string): Promise<string>
  codedDigestPath(path: string): Promise<string>
}

/** All arithmetic and all byte surgery, by whichever engine was loaded. Failures are CountermarkErrors. */
export interface Engine {
  readonly kind: 'native' | 'wasm'
  /** The version of the core. */
  version(): string
  /** First `bits` bits of SHA-256 over producer, 0x1F, produceId, hexadecimal. */
  payloadOf(producer: string, produceId: string, bits: 32 | 40 | 64 | 128): string
  /** Changes `picture.samples`. `payload`: 16 or 32 hexadecimal digits. */
  imageEmbed(picture: Picture, options: { key: Key; payload: string; quality: Quality }): Promise<EmbedReport>
  /** `expect`: payloads of 16 or 32 hexadecimal digits, at most 8, to be recognised where none can be read. */
  imageDetect(picture: Picture, options: { keys: Key[]; effort: Effort; expect?: string[] }): Promise<Detection[]>
  /** RGB: `psnr` in dB, `ssim` 0..1. Both pictures of one shape. */
  imageCompare(a: Picture, b: Picture): Promise<{ psnr: number; ssim: number }>
  /** Changes `samples`. */
  audioEmbed(samples: Float32Array, options: AudioEmbedOptions): Promise<AudioEmbedReport>
  /** Effort `full` also looks for other speeds, tempos and pitches. */
  audioDetect(samples: Float32Array, options: SoundFormat & { keys: Key[]; effort: 'direct' | 'full' }): Promise<AudioDetectReport>
  audioEmbedder(options: AudioEmbedOptions): AudioEmbedder
  /** Changes `picture.samples`. An empty font is the built-in one. */
  labelDraw(picture: Picture, font: Uint8Array, options: { text: string[]; position: LabelPosition; ratio?: number }): Promise<DrawReport>
  labelDetect(picture: Picture, texts: string[][]): Promise<LabelDetection>
  /** Of JPEG, PNG and WebP; other kinds report less, and `metadataRead` is what tells of them. */
  fileInspect(bytes: Uint8Array): FileInfo
  /** Where the bytes lie that a decoder needs: start and end, in file order. Writing metadata never changes what they hold. */
  codedRanges(bytes: Uint8Array): [number, number][]
  /** Every text of the metadata: comments, keyed texts, EXIF texts, simple XMP properties. */
  metadataTexts(bytes: Uint8Array): MetadataText[]
  metadataWrite(bytes: Uint8Array, options: WriteOptions): Uint8Array
  metadataRead(bytes: Uint8Array): MetadataReport
  /** The encoded pixels with the source's metadata around them. */
  metadataCarry(source: Uint8Array, encoded: Uint8Array): Uint8Array
  /** Reads a label that stands in any text. */
  labelParse(label: string): LabelReading
  /** The text of a label. ERR_PARAMETER for a label that may not be written, ERR_CONFLICT where another one stands. */
  labelText(request: LabelRequest): string
  xmpRead(packet: Uint8Array): XmpProperty[]
  /** An XMP packet with these values, the rest kept; a new one where `packet` is empty. */
  xmpWrite(packet: Uint8Array, values: Omit<WriteOptions, 'aigc' | 'replace'> & { aigc?: string }): Uint8Array
  /** The rhythm label. ERR_PARAMETER for what no sound is. */
  rhythmMake(options: ClipOptions): Float32Array
  /** A spoken label at the programme's loudness; `samples` have its rate. ERR_UNSUPPORTED for a silent one. */
  voiceFit(samples: Float32Array, voiceChannels: number, options: ClipOptions): Float32Array
  rhythmDetect(samples: Float32Array, format: SoundFormat): Promise<RhythmDetection>
  loudnessMeter(format: SoundFormat): Meter
  /** The text with the character mark; every string is taken, lone surrogates too. */
  textEmbed(text: string, settings: TextSettings): string
  /** The text without the key's own mark; what `textEmbed` gave is restored to the unit. */
  textStrip(text: string, settings: TextSettings): string
  /** Marks a text as it comes: what the pieces give is what `textEmbed` gives of the whole. */
  textEmbedder(settings: TextSettings): { push(piece: string): string; end(): string }
  textDetect(text: string, keys: Key[]): TextDetection[]
  textFingerprint(text: string): Fingerprint
  /** State of marking one film. An empty font is the built-in one. */
  videoEmbedder(font: Uint8Array, options: VideoEmbedOptions): Embedder
  /** State of looking at one film. `texts`: labels that are looked for in its first two seconds. */
  videoDetector(options: { video: Frames; keys: Key[]; effort: Effort; display?: Display; texts?: string[][] }): Detector
  /** Files on disk, of any size; the native engine only. */
  readonly disk?: Disk
}

/** Metadata of files on disk in bounded memory. */
export interface Disk {
  metadataRead(path: string): Promise<MetadataReport>
  /** Writes `target`, where nothing may be yet, and flushes it; after a failure it is not there. */
  metadataWrite(source: string, target: string, options: WriteOptions): Promise<void>
  /** SHA-256 of the coded samples, hexadecimal; no metadata changes it. */
  codedDigest(path: string): Promise<string>
}

/** The typed functions over those of the native binding. */
export function diskOver(binding: DiskBinding): Disk {
  const guarded = <T>(work: Promise<T>): Promise<T> => work.catch((thrown: unknown) => { throw fromEngine(thrown) })
  return {
    metadataRead: async (path) => JSON.parse(await guarded(binding.metadataReadPath(path))) as MetadataReport,
    metadataWrite: async (source, target, options) => void (await guarded(binding.metadataWritePath(source, target, JSON.stringify(options)))),
    codedDigest: (path) => guarded(binding.codedDigestPath(path)),
  }
}

function image(picture: Picture): { width: number; height: number; channels: number; depth: number; orientation: number } {
  const { width, height, channels, depth, orientation = 1 } = picture
  return { width, height, channels, depth, orientation }
}

/** The same memory as bytes. */
function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
}

/** Samples that came as bytes. */
function samplesOf(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw fromEngine(thrown)
  }
}

async function report<T>(work: () => string | Promise<string>): Promise<T> {
  try {
    return JSON.parse(await work()) as T
  } catch (thrown) {
    throw fromEngine(thrown)
  }
}

/** The state goes to the engine and back with every piece: nothing is held there. */
function embedderOver(binding: Binding, settings: TextSettings): { push(piece: string): string; end(): string } {
  let state: unknown
  const step = (piece: string, end: boolean): string => guarded(() => {
    const given = binding.textStep(unitsOf(piece), JSON.stringify({ ...settings, state, end }))
    const length = new DataView(given.buffer, given.byteOffset).getUint32(0, true)
    state = JSON.parse(new TextDecoder().decode(given.subarray(4 + length)))
    return textOf(given.subarray(4, 4 + length))
  })
  step('', false)
  return { push: (piece) => step(piece, false), end: () => step('', true) }
}

/** The typed engine over a binding. */
export function engineOver(binding: Binding, kind: 'native' | 'wasm'): Engine {
  return {
    kind,
    version: () => binding.version(),
    payloadOf: (producer, produceId, bits) => guarded(() => binding.payloadOf(producer, produceId, bits)),
    imageEmbed: (picture, options) =>
      report(() => binding.imageEmbed(picture.samples, JSON.stringify({ image: image(picture), ...options }))),
    imageDetect: async (picture, options) =>
      (await report<{ evidence: Detection[] }>(() =>
        binding.imageDetect(picture.samples, JSON.stringify({ image: image(picture), ...options })))).evidence,
    imageCompare: (a, b) => report(() => binding.imageCompare(a.samples, b.samples, JSON.stringify({ image: image(a) }))),
    audioEmbed: (samples, options) => report(() => binding.audioEmbed(bytesOf(samples), JSON.stringify(options))),
    audioDetect: (samples, options) => report(() => binding.audioDetect(bytesOf(samples), JSON.stringify(options))),
    audioEmbedder: (options) => guarded(() => {
      const embedder = binding.AudioEmbedder.of(JSON.stringify(options))
      return {
        latency: embedder.latency,
        push: (samples) => guarded(() => samplesOf(embedder.push(bytesOf(samples)))),
        finish: () => guarded(() => samplesOf(embedder.finish())),
        report: () => guarded(() => JSON.parse(embedder.report()) as AudioEmbedReport),
      }
    }),
    labelDraw: (picture, font, options) =>
      report(() => binding.labelDraw(picture.samples, font, JSON.stringify({ image: image(picture), ...options }))),
    labelDetect: (picture, texts) =>
      report(() => binding.labelDetect(picture.samples, JSON.stringify({ image: image(picture), texts }))),
    fileInspect: (bytes) => guarded(() => JSON.parse(binding.fileInspect(bytes)) as FileInfo),
    codedRanges: (bytes) => guarded(() => JSON.parse(binding.codedRanges(bytes)) as [number, number][]),
    metadataTexts: (bytes) => guarded(() => JSON.parse(binding.metadataTexts(bytes)) as MetadataText[]),
    metadataWrite: (bytes, options) => guarded(() => binding.metadataWrite(bytes, JSON.stringify(options))),
    metadataRead: (bytes) => guarded(() => JSON.parse(binding.metadataRead(bytes)) as MetadataReport),
    metadataCarry: (source, encoded) => guarded(() => binding.metadataCarry(source, encoded)),
    labelParse: (label) => guarded(() => JSON.parse(binding.labelParse(label)) as LabelReading),
    labelText: (request) => guarded(() => binding.labelText(JSON.stringify(request))),
    xmpRead: (packet) => guarded(() => (JSON.parse(binding.xmpRead(packet)) as { properties: XmpProperty[] }).properties),
    xmpWrite: (packet, values) => guarded(() => binding.xmpWrite(packet, JSON.stringify(values))),
    rhythmMake: (options) => guarded(() => samplesOf(binding.rhythmMake(JSON.stringify(options)))),
    voiceFit: (samples, voiceChannels, options) => guarded(() => samplesOf(binding.voiceFit(bytesOf(samples), JSON.stringify({ ...options, voiceChannels })))),
    rhythmDetect: (samples, { rate, channels }) => report(() => binding.rhythmDetect(bytesOf(samples), JSON.stringify({ rate, channels }))),
    loudnessMeter: ({ rate, channels }) => guarded(() => {
      const meter = binding.LoudnessMeter.of(JSON.stringify({ rate, channels }))
      return { push: (samples) => guarded(() => meter.push(bytesOf(samples))), report: () => guarded(() => JSON.parse(meter.report()) as Loudness) }
    }),
    textEmbed: (text, settings) => guarded(() => textOf(binding.textEmbed(unitsOf(text), JSON.stringify(settings)))),
    textStrip: (text, settings) => guarded(() => textOf(binding.textStrip(unitsOf(text), JSON.stringify(settings)))),
    textEmbedder: (settings) => embedderOver(binding, settings),
    textDetect: (text, keys) => guarded(() => (JSON.parse(binding.textDetect(unitsOf(text), JSON.stringify({ keys }))) as { evidence: TextDetection[] }).evidence),
    textFingerprint: (text) => guarded(() => JSON.parse(binding.textFingerprint(unitsOf(text))) as Fingerprint),
    videoEmbedder: (font, options) => {
      const film = guarded(() => binding.videoEmbedder(font, JSON.stringify(options)))
      return {
        frame: async (samples, labelled) => {
          try {
            await film.frame(samples, labelled)
          } catch (thrown) {
            throw fromEngine(thrown)
          }
        },
        report: () => guarded(() => JSON.parse(film.report()) as VideoEmbedReport),
      }
    },
    videoDetector: (options) => {
      const film = guarded(() => binding.videoDetector(JSON.stringify(options)))
      return {
        frame: (samples, seconds, fresh) => report(() => film.frame(samples, seconds, fresh)),
        finish: () => report(() => film.finish()),
      }
    },
  }
}
