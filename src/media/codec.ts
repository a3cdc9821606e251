// What pictures need of a pixel library. sharp.ts (Node) and canvas.ts (browsers) satisfy it.
import type { FileInfo } from '../engine/engine.js'
import type { Deadline, Limits } from '../limits.js'
import type { Finding, Picture } from '../types.js'

/** A decoded picture, or one frame of an animation as it is shown, in the file's own colour space. */
export interface Decoded {
  picture: Picture
  /** MIME type, AVIF and HEIC told apart. */
  type: string
  /** 1 for a still picture. */
  frames: number
  /** True where the samples were converted to sRGB (CMYK, Lab): the source's ICC profile then no longer fits. */
  converted: boolean
  /** True where the decoder has turned the samples for display already: EXIF orientation says nothing more then. */
  turned: boolean
  /** What marking this picture changes beside the marks. */
  findings: Finding[]
}

/** Decodes pictures. Errors: ERR_LIMIT, ERR_BROKEN, ERR_UNSUPPORTED, ERR_MISSING. */
export interface Decoder {
  /** `frame`: counted from 0; default the first. */
  decode(bytes: Uint8Array, limits: Limits, deadline: Deadline, frame?: number): Promise<Decoded>
}

/** All frames of an animation, each as it is shown: whole, with everything before it. */
export interface Animation {
  /** Of one shape. Changing their samples changes what `encodeAll` writes. */
  pictures: Picture[]
  /** Seconds that each frame is shown, as numerator and denominator. */
  delays: (readonly [number, number])[]
  /** How often it is shown; 0 is for ever. */
  loop: number
  /** True where the first of `pictures` is no frame, but what readers see that know no animations (PNG). */
  still: boolean
  /** The samples of all pictures, one below the other, where they lie so. */
  stack?: Uint8Array
}

/** Decodes and encodes pictures. */
export interface Codec extends Decoder {
  /** Encodes in the kind of `source`: its quality, subsampling, depth and scan order; lossless stays lossless. No metadata. */
  encode(picture: Picture, source: FileInfo, deadline: Deadline): Promise<Uint8Array>
  /** Every frame. ERR_LIMIT where all of them together have more pixels than `limits.pixels`. */
  decodeAll(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Animation>
  /** As `encode`: every frame, its time, and the number of rounds. */
  encodeAll(animation: Animation, source: FileInfo, deadline: Deadline): Promise<Uint8Array>
  /** The XMP packet as a second, independent reader sees it, or undefined. */
  xmp(bytes: Uint8Array): Promise<string | undefined>
}
