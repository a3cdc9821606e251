// ZIP archives (APPNOTE 6.3.10) spliced: entries that are not named keep their records, bytes and order.
import { deflateSync } from 'fflate'
import { inflate } from './inflate.js'
import { broken, encoded, joined, latin1, tooMuch, unsupported } from './label.js'

const MAX_ENTRIES = 65_535
const MAX_NAME = 4096
/** Bytes of one part that is read or changed. */
const MAX_PART = 16 * 1024 * 1024

/** One entry. Places are bytes from the start of the file. */
export interface Entry {
  name: string
  /** As it stands. */
  raw: Uint8Array
  /** Local header. */
  offset: number
  data: number
  packed: number
  size: number
  crc: number
  method: number
  encrypted: boolean
  /** Central record. */
  central: number
  centralEnd: number
  /** Where in the central record the zip64 offset stands. */
  wide?: number
}

/** An archive that was read to its end. */
export interface Zip { bytes: Uint8Array; view: DataView; entries: Entry[]; directory: number; directoryEnd: number; end: number; wide?: number }

/** The directory of an archive. ERR_BROKEN with offset, ERR_UNSUPPORTED for several disks, ERR_LIMIT for too many entries. */
export function openZip(given: Uint8Array): Zip {
  // `slice` of a Node Buffer would share its memory.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(view)
  let [count, size, directory] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)]
  if (view.getUint16(end + 4, true) !== view.getUint16(end + 6, true)) throw unsupported('The archive is split over several files.')
  let wide: number | undefined
  if (end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
    wide = big(view, end - 12, 'the zip64 record')
    if (wide + 56 > end - 20 || view.getUint32(wide, true) !== 0x06064b50) throw broken('the zip64 record is not where the archive says', end - 20)
    ;[count, size, directory] = [big(view, wide + 32, 'entries'), big(view, wide + 40, 'directory'), big(view, wide + 48, 'directory')]
  }
  if (count > MAX_ENTRIES) throw tooMuch(`The archive has ${count} entries; ${MAX_ENTRIES} are read.`)
  if (directory + size > (wide ?? end)) throw broken('the directory of the archive reaches beyond it', end)
  const entries: Entry[] = []
  let at = directory
  for (let index = 0; index < count; index++) {
    const entry = centralEntry(bytes, view, at, directory + size)
    entries.push(entry)
    at = entry.centralEnd
  }
  if (at !== directory + size) throw broken('the directory of the archive is not as long as it says', at)
  const names = new Set(entries.map(({ name }) => name))
  if (names.size !== entries.length) throw broken('the archive names a file twice', directory)
  const sorted = [...entries].sort((a, b) => a.offset - b.offset)
  for (const [index, entry] of sorted.entries())
    if (entry.data + entry.packed > (sorted[index + 1]?.offset ?? directory)) throw broken(`the entry ${entry.name} overlaps what follows it`, entry.offset)
  return { bytes, view, entries, directory, directoryEnd: at, end, ...(wide === undefined ? {} : { wide }) }
}

function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 65_535; at--)
    if (view.getUint32(at, true) === 0x06054b50 && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at
  throw broken('the archive ends without its directory', view.byteLength)
}

function big(view: DataView, at: number, what: string): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(`${what}: a number of the archive is beyond reason`, at)
  return Number(value)
}

function centralEntry(bytes: Uint8Array, view: DataView, at: number, limit: number): Entry {
  if (at + 46 > limit || view.getUint32(at, true) !== 0x02014b50) throw broken('the directory of the archive is damaged', at)
  const [flags, method, crc] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true), view.getUint32(at + 16, true)]
  let [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)]
  const [nameLength, extraLength, commentLength] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)]
  let offset = view.getUint32(at + 42, true)
  const centralEnd = at + 46 + nameLength + extraLength + commentLength
  if (centralEnd > limit) throw broken('the directory of the archive ends early', at)
  if (nameLength > MAX_NAME) throw tooMuch(`The archive has a name of ${nameLength} bytes.`)
  const raw = bytes.subarray(at + 46, at + 46 + nameLength)
  let wide: number | undefined
  for (let extra = at + 46 + nameLength; extra + 4 <= centralEnd - commentLength;) {
    const [id, length] = [view.getUint16(extra, true), view.getUint16(extra + 2, true)]
    const extraEnd = extra + 4 + length
    if (extraEnd > centralEnd - commentLength) break
    if (id === 1) {
      let field = extra + 4
      const next = (): number => {
        if (field + 8 > extraEnd) throw broken('a zip64 field is too short', extra)
        field += 8
        return big(view, field - 8, 'a size')
      }
      if (size === 0xffffffff) size = next()
      if (packed === 0xffffffff) packed = next()
      if (offset === 0xffffffff) {
        offset = next()
        wide = field - 8
      }
    }
    extra = extraEnd
  }
  if (offset + 30 > at || view.getUint32(offset, true) !== 0x04034b50) throw broken('an entry of the archive is not where the directory says', at)
  const localName = view.getUint16(offset + 26, true)
  const data = offset + 30 + localName + view.getUint16(offset + 28, true)
  const same = localName === nameLength && raw.every((byte, index) => byte === bytes[offset + 30 + index])
  if (!same) throw broken('an entry of the archive has two names', offset)
  return { name: nameOf(raw), raw, offset, data, packed, size, crc, method, encrypted: (flags & 1) === 1, central: at, centralEnd, ...(wide === undefined ? {} : { wide }) }
}

/** UTF-8 where it is: the bit that says so is often not set. */
function nameOf(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    return latin1(raw)
  }
}

/** Whether the archive holds a C2PA manifest, where its specification puts it in ZIP-based files. */
export function hasManifest(zip: Zip): boolean {
  return zip.entries.some(({ name }) => name === 'META-INF/content_credential.c2pa')
}

/** The entry of that name, capital letters or small ones: parts of a package are not told apart by them. */
export function entryOf(zip: Zip, name: string): Entry | undefined {
  return zip.entries.find((entry) => entry.name === name) ?? zip.entries.find((entry) => entry.name.toLowerCase() === name.toLowerCase())
}

/** The bytes of an entry, checked by its CRC-32. ERR_LIMIT beyond MAX_PART. */
export function partOf(zip: Zip, entry: Entry): Uint8Array {
  if (entry.encrypted) throw unsupported(`${entry.name} is encrypted.`, 'Mark the document before it is encrypted.')
  const raw = zip.bytes.subarray(entry.data, entry.data + entry.packed)
  if (entry.method !== 0 && entry.method !== 8) throw unsupported(`${entry.name} is compressed by method ${entry.method}, which is not read.`)
  if (entry.size > MAX_PART) throw tooMuch(`${entry.name} has ${entry.size} bytes; ${MAX_PART} are read.`)
  const part = entry.method === 0 ? raw : inflate(raw, MAX_PART, entry.offset)
  if (part.length !== entry.size || crc32(part) !== entry.crc) throw broken(`${entry.name} does not agree with its checksum`, entry.offset)
  return part
}

/** The archive with these parts: in their old places where the names exist, else behind the last entry. */
export function withParts(zip: Zip, parts: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...zip.entries].sort((a, b) => a.offset - b.offset)
  const out: Uint8Array[] = [zip.bytes.subarray(0, sorted[0]?.offset ?? zip.directory)]
  let at = out[0]!.length
  const add = (...pieces: Uint8Array[]): void => {
    for (const piece of pieces) {
      out.push(piece)
      at += piece.length
    }
  }
  const moved = new Map<string, number>()
  const made = new Map<string, Made>()
  for (const [index, entry] of sorted.entries()) {
    moved.set(entry.name, at)
    const part = parts.get(entry.name)
    if (part === undefined) add(zip.bytes.subarray(entry.offset, sorted[index + 1]?.offset ?? zip.directory))
    else {
      const one = packed(part, entry.method === 0)
      made.set(entry.name, one)
      add(local(entry.raw, one, zip.view.getUint32(entry.offset + 10, true)), one.data)
    }
  }
  const fresh: Uint8Array[] = []
  for (const [name, part] of parts) {
    if (moved.has(name)) continue
    const one = packed(part, false)
    // 1980-01-01: the same input gives the same bytes.
    fresh.push(central(encoded(name), one, at, 0x0021_0000, 20, 0))
    add(local(encoded(name), one, 0x0021_0000), one.data)
  }
  const directory = at
  for (const entry of zip.entries) add(record(zip, entry, moved.get(entry.name)!, made.get(entry.name)))
  add(...fresh)
  const ending = zip.bytes.slice(zip.directoryEnd)
  finish(ending, zip, directory, at - directory, zip.entries.length + fresh.length, at)
  add(ending)
  return joined(out)
}

interface Made { data: Uint8Array; crc: number; size: number; method: number }

function packed(part: Uint8Array, store: boolean): Made {
  return { data: store ? part : deflateSync(part, { level: 9 }), crc: crc32(part), size: part.length, method: store ? 0 : 8 }
}

function local(raw: Uint8Array, made: Made, time: number): Uint8Array {
  const out = new Uint8Array(30 + raw.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, 0x04034b50, true)
  fields(view, 4, made, time, raw.length)
  out.set(raw, 30)
  return out
}

/** What local header and central record share, from "version needed" on. */
function fields(view: DataView, at: number, made: Made, time: number, name: number): void {
  view.setUint16(at, 20, true)
  view.setUint16(at + 2, 0x800, true)
  view.setUint16(at + 4, made.method, true)
  view.setUint32(at + 6, time, true)
  view.setUint32(at + 10, made.crc, true)
  view.setUint32(at + 14, made.data.length, true)
  view.setUint32(at + 18, made.size, true)
  view.setUint16(at + 22, name, true)
}

function central(raw: Uint8Array, made: Made, offset: number, time: number, by: number, attributes: number): Uint8Array {
  if (offset >= 0xffffffff) throw tooMuch('The archive is too large for another entry without zip64.')
  const out = new Uint8Array(46 + raw.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, 0x02014b50, true)
  view.setUint16(4, by, true)
  fields(view, 6, made, time, raw.length)
  view.setUint32(38, attributes, true)
  view.setUint32(42, offset, true)
  out.set(raw, 46)
  return out
}

/** A central record for an entry that moved, or whose part is new. */
function record(zip: Zip, entry: Entry, offset: number, made: Made | undefined): Uint8Array {
  const { view } = zip
  if (made) return central(entry.raw, made, offset, view.getUint32(entry.offset + 10, true), view.getUint16(entry.central + 4, true), view.getUint32(entry.central + 38, true))
  const out = zip.bytes.slice(entry.central, entry.centralEnd)
  const field = new DataView(out.buffer)
  if (entry.wide !== undefined) field.setBigUint64(entry.wide - entry.central, BigInt(offset), true)
  else if (offset >= 0xffffffff) throw tooMuch('The archive would pass 4 GiB, which it was not made for.')
  else field.setUint32(42, offset, true)
  return out
}

/** Directory size and place in the records behind it; `base` is where these records stand in the new file. */
function finish(ending: Uint8Array, zip: Zip, directory: number, size: number, count: number, base: number): void {
  const view = new DataView(ending.buffer)
  const end = zip.end - zip.directoryEnd
  if (zip.wide !== undefined) {
    const at = zip.wide - zip.directoryEnd
    view.setBigUint64(at + 24, BigInt(count), true)
    view.setBigUint64(at + 32, BigInt(count), true)
    view.setBigUint64(at + 40, BigInt(size), true)
    view.setBigUint64(at + 48, BigInt(directory), true)
    view.setBigUint64(end - 12, BigInt(base + at), true)
  }
  if (zip.wide === undefined && (count > 0xfffe || directory >= 0xffffffff)) throw tooMuch('The archive is too large for another entry without zip64.')
  const old = new DataView(zip.bytes.buffer, zip.bytes.byteOffset + zip.end, 22)
  // A value of all ones says that the zip64 record holds it.
  if (old.getUint16(8, true) !== 0xffff) view.setUint16(end + 8, count, true)
  if (old.getUint16(10, true) !== 0xffff) view.setUint16(end + 10, count, true)
  if (old.getUint32(12, true) !== 0xffffffff) view.setUint32(end + 12, size, true)
  if (old.getUint32(16, true) !== 0xffffffff) view.setUint32(end + 16, directory, true)
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** Names and packed bytes of all entries but those in `except`, in the order of the directory. */
export function packedContent(zip: Zip, except: ReadonlySet<string>): Uint8Array[] {
  return zip.entries.filter(({ name }) => !except.has(name)).flatMap(({ name, data, packed: length }) => [
    encoded(`${name}\0${length}\0`), zip.bytes.subarray(data, data + length),
  ])
}
