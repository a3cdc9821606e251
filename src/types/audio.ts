// Sound in results and calls.
import type { KeyEvidence } from './evidence.js'

/** Where the audible label sits: before the sound, in its quietest place near the middle, or behind it. */
export type SoundPosition = 'start' | 'middle' | 'end'

/** What the watermark detector says of one key in a sound. */
export interface AudioWatermarkEvidence extends KeyEvidence {
  modality: 'audio'
  /** Of a film: which track of sound, counted from 0. */
  track?: number
  where?: {
    /** Marked parts, from and to in seconds. */
    spans: [number, number][]
    /** Frequencies now for a frequency then. */
    speed: number
    /** 1.05 plays 5 % faster than when it was marked. */
    tempo: number
    /** Seconds to the first start of a block of the pattern. */
    offset: number
  }
}

/** What the search for the rhythm label says (GB 45438-2025, 5.3 c). Spoken labels are not recognised. */
export interface AudioLabelEvidence {
  kind: 'label'
  modality: 'audio'
  found: boolean
  /** 1: the times of the clause to the letter; from 0.5 on it is found. */
  score?: number
  /** A rhythm has none. */
  text?: string[]
  /** Of a film: which track of sound, counted from 0. */
  track?: number
  where?: {
    /** From the first pulse to the end of the last, in seconds. */
    spans: [number, number][]
    /** Seconds of the short pulse. */
    unit: number
    /** Hertz of the tone. */
    frequency: number
  }
}

/** Samples of a sound: interleaved, full scale is 1. */
export interface Sound {
  samples: Float32Array
  /** Samples a second of one channel, 8000 to 192 000. */
  rate: number
  /** 1 to 8; six are L, R, C, LFE, Ls, Rs. */
  channels: number
}
