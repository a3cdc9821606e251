// Made pictures that could fool a detector which adds up repeated tiles: whatever repeats adds up as well.
import { laid, textPage } from './canvas.mjs'
import { randomOf } from './random.mjs'

const [WIDTH, HEIGHT] = [1024, 768]

/** A picture from a grey value 0..1 for each place. */
function grey(value) {
  const samples = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let y = 0, at = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++, at += 3) samples.fill(Math.round(255 * Math.min(1, Math.max(0, value(x, y)))), at, at + 3)
  return { samples, width: WIDTH, height: HEIGHT, channels: 3, depth: 8 }
}

function brick(x, y) {
  const row = Math.floor(y / 24)
  const along = (x + (row % 2) * 32) % 64
  return y % 24 < 3 || along < 3 ? 0.85 : 0.35 + 0.1 * Math.sin(row * 12.9898 + Math.floor((x + (row % 2) * 32) / 64) * 78.233)
}

/** Dots on a lattice turned by `degrees`, larger where a slow gradient is darker. */
function halftone(cell, degrees) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  return (x, y) => {
    const u = ((x * cos + y * sin) / cell) * 2 * Math.PI
    const v = ((y * cos - x * sin) / cell) * 2 * Math.PI
    const tone = 0.5 + 0.4 * Math.sin(x / 301) * Math.cos(y / 227)
    return (Math.cos(u) + Math.cos(v)) / 4 + 0.5 > tone ? 1 : 0
  }
}

/** One noise tile over and over: the worst that there is. */
function wallpaper(side) {
  const random = randomOf('wallpaper', side)
  const tile = Float32Array.from({ length: side * side }, () => random.next())
  return (x, y) => 0.25 + 0.5 * tile[(y % side) * side + (x % side)]
}

function noise() {
  const random = randomOf('noise')
  return () => 0.5 + 0.15 * random.normal()
}

const MADE = {
  brick: () => grey(brick),
  'halftone-6': () => grey(halftone(6, 45)),
  'halftone-8': () => grey(halftone(8, 15)),
  checks: () => grey((x, y) => ((x >> 4) + (y >> 4)) % 2),
  lines: () => grey((x, y) => (y % 8 < 2 ? 0 : 1)),
  grid: () => grey((x, y) => (x % 32 === 0 || y % 32 === 0 ? 0.2 : 0.95)),
  gradient: () => grey((x, y) => (x + y) / (WIDTH + HEIGHT)),
  noise: () => grey(noise()),
  ...Object.fromEntries([64, 96, 128, 256].map((side) => [`wallpaper-${side}`, () => grey(wallpaper(side))])),
  text: () => laid(WIDTH, HEIGHT, '#fff', [{ svg: textPage(WIDTH, HEIGHT, 15, randomOf('text')), left: 0, top: 0 }]),
}

export const PATTERNS = Object.keys(MADE)

/** The picture of that name. */
export const patternOf = (name) => MADE[name]()
