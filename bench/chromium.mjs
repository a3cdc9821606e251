// A real screenshot: a page in Chromium that shows the picture among other things, taken as the screen has it.
import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { pipe, pixels } from './canvas.mjs'

const PLACES = [process.env.COUNTERMARK_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']

/** Where a browser lies, or undefined. */
export const chromiumPath = () => PLACES.find((path) => path !== undefined && existsSync(path))

let opened

/**
 * What the screen shows: the picture at 55 to 90 % of its size, at most as large as the window. `near`: cut to the
 * picture and a little around it, as people do; else the whole window.
 */
export async function screenOf(canvas, random, near) {
  const page = await (opened ??= open())
  const window = { width: 1600, height: 1200 }
  const factor = Math.min(random.between(0.55, 0.9), (window.width - 420) / canvas.width, (window.height - 160) / canvas.height)
  const [width, height] = [Math.round(canvas.width * factor), Math.round(canvas.height * factor)]
  const png = (await pipe(canvas).png({ compressionLevel: 1 }).toBuffer()).toString('base64')
  await page.setViewportSize(near ? window : { width: Math.min(window.width, width + 420), height: Math.min(window.height, height + 160) })
  await page.setContent(`<style>body{font:15px sans-serif;margin:24px 32px;background:#f4f2ee}main{display:flex;gap:24px}p{margin:0 0 9px}</style>
    <h2>Paper and its marks</h2><main><img width=${width} height=${height} src="data:image/png;base64,${png}">
    <div>${'<p>A sheet held to the light shows who made it, and where, and often when.</p>'.repeat(14)}</div></main><button>Next</button>`)
  await page.locator('img').evaluate((image) => image.decode())
  const box = await page.locator('img').boundingBox()
  const edge = () => Math.round(random.between(0.01, 0.08) * width)
  const [left, top] = [Math.max(0, box.x - edge()), Math.max(0, box.y - edge())]
  const clip = near ? { x: left, y: top, width: box.x + width + edge() - left, height: box.y + height + edge() - top } : undefined
  return pixels(sharp(await page.screenshot(clip === undefined ? {} : { clip })))
}

async function open() {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: FLAGS })
  return browser.newPage()
}
