// The kinds of files as data: where the AIGC label stands in each, by which guide, and what is kept. docs/formats.md is made
// from this table (scripts/write-docs.mjs).

/** One kind of file. */
export interface Format {
  /** Name for people. */
  kind: string
  /** MIME type, as results print it. */
  type: string
  /** Where the label stands. */
  place: string
  /** `xmp`: the TC260:AIGC property; `bare`, `wrapped`: the JSON object alone, or inside `{"AIGC": ...}`. */
  form: 'xmp' | 'bare' | 'wrapped'
  /** Number of the guide that names the place, or `own convention` where none does. */
  source: string
  reads: boolean
  writes: boolean
  /** What metadata-only marking leaves as it is, beyond the coded samples. */
  kept: string
  /** Independent programs that read the label back in our tests. */
  readersTried: string[]
}

/** Every kind that is handled, in the order of the document. */
export const FORMATS: readonly Format[] = [
  {
    kind: 'JPEG', type: 'image/jpeg', place: 'APP1 segment `http://ns.adobe.com/xap/1.0/`, after JFIF and EXIF', form: 'xmp', source: 'TC260-PG-20259A',
    reads: true, writes: true, kept: 'every other segment, the bytes behind the picture', readersTried: ['ExifTool', 'ExifReader', 'exifr', 'libvips'],
  },
  {
    kind: 'PNG', type: 'image/png', place: 'iTXt chunk `XML:com.adobe.xmp`, not compressed, before the picture; a packet that was compressed or behind the picture is rewritten so', form: 'xmp', source: 'TC260-PG-20259A',
    reads: true, writes: true, kept: 'every other chunk, the bytes behind IEND', readersTried: ['ExifTool', 'ExifReader', 'exifr', 'libvips'],
  },
  {
    kind: 'WebP', type: 'image/webp', place: 'chunk `XMP `, with VP8X and its flag', form: 'xmp', source: 'TC260-PG-20259A',
    reads: true, writes: true, kept: 'every other chunk, the frames of an animation', readersTried: ['ExifTool', 'ExifReader', 'libvips'],
  },
]
