// One picture of the study of payloads asked for: marked, attacked, read, and asked for its own payload and for others of the same key, as is the picture without a mark.
import { rowsOf } from './attacks.mjs'
import { canvasOf } from './canvas.mjs'
import { serve } from './parallel.mjs'
import { decode, tierOf } from './pictures.mjs'
import { keyOf, randomOf } from './random.mjs'
import { loadWorker } from './sdk.mjs'

async function trials(engine, sdk, { seed, rows: texts }, task) {
  const decoded = await decode(sdk, task.path)
  if (decoded.skipped !== undefined) return decoded
  const { picture } = decoded
  const key = keyOf(seed, task.name)
  const payload = engine.payloadOf('Countermark study', String(task.number), 64)
  const others = Array.from({ length: 8 }, (_, other) => engine.payloadOf('Countermark study', `${task.number}, other ${other}`, 64))
  const marked = { ...picture, samples: Uint8Array.from(picture.samples) }
  const { embedded } = await engine.imageEmbed(marked, { key, payload, quality: 'standard' })
  const answer = { tier: tierOf(picture), embedded, results: {} }
  for (const row of rowsOf(texts, { tier: answer.tier, bits: 64, chromium: false })) {
    const attacked = await row.run(row.whole ? marked : canvasOf(marked), { random: randomOf(seed, task.name, row.name) })
    const look = async (expect) => (await engine.imageDetect(attacked, { keys: [key], effort: 'full', expect }))[0]
    const read = await look([])
    const asked = read.payload === undefined ? await look([payload]) : read
    const wrong = await look(others)
    // The picture without a mark, by the same attack: no payload is in it.
    const bare = await row.run(row.whole ? picture : canvasOf(picture), { random: randomOf(seed, task.name, row.name) })
    const [none] = await engine.imageDetect(bare, { keys: [key], effort: 'full', expect: [payload, ...others.slice(1)] })
    answer.results[row.name] = {
      none: none.found,
      read: read.payload === payload, known: (asked.payload ?? asked.asked) === payload, wrong: others.includes(wrong.payload ?? wrong.asked),
    }
  }
  return answer
}

serve(async (settings) => {
  const { sdk, engine } = await loadWorker(settings.build)
  return (task) => trials(engine, sdk, settings, task)
})
