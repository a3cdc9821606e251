// The attacks whose strength is varied, and those by which the settings of quality are compared.
import { jpeg, scaled, turned } from './attacks.mjs'
import { coded, cutShare, noisy } from './canvas.mjs'

/** `strengths` from weak to strong; `run(canvas, strength, random)` gives the attacked canvas. */
export const CURVES = [
  { name: 'JPEG quality', strengths: [95, 75, 50, 30, 20, 10, 5], run: jpeg },
  { name: 'WebP quality', strengths: [90, 70, 50, 30, 20, 10, 5], run: (canvas, quality) => coded(canvas, 'webp', { quality }) },
  { name: 'AVIF quality', strengths: [80, 60, 50, 40, 30, 20, 10], run: (canvas, quality) => coded(canvas, 'avif', { quality, effort: 2 }) },
  { name: 'resize factor, JPEG 70', strengths: [2, 1.5, 1, 0.75, 0.5, 0.35, 0.25, 0.2], grows: (factor) => factor ** 2, run: async (canvas, factor) => jpeg(await scaled(canvas, factor), 70) },
  { name: 'crop to % of the area, JPEG 60', strengths: [100, 75, 50, 25, 15, 10, 5], run: async (canvas, share, random) => jpeg(await cutShare(canvas, share / 100, random), 60) },
  { name: 'noise, standard deviation', strengths: [5, 10, 20, 30, 40, 60], run: noisy },
  { name: 'rotation in degrees, JPEG 60', strengths: [0.5, 1, 2, 5, 15, 30, 45], run: (canvas, degrees) => jpeg(turned(canvas, degrees), 60) },
]

export const QUALITIES = ['high', 'standard', 'robust']

export const ATTACKS = {
  'JPEG 20': (canvas) => jpeg(canvas, 20),
  'WebP 20': (canvas) => coded(canvas, 'webp', { quality: 20 }),
  'resize 0.35, JPEG 70': async (canvas) => jpeg(await scaled(canvas, 0.35), 70),
  'crop to 10 %, JPEG 60': async (canvas, random) => jpeg(await cutShare(canvas, 0.1, random), 60),
  'rotate 15, JPEG 60': (canvas) => jpeg(turned(canvas, 15), 60),
}
