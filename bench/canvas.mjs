// Pixels that attacks work on: 8-bit RGB, as displayed, `{ samples, width, height, channels: 3, depth: 8 }`.
import sharp from 'sharp'

/** What a viewer of the picture sees: turned upright, transparent parts on white, grey as RGB, 16 bits as 8. */
export function canvasOf(picture) {
  const { samples, width, height, channels, depth, orientation = 1 } = picture
  const step = depth >> 3
  const turned = orientation >= 5
  const [wide, high] = turned ? [height, width] : [width, height]
  const out = new Uint8Array(wide * high * 3)
  const colours = channels >= 3 ? 3 : 1
  // The high byte of a little-endian pair is its last one.
  const byte = step - 1
  for (let y = 0, to = 0; y < high; y++)
    for (let x = 0; x < wide; x++, to += 3) {
      const [a, b] = turned ? [y, x] : [x, y]
      const sx = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8 ? width - 1 - a : a
      const sy = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7 ? height - 1 - b : b
      const from = (sy * width + sx) * channels * step + byte
      const alpha = channels % 2 === 0 ? samples[from + (channels - 1) * step] / 255 : 1
      for (let c = 0; c < 3; c++) {
        const value = samples[from + (colours === 3 ? c * step : 0)]
        out[to + c] = alpha === 1 ? value : Math.round(value * alpha + 255 * (1 - alpha))
      }
    }
  return { samples: out, width: wide, height: high, channels: 3, depth: 8 }
}

export function pipe({ samples, width, height }) {
  return sharp(samples, { raw: { width, height, channels: 3 }, limitInputPixels: false })
}

/** What comes out of a pipeline. */
export async function pixels(pipeline) {
  const { data, info } = await pipeline.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true })
  // Grey stays one channel whatever is asked.
  if (info.channels === 1) return canvasOf({ samples: data, width: info.width, height: info.height, channels: 1, depth: 8 })
  return { samples: new Uint8Array(data), width: info.width, height: info.height, channels: 3, depth: 8 }
}

/** Through a codec and back: `format` as sharp's methods are called. */
export async function coded(canvas, format, options) {
  return pixels(sharp(await pipe(canvas)[format](options).toBuffer(), { limitInputPixels: false }))
}

export function resized(canvas, width, height) {
  return pixels(pipe(canvas).resize(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)), { fit: 'fill' }))
}

/** Every sample by a curve of 0..1. */
export function curved(canvas, curve) {
  const table = Uint8Array.from({ length: 256 }, (_, value) => Math.min(255, Math.max(0, Math.round(255 * curve(value / 255)))))
  return { ...canvas, samples: canvas.samples.map((value) => table[value]) }
}

export function noisy(canvas, sigma, random) {
  return { ...canvas, samples: canvas.samples.map((value) => Math.min(255, Math.max(0, Math.round(value + sigma * random.normal())))) }
}

export function cut(canvas, left, top, width, height) {
  return pixels(pipe(canvas).extract({ left: Math.round(left), top: Math.round(top), width: Math.round(width), height: Math.round(height) }))
}

/** A part of the area, of the picture's own shape, anywhere. */
export function cutShare(canvas, share, random) {
  const width = Math.round(canvas.width * Math.sqrt(share))
  const height = Math.round(canvas.height * Math.sqrt(share))
  return cut(canvas, random.whole(canvas.width - width + 1), random.whole(canvas.height - height + 1), width, height)
}

export function framed(canvas, { top, bottom, left, right, colour }) {
  return pixels(pipe(canvas).extend({ top, bottom, left, right, background: colour }))
}

/** Layers on a page: `{ canvas, left, top }`, or an SVG text in place of the canvas. */
export function laid(width, height, colour, layers) {
  const composed = layers.map(({ canvas, svg, left, top }) => ({
    ...(svg === undefined
      ? { input: Buffer.from(canvas.samples.buffer, canvas.samples.byteOffset, canvas.samples.byteLength), raw: { width: canvas.width, height: canvas.height, channels: 3 } }
      : { input: Buffer.from(svg) }),
    left: Math.round(left), top: Math.round(top),
  }))
  return pixels(sharp({ create: { width, height, channels: 3, background: colour }, limitInputPixels: false }).composite(composed))
}

/** Lines of words as SVG. */
export function textPage(width, height, size, random) {
  const words = 'paper mould sheet wire laid chain press felt vat rag deckle size maker mill ream quire twin mark'.split(' ')
  let texts = ''
  for (let y = size * 2; y < height; y += size * 1.6) {
    let text = ''
    while (text.length * size * 0.55 < width - 2 * size) text += `${words[random.whole(words.length)]} `
    texts += `<text x="${size}" y="${Math.round(y)}" font-family="sans-serif" font-size="${size}" fill="#222">${text}</text>`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts}</svg>`
}

/**
 * A projective warp, bilinear. `inverse`: nine numbers that take a place of the new picture to its place in the old one;
 * places are those of pixel centres. What lies outside is black.
 */
export function warped(canvas, inverse, width = canvas.width, height = canvas.height) {
  const { samples: from, width: wide, height: high } = canvas
  const [a, b, c, d, e, f, g, h, i] = inverse
  const samples = new Uint8Array(width * height * 3)
  const at = (x, y, channel) => (x < 0 || y < 0 || x >= wide || y >= high ? 0 : from[(y * wide + x) * 3 + channel])
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += 3) {
      const scale = 1 / (g * x + h * y + i)
      const sx = (a * x + b * y + c) * scale
      const sy = (d * x + e * y + f) * scale
      const x0 = Math.floor(sx)
      const y0 = Math.floor(sy)
      if (x0 < -1 || y0 < -1 || x0 >= wide || y0 >= high) continue
      const right = sx - x0
      const down = sy - y0
      for (let channel = 0; channel < 3; channel++)
        samples[to + channel] = Math.round(
          (at(x0, y0, channel) * (1 - right) + at(x0 + 1, y0, channel) * right) * (1 - down) +
            (at(x0, y0 + 1, channel) * (1 - right) + at(x0 + 1, y0 + 1, channel) * right) * down,
        )
    }
  return { samples, width, height, channels: 3, depth: 8 }
}

/** The warp that shows the old picture, turned clockwise by `degrees` about its place `centre`, in a window about that place. */
export function turning(degrees, [cx, cy], width, height) {
  const angle = (degrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [mx, my] = [(width - 1) / 2, (height - 1) / 2]
  return [cos, sin, cx - cos * mx - sin * my, -sin, cos, cy + sin * mx - cos * my, 0, 0, 1]
}

/** The warp that takes four places of the new picture to four of the old one: eight equations, by elimination. */
export function projecting(places, originals) {
  const rows = places.flatMap(([x, y], n) => {
    const [u, v] = originals[n]
    return [[x, y, 1, 0, 0, 0, -x * u, -y * u, u], [0, 0, 0, x, y, 1, -x * v, -y * v, v]]
  })
  for (let column = 0; column < 8; column++) {
    const pivot = rows.reduce((best, row, n) => (n >= column && Math.abs(row[column]) > Math.abs(rows[best][column]) ? n : best), column)
    ;[rows[column], rows[pivot]] = [rows[pivot], rows[column]]
    rows.forEach((row, n) => {
      if (n === column) return
      const factor = row[column] / rows[column][column]
      for (let k = column; k < 9; k++) row[k] -= factor * rows[column][k]
    })
  }
  return [...rows.map((row, n) => row[8] / row[n]), 1]
}
