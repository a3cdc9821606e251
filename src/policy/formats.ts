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
  {
    kind: 'GIF', type: 'image/gif', place: 'application extension `XMP DataXMP` with its trailer of 258 bytes, before the first picture; `GIF87a` becomes `GIF89a`, which extensions need', form: 'xmp', source: 'TC260-PG-20259A',
    reads: true, writes: true, kept: 'every other block, all frames', readersTried: ['ExifTool'],
  },
  {
    kind: 'TIFF, BigTIFF', type: 'image/tiff', place: 'tag 700, type 7, of the first directory. A new tag needs a new directory: it stands at the end of the file, and the header points there', form: 'xmp', source: 'TC260-PG-20259A',
    reads: true, writes: true, kept: 'every other tag; all pages, strips and tiles stay where they are', readersTried: ['ExifTool', 'ExifReader'],
  },
  {
    kind: 'HEIC', type: 'image/heic', place: 'item of type `mime`, `application/rdf+xml`, with a `cdsc` reference to the primary picture; the packet goes to the end of the file', form: 'xmp', source: 'TC260-PG-20259A, ISO/IEC 23008-12',
    reads: true, writes: true, kept: 'every other item and box', readersTried: ['ExifTool', 'ExifReader'],
  },
  {
    kind: 'AVIF, image sequences too', type: 'image/avif', place: 'as HEIC', form: 'xmp', source: 'own convention',
    reads: true, writes: true, kept: 'every other item and box', readersTried: ['ExifTool', 'ExifReader'],
  },
  {
    kind: 'JPEG XL', type: 'image/jxl', place: 'box `xml ` before the codestream. A bare codestream gets the container around it', form: 'xmp', source: 'own convention, after ISO/IEC 18181-2',
    reads: true, writes: true, kept: 'every other box, the codestream', readersTried: ['ExifTool'],
  },
  {
    kind: 'SVG', type: 'image/svg+xml', place: 'RDF in the element `metadata`, inside a description that is there, else in a new element right behind the start tag of the root', form: 'xmp', source: 'own convention, after XMP part 3',
    reads: true, writes: true, kept: 'every other byte', readersTried: ['ExifTool'],
  },
  {
    kind: 'MP4, M4V, 3GP, QuickTime, M4A', type: 'video/mp4', place: '`moov/udta/meta` with handler `mdta`: key `AIGC` in `keys`, its text (type 1) in `ilst`. DigitalSourceType: XMP in the box `uuid` be7acfcb..., right behind `moov`', form: 'bare', source: 'TC260-PG-20257A 6.1.1; M4A: TC260-PG-202510A',
    reads: true, writes: true, kept: 'every other box; offsets that point behind the label are corrected', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'MP3', type: 'audio/mpeg', place: 'ID3v2: TXXX with the description `AIGC`, of the first tag, else of a new one of version 2.4. DigitalSourceType: XMP in a PRIV frame of the owner `XMP`', form: 'bare', source: 'TC260-PG-202510A; XMP part 3',
    reads: true, writes: true, kept: 'every other frame; ID3v1, APE, Lyrics3; the frames of Xing, Info and LAME', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'AAC in ADTS', type: 'audio/aac', place: 'as MP3', form: 'bare', source: 'own convention',
    reads: true, writes: true, kept: 'as MP3', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'FLAC', type: 'audio/flac', place: 'comment `AIGC` of the block VORBIS_COMMENT. No place for DigitalSourceType', form: 'bare', source: 'TC260-PG-202510A',
    reads: true, writes: true, kept: 'every other block and comment', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'Ogg with Vorbis or Opus', type: 'audio/ogg', place: 'comment `AIGC` of the first such stream. No place for DigitalSourceType', form: 'bare', source: 'TC260-PG-202510A',
    reads: true, writes: true, kept: 'every other comment, packet and stream', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'Matroska, WebM', type: 'video/matroska', place: '`Segment/Tags/Tag/SimpleTag` named `AIGC` for the whole file. DigitalSourceType: a packet as a SimpleTag named `XMP`, our own', form: 'bare', source: 'TC260-PG-20257A',
    reads: true, writes: true, kept: 'every other element; positions stay', readersTried: ['ffprobe', 'ExifTool'],
  },
  {
    kind: 'AVI, OpenDML too', type: 'video/x-msvideo', place: '`LIST INFO`, entry `AIGC`. DigitalSourceType: XMP in the chunk `_PMX`', form: 'bare', source: 'TC260-PG-20257A annex D',
    reads: true, writes: true, kept: 'every other chunk; both kinds of index', readersTried: ['ffprobe', 'ExifTool'],
  },
  {
    kind: 'FLV', type: 'video/x-flv', place: 'script `onMetaData`, string `AIGC`. DigitalSourceType: XMP as `liveXML`, our own', form: 'bare', source: 'TC260-PG-20257A',
    reads: true, writes: true, kept: 'every other property and tag; places of key frames are corrected', readersTried: ['ExifTool', 'ffprobe'],
  },
  {
    kind: 'WAV, RF64, BW64', type: 'audio/wav', place: 'chunk `AIGC`. DigitalSourceType: XMP in the chunk `_PMX`', form: 'bare', source: 'TC260-PG-202510A 6.1',
    reads: true, writes: true, kept: 'every other chunk', readersTried: ['ExifTool (DigitalSourceType; no program that we know shows the chunk)'],
  },
  {
    kind: 'AIFF, AIFF-C', type: 'audio/aiff', place: 'chunk `APPL` with the signature `XMP `', form: 'xmp', source: 'own convention, after TC260-PG-20259A and XMP part 3',
    reads: true, writes: true, kept: 'every other chunk', readersTried: ['ExifTool'],
  },
]
