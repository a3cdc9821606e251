// What happens to pictures on their way through the internet. Everything here drops the metadata.
import sharp from 'sharp'

/** Encoded again as JPEG. */
export function recompressed(bytes: Uint8Array, quality = 75): Promise<Buffer> {
  return sharp(bytes).jpeg({ quality }).toBuffer()
}

/** Half as wide and half as high, JPEG 90. */
export async function halved(bytes: Uint8Array): Promise<Buffer> {
  const { width } = await sharp(bytes).metadata()
  return sharp(bytes).resize({ width: Math.round(width / 2) }).jpeg({ quality: 90 }).toBuffer()
}

/** A cut that keeps half of the area and leaves the lower right corner, where the label is drawn, outside. JPEG 90. */
export async function cropped(bytes: Uint8Array): Promise<Buffer> {
  const { width, height } = await sharp(bytes).metadata()
  const [across, down] = [width, height].map((side) => Math.round(side * Math.SQRT1_2)) as [number, number]
  const [left, top] = [width - across, height - down].map((spare) => Math.floor(spare / 3)) as [number, number]
  return sharp(bytes).extract({ left, top, width: across, height: down }).jpeg({ quality: 90 }).toBuffer()
}
