// Places in pictures and frames.

/** Where the drawn label sits, as the picture is displayed. */
export type LabelPosition = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left' | 'bottom' | 'top'

/**
 * How the watermark's pattern lies in the picture as it is now. The size at marking is not known to the detector: the
 * ratio of two copies' `scale` says how one was scaled against the other.
 */
export interface Transform {
  /** Pixels now for one canonical pixel of the pattern; see docs/watermark-image.md. */
  scale: number
  /** Degrees, clockwise. */
  rotation: number
  mirrored?: boolean
  /** Pixels from the upper left corner to the corner of a tile, in the samples as they are stored. */
  offset: [number, number]
}

/** A place in pixels of the displayed picture, from its upper left corner. */
export type Point = [x: number, y: number]

/** A rectangle in pixels of the displayed picture. */
export interface Box { x: number; y: number; width: number; height: number }
