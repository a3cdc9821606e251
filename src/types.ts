// The words of the product as types. The objects below are what `--json` prints and what the functions return.
import type { Limits } from './limits.js'
import type { ErrorCode } from './errors.js'
import type { AudioLabelEvidence, AudioWatermarkEvidence, SoundPosition } from './types/audio.js'
import type { C2paOptions, C2paReading } from './types/c2pa.js'
import type { KeyEvidence } from './types/evidence.js'
import type { Finding } from './types/finding.js'
import type { LedgerWriter } from './types/ledger.js'
import type { Box, LabelPosition, Point, Transform } from './types/places.js'
import type { SignatureEvidence, SignOptions } from './types/signature.js'
import type { LabelDuring, TrackReport, VideoLabelEvidence, VideoOptions, VideoWatermarkEvidence } from './types/video.js'
export type * from './types/audio.js'
export type * from './types/c2pa.js'
export type * from './types/evidence.js'
export type * from './types/finding.js'
export type * from './types/ledger.js'
export type * from './types/places.js'
export type * from './types/relabel.js'
export type * from './types/signature.js'
export type * from './types/video.js'

/** What content is, where its samples or its text are marked. Other documents get their metadata only. */
export type Modality = 'image' | 'audio' | 'video' | 'text'

/** What the mark of a text says: that it is one (found in shorter excerpts), or also which content it is. */
export type TextProfile = 'presence' | 'id'

/** A key of the watermark: `'public'` (anyone may detect) or 64 hexadecimal digits (32 bytes). */
export type Key = 'public' | (string & {})

/** The one knob of the watermark: `high` is 2 dB closer to the original than `standard`, `robust` survives more. */
export type Quality = 'standard' | 'high' | 'robust'

/** What `mark` does with a picture that has a watermark of the key, of other content: see MarkOptions.remark. */
export type Remark = 'refuse' | 'replace'

/** How hard `verify` searches: `direct` finds untransformed pictures, `scan` also scaled and cut ones, `full` all. */
export type Effort = 'direct' | 'scan' | 'full'

/** The laws that come with the package. `all` meets every one of them. */
export type PolicyName = 'cn' | 'eu' | 'us-ca' | 'kr' | 'in' | 'all'

/** What a law says about one part of a mark. `recommended` is done by default and its absence is no breach. */
export type Demand = 'required' | 'recommended' | 'optional'

/** One place in a law or standard. */
export interface Article {
  /** Law or standard, e.g. `GB 45438-2025`. */
  law: string
  /** Article or clause, e.g. `5.2`. */
  article: string
}

/** A law's demands as data. A file of the same shape is what `--policy FILE` takes. */
export interface Policy {
  /** Short name, printed in results. */
  name: string
  /** For people. */
  title: string
  /** The explicit label. */
  label: {
    demand: Demand
    /** Lines that are drawn where the caller gives no text. */
    text: string[]
    /** Each group needs one of its words in the label (rule I1). Empty: any wording passes. */
    elements: string[][]
    position: LabelPosition
    /** Least ink height as a part of the shortest side (rule I3). */
    ratio: number
    /** True where the law lets a user ask for content without label, under an agreement. */
    waivable: boolean
    articles: Article[]
  }
  /** The watermark in the samples. */
  watermark: { demand: Demand; articles: Article[] }
  /** What the file itself must say. */
  metadata: {
    /** The seven-field label of GB 45438-2025 Annex E. */
    aigc: Demand
    /** IPTC DigitalSourceType. */
    digitalSourceType: Demand
    /** A signed C2PA manifest. */
    c2pa: Demand
    articles: Article[]
  }
}

/** Who offers the generation service. One of the two; both: the code is written. */
export interface Provider {
  /** The 27-character code of the coding rules of 2025-03-14; its check character is tested. */
  code?: string
  /** The name, as ContentProducer shows it. Outside printable ASCII without space it is written with a warning (M7). */
  name?: string
}

/** The seven fields of GB 45438-2025 Annex E. */
export interface Record {
  /** `1` is generated, `2` may be (the user declared it), `3` is suspected (a platform detected it). */
  Label: string
  ContentProducer: string
  ProduceID: string
  ReservedCode1: string
  ContentPropagator: string
  PropagateID: string
  ReservedCode2: string
}

/** What the watermark detector says of one key in a picture or a text. */
export interface WatermarkEvidence extends KeyEvidence {
  modality: Modality
  /** Of a text: the profile, how many symbols could be asked and how many the key accounts for, and the marked stretches (UTF-16 units, start and end). */
  profile?: TextProfile
  symbols?: number
  matches?: number
  spans?: [number, number][]
  /** Of an animation: the frame in which it was found, or that came nearest; counted from 0. */
  frame?: number
  where?: {
    transform: Transform
    /**
     * Corners of one tile of the pattern in pixels of the displayed picture, in the order upper left, upper right, lower
     * right, lower left as they were at marking. The pattern repeats it in both directions over all of the marked
     * picture. Right angles are supposed: of a stretched or sheared copy it is the nearest square.
     */
    tile: [Point, Point, Point, Point]
  }
}

/** What the file's metadata says, one object a place. */
export interface MetadataEvidence {
  kind: 'metadata'
  format: 'aigc' | 'iptc' | 'c2pa'
  found: boolean
  /** For people and programs: `APP1 XMP`, `iTXt XMP`, ... */
  location?: string
  /** Bytes from the start of the file. */
  offset?: number
  aigc?: Partial<Record>
  /** The full URI, for `iptc`. */
  digitalSourceType?: string
  /** Why what stands there is not a valid label. */
  problem?: string
  matchesExpected?: boolean
  /** What the manifest says, where the optional package for C2PA is installed; else it was not checked. */
  c2pa?: C2paReading
}

/** What the label detector says. It knows labels that Countermark draws; others it cannot see. */
export interface LabelEvidence {
  kind: 'label'
  modality: Modality
  found: boolean
  score?: number
  pValue?: number
  text?: string[]
  /** Of a text: where the label stands (UTF-16 units), and the service whose sentence it is, where that is known. */
  range?: { position: 'start' | 'end'; start: number; end: number }
  service?: string
  /** Of an animation: the frame in which it was found, counted from 0. */
  frame?: number
  where?: {
    box: Box
    position?: LabelPosition
    ratio?: number
    /** Degrees clockwise by which the label stands turned: the file has lost its orientation. Absent: upright. */
    turned?: 90 | 180 | 270
  }
}

/** What another generator leaves in a file: evidence for "suspected", never for more. */
export interface TraceEvidence {
  kind: 'trace'
  found: boolean
  /** Which generator, or what the trace says. */
  generator: string
  /** Where the text stands. */
  location: string
  /** The text that was recognised, cut to 200 characters. */
  value: string
}

/** One detector's finding. */
export type Evidence = WatermarkEvidence | AudioWatermarkEvidence | VideoWatermarkEvidence | MetadataEvidence | LabelEvidence | AudioLabelEvidence | VideoLabelEvidence | SignatureEvidence | TraceEvidence

/** What verify says of a file. */
export type Verdict = 'compliant' | 'non-compliant' | 'not found' | 'cannot tell'

/** Labeling Measures Art. 6. */
export type State = 'confirmed' | 'possible' | 'suspected' | 'none'

/** The bytes of anything: a path, a file URL, bytes, a Blob or File, a Node or Web stream. */
export type Input =
  | string | URL | Uint8Array | Blob | ReadableStream<Uint8Array>
  | (AsyncIterable<Uint8Array | string> & { pipe: unknown })

/** The kind of output that an input gives unless asked otherwise: the same. */
export type OutputOf<I> =
  I extends string | URL ? string
  : I extends Uint8Array ? Buffer
  : I extends File ? File
  : I extends Blob ? Blob
  : I extends ReadableStream<Uint8Array> ? ReadableStream<Uint8Array>
  : import('node:stream').Readable

/** What both `mark` and `verify` take. */
export interface CallOptions {
  /** Default `cn`. An object of the same shape for laws of your own. */
  policy?: PolicyName | Policy
  limits?: Partial<Limits>
  /** Ends the call with ERR_CANCELLED. */
  signal?: AbortSignal
}

/** How the visible label is drawn, and how the audible one sounds. */
export interface LabelOptions {
  /** Lines, at most 3. Where the policy demands words that they lack, its own wording is put before them. Of a sound: what `voice` says. */
  text?: string | string[]
  /** Of a picture; default: the policy's. Of a sound: start (default), middle, end. Of a text: start, end (default), inline. */
  position?: LabelPosition | SoundPosition | 'inline'
  /** Of a sound: path or bytes of a clip in which a voice says both elements. Default: the rhythm of GB 45438-2025, 5.3 c. */
  audio?: string | URL | Uint8Array
  /** Of a sound: a clip spoken by espeak-ng on this machine (true, or the program's path). Found by COUNTERMARK_ESPEAK, then PATH. */
  voice?: boolean | string
  /** Path or bytes of a TrueType/OpenType font, for characters that the built-in font lacks. */
  font?: string | URL | Uint8Array
  /** Ink height as a part of the shortest side, 0.05 to 0.25. Default 0.055: the 5 % of the laws, with a margin. */
  ratio?: number
  /** Of a film: when it is shown. Default `start`; a film shorter than `seconds` shows it all the time. */
  during?: LabelDuring
  /** Of a film: for how long at its start (and end), at least 2. Default 3: the 2 of GB 45438-2025, 5.4, with a margin. */
  seconds?: number
}

/** What `mark` takes. */
export interface MarkOptions extends CallOptions {
  provider: Provider
  /** The provider's number of this content, unique. Default: a fresh UUID. */
  produceId?: string
  /** Default: the key made by `countermark keygen` if there is one, else `public`; the result says which. */
  key?: Key
  /** Default `standard`. */
  quality?: Quality
  /** Of a text: what its mark says (default `id`), and where its label stands (default: `label.position`, else `end`). */
  text?: { profile?: TextProfile; position?: 'start' | 'end' | 'inline' }
  /** False leaves the samples without watermark. Default true. */
  watermark?: boolean
  /**
   * What to do with a picture that has a watermark of this key already, of other content. `refuse` (default) throws
   * ERR_CONFLICT. `replace` puts a stronger one (quality `robust`) over it: the old one cannot be taken out, but is no
   * more what is read. Only with a private key: one of the public key may be another producer's, which nobody may
   * remove (Labeling Measures Art. 10). A watermark of the same content is never added twice.
   */
  remark?: Remark
  /** False leaves the picture without visible label; `waiver` is then needed where the policy requires a label. */
  label?: false | LabelOptions
  /** Reference of the agreement under which the label is left out (Labeling Measures Art. 9). */
  waiver?: string
  /** Write metadata only: nothing is decoded, the coded samples stay bit-identical. Default false. */
  metadataOnly?: boolean
  /** Refuse (ERR_CONFLICT) instead of breaking a C2PA manifest in the source. Default false. */
  keepC2pa?: boolean
  /** Full URI of the IPTC DigitalSourceType. Default `.../trainedAlgorithmicMedia`. */
  digitalSourceType?: string
  /** The system that made the content; written as IPTC AISystemUsed and AISystemVersionUsed (California: B). */
  system?: { name: string; version?: string }
  /** Writes a C2PA manifest, last of all. Needs the optional package @contentauth/c2pa-node. Default: none. */
  c2pa?: C2paOptions
  /** Signs the label and the hash of the coded content into ReservedCode1. Default: unsigned. */
  sign?: SignOptions
  /** Path of ffmpeg, which decodes and codes films, and sound other than WAV. Default: COUNTERMARK_FFMPEG, FFMPEG_BIN, PATH, the package ffmpeg-static. */
  ffmpeg?: string
  /** How a film is coded. */
  video?: VideoOptions
  /** Path of a ledger, or an open one (openLedger): the entry is on the disk before the output is there. Default: none. */
  ledger?: string | URL | LedgerWriter
  /** Whom the content is given to, as your service names them. Goes into the ledger only. */
  recipient?: string
  /** Write the output to this path, atomically. Needed where the input is a path, unless `as` is given. */
  to?: string | URL
  /** Give the output as this kind instead of the input's own. */
  as?: 'bytes' | 'blob' | 'stream' | 'web-stream'
}

/** What `mark` says it did. */
export interface MarkResult<Output = unknown> {
  /** The path or name of the input where it has one. */
  file?: string
  /** The marked file: a path where it was written to one. */
  output: Output
  /** Of a plain text: the path of the file beside the output that holds its label. */
  sidecar?: string
  /** MIME type, the same as the source's. */
  type: string
  /** `kept`: the source already had a valid label, which stands; only what was missing was added. */
  status: 'done' | 'kept'
  produceId: string
  /** First 64 bits of the hash of ContentProducer and ProduceID, hexadecimal. */
  payload: string
  record: Record
  policy: string
  /** The id of the key, or `public`. */
  key: string
  /** `replaced`: the payload of an older watermark of the key that this one was put over. `frames`, of an animation: how many got it; of those `checked`, it was `read` back from so many. */
  watermark: { embedded: boolean; reason?: string; bits?: number; /** Of a text: invisible characters put in. */ marks?: number; replaced?: string; frames?: { marked: number; checked: number; read: number } }
  /** Of a sound, `form` says what was put in, `span` from where to where in seconds of the output, `loudness` in LUFS. */
  label: {
    drawn: boolean; reason?: string; text?: string[]; box?: Box; ratio?: number; contrast?: number
    form?: 'rhythm' | 'voice' | 'clip'; position?: SoundPosition; span?: [number, number]; loudness?: number
    /** Of a film: when it is shown, and in how many frames. `span` is its stretch at the start, `endSpan` that at the end (`during: 'ends'`), in seconds. */
    during?: LabelDuring; frames?: number; endSpan?: [number, number]
  }
  /** Of a film: how it was coded, and what became of its sound. */
  film?: { encoder: string; settings: { readonly [name: string]: string | number }; frames: number; seconds: number; sound: TrackReport[] }
  /**
   * The marked picture against the labelled one, RGB, before encoding: `psnr` in dB, counted; `ssim` estimated from windows
   * all over it. Of a film: `psnr` over all its frames, `ssim` as is expected of them on average. Of a sound: `snr` in dB, `nmr` the mean noise-to-mask ratio in dB.
   */
  quality?: { psnr?: number; ssim?: number; snr?: number; nmr?: number; setting: Quality }
  verdict: Verdict
  state: State
  /** What was read back from the output. */
  evidence: Evidence[]
  findings: Finding[]
  /** Where the ledger has it. */
  entry?: { number: number; hash: string }
  /** Milliseconds. */
  ms: number
}

/** What `verify` takes. */
export interface VerifyOptions extends CallOptions {
  /** Keys to look for, each searched for. Default: the key made by `countermark keygen` if there is one, and `public`. */
  keys?: Key[]
  /** Default `full`. */
  effort?: Effort
  /** Ask whether the file is this content of this provider, also when its metadata is gone. */
  expect?: { provider: Provider | string; produceId: string }
  /** The user declared the content as generated (Labeling Measures Art. 6(2)). Default false. */
  declared?: boolean
  /** PEM texts of public keys and certificates whose signatures are trusted. A certificate also vouches for those it signed. */
  trust?: string[]
  /**
   * Wordings of visible labels to look for beside those of the built-in policies: the first line of each counts, and
   * its characters must be in the built-in font.
   */
  labelTexts?: string[][]
  /** Path of ffmpeg, which decodes films, and sound other than WAV. Default as in `mark`. */
  ffmpeg?: string
}

/** What `verify` says. */
export interface VerifyResult {
  /** The path or name of the input where it has one. */
  file?: string
  /** MIME type by the bytes, not by the name. */
  type: string
  verdict: Verdict
  state: State
  policy: string
  evidence: Evidence[]
  findings: Finding[]
  /** Only with `expect`: whether a watermark or the metadata names that pair. A public-key watermark and an unsigned label are such as anyone can write. */
  matchesExpected?: boolean
  /** Milliseconds. */
  ms: number
}

/** What is known of a file before the search of it has ended: there is no verdict yet, and the state may still rise. */
export interface PartialResult {
  /** `metadata`: the metadata is read; `direct`: a picture was searched as if nothing had been cut from it or turned. */
  stage: 'metadata' | 'direct'
  type: string
  state: State
  evidence: Evidence[]
}

/** What `propagate` takes. */
export interface PropagateOptions extends CallOptions {
  /** The platform: its name, or its code (position 23 is 2). */
  propagator: Provider
  /** The platform's number of this content. */
  propagateId: string
  /** The user declared the content as generated (Labeling Measures Art. 6(2)). Default false. */
  declared?: boolean
  /** As in `mark`: where the step is entered, if a label was written. */
  ledger?: string | URL | LedgerWriter
  /** Keys to look for where there is no label (Art. 6(3)). Default as in `verify`. */
  keys?: Key[]
  /** Path of ffmpeg, which decodes films, and sound other than WAV. Default as in `mark`. */
  ffmpeg?: string
  to?: string | URL
  as?: 'bytes' | 'blob' | 'stream' | 'web-stream'
}

/** What `propagate` says it did. */
export interface PropagateResult<Output = unknown> {
  file?: string
  output: Output
  type: string
  /** `added`: a label of the platform; `set`: the pair of the label that was there; `unchanged`: nothing was written. */
  status: 'added' | 'set' | 'unchanged'
  /** Why nothing was written. */
  reason?: string
  /** False: the metadata could not be read to their end, or the samples not at all (rule M17 or P2 says why): `none` then says nothing. */
  looked?: false
  state: State
  record?: Record
  findings: Finding[]
  /** Where the ledger has it. */
  entry?: { number: number; hash: string }
  /** Milliseconds. */
  ms: number
}

/** A line of `--json` for a file that failed. */
export interface Failure {
  file: string
  error: { code: ErrorCode; message: string; remedy?: string; offset?: number }
}

/** Samples of one picture: interleaved, no row padding. */
export interface Picture {
  /** Bytes; 16-bit samples are little-endian pairs. */
  samples: Uint8Array
  width: number
  height: number
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  channels: 1 | 2 | 3 | 4
  depth: 8 | 16
  /** EXIF 1..8: how the samples are turned for display. Default 1. */
  orientation?: number
}
