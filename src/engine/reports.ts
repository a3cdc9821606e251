// What the engine is asked and what it answers, as types; the token mark's are in token.ts.
import type { Box, Key, LabelPosition, Modality, Quality, Record, TextProfile, Transform } from '../types.js'

/** What `imageEmbed` says. Where the picture cannot carry a mark, `embedded` is false and `reason` says why. */
export interface EmbedReport {
  embedded: boolean
  reason?: string
  /** Bits of the payload that the picture carries: 32, 64 or 128. */
  bits: number
  /** dB. */
  psnr: number
  ssim: number
  quality: Quality
}

/** Samples of a sound: how many a second, 8000 to 192000, and how many channels, 1 to 16, interleaved. */
export interface SoundFormat { rate: number; channels: number }

/** Options of `audioEmbed` and `audioEmbedder`. */
export interface AudioEmbedOptions extends SoundFormat {
  key: Key
  /** 8, 16 or 32 hexadecimal digits; a sound of less than 2 s carries the first 8, one of less than 6 s the first 16. */
  payload: string
  quality: Quality
  /** Length in seconds, where it is known before the end; `audioEmbed` knows it. */
  seconds?: number
}

/** What `audioEmbed` says. Where the sound cannot carry a mark, `embedded` is false, `reason` says why, and nothing was changed. */
export interface AudioEmbedReport {
  embedded: boolean
  reason?: string
  /** Bits of the payload that the sound carries: 32, 64 or 128; 0 for none. */
  bits: number
  /** Sound over difference, dB. */
  snr: number
  /** Mean noise-to-mask ratio, dB. */
  nmr: number
  quality: Quality
  seconds: number
}

/** Where a mark lies in a sound. */
export interface AudioPlace {
  /** From and to, seconds. */
  spans: [number, number][]
  /** Frequencies now for a frequency then. */
  speed: number
  /** 1.05 plays 5 % faster than when it was marked. */
  tempo: number
  /** Seconds to the first start of a block. */
  offset: number
}

/** One key's finding in a sound. */
export interface AudioDetection extends Omit<Detection, 'where'> { where?: AudioPlace }

/** What `audioDetect` says. Where `carries` is false, `reason` says why no mark could be there, and finding none says nothing. */
export interface AudioDetectReport { evidence: AudioDetection[]; carries: boolean; reason?: string }

/** Marks a sound as it comes. What comes out, put together, is what `audioEmbed` makes of the whole, however it is cut. */
export interface AudioEmbedder {
  /** Samples of a channel that are held back at most. */
  readonly latency: number
  push(samples: Float32Array): Float32Array
  finish(): Float32Array
  report(): AudioEmbedReport
}

/** One key's finding. */
export interface Detection {
  kind: 'watermark'
  modality: Modality
  found: boolean
  pValue?: number
  score?: number
  extrapolated?: boolean
  payload?: string
  bits?: number
  asked?: string
  keyId: string
  where?: { transform: Transform }
}

/** Where and how the label was drawn. */
export interface DrawReport {
  /** Pixels of the displayed picture. */
  box: Box
  inkHeight: number
  shortSide: number
  /** `inkHeight / shortSide`. */
  ratio: number
  /** 1..21, against what is behind it. */
  contrast: number
  text: string[]
}

/** Whether one of the asked wordings stands in the picture. */
export interface LabelDetection {
  kind: 'label'
  modality: Modality
  found: boolean
  score?: number
  pValue?: number
  text?: string[]
  where?: { box: Box }
}

/** The label as a clip between two frames of a programme. */
export interface ClipOptions extends SoundFormat {
  /** LUFS of the programme. Default: -23. */
  loudness?: number
  /** The frame before the clip; none: the clip comes first. */
  before?: number[]
  /** The frame behind it; none: it comes last. */
  after?: number[]
}

/** What a meter has heard. */
export interface Loudness {
  /** LUFS; absent where all is silent. */
  loudness?: number
  peak: number
  frames: number
  /** A frame in the quietest place of the middle third. */
  quiet: number
}

/** Measures pieces of a programme (ITU-R BS.1770). */
export interface Meter {
  push(samples: Float32Array): void
  report(): Loudness
}

/** Whether the rhythm label is there. */
export interface RhythmDetection {
  kind: 'label'
  modality: 'audio'
  found: boolean
  score: number
  /** Seconds from the start of the samples, and hertz. */
  where?: { spans: [number, number][]; unit: number; frequency: number }
}

/** What the header of a file says, without decoding. */
export interface FileInfo {
  /** MIME type. */
  type: string
  width: number
  height: number
  channels: number
  depth: number
  orientation: number
  animated: boolean
  lossless: boolean
  /** Estimated encoder quality, 1..100; lossy kinds only. */
  quality?: number
  /** `4:4:4`, `4:2:0`, ... */
  subsampling?: string
  progressive?: boolean
  colour: string
  hasIcc: boolean
  hasExif: boolean
  hasXmp: boolean
  hasC2pa: boolean
  hasGainMap: boolean
  hasThumbnail: boolean
}

/** One place that holds a label. */
export interface MetadataSite {
  format: 'aigc'
  location: string
  offset: number
  raw: string
  aigc?: Partial<Record>
  problem?: string
}

/** What the metadata of a file says about its origin. */
export interface MetadataReport {
  type: string
  sites: MetadataSite[]
  digitalSourceType?: string
  c2pa: boolean
}

/** One text of a file's metadata: where it stands, what it is called there, what it says. */
export interface MetadataText {
  place: string
  key: string
  value: string
}

/** Options of `metadataWrite`. */
export interface WriteOptions {
  aigc?: Record
  /** Full URI. */
  digitalSourceType?: string
  /** IPTC AISystemUsed (2025.1). */
  aiSystemUsed?: string
  /** IPTC AISystemVersionUsed (2025.1). */
  aiSystemVersionUsed?: string
  /** xmp:CreateDate, ISO 8601. */
  createDate?: string
  /** Another label of the same producer may be replaced, or the propagation pair of any label be set. */
  replace?: boolean
}

/** A label that was read from a text. */
export interface LabelReading {
  /** Whether the text has the shape of a label. */
  looksLike: boolean
  raw: string
  aigc?: Partial<Record>
  problems: { rule: string; message: string }[]
}

/** One property in an XMP packet of those that `WriteOptions` names; `offset` in bytes from the packet's start. */
export interface XmpProperty { name: 'AIGC' | 'DigitalSourceType' | 'AISystemUsed' | 'AISystemVersionUsed' | 'CreateDate'; value: string; official: boolean; offset: number }

/** Options of `labelText`: the label, and those that stand in the file. */
export interface LabelRequest extends WriteOptions {
  /** Labels of the same producer may be replaced. */
  replace?: boolean
  standing: { location: string; offset: number; raw: string }[]
}

/** How a text is marked. `payload`: 16 hexadecimal digits, needed for `id`. */
export interface TextSettings { key: Key; profile: TextProfile; payload?: string }

/** One key's finding in a text; the spans are UTF-16 units. `pValue` counts every key of the call. */
export interface TextDetection {
  kind: 'watermark'
  modality: 'text'
  found: boolean
  pValue: number
  profile?: TextProfile
  payload?: string
  bits?: number
  keyId: string
  symbols: number
  matches: number
  where?: { spans: { start: number; end: number }[] }
}

/** Digests by which copies of a text are found again: SimHash (16 hexadecimal digits) and MinHash (64 numbers of 32 bits). */
export interface Fingerprint { simhash: string; minhash: number[]; features: number }
/** The layout of a film's frames: planes of luma and of the two colours, one after the other. */
export interface Frames {
  width: number
  height: number
  /** 8 unless told; 9 to 16 for little-endian pairs of bytes, the value in the lower bits. */
  depth?: number
  /** `4:2:0` unless told; `4:0:0` has luma alone. */
  subsampling?: '4:2:0' | '4:2:2' | '4:4:4' | '4:0:0'
  /** Black is 0, not 16. */
  fullRange?: boolean
  /** Bytes from one row to the next, of luma and of colour; as long as a row's samples unless told. */
  stride?: number
  chromaStride?: number
}

/** How stored frames are shown: turned clockwise by `rotation` degrees (0, 90, 180, 270), pixels `aspect` times as wide as high. */
export interface Display { rotation?: number; aspect?: number }

/** Options of `videoEmbedder`. `watermark: false`: only the label is drawn. */
export interface VideoEmbedOptions {
  video: Frames
  key: Key
  /** 16 or 32 hexadecimal digits. */
  payload: string
  quality: Quality
  display?: Display
  label?: { text: string[]; position?: LabelPosition; ratio?: number }
  watermark?: boolean
}

/** What was done to the frames so far. `psnr` and `ssim` are those of red, green and blue; the label is not counted. */
export interface VideoEmbedReport {
  embedded: boolean
  reason?: string
  bits: number
  /** Frames that were marked. */
  frames: number
  /** dB, over all frames together. */
  psnr: number
  /** dB, of the frame that was changed most: a scene's first, up to 3.5 dB below what the film keeps on average. */
  worstPsnr: number
  /** Mean expected value of all frames. */
  ssim: number
  /** Lowest expected value of a frame. */
  worstSsim: number
  quality: Quality
  label?: { box: Box; inkHeight: number; shortSide: number; ratio: number; text: string[]; frames: number }
}

/** Marks the frames of one film, in order, one at a time. */
export interface Embedder {
  /** Changes `samples`, a whole frame; `labelled`: this frame carries the label, too. */
  frame(samples: Uint8Array, labelled: boolean): Promise<void>
  report(): VideoEmbedReport
}

/** One key's finding in a film. */
export interface VideoDetection extends Omit<Detection, 'where'> {
  /** `stretches`: marked stretches of time, seconds from the start, to about a second. */
  where?: { transform: Transform; stretches: [number, number][] }
}

/** What `Detector.finish` says. */
export interface VideoReport {
  evidence: VideoDetection[]
  /** Of the first two seconds; absent where no texts were given. `frames`: seconds, and whether it stands there. */
  label?: LabelDetection & { frames: [number, boolean][] }
  /** Frames that were looked at. */
  frames: number
}

/** Looks for marks in the frames of one film, in the order in which they are shown. */
export interface Detector {
  /** True once every key's payload was read. `fresh`: a key frame. */
  frame(samples: Uint8Array, seconds: number, fresh: boolean): Promise<boolean>
  finish(): Promise<VideoReport>
}
