// Made pictures on which a mark has nowhere to hide: flat, dark, smooth, drawn. Nobody else's work, so that crops may be shown.
import { laid } from './canvas.mjs'
import { randomOf } from './random.mjs'

const SIDE = 1024

/** A picture from red, green and blue 0..1 for each place; half a level of noise, as any renderer's dither. */
function painted(name, colour) {
  const random = randomOf('plain', name)
  const samples = new Uint8Array(SIDE * SIDE * 3)
  for (let y = 0, at = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      for (const value of colour(x / SIDE, y / SIDE)) samples[at++] = Math.round(Math.min(255, Math.max(0, 255 * value + random.next() - 0.5)))
  return { samples, width: SIDE, height: SIDE, channels: 3, depth: 8 }
}

const drawn = (colour, inner) => laid(SIDE, SIDE, colour, [{ svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${inner}</svg>`, left: 0, top: 0 }])

/** A dark sky with stars: light points, each with a small glow. */
function night() {
  const random = randomOf('plain', 'stars')
  const stars = Array.from({ length: 300 }, () => [random.next(), random.next(), 0.0006 + 0.0012 * random.next()])
  const lit = new Float32Array(SIDE * SIDE)
  for (const [sx, sy, size] of stars)
    for (let dy = -6; dy <= 6; dy++)
      for (let dx = -6; dx <= 6; dx++) {
        const [x, y] = [Math.round(sx * SIDE) + dx, Math.round(sy * SIDE) + dy]
        if (x >= 0 && y >= 0 && x < SIDE && y < SIDE) lit[y * SIDE + x] += 0.8 * Math.exp(-(dx * dx + dy * dy) / (2 * (size * SIDE) ** 2))
      }
  return painted('night', (x, y) => {
    const star = lit[Math.floor(y * SIDE) * SIDE + Math.floor(x * SIDE)]
    return [0.02 + 0.03 * y + star, 0.03 + 0.03 * y + star, 0.07 + 0.06 * y + star]
  })
}

function lines() {
  const random = randomOf('plain', 'lines')
  const point = () => `${Math.round(SIDE * random.next())},${Math.round(SIDE * random.next())}`
  const strokes = Array.from({ length: 24 }, () => `<path d="M${point()} Q${point()} ${point()}" stroke-width="${1 + random.whole(5)}"/>`)
  return drawn('#fff', `<g fill="none" stroke="#000">${strokes.join('')}</g>`)
}

function poster() {
  const random = randomOf('plain', 'poster')
  const shapes = ['#d8433b', '#f2b134', '#2b6cb0', '#2f855a', '#22242a'].map((colour) =>
    `<circle cx="${random.whole(SIDE)}" cy="${random.whole(SIDE)}" r="${120 + random.whole(220)}" fill="${colour}"/>`)
  return drawn('#f4eee0', `${shapes.join('')}<text x="90" y="560" font-family="sans-serif" font-weight="bold" font-size="190" fill="#22242a">Flat</text>`)
}

const MADE = {
  flat: () => painted('flat', () => [0.62, 0.64, 0.66]),
  dark: () => painted('dark', (x, y) => Array(3).fill(0.03 + 0.05 * x * y)),
  sky: () => painted('sky', (x, y) => [0.35 + 0.4 * y, 0.55 + 0.3 * y, 0.85 + 0.1 * y]),
  portrait: () => painted('portrait', (x, y) => {
    const near = Math.exp(-((x - 0.5) ** 2 + (y - 0.45) ** 2) / 0.05)
    return [0.2 + 0.6 * near, 0.18 + 0.42 * near, 0.2 + 0.3 * near]
  }),
  night, lines, poster,
}

export const PLAIN = Object.keys(MADE)

export const plainOf = (name) => MADE[name]()
