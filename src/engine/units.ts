// Strings as the engine takes them: UTF-16 units, little-endian. UTF-8 would lose lone surrogates.

/** The units of a string. */
export function unitsOf(text: string): Uint8Array {
  if (typeof Buffer !== 'undefined') return Buffer.from(text, 'utf16le')
  const bytes = new Uint8Array(text.length * 2)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    bytes[2 * at] = unit
    bytes[2 * at + 1] = unit >> 8
  }
  return bytes
}

/** The string of such units. */
export function textOf(bytes: Uint8Array): string {
  if (typeof Buffer !== 'undefined') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le')
  const parts: string[] = []
  // A call takes a bounded number of arguments.
  for (let at = 0; at < bytes.length; at += 16_384) {
    const part = bytes.subarray(at, at + 16_384)
    parts.push(String.fromCharCode(...Array.from({ length: part.length >> 1 }, (_, index) => part[2 * index]! | (part[2 * index + 1]! << 8))))
  }
  return parts.join('')
}
