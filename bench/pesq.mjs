// PESQ-WB of marked sounds, by a Python with numpy and pesq.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RATE } from './sound-attacks.mjs'

/** PESQ-WB of each pair of mono sounds, before and after, at 16 kHz; NaN where no `python` is named or no speech is heard. */
export function pesqOf(python, pairs) {
  if (python === undefined) return pairs.map(() => NaN)
  const folder = mkdtempSync(join(tmpdir(), 'sound-'))
  const raw = (name, samples) => {
    const path = join(folder, name)
    spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', 'pipe:0', '-f', 'f32le', '-ar', '16000', path],
      { input: Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength) })
    return path
  }
  try {
    const lines = pairs.map(([before, after], at) => `${raw(`${at}.a`, before)}\t${raw(`${at}.b`, after)}`)
    const done = spawnSync(python, [join(import.meta.dirname, 'pesq-wb.py')], { input: `${lines.join('\n')}\n`, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(done.stderr)
    return done.stdout.trim().split('\n').map(Number)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
