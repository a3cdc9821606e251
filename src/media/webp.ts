// The times of an animated WebP (RFC 9649, 2.7.1.2), which libvips changes: it writes 100 ms where a frame has less than 11.

/** The same file with these times in milliseconds, where it has as many frames; the encoder may have joined equal ones. */
export function withDurations(bytes: Uint8Array, milliseconds: readonly number[]): Uint8Array {
  const file = Buffer.from(bytes)
  const places: number[] = []
  for (let at = 12; at + 8 <= file.length;) {
    const size = file.readUInt32LE(at + 4)
    // Frame: x, y, width and height of three bytes each stand before its time.
    if (file.toString('latin1', at, at + 4) === 'ANMF' && size >= 16 && at + 8 + size <= file.length) places.push(at + 8 + 12)
    at += 8 + size + (size % 2)
  }
  if (places.length !== milliseconds.length) return bytes
  for (const [index, place] of places.entries()) file.writeUIntLE(Math.min(0xffffff, milliseconds[index] ?? 0), place, 3)
  return file
}
