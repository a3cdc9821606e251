// What pictures need of a pixel library. sharp.ts (Node) and canvas.ts (browsers) satisfy it.
import type { FileInfo } from '../engine/engine.js'
import type { Deadline, Limits } from '../limits.js'
import type { Finding, Picture } from '../types.js'

/** A decoded picture: the first frame, in the file's own colour space. */
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
  findings: Finding[]
}

/** Decodes pictures. Errors: ERR_LIMIT, ERR_BROKEN, ERR_UNSUPPORTED, ERR_MISSING. */
export interface Decoder {
  decode(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Decoded>
}

/** Decodes and encodes pictures. */
export interface Codec extends Decoder {
  /** Encodes in the kind of `source`: its quality, subsampling, depth and scan order; lossless stays lossless. No metadata. */
  encode(picture: Picture, source: FileInfo, deadline: Deadline): Promise<Uint8Array>
  /** The XMP packet as a second, independent reader sees it, or undefined. */
  xmp(bytes: Uint8Array): Promise<string | undefined>
}
