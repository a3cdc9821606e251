// What the watermark's findings in pictures, sound, films and texts share.

/** What a watermark detector says of one key, in whatever is marked. */
export interface KeyEvidence {
  kind: 'watermark'
  found: boolean
  /** Chance of a score this high without a mark, the search included. */
  pValue?: number
  /** True where `pValue` lies below the calibrated range. */
  extrapolated?: boolean
  score?: number
  /** Hexadecimal; `bits` of it were read. */
  payload?: string
  bits?: number
  /** Of pictures: the payload asked for, or that of the file's own metadata, which the mark was recognised by although none could be read. */
  asked?: string
  /** `public`, or the 8-digit id of the key. */
  key: string
  /** Whether the payload is the hash of ContentProducer and ProduceID of the file's own metadata. */
  matchesMetadata?: boolean
  /** Whether the payload is the hash of the pair that the caller asked for. */
  matchesExpected?: boolean
}
