// Films in results and calls.
import type { KeyEvidence } from './evidence.js'
import type { Box, LabelPosition, Transform } from './places.js'

/** What the watermark detector says of one key in a film's pictures. */
export interface VideoWatermarkEvidence extends KeyEvidence {
  modality: 'video'
  where?: {
    /** In the pixels of a frame as it is stored. */
    transform: Transform
    /** Marked parts, from and to in seconds, to about a second. */
    spans: [number, number][]
    /** Seconds up to which frames were looked at: nothing is said of what follows. */
    looked: number
  }
}

/** What the search for a visible label says of a film's first two seconds. */
export interface VideoLabelEvidence {
  kind: 'label'
  modality: 'video'
  /** It stands in the first frame, and in the others of the first two seconds that were looked at. */
  found: boolean
  score?: number
  text?: string[]
  where?: {
    box: Box
    position?: LabelPosition
    ratio?: number
    turned?: 90 | 180 | 270
  }
  /** Seconds of the frames that were looked at, and whether it stands there. */
  frames?: [number, boolean][]
}

/** When a film shows its label: from its first frame on, in its last seconds too, or all the time. */
export type LabelDuring = 'start' | 'ends' | 'whole'

/** How a film is coded. */
export interface VideoOptions {
  /** ffmpeg's name of the encoder, e.g. `libx264`. Default: one that writes the source's codec. */
  encoder?: string
  /** Its options by ffmpeg's names, e.g. `{ crf: 20, preset: 'slow' }`. Default: those at which its losses are not seen. */
  settings?: { readonly [name: string]: string | number }
  /** Is told how far the marking is, a few times a second. What it throws ends the call. */
  progress?: (progress: FilmProgress) => void
}

/** How far the marking of a film is. */
export interface FilmProgress {
  /** `look`: what is in it already; `code`: frames are marked and coded; `check`: the new file is read back. */
  step: 'look' | 'code' | 'check'
  /** Frames that were coded, and those of the whole film where that is known. */
  frames: number
  total?: number
  /** Frames a second so far. */
  speed: number
  /** Seconds that are left of this step; absent where nobody knows. */
  left?: number
}

/** What was done to one sound track of a film. */
export interface TrackReport {
  /** Counted from 0 among the tracks of sound. */
  track: number
  embedded: boolean
  /** Why nothing was embedded. The track is then in the output as it was, bit for bit. */
  reason?: string
  bits?: number
  /** The payload of an older watermark of the key that this one was put over. */
  replaced?: string
  /** dB, as of a sound. */
  snr?: number
  nmr?: number
}
