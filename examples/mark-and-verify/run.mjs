// npm run demo [-- FILE]: marks a picture, harms copies of it as the internet does, and asks of each copy whether it is
// that content. Without a file it makes a picture. Everything is written into the folder countermark-demo.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { CountermarkError, mark, verify } from 'countermark'
import sharp from 'sharp'
import { samplePicture } from './sample.mjs'

const OUT = 'countermark-demo'
const ENDINGS = { 'image/jpeg': '.jpg', 'image/png': '.png', 'image/webp': '.webp' }
const PROVIDER = { name: 'Countermark-Demo' }

/** The user's picture, or one that is made. */
async function source(path) {
  // npm runs scripts in the folder of package.json; the path was typed where the user stands.
  if (path !== undefined) return { name: path, bytes: readFileSync(resolve(process.env.INIT_CWD ?? '.', path)) }
  const made = join(OUT, 'sample.jpg')
  const bytes = await samplePicture()
  writeFileSync(made, bytes)
  console.log(`No picture was given, so one was computed: ${made}. It shows no real place.`)
  return { name: made, bytes }
}

/** Copies as they come back from the internet: all of them without metadata. */
async function copies(bytes) {
  // Turned as it is displayed, since the orientation is lost with the metadata.
  const upright = () => sharp(bytes).autoOrient()
  const { info: { width, height } } = await upright().raw().toBuffer({ resolveWithObject: true })
  const [across, down] = [width, height].map((side) => Math.round(side * Math.SQRT1_2))
  const cut = { left: Math.floor((width - across) / 3), top: Math.floor((height - down) / 3), width: across, height: down }
  return [
    ['recompressed (JPEG 75)', 'recompressed.jpg', upright().jpeg({ quality: 75 })],
    ['half the width and height', 'halved.jpg', upright().resize({ width: Math.round(width / 2) }).jpeg({ quality: 90 })],
    ['cut to half of the area', 'cropped.jpg', upright().extract(cut).jpeg({ quality: 90 })],
  ]
}

/** One line of the table, and whether the copy was recognised. */
function line(copy, { evidence, matchesExpected }) {
  const found = (kind, format) => evidence.find((one) => one.kind === kind && one.found && (format === undefined || one.format === format))
  const watermark = found('watermark')
  return {
    copy,
    metadata: found('metadata', 'aigc') ? 'yes' : 'gone',
    label: found('label') ? 'seen' : 'not seen',
    watermark: watermark === undefined ? 'not found' : watermark.payload ?? 'present',
    'p-value': watermark?.pValue === undefined ? '-' : `${watermark.extrapolated ? '< ' : ''}${watermark.pValue.toExponential(1)}`,
    'this content?': matchesExpected ? 'yes' : 'no',
  }
}

function table(rows) {
  const columns = Object.keys(rows[0])
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)))
  const print = (cells) => console.log(`  ${cells.map((cell, at) => cell.padEnd(widths[at])).join('  ')}`.trimEnd())
  print(columns)
  print(widths.map((width) => '-'.repeat(width)))
  for (const row of rows) print(columns.map((column) => row[column]))
}

async function main([path, ...more]) {
  if (more.length > 0 || path?.startsWith('-')) throw new CountermarkError('ERR_USAGE', 'usage: npm run demo [-- FILE]')
  mkdirSync(OUT, { recursive: true })
  const { name, bytes } = await source(path)

  const marked = await mark(bytes, { provider: PROVIDER, key: 'public' })
  const out = join(OUT, `${basename(name, extname(name))}-marked${ENDINGS[marked.type]}`)
  writeFileSync(out, marked.output)
  const { ContentProducer, ProduceID } = marked.record
  console.log(`\n${name} -> ${out}: ${marked.verdict}`)
  if (marked.status === 'kept') console.log(`  It had a label already, by ${ContentProducer}; that label is kept.`)
  console.log(`  visible label  ${marked.label.drawn ? marked.label.text.join(' / ') : `none: ${marked.label.reason}`}`)
  console.log(`  watermark      ${marked.watermark.embedded ? `${marked.payload.slice(0, marked.watermark.bits / 4)}, ${marked.watermark.bits} bits` : `none: ${marked.watermark.reason}`}`)
  if (marked.quality) console.log(`  quality        PSNR ${marked.quality.psnr.toFixed(1)} dB, SSIM ${marked.quality.ssim.toFixed(4)}`)
  console.log(`  metadata       ContentProducer ${ContentProducer}, ProduceID ${ProduceID}`)
  if (!marked.label.drawn && !marked.watermark.embedded && marked.status === 'done')
    throw new CountermarkError('ERR_UNSUPPORTED', 'Nothing but metadata fits into this picture.', { remedy: 'Take one of at least 512 pixels on its shorter side.' })
  for (const { rule, severity, message } of marked.findings) if (severity !== 'info') console.log(`  ${severity}  ${rule}: ${message}`)

  const ask = (input) => verify(input, { keys: ['public'], expect: { provider: ContentProducer, produceId: ProduceID } })
  const own = await ask(out)
  const rows = [line('the marked file', own)]
  for (const [copy, file, pipeline] of await copies(marked.output)) {
    const to = join(OUT, file)
    await pipeline.toFile(to)
    rows.push(line(copy, await ask(to)))
  }
  console.log('\nEach copy, asked whether it is this content (provider and content number above):\n')
  table(rows)
  console.log(`\nThe same question by the command line:\n  npx countermark verify ${join(OUT, 'cropped.jpg')} --provider-name ${ContentProducer} --produce-id ${ProduceID}`)

  const embedded = !marked.watermark.embedded || own.evidence.some((one) => one.kind === 'watermark' && one.found)
  if (own.verdict === 'compliant' && own.matchesExpected === true && embedded) return 0
  console.error(`\nThe marked file itself does not verify: ${own.verdict}.`)
  for (const { rule, message } of [...marked.findings, ...own.findings]) console.error(`  ${rule}: ${message}`)
  return 1
}

const SYSTEM = { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'access is denied' }
const given = process.argv[2]
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (thrown) {
  const said = thrown instanceof CountermarkError ? thrown.message : SYSTEM[thrown?.code]
  if (said === undefined) throw thrown
  console.error(`${given === undefined || thrown.code === 'ERR_USAGE' ? '' : `${given}: `}${said}${thrown.remedy === undefined ? '' : `\n${thrown.remedy}`}`)
  process.exitCode = 1
}
