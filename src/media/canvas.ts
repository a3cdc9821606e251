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

async function decode(bytes: Uint8Array, limits: Limits, deadline: Deadline): Promise<Decoded> {
  const type = typeOfBytes(bytes)
  if (type === undefined || !DECODED.includes(type)) throw new CountermarkError('ERR_UNSUPPORTED', 'This is not a picture of a kind that is read.')
  if (typeof createImageBitmap !== 'function' || typeof OffscreenCanvas !== 'function')
    throw new CountermarkError('ERR_MISSING', 'This browser lacks createImageBitmap or OffscreenCanvas.')
  const bitmap = await deadline.within(bitmapOf(bytes, type))
  try {
    const { width, height } = bitmap
    checkPixels(width, height, limits)
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (context === null) throw new CountermarkError('ERR_LIMIT', `The browser gives no canvas of ${width} x ${height} pixels.`)
    context.drawImage(bitmap, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return { picture: { samples, width, height, channels: 4, depth: 8 }, type, frames: 1, converted: false, turned: true, findings: [] }
  } finally {
    bitmap.close()
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
