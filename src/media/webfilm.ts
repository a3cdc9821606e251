// Films by the browser itself: mediabunny opens the file, WebCodecs decodes it, in workers too. Pages that came over plain http have no
// WebCodecs.
import type { AudioSample, InputAudioTrack, VideoSample } from 'mediabunny'
import type { Frames } from '../engine/engine.js'
import { CountermarkError, messageOf } from '../errors.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Track } from './sound.js'

/** One frame: the luma that was decoded, how it lies, and when it is shown, in seconds from the first one. */
export interface WebFrame { frames: Frames; samples: Uint8Array; seconds: number }

/** Frames to look at: from and to in seconds, and least seconds between two. `keys`: key frames alone are decoded. */
export interface WebPart { from: number; until: number; every: number; keys?: true }

/** An opened film. */
export interface WebFilm {
  seconds: number
  /** Degrees clockwise by which frames are turned for display. */
  rotation: 0 | 90 | 180 | 270
  /** Pixels are as wide as high. */
  square: boolean
  part(part: WebPart, deadline: Deadline): AsyncGenerator<WebFrame>
  sounds: Track[]
  close(): void
}

/** Opens a film. ERR_MISSING without WebCodecs, ERR_UNSUPPORTED for what the browser cannot decode, ERR_LIMIT. */
export async function openFilm(bytes: Uint8Array, type: string, limits: Limits, deadline: Deadline): Promise<WebFilm> {
  if (typeof VideoDecoder !== 'function')
    throw new CountermarkError('ERR_MISSING', 'This browser has no WebCodecs, or the page did not come over https.')
  const { ALL_FORMATS, AudioSampleSink, BufferSource, EncodedPacketSink, Input, VideoSampleSink } = await library()
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) })
  try {
    const known = await deadline.within(input.canRead())
    const track = known ? await deadline.within(input.getPrimaryVideoTrack()) : null
    if (track === null) throw new CountermarkError('ERR_UNSUPPORTED', `No picture could be found in this ${type} file.`)
    if (!(await deadline.within(track.canDecode()))) throw new CountermarkError('ERR_UNSUPPORTED', `This browser cannot decode ${(await track.getCodec()) ?? 'the codec'} of this ${type} file.`)
    const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()]
    checkPixels(width, height, limits)
    const first = await track.getFirstTimestamp()
    const sink = new VideoSampleSink(track)
    return {
      seconds: await deadline.within(track.computeDuration()) - first,
      rotation: await track.getRotation(),
      square: (await track.getSquarePixelWidth()) === width && (await track.getSquarePixelHeight()) === height,
      part: ({ from, until, every, keys }, limit) => framesOf(
        keys ? sink.samplesAtTimestamps(keyTimes(new EncodedPacketSink(track), first + from, every)) : sink.samples(first + from, first + until), first, every, limit),
      sounds: await Promise.all((await input.getAudioTracks()).map((one) => soundOf(one, new AudioSampleSink(one)))),
      close: () => input.dispose(),
    }
  } catch (thrown) {
    input.dispose()
    throw thrown instanceof CountermarkError ? thrown : new CountermarkError('ERR_BROKEN', `The browser could not open this ${type} file: ${messageOf(thrown)}`, { cause: thrown })
  }
}

let loading: Promise<typeof import('mediabunny')> | undefined

/** Loaded with the first film. */
function library(): Promise<typeof import('mediabunny')> {
  loading ??= import('mediabunny').catch((thrown: unknown) => {
    loading = undefined
    throw new CountermarkError('ERR_MISSING', `The code that opens films could not be loaded: ${messageOf(thrown)}`, { remedy: 'It lies in the folder dist/media of the package: serve that folder too.', cause: thrown })
  })
  return loading
}

/** The same, with what a decoder throws as ours. */
async function* decoded<T>(samples: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* samples
  } catch (thrown) {
    throw new CountermarkError('ERR_BROKEN', `The browser could not decode it: ${messageOf(thrown)}`, { cause: thrown })
  }
}

/** Times of key frames, at least `every` seconds apart. */
async function* keyTimes(packets: { getKeyPacket(time: number): Promise<Packet | null>; getNextKeyPacket(packet: Packet): Promise<Packet | null> }, from: number, every: number): AsyncGenerator<number> {
  let last = -Infinity
  for (let packet = await packets.getKeyPacket(from); packet !== null; packet = await packets.getNextKeyPacket(packet)) {
    if (packet.timestamp < from || packet.timestamp - last < every) continue
    last = packet.timestamp
    yield last
  }
}

type Packet = import('mediabunny').EncodedPacket

async function* framesOf(samples: AsyncIterable<VideoSample | null>, first: number, every: number, deadline: Deadline): AsyncGenerator<WebFrame> {
  let last = -Infinity
  for await (const sample of decoded(samples)) {
    if (sample === null) continue
    try {
      deadline.check()
      if (sample.timestamp - last < every) continue
      last = sample.timestamp
      yield { ...await lumaOf(sample), seconds: last - first }
    } finally {
      sample.close()
    }
  }
}

/** The luma of a frame as it was coded: the marks are in nothing else. */
async function lumaOf(sample: VideoSample): Promise<Omit<WebFrame, 'seconds'>> {
  const { format, visibleRect: { width, height }, colorSpace } = sample
  const planar = /^(I4\d\d(A)?(P1[02])?|NV12)$/.test(format ?? '')
  const depth = format?.endsWith('P10') ? 10 : format?.endsWith('P12') ? 12 : 8
  const given = planar ? {} : { format: 'RGBA' as const }
  const bytes = new Uint8Array(sample.allocationSize(given))
  const [plane] = await sample.copyTo(bytes, given)
  const frames = { width, height, subsampling: '4:0:0', ...(depth === 8 ? {} : { depth }), ...(planar && colorSpace.fullRange ? { fullRange: true } : {}) } as const
  if (!planar) return { frames, samples: lumaOfRgb(bytes, width * height) }
  const { offset = 0, stride = width } = plane ?? {}
  return { frames: { ...frames, stride }, samples: bytes.subarray(offset, offset + stride * height) }
}

/** Luma of limited range by ITU-R BT.709, for browsers that give nothing else than colours. */
function lumaOfRgb(rgba: Uint8Array, pixels: number): Uint8Array {
  const luma = new Uint8Array(pixels)
  for (let at = 0; at < pixels; at++)
    luma[at] = Math.round(16 + (219 / 255) * (0.2126 * (rgba[4 * at] ?? 0) + 0.7152 * (rgba[4 * at + 1] ?? 0) + 0.0722 * (rgba[4 * at + 2] ?? 0)))
  return luma
}

async function soundOf(track: InputAudioTrack, sink: { samples(): AsyncGenerator<AudioSample> }): Promise<Track> {
  const [rate, channels, codec, able] = [await track.getSampleRate(), await track.getNumberOfChannels(), await track.getCodec(), await track.canDecode()]
  return {
    rate, channels, codec: codec ?? 'unknown', lossless: false,
    blocks: async function* () {
      if (!able) throw new CountermarkError('ERR_UNSUPPORTED', `This browser cannot decode ${codec ?? 'its codec'}.`)
      for await (const sample of decoded(sink.samples())) {
        const block = new Float32Array(sample.numberOfFrames * sample.numberOfChannels)
        sample.copyTo(block, { planeIndex: 0, format: 'f32' })
        sample.close()
        yield block
      }
    },
  }
}

