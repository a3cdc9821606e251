// One picture of the curves: marked at every setting of quality, attacked at many strengths.
import { canvasOf } from './canvas.mjs'
import { ATTACKS, CURVES, QUALITIES } from './curves.mjs'
import { serve } from './parallel.mjs'
import { startPerceptual } from './perceptual.mjs'
import { decode, tierOf } from './pictures.mjs'
import { keyOf, randomOf } from './random.mjs'
import { readBack } from './read-back.mjs'
import { loadWorker } from './sdk.mjs'

/** Attacks that make a picture larger than this are left out for it. */
const MOST_PIXELS = 20e6

async function trials(sdk, engine, perceptual, settings, task) {
  const decoded = await decode(sdk, task.path)
  if (decoded.skipped !== undefined) return decoded
  const picture = canvasOf(decoded.picture)
  const key = settings.key === 'public' ? 'public' : keyOf(settings.seed, task.name)
  const payload = engine.payloadOf('Countermark study', String(task.number), settings.bits)
  const answer = { tier: tierOf(picture), points: {}, qualities: {} }
  const survives = async (report, marked, name, run) => {
    if (!report.embedded) return { whole: false, present: false }
    const { whole, present, error } = await readBack(engine, await run(marked, randomOf(settings.seed, task.name, name)), key, settings.effort, payload, settings.bits)
    if (error !== undefined) throw new Error(`${task.name}, ${name}: ${error}`)
    return { whole, present }
  }
  for (const quality of QUALITIES) {
    const marked = { ...picture, samples: picture.samples.slice() }
    const report = await engine.imageEmbed(marked, { key, payload, quality })
    const survived = {}
    for (const [name, run] of Object.entries(ATTACKS)) survived[name] = await survives(report, marked, name, run)
    const { psnr, ssim } = await engine.imageCompare(picture, marked)
    answer.qualities[quality] = { embedded: report.embedded, psnr, ssim, ssimulacra2: await perceptual?.score(picture, marked), survived }
    if (quality !== settings.quality) continue
    for (const { name, strengths, run, grows } of CURVES)
      for (const strength of strengths) {
        if (picture.width * picture.height * (grows?.(strength) ?? 1) > MOST_PIXELS) continue
        const point = `${name} ${strength}`
        answer.points[point] = await survives(report, marked, point, (canvas, random) => run(canvas, strength, random))
      }
  }
  return answer
}

serve(async (settings) => {
  const { sdk, engine } = await loadWorker(settings.build)
  const perceptual = startPerceptual()
  return (task) => trials(sdk, engine, perceptual, settings, task)
})
