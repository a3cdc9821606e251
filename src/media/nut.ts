// Raw frames with their times out of a pipe: NUT, ffmpeg's own container, as its nut.txt describes it. The only form in which
// ffmpeg gives raw frames with exact times; a time base of its own, no copy of the samples but one.
import { CountermarkError } from '../errors.js'

/** One frame as it is stored. */
export interface Frame {
  samples: Uint8Array
  /** Nanoseconds on the clock of the film's file. */
  nanos: number
}

const FILE = 'nut/multimedia container\0'
/** Last two of the eight bytes that begin a packet, by which they are told apart here. */
const MAIN = 'NM'
const STREAM = 'NS'
const SYNC = 'NK'

const FLAGS = { codedPts: 8, stream: 16, size: 32, checksum: 64, reserved: 128, side: 256, header: 1024, match: 2048, coded: 4096 }

/** What a frame's first byte stands for. */
interface Code { flags: number; delta: number; multiple: number; size: number; reserved: number; header: number }

/** Reads the frames of the one stream that ffmpeg was told to write. ERR_BROKEN where the pipe holds something else. */
export async function* nutFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const pipe = new Pipe(bytes)
  try {
    yield* framesIn(pipe)
  } finally {
    await pipe.close()
  }
}

async function* framesIn(pipe: Pipe): AsyncGenerator<Frame> {
  let codes: Code[] = []
  let headers: Uint8Array[] = []
  let bases: [bigint, bigint][] = []
  let base: [bigint, bigint] = [1n, 1n]
  let shift = 0
  let last = 0
  if ((await pipe.text(FILE.length)) !== FILE) throw broken()
  for (let first = await pipe.byteOrEnd(); first !== undefined; first = await pipe.byteOrEnd()) {
    if (first === 0x4e) {
      const name = `N${await pipe.text(1)}`
      await pipe.take(6)
      const length = await pipe.number()
      if (length > 4096) await pipe.take(4)
      const packet = new Packet(await pipe.take(length))
      if (name === MAIN) ({ bases, codes, headers } = mainHeader(packet))
      else if (name === STREAM) {
        packet.number()
        packet.number()
        packet.skip(packet.number())
        base = bases[packet.number()] ?? [1n, 1n]
        shift = packet.number()
      } else if (name === SYNC && bases.length > 0) {
        const key = packet.number()
        const [over, under] = bases[key % bases.length] ?? base
        last = Number((BigInt(Math.floor(key / bases.length)) * over * base[1]) / (under * base[0]))
      }
      continue
    }
    const code = codes[first]
    if (code === undefined) throw broken()
    let { flags, header } = code
    if (flags & FLAGS.coded) flags ^= await pipe.number()
    if (flags & FLAGS.stream) await pipe.number()
    const coded = flags & FLAGS.codedPts ? await pipe.number() : undefined
    const whole = 2 ** shift
    if (coded === undefined) last += code.delta
    else if (coded >= whole) last = coded - whole
    else {
      const from = last - Math.floor((whole - 1) / 2)
      last = from + ((((coded - from) % whole) + whole) % whole)
    }
    let size = code.size + (flags & FLAGS.size ? code.multiple * (await pipe.number()) : 0)
    if (flags & FLAGS.match) await pipe.number()
    if (flags & FLAGS.header) header = await pipe.number()
    const reserved = flags & FLAGS.reserved ? await pipe.number() : code.reserved
    for (let at = 0; at < reserved; at++) await pipe.number()
    if (flags & FLAGS.checksum) await pipe.take(4)
    if (flags & FLAGS.side) throw broken()
    // The first bytes of small frames may be those of a table.
    const start = size <= 4096 ? headers[header] ?? new Uint8Array() : new Uint8Array()
    size -= start.length
    const rest = await pipe.take(size)
    yield { samples: start.length === 0 ? rest : Buffer.concat([start, rest]), nanos: nanosOf(last, base) }
  }
}

/** Nanoseconds of a time in ticks of a base in seconds, rounded. */
export function nanosOf(ticks: number, [over, under]: readonly [bigint, bigint]): number {
  return Number((BigInt(ticks) * over * 2_000_000_000n + under) / (2n * under))
}

/** Time bases and the table of frame codes. */
function mainHeader(packet: Packet): { bases: [bigint, bigint][]; codes: Code[]; headers: Uint8Array[] } {
  const version = packet.number()
  if (version > 3) packet.number()
  packet.number()
  packet.number()
  const bases = Array.from({ length: packet.number() }, (): [bigint, bigint] => [BigInt(packet.number()), BigInt(packet.number())])
  const codes: Code[] = []
  let [delta, multiple, header] = [0, 1, 0]
  while (codes.length < 256) {
    const flags = packet.number()
    const fields = packet.number()
    if (fields > 0) delta = packet.signed()
    if (fields > 1) multiple = packet.number()
    if (fields > 2) packet.number()
    const size = fields > 3 ? packet.number() : 0
    const reserved = fields > 4 ? packet.number() : 0
    const count = fields > 5 ? packet.number() : multiple - size
    if (fields > 6) packet.signed()
    if (fields > 7) header = packet.number()
    for (let at = 8; at < fields; at++) packet.number()
    if (count <= 0) throw broken()
    for (let at = 0; at < count && codes.length < 256; at++) {
      // The letter that packets begin with stands for no frame.
      if (codes.length === 0x4e) codes.push({ flags: 0, delta: 0, multiple: 0, size: 0, reserved: 0, header: 0 })
      codes.push({ flags, delta, multiple, size: size + at, reserved, header })
    }
  }
  const headers: Uint8Array[] = [new Uint8Array()]
  const more = packet.number()
  for (let at = 0; at < more; at++) headers.push(packet.skip(packet.number()))
  return { bases, codes, headers }
}

function broken(): CountermarkError {
  return new CountermarkError('ERR_BROKEN', 'ffmpeg did not give frames as it was asked to.')
}

/** A packet's fields. Numbers are in groups of seven bits, the highest first. */
class Packet {
  #at = 0
  constructor(readonly bytes: Uint8Array) {}

  number(): number {
    let value = 0
    for (;;) {
      const byte = this.bytes[this.#at++]
      if (byte === undefined) throw broken()
      value = value * 128 + (byte & 127)
      if (byte < 128) return value
    }
  }

  signed(): number {
    const value = this.number() + 1
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2
  }

  skip(count: number): Uint8Array {
    this.#at += count
    return this.bytes.subarray(this.#at - count, this.#at)
  }
}

/** Bytes of a pipe, as many at once as are asked for. */
class Pipe {
  readonly #parts: AsyncIterator<Uint8Array>
  #part: Uint8Array = new Uint8Array()
  #at = 0

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#parts = bytes[Symbol.asyncIterator]()
  }

  /** Whoever writes into the pipe may stop. */
  async close(): Promise<void> {
    await this.#parts.return?.()
  }

  async #more(): Promise<boolean> {
    while (this.#at >= this.#part.length) {
      const { value, done } = await this.#parts.next()
      if (done) return false
      this.#part = value
      this.#at = 0
    }
    return true
  }

  async byteOrEnd(): Promise<number | undefined> {
    return this.#at < this.#part.length || (await this.#more()) ? this.#part[this.#at++] : undefined
  }

  async number(): Promise<number> {
    let value = 0
    for (;;) {
      const byte = await this.byteOrEnd()
      if (byte === undefined) throw broken()
      value = value * 128 + (byte & 127)
      if (byte < 128) return value
    }
  }

  async text(count: number): Promise<string> {
    return String.fromCharCode(...(await this.take(count)))
  }

  /** A copy, which is the caller's. */
  async take(count: number): Promise<Uint8Array> {
    const taken = Buffer.allocUnsafeSlow(count)
    for (let filled = 0; filled < count;) {
      if (!(await this.#more())) throw broken()
      const part = this.#part.subarray(this.#at, this.#at + count - filled)
      taken.set(part, filled)
      filled += part.length
      this.#at += part.length
    }
    return taken
  }
}
