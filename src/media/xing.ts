// How long an MP3 says that it is: the count of frames in the Xing or Info header, which stands where the first frame's sound would.
import type { ReadAt } from './wav.js'

/** Seconds that the header counts, encoder's delay and padding included; undefined where there is none, or none with a count. */
export async function xingSeconds(read: ReadAt): Promise<number | undefined> {
  const tag = Buffer.from(await read(0, 10))
  // ID3v2.4, 3.1: four times seven bits of length, without the header.
  const length = tag.toString('latin1', 0, 3) === 'ID3' && tag.length === 10 ? 10 + [6, 7, 8, 9].reduce((sum, at) => sum * 128 + (tag[at] ?? 0), 0) : 0
  const frame = Buffer.from(await read(length, 64))
  const [sync = 0, form = 0, rates = 0] = frame
  const hertz = [44_100, 48_000, 32_000][rates >> 2 & 3]
  const version = form >> 3 & 3
  // Layer III (ISO/IEC 11172-3, 2.4.1.3), with the quarter rates of "MPEG 2.5".
  if (sync !== 0xFF || (form & 0xE6) !== 0xE2 || version === 1 || hertz === undefined) return undefined
  const name = frame.toString('latin1').search(/Xing|Info/)
  if (name < 0 || name + 12 > frame.length || (frame.readUInt32BE(name + 4) & 1) === 0) return undefined
  const samples = frame.readUInt32BE(name + 8) * (version === 3 ? 1152 : 576)
  return samples / (hertz / (version === 3 ? 1 : version === 2 ? 2 : 4))
}
