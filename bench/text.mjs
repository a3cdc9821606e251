// What the character mark of texts survives, on texts of one paragraph a line whose names start with their language (zh-, en-):
// lengths, edits and false findings by the Rust bench, and the ways that texts really go (renderers, sanitizers, a browser,
// documents, speech) here. npm run study:text -- FILE...
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { text } from '../dist/index.js'
import { chromiumPath } from './chromium.mjs'
import { head } from './machine.mjs'

const files = process.argv.slice(2).filter((word) => word.endsWith('.txt'))
const number = (flag, other) => (process.argv.includes(flag) ? Number(process.argv[process.argv.indexOf(flag) + 1]) : other)
const PASSAGES = number('--passages', 40)
if (files.length === 0) {
  console.error('study:text: name texts of one paragraph a line, zh-*.txt and en-*.txt')
  process.exit(2)
}

// The other programs are installed beside the project, on the first run.
const PEERS = '.cache/text-study'
const PACKAGES = ['markdown-it@15.0.3', 'marked@18.2.1', 'sanitize-html@2.17.5', 'dompurify@3.4.18', 'jsdom@29.1.1', 'turndown@7.2.5', 'docx@9.15.2', 'gpt-tokenizer@4.0.0']
if (!existsSync(`${PEERS}/node_modules/markdown-it`))
  spawnSync('npm', ['install', '--silent', '--ignore-scripts', '--no-save', '--prefix', PEERS, ...PACKAGES], { stdio: 'inherit' })
const require = createRequire(pathToFileURL(join(process.cwd(), PEERS, 'package.json')))
const load = async (name) => import(pathToFileURL(require.resolve(name)).href)
const version = (name) => `${name} ${JSON.parse(readFileSync(`${PEERS}/node_modules/${name}/package.json`, 'utf8')).version}`

const KEY = '6b1f0d5c4e3a29180f7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c4b3a2918'
const PAYLOAD = '9f2c5511aa03be77'
let state = 12_345
const random = (bound) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}

/** Passages on the files' even paragraphs: long enough for the identifier. */
const passages = files.flatMap((file) => {
  const language = basename(file).slice(0, 2)
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 20 && !/[\uFE00-\uFE0F\u2060-\u206F]/.test(line)).filter((_, at) => at % 2 === 1)
  const count = Math.ceil(PASSAGES / files.filter((one) => basename(one).startsWith(language)).length)
  return Array.from({ length: count }, () => {
    let whole = ''
    for (let at = random(lines.length); whole.length < (language === 'zh' ? 1300 : 4500); at = (at + 1) % lines.length) whole += `${whole === '' ? '' : '\n\n'}${lines[at].slice(0, 3000)}`
    return { language, source: whole }
  })
})

const marked = []
for (const { language, source } of passages)
  for (const profile of ['presence', 'id']) marked.push({ language, profile, source, text: await text.embed(source, { key: KEY, payload: PAYLOAD, profile }) })

const folder = mkdtempSync(join(tmpdir(), 'study-text-'))
const has = (program) => spawnSync('which', [program]).status === 0
const rows = []
const skipped = []

/** Puts every marked text through `way` and asks for its mark. */
async function pass(name, way) {
  const counts = { zh: [0, 0, 0, 0], en: [0, 0, 0, 0] }
  for (const one of marked) {
    const [seen] = await text.detect(await way(one.text), { keys: [KEY] })
    const count = counts[one.language]
    if (one.profile === 'presence') {
      count[0] += 1
      count[1] += seen.found ? 1 : 0
    } else {
      count[2] += seen.found ? 1 : 0
      count[3] += seen.payload !== undefined && PAYLOAD.startsWith(seen.payload) ? 1 : 0
    }
  }
  const cell = ([all, presence, found, read]) => `${presence} / ${found} / ${read} of ${all}`
  rows.push(`| ${name} | ${cell(counts.zh)} | ${cell(counts.en)} |`)
  console.error(rows.at(-1))
}
const visible = (html) => html.replace(/<[^>]*>/g, '').replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name])

await pass('nothing', (one) => one)
await pass('NFC', (one) => one.normalize('NFC'))
await pass('NFKC', (one) => one.normalize('NFKC'))
await pass('NFKD', (one) => one.normalize('NFKD'))
await pass('trim, runs of white space to one space', (one) => one.trim().replace(/\s+/g, ' '))
await pass('JSON, percent-encoding', (one) => decodeURIComponent(encodeURIComponent(JSON.parse(JSON.stringify(one)))))
await pass('lower case', (one) => one.toLowerCase())
await pass('zero-width strip `[\\u200B-\\u200D\\uFEFF]`', (one) => one.replace(/[\u200B-\u200D\uFEFF]/g, ''))
await pass('`\\p{Cf}` stripped (alphabet B gone)', (one) => one.replace(/\p{Cf}/gu, ''))
await pass('variation selectors stripped (alphabet A gone)', (one) => one.replace(/[\uFE00-\uFE0F]/g, ''))
await pass('every default-ignorable character stripped', (one) => one.replace(/\p{Default_Ignorable_Code_Point}/gu, ''))
const { default: MarkdownIt } = await load('markdown-it')
const { marked: markedJs } = await load('marked')
const sanitize = (await load('sanitize-html')).default
const { JSDOM } = await load('jsdom')
const purify = (await load('dompurify')).default(new JSDOM('').window)
const Turndown = (await load('turndown')).default
const render = new MarkdownIt()
await pass('markdown-it, text of the page', (one) => visible(render.render(one)))
await pass('marked, text of the page', async (one) => visible(await markedJs(one)))
await pass('marked, the page itself', (one) => markedJs(one))
await pass('markdown-it, sanitize-html', (one) => sanitize(render.render(one)))
await pass('markdown-it, DOMPurify', (one) => purify.sanitize(render.render(one)))
await pass('markdown-it, turndown', (one) => new Turndown().turndown(render.render(one)))

// Documents.
const run = (program, args, input) => {
  const done = spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new Error(`${program}: ${done.stderr}`)
  return done.stdout
}
const docx = await load('docx')
const { unzipSync } = await import('fflate')
await pass('DOCX (docx) and its text', async (one) => {
  const file = new docx.Document({ sections: [{ children: one.split('\n\n').map((part) => new docx.Paragraph(part)) }] })
  const xml = new TextDecoder().decode(unzipSync(new Uint8Array(await docx.Packer.toBuffer(file)))['word/document.xml'])
  return visible(xml.replace(/<\/w:p>/g, '\n'))
})
if (has('pandoc')) await pass('pandoc: Markdown to DOCX and back', (one) => {
  run('pandoc', ['-f', 'markdown', '-o', join(folder, 'a.docx')], one)
  return run('pandoc', ['-t', 'plain', '--wrap=none', join(folder, 'a.docx')])
})
else skipped.push('pandoc')

let pixels = 'Chromium was not found.'
const chromium = chromiumPath()
if (chromium !== undefined) {
  const { chromium: playwright } = await import('playwright-core')
  const browser = await playwright.launch({ executablePath: chromium, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  const context = await browser.newContext({ viewport: { width: 900, height: 1400 } })
  const page = await context.newPage()
  const html = (one) => `<!doctype html><meta charset=utf-8><style>body{font:16px/1.5 sans-serif}textarea{position:absolute;left:-9999px}</style><main>${render.render(one)}</main><textarea></textarea>`
  await pass('Chromium: shown, copied, pasted into a text area', async (one) => {
    await page.setContent(html(one))
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector('main')))
    await page.keyboard.press('Control+C')
    await page.locator('textarea').focus()
    await page.keyboard.press('Control+V')
    return page.locator('textarea').inputValue()
  })
  if (has('pdftotext')) await pass('Chromium: printed to PDF, pdftotext', async (one) => {
    await page.setContent(html(one))
    writeFileSync(join(folder, 'a.pdf'), await page.pdf())
    return run('pdftotext', ['-layout', join(folder, 'a.pdf'), '-'])
  })
  else skipped.push('pdftotext')
  let [different, compared] = [0, 0]
  const stacks = ['sans-serif', 'serif', 'monospace', '"DejaVu Sans"', '"Liberation Serif", serif', '"Noto Sans CJK SC", sans-serif']
  for (const stack of stacks)
    for (const one of marked.filter(({ profile }) => profile === 'presence')) {
      const shots = []
      for (const shown of [one.source, one.text]) {
        await page.setContent(html(shown).replace('sans-serif', stack))
        shots.push(await page.screenshot({ fullPage: true }))
      }
      compared += 1
      different += shots[0].equals(shots[1]) ? 0 : 1
    }
  pixels = `Screenshots of ${compared} pages (${stacks.length} font stacks, profile presence) before and after marking: ${different} differ, compared byte for byte.`
  await browser.close()
} else skipped.push('Chromium')

let phonemes = 'espeak-ng was not found.'
if (has('espeak-ng')) {
  const counts = { zh: [0, 0, 0, 0], en: [0, 0, 0, 0] }
  // Enough text for a share: from the even paragraphs, which no rule was made on.
  const spokenOf = files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 40 && !/[\uFE00-\uFE0F\u2060-\u206F]/.test(line)).filter((_, at) => at % 2 === 1)
    return Array.from({ length: number('--spoken', 200) }, () => ({ language: basename(file).slice(0, 2), source: lines[random(lines.length)].slice(0, 3000) }))
  })
  for (const one of spokenOf) {
    one.text = await text.embed(one.source, { key: KEY, payload: PAYLOAD, profile: 'presence' })
    const spoken = [one.source, one.text].map((said) => run('espeak-ng', ['-q', '-x', '--stdin', '-v', one.language === 'zh' ? 'cmn' : 'en'], said.replace(/\n/g, ' ')))
    const [before, after] = spoken.map((said) => said.split('\n'))
    const count = counts[one.language]
    count[0] += 1
    count[1] += one.text.length - one.source.length
    count[2] += before.length
    count[3] += before.length === after.length ? before.filter((clause, at) => clause !== after[at]).length : before.length
  }
  phonemes = `Phonemes of espeak-ng before and after marking (profile presence), clause by clause: ${Object.entries(counts).filter(([, count]) => count[0] > 0).map(([language, [all, marks, clauses, different]]) => `${language}: ${different} of ${clauses} clauses differ (${all} paragraphs, ${marks} marks)`).join('; ')}.`
} else skipped.push('espeak-ng')

const costs = []
const { encode } = await load('gpt-tokenizer')
for (const language of ['zh', 'en'])
  for (const profile of ['presence', 'id']) {
    const of = marked.filter((one) => one.language === language && one.profile === profile)
    if (of.length === 0) continue
    const sum = (count) => of.reduce((all, one) => all + count(one), 0)
    const marks = sum((one) => one.text.length - one.source.length)
    const units = language === 'zh' ? sum((one) => one.source.match(/[\u4e00-\u9fff]/g).length) : sum((one) => one.source.split(/\s+/).length)
    const [bytes, tokens] = [(one) => Buffer.byteLength(one), (one) => encode(one).length].map((count) => (sum((one) => count(one.text)) / sum((one) => count(one.source)) - 1) * 100)
    costs.push(`| ${language} | ${profile} | ${(units / marks).toFixed(1)} ${language === 'zh' ? 'characters' : 'words'} | +${bytes.toFixed(1)} % | +${tokens.toFixed(1)} % |`)
  }
let restored = 0
for (const one of marked) restored += (await text.stripForModel(one.text, { key: KEY, profile: one.profile })) === one.source ? 1 : 0

const bench = (...args) => run('cargo', ['run', '--release', '--quiet', '-p', 'text-marks', '--', ...files, ...args])
const trials = number('--trials', 200)
// Everything at few excerpts, what has a target at more.
const lengths = `${bench('--even', '--targets', String(number('--targets', 1_000)))}${trials > 0 ? bench('--even', '--lengths', String(trials)) : ''}`
const speed = bench('--speed')

writeFileSync('bench/results/text.md', `${head('The character mark of texts', 'npm run study:text --', '.', [
  `${files.map((file) => basename(file)).join(', ')}; even paragraphs; ${passages.length} passages in the first table`,
  `${['markdown-it', 'marked', 'sanitize-html', 'dompurify', 'jsdom', 'turndown', 'docx', 'gpt-tokenizer'].map(version).join(', ')}`,
  ...(skipped.length === 0 ? [] : [`not there, so left out: ${skipped.join(', ')}`]),
])}
## What texts go through

Found with the profile presence / found with the profile id / identifier read, of as many passages (about 1,300 characters, 4,500 in English).

| way | zh | en |
|---|---|---|
${rows.join('\n')}

${pixels}

${phonemes}

Restored to the unit by the key: ${restored} of ${marked.length}.

## Cost

| language | profile | one mark a | bytes (UTF-8) | model tokens (o200k) |
|---|---|---|---|---|
${costs.join('\n')}

## Lengths and edits

${number('--targets', 1_000)} excerpts a cell at the lengths of the targets, ${trials > 0 ? `${trials} in the wider tables below them` : 'the wider tables (--trials) were not run'}, at random places; two keys are searched for, the threshold is 1e-6 for the excerpt, all searches counted.
${lengths}
## Speed

One thread.

${speed}`)
console.error('bench/results/text.md')
