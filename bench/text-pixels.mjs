// Whether a marked Chinese text looks the same in Chromium, with a web font that has the glyphs (Noto Sans SC), whatever fonts
// the machine has: node bench/text-pixels.mjs zh-FILE.txt [passages]. Prints.
import { readFileSync } from 'node:fs'
import { chromium as playwright } from 'playwright-core'
import { text } from '../dist/index.js'
import { chromiumPath } from './chromium.mjs'

const [file, count = '6'] = process.argv.slice(2)
const FOLDER = 'node_modules/@fontsource/noto-sans-sc'
const css = readFileSync(`${FOLDER}/400.css`, 'utf8').replace(/url\(\.\/(files\/[^)]*\.woff2)\) format\('woff2'\)(?:, url\([^)]*\) format\('woff'\))?/g, (_, name) => `url(data:font/woff2;base64,${readFileSync(`${FOLDER}/${name}`).toString('base64')}) format('woff2')`)
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 300)
const browser = await playwright.launch({ executablePath: chromiumPath(), args: ['--headless', '--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ viewport: { width: 640, height: 900 } })
await page.setContent(`<style>${css} p{font:18px/1.6 'Noto Sans SC'}</style><p></p>`)
const shot = async (one) => {
  await page.evaluate(async (shown) => {
    document.querySelector('p').textContent = shown
    await document.fonts.ready
    await document.fonts.load("18px 'Noto Sans SC'", shown)
  }, one)
  return page.screenshot({ fullPage: true })
}
let [different, marks, control] = [0, 0, 0]
for (let at = 0; at < Number(count); at++) {
  const source = lines[(at * 97) % lines.length].slice(0, 1200)
  const marked = await text.embed(source, { profile: 'presence' })
  marks += marked.length - source.length
  const before = await shot(source)
  different += before.equals(await shot(marked)) ? 0 : 1
  // One other character must show, or nothing was compared.
  control += before.equals(await shot(`好${source.slice(1)}`)) && !source.startsWith('好') ? 1 : 0
}
await browser.close()
console.log(`${count} passages, ${marks} marks: ${different} differ in any byte of the screenshot; ${control} did not show one other character`)
process.exit(different + control > 0 ? 1 : 0)
