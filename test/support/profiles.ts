// ICC profiles of three primaries and a gamma (ICC.1:2001-04 and ICC.1:2010), made from their published numbers.

/** Primaries adapted to D50 as X, Y, Z of red, green and blue, and the gamma. */
const SPACES = {
  adobe: { primaries: [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]], gamma: 2.19921875 },
  prophoto: { primaries: [[0.79767, 0.28804, 0], [0.13519, 0.71188, 0], [0.03134, 0.00009, 0.82491]], gamma: 1.8 },
} as const

/** A profile of that space, of version 2 or 4. */
export function matrixProfile(space: keyof typeof SPACES, version: 2 | 4): Buffer {
  const { primaries, gamma } = SPACES[space]
  const fixed = (value: number): Buffer => {
    const out = Buffer.alloc(4)
    out.writeInt32BE(Math.round(value * 65536))
    return out
  }
  const xyz = (values: readonly number[]): Buffer => Buffer.concat([Buffer.from('XYZ \0\0\0\0', 'latin1'), ...values.map(fixed)])
  const curve = Buffer.from(`curv\0\0\0\0\0\0\0\x01\0\0`, 'latin1')
  curve.writeUInt16BE(Math.round(gamma * 256), 12)
  const text = (words: string): Buffer => {
    if (version === 4) {
      const out = Buffer.from(`mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\0\0\0\0\x1c`, 'latin1')
      out.writeUInt32BE(words.length * 2, 20)
      return Buffer.concat([out, Buffer.from(words, 'utf16le').swap16()])
    }
    const out = Buffer.alloc(12 + words.length + 1 + 78)
    out.write('desc', 0, 'latin1')
    out.writeUInt32BE(words.length + 1, 8)
    out.write(words, 12, 'latin1')
    return out
  }
  const copyright = version === 4 ? text('none') : Buffer.from('text\0\0\0\0none\0', 'latin1')
  const tags: [string, Buffer][] = [
    ['desc', text(space)], ['cprt', copyright], ['wtpt', xyz([0.9642, 1, 0.8249])],
    ...primaries.map((values, at): [string, Buffer] => [`${'rgb'[at]}XYZ`, xyz(values)]),
    ...[0, 1, 2].map((at): [string, Buffer] => [`${'rgb'[at]}TRC`, curve]),
  ]
  const head = Buffer.alloc(128)
  head[8] = version
  head.write('mntrRGB XYZ ', 12, 'latin1')
  head.write('acsp', 36, 'latin1')
  for (const [at, value] of [0.9642, 1, 0.8249].entries()) fixed(value).copy(head, 68 + 4 * at)
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length)
  const bodies: Buffer[] = []
  let place = 128 + table.length
  for (const [at, [name, body]] of tags.entries()) {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
    table.write(name, 4 + 12 * at, 'latin1')
    table.writeUInt32BE(place, 8 + 12 * at)
    table.writeUInt32BE(body.length, 12 + 12 * at)
    bodies.push(padded)
    place += padded.length
  }
  const out = Buffer.concat([head, table, ...bodies])
  out.writeUInt32BE(out.length, 0)
  return out
}
