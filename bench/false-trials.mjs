// One picture of the false-alarm study: many keys are looked for in a picture that was not marked with any of them.
import { canvasOf } from './canvas.mjs'
import { serve } from './parallel.mjs'
import { decode } from './pictures.mjs'
import { keyOf } from './random.mjs'
import { loadWorker } from './sdk.mjs'

/** Keys of one call. */
const TOGETHER = 50
/** p-values of at most this are kept one by one, for the fit of the tail. */
const KEPT = 1e-1

async function trials(sdk, engine, settings, task) {
  const decoded = await decode(sdk, task.path)
  if (decoded.skipped !== undefined) return decoded
  const picture = canvasOf(decoded.picture)
  if (settings.marked) {
    const payload = engine.payloadOf('Countermark study', String(task.number), 64)
    await engine.imageEmbed(picture, { key: keyOf(settings.seed, 'mark', task.name), payload, quality: settings.quality })
  }
  const answer = { trials: 0, accepted: [], unnamed: 0, least: 1, atMost: Array(9).fill(0), small: [] }
  const start = performance.now()
  while (answer.trials < settings.keys) {
    const count = Math.min(TOGETHER, settings.keys - answer.trials)
    const keys = Array.from({ length: count }, (_, n) => keyOf(settings.seed, 'false', task.name, answer.trials + n))
    for (const found of await engine.imageDetect(picture, { keys, effort: settings.effort })) {
      answer.trials++
      if (found.payload !== undefined) answer.accepted.push({ payload: found.payload, p: found.pValue, keyId: found.keyId })
      if (found.pValue === undefined) {
        answer.unnamed++
        continue
      }
      answer.least = Math.min(answer.least, found.pValue)
      answer.atMost.forEach((_, k) => found.pValue <= 10 ** -k && answer.atMost[k]++)
      if (found.pValue <= KEPT) answer.small.push(found.pValue)
    }
  }
  answer.msEach = (performance.now() - start) / answer.trials
  return answer
}

serve(async (settings) => {
  const { sdk, engine } = await loadWorker(settings.build)
  return (task) => trials(sdk, engine, settings, task)
})
