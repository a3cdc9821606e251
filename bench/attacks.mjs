// The attacks of the image study and what is asked of each: percent of payloads read whole, percent of marks seen.
import { coded, curved, cutShare, framed, laid, noisy, pipe, pixels, projecting, resized, textPage, turning, warped } from './canvas.mjs'

// `large`: from 1024 px short side. `small`: 256-511 px, 32 bits. `long`: a 128-bit payload.
const EASY = { payload: 99.5, presence: 100, small: { payload: 90, presence: 97 }, long: { payload: 97 } }
const HARD = { payload: 98, presence: 99.5, small: { payload: 60, presence: 80 }, long: { payload: 97 } }
const HARSH = { payload: 90, presence: 98 }
const SIZES = { payload: 98, presence: 99.5 }
const TURNS = { payload: 96, presence: 99 }
const SHARED = { payload: 92, presence: 98 }
const INSIDE = { payload: 60, presence: 85 }
const CUT_50 = { payload: 98, presence: 99.5, large: { payload: 99, presence: 99.5 }, long: { payload: 97 } }
const CUT_25 = { payload: 85, presence: 95, large: { payload: 98, presence: 98 } }
const CUT_10 = { payload: 35, presence: 65, large: { payload: 90, presence: 90 } }
const WEBP_20 = { ...HARD, payload: 92, large: { payload: 98, presence: 99.5 } }

export const jpeg = (canvas, quality) => coded(canvas, 'jpeg', { quality })
const row = (target, name, run) => ({ name, target, run })
export const scaled = (canvas, factor) => resized(canvas, canvas.width * factor, canvas.height * factor)
// sharp's own choice cuts the bell's tails off.
const blurred = (canvas, sigma) => pixels(pipe(canvas).blur({ sigma, precision: 'float', minAmplitude: 0.01 }))

/** Turned about its middle; the frame stays, so corners are lost. */
export function turned(canvas, degrees) {
  const { width, height } = canvas
  return warped(canvas, turning(degrees, [(width - 1) / 2, (height - 1) / 2], width, height))
}

/** Turned and cut to `share` of the area, anywhere where the cut shows nothing but picture, as an editor straightens. */
function straightened(canvas, degrees, share, random) {
  const width = Math.round(canvas.width * Math.sqrt(share))
  const height = Math.round(canvas.height * Math.sqrt(share))
  const [cos, sin] = [Math.cos, Math.sin].map((of) => Math.abs(of((degrees * Math.PI) / 180)))
  const place = (whole, half) => (whole - 1) / 2 + random.between(-1, 1) * Math.max(0, whole / 2 - half)
  const centre = [place(canvas.width, (width * cos + height * sin) / 2), place(canvas.height, (width * sin + height * cos) / 2)]
  return warped(canvas, turning(degrees, centre, width, height), width, height)
}

function tilted(canvas, share, random) {
  const [right, bottom] = [canvas.width - 1, canvas.height - 1]
  const corners = [[0, 0], [right, 0], [right, bottom], [0, bottom]]
  const shift = (length) => random.sign() * random.between(share / 2, share) * length
  const moved = corners.map(([x, y]) => [x + shift(canvas.width), y + shift(canvas.height)])
  return warped(canvas, projecting(corners, moved))
}

function posterised(canvas, levels) {
  return curved(canvas, (value) => Math.min(levels - 1, Math.floor(value * levels)) / (levels - 1))
}

async function screenshot(canvas, random) {
  const small = await scaled(canvas, 0.83)
  const edge = () => Math.round(random.between(0.03, 0.12) * small.width)
  const grey = random.whole(256)
  const bordered = await framed(small, { top: edge(), bottom: edge(), left: edge(), right: edge(), colour: { r: grey, g: grey, b: grey } })
  return jpeg(curved(bordered, (value) => value ** (1 / 1.6)), 85)
}

async function social(canvas) {
  return jpeg(await pixels(pipe(canvas).resize(1080, 1080, { fit: 'inside', withoutEnlargement: true })), 70)
}

/** Bars that make the frame half as long again in the direction in which it is short. */
async function letterboxed(canvas) {
  const upright = canvas.width >= canvas.height
  const bar = Math.round((upright ? canvas.height : canvas.width) / 4)
  const [top, left] = upright ? [bar, 0] : [0, bar]
  return jpeg(await framed(canvas, { top, bottom: top, left, right: left, colour: '#000' }), 80)
}

async function padded(canvas, random) {
  const edge = (length) => Math.round(random.between(0.05, 0.25) * length)
  const { width, height } = canvas
  return jpeg(await framed(canvas, { top: edge(height), bottom: edge(height), left: edge(width), right: edge(width), colour: '#fff' }), 80)
}

/** A page of text, of about three and a half times the picture's area, with the picture somewhere on it. */
async function paged(canvas, random) {
  const shown = await scaled(canvas, random.between(0.7, 1))
  const width = Math.round(shown.width * 1.8)
  const height = Math.round(shown.height * 1.9)
  const svg = textPage(width, height, Math.max(12, Math.round(width / 70)), random)
  const place = { left: random.whole(width - shown.width), top: random.whole(height - shown.height) }
  return jpeg(await laid(width, height, '#fff', [{ svg, left: 0, top: 0 }, { canvas: shown, ...place }]), 85)
}

async function logoed(canvas, random) {
  const width = Math.round(canvas.width * Math.sqrt(0.15))
  const height = Math.round(canvas.height * Math.sqrt(0.15))
  const colour = `rgb(${random.whole(256)},${random.whole(256)},${random.whole(256)})`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${colour}"/>
    <text x="50%" y="60%" text-anchor="middle" font-family="sans-serif" font-weight="bold" font-size="${Math.round(width / 5)}" fill="#fff">LOGO</text></svg>`
  const place = { left: random.whole(canvas.width - width), top: random.whole(canvas.height - height) }
  return jpeg(await laid(canvas.width, canvas.height, '#fff', [{ canvas, left: 0, top: 0 }, { svg, ...place }]), 80)
}

/** One of four tiles; the others show pictures without a mark. */
async function collaged(canvas, random, others) {
  const tile = await scaled(canvas, 0.75)
  const tiles = await Promise.all((await others()).map((other) => pixels(pipe(other).resize(tile.width, tile.height, { fit: 'cover' }))))
  tiles.splice(random.whole(4), 0, tile)
  const gap = Math.max(4, Math.round(tile.width / 60))
  const layers = tiles.map((shown, n) => ({ canvas: shown, left: gap + (n % 2) * (tile.width + gap), top: gap + (n >> 1) * (tile.height + gap) }))
  return jpeg(await laid(2 * tile.width + 3 * gap, 2 * tile.height + 3 * gap, '#fff', layers), 85)
}

/** `run(canvas, { random, others, browser })` gives the attacked canvas. Rows with `whole` get the marked picture itself. */
export const ROWS = [
  { ...row(EASY, 'none', (picture) => picture), whole: true },
  { ...row(EASY, 'PNG', undefined), whole: true, png: true },
  ...[95, 85, 75, 60, 50].map((quality) => row(EASY, `JPEG ${quality}`, (canvas) => jpeg(canvas, quality))),
  row(EASY, 'WebP 50', (canvas) => coded(canvas, 'webp', { quality: 50 })),
  row(EASY, 'AVIF 50', (canvas) => coded(canvas, 'avif', { quality: 50 })),
  row(EASY, 'brightness x 1.3', (canvas) => curved(canvas, (value) => value * 1.3)),
  row(EASY, 'brightness x 0.7', (canvas) => curved(canvas, (value) => value * 0.7)),
  row(EASY, 'contrast x 1.4', (canvas) => curved(canvas, (value) => 0.5 + (value - 0.5) * 1.4)),
  row(EASY, 'contrast x 0.6', (canvas) => curved(canvas, (value) => 0.5 + (value - 0.5) * 0.6)),
  row(EASY, 'gamma 1.6', (canvas) => curved(canvas, (value) => value ** (1 / 1.6))),
  row(EASY, 'gamma 0.6', (canvas) => curved(canvas, (value) => value ** (1 / 0.6))),
  row(EASY, 'saturation x 1.5', (canvas) => pixels(pipe(canvas).modulate({ saturation: 1.5 }))),
  row(EASY, 'saturation x 0.5', (canvas) => pixels(pipe(canvas).modulate({ saturation: 0.5 }))),
  row(EASY, 'grey', (canvas) => pixels(pipe(canvas).greyscale())),
  row(EASY, 'noise sigma 10', (canvas, { random }) => noisy(canvas, 10, random)),
  row(EASY, 'blur sigma 1', (canvas) => blurred(canvas, 1)),
  row(EASY, 'sharpen', (canvas) => pixels(pipe(canvas).sharpen({ sigma: 1 }))),

  row(HARD, 'JPEG 30', (canvas) => jpeg(canvas, 30)),
  row(HARD, 'JPEG 20', (canvas) => jpeg(canvas, 20)),
  row(WEBP_20, 'WebP 20', (canvas) => coded(canvas, 'webp', { quality: 20 })),
  row(HARD, 'AVIF 30', (canvas) => coded(canvas, 'avif', { quality: 30 })),
  row(HARD, 'noise sigma 20', (canvas, { random }) => noisy(canvas, 20, random)),
  row(HARD, 'blur sigma 2', (canvas) => blurred(canvas, 2)),
  row(HARD, 'median 5 x 5', (canvas) => pixels(pipe(canvas).median(5))),

  row(HARSH, 'JPEG 10', (canvas) => jpeg(canvas, 10)),
  row(HARSH, 'posterise to 8 levels', (canvas) => posterised(canvas, 8)),
  row(HARSH, 'JPEG 60, resize 0.7, JPEG 50', async (canvas) => jpeg(await scaled(await jpeg(canvas, 60), 0.7), 50)),

  ...[0.25, 0.35, 0.5, 0.75, 1.5, 2].map((factor) => ({
    ...row(SIZES, `resize ${factor}, JPEG 70`, async (canvas) => jpeg(await scaled(canvas, factor), 70)), grows: factor * factor,
  })),
  { ...row(SIZES, 'resize 0.25-2, JPEG 70', async (canvas, { random }) => jpeg(await scaled(canvas, 2 ** random.between(-2, 1)), 70)), grows: 4 },
  row(SIZES, 'aspect 0.8, JPEG 70', async (canvas) => jpeg(await resized(canvas, canvas.width * 0.8, canvas.height), 70)),
  row(SIZES, 'aspect 1.25, JPEG 70', async (canvas) => jpeg(await resized(canvas, canvas.width, canvas.height * 0.8), 70)),

  row(CUT_50, 'crop to 50 %', (canvas, { random }) => cutShare(canvas, 0.5, random)),
  row(CUT_50, 'crop to 50 %, JPEG 60', async (canvas, { random }) => jpeg(await cutShare(canvas, 0.5, random), 60)),
  row(CUT_25, 'crop to 25 %, JPEG 60', async (canvas, { random }) => jpeg(await cutShare(canvas, 0.25, random), 60)),
  row(CUT_10, 'crop to 10 %, JPEG 60', async (canvas, { random }) => jpeg(await cutShare(canvas, 0.1, random), 60)),

  ...[5, 15, 30, 45, 170].map((degrees) => row(TURNS, `rotate ${degrees}, JPEG 60`, (canvas) => jpeg(turned(canvas, degrees), 60))),
  row(TURNS, 'rotate 0-360, JPEG 60', (canvas, { random }) => jpeg(turned(canvas, random.between(0, 360)), 60)),
  row(TURNS, 'rotate 0-360, frame grown, JPEG 60', async (canvas, { random }) => jpeg(await pixels(pipe(canvas).rotate(random.between(0, 360), { background: '#fff' })), 60)),
  ...[90, 180, 270].map((degrees) => row(TURNS, `rotate ${degrees}, JPEG 60`, async (canvas) => jpeg(await pixels(pipe(canvas).rotate(degrees)), 60))),
  row(TURNS, 'flip left-right, JPEG 60', async (canvas) => jpeg(await pixels(pipe(canvas).flop()), 60)),
  row(TURNS, 'flip top-bottom, JPEG 60', async (canvas) => jpeg(await pixels(pipe(canvas).flip()), 60)),

  row(SHARED, 'rotate 7, crop to 50 %, JPEG 70', (canvas, { random }) => jpeg(straightened(canvas, 7, 0.5, random), 70)),
  row(SHARED, 'screenshot: 0.83, border, gamma, JPEG 85', (canvas, { random }) => screenshot(canvas, random)),
  { ...row(SHARED, 'Chromium screenshot, cut near the picture', (canvas, { random, browser }) => browser(canvas, random, true)), browser: true },
  row(SHARED, 'social: 1080 px, JPEG 70', social),
  row(SHARED, 'letterbox, JPEG 80', letterboxed),
  row(SHARED, 'padding, JPEG 80', (canvas, { random }) => padded(canvas, random)),
  row(SHARED, 'logo over 15 %, JPEG 80', (canvas, { random }) => logoed(canvas, random)),

  row(INSIDE, 'in a page of text, JPEG 85', (canvas, { random }) => paged(canvas, random)),
  { ...row(INSIDE, 'Chromium screenshot, whole page', (canvas, { random, browser }) => browser(canvas, random, false)), browser: true },
  row(INSIDE, 'in a collage of four, JPEG 85', (canvas, { random, others }) => collaged(canvas, random, others)),
  row(INSIDE, 'perspective 2 %, JPEG 85', (canvas, { random }) => jpeg(tilted(canvas, 0.02, random), 85)),
]

/** `{ payload, presence }` in percent, either undefined where nothing is asked. */
export function targetOf(row, { tier, bits }) {
  if (tier === 'small') return row.target.small ?? {}
  if (bits === 128) return row.target.long ?? {}
  return (tier === 'large' ? row.target.large : undefined) ?? row.target
}

/** Rows whose name holds one of the texts; all where none is given. */
export function rowsOf(texts, { tier, bits, chromium }) {
  return ROWS.filter((row) => {
    if (row.browser && !chromium) return false
    if (texts.length > 0) return texts.some((text) => row.name.toLowerCase().includes(text.toLowerCase()))
    // Where few rows have a target, only they are run.
    return (tier !== 'small' && bits !== 128) || targetOf(row, { tier, bits }).payload !== undefined
  })
}
