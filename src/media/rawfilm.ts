// Raw frames with their times into a pipe: Matroska with uncompressed pictures (RFC 9559), whose clock ticks in nanoseconds here, so
// that every time of a source comes out again to the tick.
import type { Frames } from '../engine/engine.js'
import type { Frame } from './nut.js'

/** Numbers of ITU-T H.273 by the names that ffmpeg has for them. */
const MATRICES: { readonly [name: string]: number } = { gbr: 0, bt709: 1, fcc: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7, ycgco: 8, bt2020nc: 9, bt2020c: 10, smpte2085: 11, 'chroma-derived-nc': 12, 'chroma-derived-c': 13, ictcp: 14 }
const PRIMARIES: { readonly [name: string]: number } = { bt709: 1, bt470m: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7, film: 8, bt2020: 9, smpte428: 10, smpte431: 11, smpte432: 12, ebu3213: 22, 'jedec-p22': 22 }
const TRANSFERS: { readonly [name: string]: number } = {
  bt709: 1, bt470m: 4, gamma22: 4, bt470bg: 5, gamma28: 5, smpte170m: 6, smpte240m: 7, linear: 8, log100: 9, log316: 10, 'iec61966-2-4': 11, bt1361e: 12, 'iec61966-2-1': 13, 'bt2020-10': 14, 'bt2020-12': 15, smpte2084: 16, smpte428: 17, 'arib-std-b67': 18,
}
/** Sides on which the samples of colour lie: 1 with those of luma, 2 between them. */
const SITES: { readonly [name: string]: readonly [number, number] } = { left: [1, 2], center: [2, 2], topleft: [1, 1], top: [2, 1] }

/** How the colours of a film are meant, in ffmpeg's words. */
export interface Colour { matrix?: string; primaries?: string; transfer?: string; site?: string; range?: string }

/** What the head says of the frames. */
export interface RawForm {
  frames: Frames
  colour: Colour
  /** Width of a pixel over its height. */
  aspect?: readonly [number, number]
  /** Frames a second, as a fraction; 0/0 where nobody knows. */
  rate: readonly [number, number]
}

/** The stream of frames as ffmpeg's reader `matroska` takes it. */
export async function* rawFilm(form: RawForm, frames: AsyncIterable<Frame>): AsyncGenerator<Uint8Array> {
  yield head(form)
  for await (const { samples, nanos } of frames) {
    // One cluster a frame: its own time, and a block at no distance from it.
    const block = [tag(0xa3), size(samples.length + 4), Buffer.from([0x81, 0, 0, 0x80])]
    const time = element(0xe7, whole(nanos))
    const length = time.length + block.reduce((sum, part) => sum + part.length, 0) + samples.length
    yield Buffer.concat([tag(0x1f43b675), size(length), time, ...block])
    yield samples
  }
}

function head({ frames, colour, aspect, rate: [over, under] }: RawForm): Buffer {
  const { width, height, fullRange } = frames
  const named = (id: number, table: { readonly [name: string]: number }, name: string | undefined): Buffer[] => (name === undefined || table[name] === undefined ? [] : [element(id, whole(table[name]))])
  const site = colour.site === undefined ? undefined : SITES[colour.site]
  const colours = [
    ...named(0x55b1, MATRICES, colour.matrix), ...(fullRange || colour.range !== undefined ? [element(0x55b9, whole(fullRange ? 2 : 1))] : []), ...named(0x55ba, TRANSFERS, colour.transfer), ...named(0x55bb, PRIMARIES, colour.primaries),
    ...(site === undefined ? [] : [element(0x55b7, whole(site[0])), element(0x55b8, whole(site[1]))]),
  ]
  const picture = [
    element(0xb0, whole(width)), element(0xba, whole(height)),
    ...(aspect === undefined ? [] : [element(0x54b0, whole(width * aspect[0])), element(0x54ba, whole(height * aspect[1]))]),
    element(0x2eb524, fourcc(frames)), element(0x55b0, ...colours),
  ]
  const track = [
    element(0xd7, whole(1)), element(0x73c5, whole(1)), element(0x83, whole(1)), element(0x86, Buffer.from('V_UNCOMPRESSED')),
    ...(over > 0 && under > 0 ? [element(0x23e383, whole(Math.round((under * 1e9) / over)))] : []), element(0xe0, ...picture),
  ]
  return Buffer.concat([
    element(0x1a45dfa3, element(0x4282, Buffer.from('matroska')), element(0x4287, whole(4)), element(0x4285, whole(2))),
    // A segment without end.
    tag(0x18538067), Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    element(0x1549a966, element(0x2ad7b1, whole(1)), element(0x4d80, Buffer.from('countermark')), element(0x5741, Buffer.from('countermark'))),
    element(0x1654ae6b, element(0xae, ...track)),
  ])
}

/** The four bytes by which ffmpeg knows planar layouts. */
function fourcc({ depth = 8, subsampling = '4:2:0' }: Frames): Buffer {
  if (depth === 8) return Buffer.from({ '4:2:0': 'I420', '4:2:2': 'Y42B', '4:4:4': '444P', '4:0:0': 'Y800' }[subsampling])
  return subsampling === '4:0:0' ? Buffer.from([0x59, 0x31, 0, depth]) : Buffer.from([0x59, 0x33, { '4:2:0': 11, '4:2:2': 10, '4:4:4': 0 }[subsampling], depth])
}

/** The bytes of an element's id. */
function tag(id: number): Buffer {
  return whole(id)
}

/** A whole number in as few bytes as hold it. */
function whole(value: number): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
}

/** A length in eight bytes. */
function size(length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length) | (1n << 56n))
  return bytes
}

function element(id: number, ...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([tag(id), size(length), ...parts])
}
