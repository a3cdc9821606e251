/** Kinds that are read: MIME type and the usual ends of names, the first being the one that we would write. */
const EXTENSIONS: { readonly [type: string]: readonly string[] } = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png', 'apng'],
  'image/webp': ['webp'],
  'image/gif': ['gif'],
  'image/tiff': ['tif', 'tiff'],
  'image/avif': ['avif', 'avifs'],
  'image/heic': ['heic', 'heif'],
  'image/jxl': ['jxl'],
  'image/svg+xml': ['svg'],
  'video/mp4': ['mp4', 'm4v'],
  'video/quicktime': ['mov', 'qt'],
  'video/3gpp': ['3gp', '3g2'],
  'audio/mp4': ['m4a', 'm4b'],
  'application/pdf': ['pdf'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': ['docx', 'docm', 'dotx', 'dotm'],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': ['xlsx', 'xlsm', 'xltx', 'xltm'],
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': ['pptx', 'pptm', 'potx', 'potm', 'ppsx'],
  'application/epub+zip': ['epub'],
  'text/html': ['html', 'htm', 'xhtml'],
  'text/markdown': ['md', 'markdown'],
  'application/json': ['json'],
  'text/plain': ['txt', 'text'],
  'audio/mpeg': ['mp3'],
  'audio/aac': ['aac'],
  'audio/flac': ['flac'],
  'audio/ogg': ['ogg', 'oga', 'opus'],
  'audio/wav': ['wav', 'wave', 'bwf', 'rf64'],
  'video/webm': ['webm'],
  'audio/webm': ['weba'],
  'video/matroska': ['mkv', 'mk3d'],
  'audio/matroska': ['mka'],
  'video/x-msvideo': ['avi'],
  'video/x-flv': ['flv'],
  'audio/aiff': ['aif', 'aiff', 'aifc'],
}

/** The kinds whose samples `mark` can change: label and watermark. */
export const REDRAWN: readonly string[] = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/tiff']

/** The kinds that a decoder is asked for. A drawing may lead it to other files, and nobody decodes the rest here. */
export const DECODED: readonly string[] = [...REDRAWN, 'image/avif', 'image/heic']

/** `image`, `audio` or `video`: the first word of a MIME type. */
export function modalityOf(type: string): 'image' | 'audio' | 'video' {
  return type.startsWith('audio/') ? 'audio' : type.startsWith('video/') ? 'video' : 'image'
}

/** Whether a file is of a kind that only the full WebAssembly module reads: sound, films, JPEG XL with packed metadata. */
export function needsFull(bytes: Uint8Array): boolean {
  const type = typeOfBytes(bytes)
  return type === 'image/jxl' ? hasPackedBox(bytes) : type !== undefined && modalityOf(type) !== 'image'
}

/** Whether a JPEG XL has a box `brob` (ISO/IEC 18181-2, 9.4) among its outer boxes. */
function hasPackedBox(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (bytes[0] === 0 && at + 16 <= bytes.length) {
    if (view.getUint32(at + 4) === 0x62726f62) return true
    const size = view.getUint32(at)
    const length = size === 1 ? Number(view.getBigUint64(at + 8)) : size
    // 0: to the end of the file. Less than a header: broken, which the core tells.
    if (length < 8) return false
    at += length
  }
  return false
}

/** Whether two types are one container under several names: what a name says of sound or pictures inside is not told by its bytes. */
export function sameKind(a: string, b: string): boolean {
  // What an ID3 tag stands before may lie beyond the bytes that were seen.
  const family = (type: string): string =>
    /^(video|audio)\/(mp4|quicktime|3gpp)$/.test(type) ? 'bmff' : /^audio\/(mpeg|aac|flac)$/.test(type) ? 'id3' : type.replace(/^audio\/(webm|matroska)$/, 'video/$1')
  return family(a) === family(b)
}

/** Bytes from which a kind is told. */
export const HEAD = 1024

/** The kinds that a name's end stands for, or undefined where the name says nothing that we know. */
export function typeOfName(name: string): string | undefined {
  const end = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase()
  return end === undefined ? undefined : Object.keys(EXTENSIONS).find((type) => EXTENSIONS[type]?.includes(end))
}

/**
 * The MIME type by the first bytes, or undefined for anything that we do not read. Names are not asked:
 * they are often wrong, and a decoder that guesses may be led to a format (SVG, PDF) that loads other files.
 */
export function typeOfBytes(bytes: Uint8Array): string | undefined {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'image/jpeg'
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'image/png'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'image/webp'
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'image/gif'
  if (/^(II[*+]\0|MM\0[*+])/.test(text(0, 4))) return 'image/tiff'
  if (text(4, 8) === 'ftyp' && bytes.length >= 12) {
    // Major brand and compatible brands (ISO/IEC 14496-12), within the box.
    const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    const brands = text(8, Math.min(bytes.length, Math.max(16, Math.min(size, 256))))
    if (/^(avi[fs])/.test(brands) || (/^(mif1|msf1|miaf)/.test(brands) && /avi[fs]/.test(brands))) return 'image/avif'
    if (/^(hei[cxms]|hev[cx]|mif[12]|msf1)/.test(brands)) return 'image/heic'
    if (brands.startsWith('qt  ')) return 'video/quicktime'
    // Sound of phones has the brand of 3GPP in front.
    if (/^(M4[AB] |3g.*M4[AB] )/s.test(brands)) return 'audio/mp4'
    if (/^3g/.test(brands)) return 'video/3gpp'
    // Canon's raw pictures share the structure.
    return brands.startsWith('crx ') ? undefined : 'video/mp4'
  }
  if (bytes[0] === 0 && /^(moov|mdat|wide|skip|free|pnot)$/.test(text(4, 8))) return 'video/quicktime'
  if (/^(RIFF|RF64|BW64)[^]{4}WAVE/.test(text(0, 12))) return 'audio/wav'
  if (/^RIFF[^]{4}AVI /.test(text(0, 12))) return 'video/x-msvideo'
  if (/^FORM[^]{4}AIF[FC]/.test(text(0, 12))) return 'audio/aiff'
  if (text(0, 4) === 'FLV\x01') return 'video/x-flv'
  // By the type of the document; whether there are pictures only the tracks say.
  if (text(0, 4) === '\x1aE\xdf\xa3') return /\x42\x82[^]{1,8}webm/.test(text(0, 64)) ? 'video/webm' : 'video/matroska'
  if (text(0, 4) === 'OggS') return 'audio/ogg'
  if (text(0, 4) === 'fLaC') return 'audio/flac'
  if (text(0, 3) === 'ID3') return behindId3(bytes)
  const frames = typeOfFrames(bytes)
  if (frames !== undefined) return frames
  if (text(0, 2) === '\xff\x0a' || text(0, 12) === '\0\0\0\x0cJXL \r\n\x87\n') return 'image/jxl'
  if (/^(\xef\xbb\xbf)?\s*(<\?[^>]*>\s*|<!--(?:[^-]|-(?!->))*-->\s*|<![A-Z][^>[]*(\[[^\]]*\]\s*)?>\s*)*<svg[\s>/]/.test(text(0, HEAD))) return 'image/svg+xml'
  return undefined
}

/**
 * Whether a file that is no picture may be a document: what is loaded only then looks closer. Texts are told by the ends
 * of their names, as their bytes do not say what they are.
 */
export function mayBeDocument(bytes: Uint8Array, name?: string): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 1024))
  if (head.includes('%PDF-') || /^(?:PK\x03\x04|\xd0\xcf\x11\xe0)/.test(head) || /^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s|html|\?xml|!--)/i.test(head)) return true
  const type = name === undefined ? undefined : typeOfName(name)
  return type !== undefined && /^text\/|\/json$/.test(type)
}

/** The kind behind ID3v2 tags (sizes of seven bits a byte), `audio/mpeg` where that is not among these bytes. */
function behindId3(bytes: Uint8Array): string {
  let at = 0
  while (bytes[at] === 0x49 && bytes[at + 1] === 0x44 && bytes[at + 2] === 0x33 && at + 10 <= bytes.length) {
    const size = bytes.subarray(at + 6, at + 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0)
    at += size + (bytes[at + 5]! & 0x10 ? 20 : 10)
  }
  const rest = bytes.subarray(at, at + 4)
  return String.fromCharCode(...rest) === 'fLaC' ? 'audio/flac' : (typeOfFrames(rest) ?? 'audio/mpeg')
}

/** A first frame of ADTS (ISO/IEC 13818-7, 6.2) or layer III (ISO/IEC 11172-3, 2.4.1.3) with values that exist. */
function typeOfFrames(bytes: Uint8Array): string | undefined {
  const [a = 0, b = 0, c = 0] = bytes
  if (a !== 0xff) return undefined
  if ((b & 0xf6) === 0xf0 && ((c >> 2) & 15) < 13) return 'audio/aac'
  const layer3 = (b & 0xe6) === 0xe2 && (b & 0x18) !== 8 && c >> 4 > 0 && c >> 4 < 15 && ((c >> 2) & 3) < 3
  return layer3 ? 'audio/mpeg' : undefined
}
