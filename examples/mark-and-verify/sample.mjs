// A sample picture for those who bring none: a mountain lake, made by rule. Everything in it is computed here.
import sharp from 'sharp'

const WIDTH = 1536
const HEIGHT = 1024
const HORIZON = 0.62

/** The same number in 0..1 for the same place, and no pattern between them. */
function grain(x, y, seed) {
  let mixed = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(seed, 974711)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 1274126177)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4294967296
}

/** Value noise: grain at whole numbers, smooth between them. */
function smooth(x, y, seed) {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const [u, v] = [x - left, y - top].map((t) => t * t * (3 - 2 * t))
  const along = (row) => grain(left, row, seed) * (1 - u) + grain(left + 1, row, seed) * u
  return along(top) * (1 - v) + along(top + 1) * v
}

/** Clouds, slopes and waves: noise over noise of half the size. */
function fractal(x, y, seed, octaves) {
  let [sum, weight] = [0, 0]
  for (let octave = 0, size = 1; octave < octaves; octave++, size *= 2) {
    sum += smooth(x * size, y * size, seed + octave) / size
    weight += 1 / size
  }
  return sum / weight
}

const mix = (a, b, share) => a.map((value, channel) => value + (b[channel] - value) * share)
const clamp = (value) => Math.min(1, Math.max(0, value))

/** Height of each range of mountains above the lower edge, as parts of the picture, for every column. */
const ridges = [0.3, 0.22, 0.13].map((height, range) => ({
  colour: [[0.55, 0.62, 0.74], [0.33, 0.42, 0.5], [0.13, 0.24, 0.22]][range],
  seed: 40 + 10 * range,
  top: Float64Array.from({ length: WIDTH }, (_, x) => HORIZON - height * (0.25 + fractal(x / (420 - 90 * range), range, 7 + range, 6) ** 1.3)),
}))

/** Colour, 0..1, of a place above the water. */
function land(x, y) {
  const down = y / HORIZON
  const cloud = clamp((fractal(x / WIDTH * 3.2, y * 6, 3, 5) - 0.5) * 3.2) * (1 - down * 0.5)
  let colour = mix(mix([0.22, 0.42, 0.74], [0.95, 0.8, 0.66], down ** 1.6), [0.97, 0.95, 0.93], cloud)
  const sun = Math.hypot((x - WIDTH * 0.7) / WIDTH, (y - 0.24) * HEIGHT / WIDTH)
  colour = mix(colour, [1, 0.96, 0.85], clamp(0.9 * Math.exp(-((sun / 0.05) ** 2)) + 0.35 * Math.exp(-sun / 0.12)))
  for (const { top, colour: rock, seed } of ridges)
    if (y > top[x]) {
      const slope = fractal(x / 38, y * 30, seed, 5)
      const snow = seed === 40 ? clamp((0.09 - (y - top[x])) * 14) * clamp((slope - 0.42) * 6) : 0
      colour = mix(mix(rock.map((value) => value * (0.55 + 0.9 * slope)), [0.93, 0.94, 0.97], snow), [0.75, 0.78, 0.84], 0.12)
    }
  return colour
}

/** The picture as JPEG bytes. */
export async function samplePicture() {
  const samples = Buffer.alloc(WIDTH * HEIGHT * 3)
  for (let row = 0, at = 0; row < HEIGHT; row++)
    for (let x = 0; x < WIDTH; x++) {
      let y = row / HEIGHT
      let colour
      if (y < HORIZON) colour = land(x, y)
      else {
        // Water: what stands above it, upside down, shaken by waves that grow towards the viewer.
        const near = (y - HORIZON) / (1 - HORIZON)
        const wave = fractal(x / (60 + 160 * near), (y - HORIZON) * 120 / (0.35 + near), 91, 4) - 0.5
        const above = HORIZON - (y - HORIZON) * 0.9 + wave * 0.05 * (0.3 + near)
        const column = Math.min(WIDTH - 1, Math.max(0, Math.round(x + wave * 26)))
        colour = mix(land(column, Math.min(HORIZON - 0.001, above)), [0.08, 0.16, 0.22], 0.32 + 0.3 * near + wave * 0.25)
      }
      const noise = (grain(x, row, 17) + grain(x, row, 18) - 1) * 0.035
      for (let channel = 0; channel < 3; channel++) samples[at++] = Math.round(255 * clamp(colour[channel] + noise))
    }
  return sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).jpeg({ quality: 92 }).toBuffer()
}
