// Pixels by the browser itself: createImageBitmap and a canvas.
import { CountermarkError, messageOf } from '../errors.js'
import { checkPixels, type Deadline, type Limits } from '../limits.js'
import type { Decoded, Decoder } from './codec.js'
import { DECODED, typeOfBytes } from './kind.js'

/**
 * The decoder of browsers. Colours are not converted; the picture is turned for display, since browsers offer no other
 * way that all of them understand alike. Where a privacy mode adds noise to canvases the watermark is still far above it.
 */
export const canvasDecoder: Decoder = { decode }

async function decode(bytes: Uint8Array, limits: Limits, deadline: Deadline, frame = 0): Promise<Decoded> {
  const type = typeOfBytes(bytes)
  if (type === undefined || !DECODED.includes(type)) throw new CountermarkError('ERR_UNSUPPORTED', 'This is not a picture of a kind that is read.')
  if (typeof createImageBitmap !== 'function' || typeof OffscreenCanvas !== 'function')
    throw new CountermarkError('ERR_MISSING', 'This browser lacks createImageBitmap or OffscreenCanvas.')
  const film = MOVING.includes(type) ? await deadline.within(filmOf(bytes, type)) : undefined
  const bitmap = film === undefined || frame === 0 ? await deadline.within(bitmapOf(bytes, type)) : await deadline.within(frameOf(film.decoder, frame, type))
  try {
    const { width, height } = bitmap
    checkPixels(width, height, limits)
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (context === null) throw new CountermarkError('ERR_LIMIT', `The browser gives no canvas of ${width} x ${height} pixels.`)
    context.drawImage(bitmap, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return { picture: { samples, width, height, channels: 4, depth: 8 }, type, frames: film?.frames ?? 1, converted: false, turned: true, findings: [] }
  } finally {
    bitmap.close()
    film?.decoder.close()
  }
}

/** Kinds that may hold an animation. */
const MOVING: readonly string[] = ['image/png', 'image/webp', 'image/gif', 'image/avif']

/** Where the browser has no ImageDecoder, or it does not know the kind, only the first frame can be seen: undefined. */
async function filmOf(bytes: Uint8Array, type: string): Promise<{ decoder: ImageDecoder; frames: number } | undefined> {
  if (typeof ImageDecoder !== 'function' || !(await ImageDecoder.isTypeSupported(type))) return undefined
  const decoder = new ImageDecoder({ data: bytes as Uint8Array<ArrayBuffer>, type, colorSpaceConversion: 'none' })
  try {
    await Promise.all([decoder.completed, decoder.tracks.ready])
    const frames = decoder.tracks.selectedTrack?.frameCount ?? 1
    if (frames > 1) return { decoder, frames }
  } catch {
    // A file that it cannot follow to the end: createImageBitmap says what is wrong, or shows the first frame.
  }
  decoder.close()
  return undefined
}

async function frameOf(decoder: ImageDecoder, frameIndex: number, type: string): Promise<ImageBitmap> {
  try {
    const { image } = await decoder.decode({ frameIndex })
    return await createImageBitmap(image, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' }).finally(() => image.close())
  } catch (thrown) {
    throw new CountermarkError('ERR_BROKEN', `The browser could not decode frame ${frameIndex} of this ${type} file: ${messageOf(thrown)}`, { cause: thrown })
  }
}

async function bitmapOf(bytes: Uint8Array, type: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }), {
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    })
  } catch (thrown) {
    throw new CountermarkError('ERR_BROKEN', `The browser could not decode this ${type} file: ${messageOf(thrown)}`, { cause: thrown })
  }
}
