// SSIMULACRA 2 beside PSNR and SSIM, by the Rust crate in bench/perceptual: cargo build --release -p perceptual
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? 'target', 'release', 'perceptual')
/** Larger pictures would need gigabytes. */
const MOST_PIXELS = 9e6

export const hasPerceptual = () => existsSync(PROGRAM)

/** `score(original, changed)` of two canvases: 100 for equal ones, undefined for too large ones. Undefined where the program is not built. */
export function startPerceptual() {
  if (!hasPerceptual()) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'perceptual-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const child = spawn(PROGRAM, [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const files = { original: join(folder, 'original.rgb'), changed: join(folder, 'changed.rgb') }
  return {
    async score(original, changed) {
      const { width, height } = original
      if (width * height > MOST_PIXELS) return undefined
      writeFileSync(files.original, original.samples)
      writeFileSync(files.changed, changed.samples)
      child.stdin.write(`${JSON.stringify({ ...files, width, height })}\n`)
      const { value, done } = await lines.next()
      const answer = done ? { error: 'the program ended' } : JSON.parse(value)
      if (answer.error !== undefined) throw new Error(`perceptual: ${answer.error}`)
      return answer.ssimulacra2
    },
    end: () => child.stdin.end(),
  }
}
