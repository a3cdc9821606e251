// One picture of the image study: marked, measured, attacked in every way, and read back each time.
import { rowsOf } from './attacks.mjs'
import { canvasOf, resized } from './canvas.mjs'
import { screenOf } from './chromium.mjs'
import { serve } from './parallel.mjs'
import { startPerceptual } from './perceptual.mjs'
import { decode, shortSideOf, tierOf } from './pictures.mjs'
import { keyOf, randomOf } from './random.mjs'
import { readBack } from './read-back.mjs'
import { loadWorker } from './sdk.mjs'

/** Attacks that make a picture larger than this are left out for it. */
const MOST_PIXELS = 40e6

/** The picture through a lossless file, as `mark` writes it. */
async function throughPng(sdk, picture) {
  const limits = sdk.limitsOf({})
  const deadline = new sdk.Deadline(limits)
  const bytes = await sdk.sharpCodec.encode(picture, { type: 'image/png' }, deadline)
  const back = await sdk.sharpCodec.decode(bytes, limits, deadline)
  return { ...back.picture, orientation: picture.orientation }
}

async function trials(sdk, engine, perceptual, settings, task) {
  const { seed, effort, quality, bits, key: keyKind, rows: texts, chromium } = settings
  const decoded = await decode(sdk, task.path)
  if (decoded.skipped !== undefined) return decoded
  const picture = task.shortSide === undefined ? decoded.picture : await smaller(decoded.picture, task.shortSide)
  const tier = tierOf(picture)
  const wanted = tier === 'small' ? 32 : bits
  const key = keyKind === 'public' ? 'public' : keyOf(seed, task.name)
  const payload = engine.payloadOf('Countermark study', String(task.number), bits)
  const marked = { ...picture, samples: Uint8Array.from(picture.samples) }
  const start = performance.now()
  const report = await engine.imageEmbed(marked, { key, payload, quality })
  const answer = {
    tier, width: picture.width, height: picture.height, embedMs: performance.now() - start,
    embedded: report.embedded, reason: report.reason, bits: report.bits, results: {},
    ...(await engine.imageCompare(picture, marked)),
  }
  const canvas = canvasOf(marked)
  if (report.embedded) answer.ssimulacra2 = await perceptual?.score(canvasOf(picture), canvas)
  const others = () => Promise.all(task.others.map(async (path) => canvasOf((await decode(sdk, path)).picture ?? picture)))
  for (const row of rowsOf(texts, { tier, bits, chromium })) {
    if ((row.grows ?? 1) * picture.width * picture.height > MOST_PIXELS) continue
    if (!report.embedded) {
      answer.results[row.name] = { present: false, whole: false, wrong: false, ms: 0 }
      continue
    }
    const random = randomOf(seed, task.name, row.name)
    const attacked = row.png ? await throughPng(sdk, marked) : await row.run(row.whole ? marked : canvas, { random, others, browser: screenOf })
    answer.results[row.name] = await readBack(engine, attacked, key, effort, payload, wanted)
  }
  return answer
}

async function smaller(picture, shortSide) {
  const canvas = canvasOf(picture)
  const factor = shortSide / shortSideOf(canvas)
  return resized(canvas, canvas.width * factor, canvas.height * factor)
}

serve(async (settings) => {
  const { sdk, engine } = await loadWorker(settings.build)
  const perceptual = startPerceptual()
  return (task) => trials(sdk, engine, perceptual, settings, task)
})
