// node scripts/page-pictures.mjs [FOLDER [VIEW...]]: the views of examples/browser-verifier in Chromium, with made files that are marked here.
// Without a folder those that the documents show are written, to docs/browser; needs `npm run build` and Chromium.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCountermark, text } from 'countermark'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { serve } from '../examples/browser-verifier/serve.mjs'
import { samplePicture } from '../examples/mark-and-verify/sample.mjs'

const VIEWS = [
  { name: 'start' }, { name: 'start-dark-zh', dark: true, zh: true }, { name: 'start-phone', phone: true },
  { name: 'turned', file: 'turned', shown: true }, { name: 'turned-dark-zh', file: 'turned', dark: true, zh: true },
  { name: 'marked', file: 'marked' }, { name: 'marked-dark-zh', file: 'marked', dark: true, zh: true, shown: true },
  { name: 'marked-phone', file: 'marked', phone: true, shown: true }, { name: 'marked-phone-dark-zh', file: 'marked', phone: true, dark: true, zh: true },
  { name: 'plain', file: 'plain' }, { name: 'plain-zh', file: 'plain', zh: true }, { name: 'part', file: 'plain', part: true }, { name: 'broken', file: 'broken' },
  { name: 'text', file: 'text' }, { name: 'text-zh', file: 'text', zh: true }, { name: 'sound', file: 'sound' }, { name: 'sound-dark', file: 'sound', dark: true },
]
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const FONT = 'node_modules/@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified'

const WHO = ['The papermaker', 'A patient reader', 'Every mill of the valley', 'The oldest archive', 'Her apprentice', 'Nobody in the town', 'The clerk']
const DOES = ['held', 'remembered', 'sold', 'copied by hand', 'looked for', 'described in a letter', 'kept', 'gave away', 'signed', 'washed', 'folded twice']
const WHAT = ['a sheet with two marks', 'the mould with the crown', 'three reams of white paper', 'the name of the maker', 'a pattern of wires', 'what the light had shown', 'the second mark', 'an unsigned drawing', 'the bill of the year before']
const WHERE = ['against the window', 'in a cold winter', 'beside the river', 'before anybody asked for it', 'under a heavy press', 'with great care', 'at the fair in spring', 'for the sake of proof', 'between two boards of oak', 'as the guild demanded', 'without a word', 'long after the mill had closed', 'on the third floor']

/** The made files: a picture, marked, and turned with its metadata gone; a text; a sound. */
async function files() {
  const countermark = createCountermark({ provider: { name: 'Example-Lab' }, key: 'public' })
  const plain = await samplePicture()
  const { output: marked } = await countermark.mark(plain, { produceId: '2026-0001' })
  const turned = await sharp(marked).rotate(12, { background: '#ddd' }).extract({ left: 260, top: 230, width: 1150, height: 820 }).jpeg({ quality: 80 }).toBuffer()
  const pick = (words, at) => words[(at * 7919 + at * at * 131) % words.length]
  const sentences = Array.from({ length: 40 }, (_, at) => `${pick(WHO, at)} ${pick(DOES, at + 3)} ${pick(WHAT, at + 11)} ${pick(WHERE, at + 29)}.`)
  const { text: words } = await text.mark(sentences.join(' '), { key: 'public', payload: '9f2c5511aa03be77', profile: 'id' })
  const { output: sound } = await countermark.mark(tone(12), { produceId: '2026-0002' })
  return { plain: ['lake.jpg', plain], marked: ['lake.jpg', marked], turned: ['copy.jpg', turned], broken: ['cut.jpg', marked.subarray(0, 40_000)], text: ['essay.txt', Buffer.from(words)], sound: ['voice.wav', sound] }
}

/** Something with a pitch that moves, as a WAV of 16 bits and one channel. */
function tone(seconds, rate = 16_000) {
  const body = Buffer.alloc(seconds * rate * 2)
  for (let at = 0; at < seconds * rate; at++) {
    const time = at / rate
    const voice = [1, 2, 3, 5, 8].reduce((sum, part) => sum + Math.sin(2 * Math.PI * part * 140 * time + 3 * Math.sin(time * part)) / part, 0)
    body.writeInt16LE(Math.round(6000 * Math.max(0, Math.sin(time * 4.3)) * voice + 300 * (Math.random() - 0.5)), at * 2)
  }
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(36 + body.length, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(body.length, 40)
  return Buffer.concat([head, body])
}

/** One view as PNG bytes: the whole page. */
async function view(browser, url, { file, dark, zh, phone, part }, made) {
  const page = await browser.newPage({
    colorScheme: dark ? 'dark' : 'light', viewport: phone ? { width: 390, height: 780 } : { width: 1000, height: 760 },
    serviceWorkers: 'block',
  })
  page.on('console', (said) => said.type() === 'error' && console.error(said.text()))
  await page.goto(`${url}?lang=${zh ? 'zh' : 'en'}`)
  // A machine without Chinese fonts would show boxes: the font comes from the package that the labels are cut from.
  for (const weight of ['400', '700'])
    await page.evaluate(async ([bytes, weight]) => {
      const face = new FontFace('Noto Sans SC', Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)), { weight })
      document.fonts.add(await face.load())
      document.documentElement.style.fontFamily = 'Noto Sans SC'
      document.querySelector('countermark-verifier').style.setProperty('--countermark-font', 'Noto Sans SC')
    }, [readFileSync(`${FONT}-${weight}-normal.woff2`, 'base64'), weight])
  if (file !== undefined) {
    const [name, buffer] = made[file]
    await page.locator('countermark-verifier input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
    await page.locator(part ? 'countermark-verifier .stages li.done' : 'countermark-verifier .verdict').first().waitFor({ timeout: 60_000 })
  }
  // What people see first; the notes below are the same in every view.
  const shot = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: phone ? 390 : 1000, height: Math.min(phone ? 1500 : 1300, await page.evaluate(() => document.documentElement.scrollHeight)) } })
  await page.close()
  return shot
}

const folder = process.argv[2] ?? 'docs/browser'
mkdirSync(folder, { recursive: true })
const server = await serve(0)
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const made = await files()
  for (const one of VIEWS.filter(({ name, shown }) => (process.argv[2] === undefined ? shown : process.argv.length === 3 || process.argv.includes(name, 3)))) {
    const path = join(folder, `${one.name}.png`)
    const { size } = await sharp(await view(browser, `http://127.0.0.1:${server.address().port}/`, one, made)).png({ palette: true, quality: 80, effort: 10 }).toFile(path)
    console.log(`${path}: ${size} bytes`)
  }
} finally {
  await browser.close()
  server.close()
}
