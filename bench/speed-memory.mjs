// One call in a process of its own: by how much the memory in use rose at its peak.
import { readFileSync, writeFileSync } from 'node:fs'
import { keyOf, randomOf } from './random.mjs'
import { loadSdk } from './sdk.mjs'

const [build, kind, work, width, height] = [...process.argv.slice(2, 5), ...process.argv.slice(5).map(Number)]
const sdk = await loadSdk(build)
const engine = kind === 'wasm' ? await sdk.wasmEngine() : sdk.nativeEngine()
const key = keyOf('speed')

function made(wide, high) {
  const random = randomOf('memory')
  const samples = new Uint8Array(wide * high * 3)
  for (let at = 0; at < samples.length; at++) samples[at] = 96 + 40 * Math.sin(at / 511) + 32 * random.next()
  return { samples, width: wide, height: high, channels: 3, depth: 8 }
}

/** Bytes of memory that the process holds: `VmRSS` now, `VmHWM` at most since the mark was set back. */
const held = (name) => Number(readFileSync('/proc/self/status', 'latin1').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) * 1024

async function run(picture, other) {
  if (work === 'embed') return engine.imageEmbed(picture, { key, payload: engine.payloadOf('Countermark speed', '1', 64), quality: 'standard' })
  if (work === 'compare') return engine.imageCompare(picture, other)
  return engine.imageDetect(picture, { keys: [key], effort: work })
}

// Tables and code that any call loads are not this picture's.
await run(made(512, 512), made(512, 512))
const picture = made(width, height)
const other = work === 'compare' ? made(width, height) : undefined
let reset = true
try {
  // Linux sets the highest mark back on this.
  writeFileSync('/proc/self/clear_refs', '5')
} catch {
  reset = false
}
if (reset) {
  const before = held('VmRSS')
  await run(picture, other)
  process.send({ grown: Math.max(0, held('VmHWM') - before) })
} else {
  const before = process.memoryUsage.rss()
  const highest = process.resourceUsage().maxRSS * 1024
  await run(picture, other)
  const after = process.resourceUsage().maxRSS * 1024
  // Where the old mark was not passed, nothing is known but that.
  process.send(after > highest ? { grown: after - before } : {})
}
process.disconnect()
