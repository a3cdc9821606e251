// What marking costs an encoder, in one run: one process of ffmpeg, two with a pipe between them, and the same pipe with the mark.
// `node bench/video-speed.mjs FILM [SECONDS] [ROUNDS]`; prints a table. Rounds alternate; the fastest of each counts.
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { nativeEngine } from '../dist/engine/native.js'

const [film, seconds = '3', rounds = '3'] = process.argv.slice(2)
if (film === undefined) {
  console.error('video-speed: name a film')
  process.exit(2)
}
const FFMPEG = process.env.COUNTERMARK_FFMPEG ?? 'ffmpeg'
const QUIET = ['-nostdin', '-hide_banner', '-v', 'error']
const CODE = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p', '-f', 'null', '-']

/** The end of a process: its own exit code decides. */
const ended = (child) => new Promise((resolve, reject) => child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`)))))

const source = ({ width, height }) => ['-t', seconds, '-i', film, '-vf', `scale=${width}:${height}`, '-an']

async function one(size) {
  await ended(spawn(FFMPEG, [...QUIET, ...source(size), ...CODE], { stdio: ['ignore', 'ignore', 'inherit'] }))
}

async function two(size, mark) {
  const bytes = (size.width * size.height * 3) / 2
  const reader = spawn(FFMPEG, [...QUIET, ...source(size), '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const writer = spawn(FFMPEG, ['-hide_banner', '-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`, '-r', '30', '-i', '-', ...CODE], { stdio: ['pipe', 'ignore', 'inherit'] })
  const done = Promise.all([ended(reader), ended(writer)])
  let frame = Buffer.allocUnsafe(bytes)
  let filled = 0
  for await (const chunk of reader.stdout) {
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(frame, filled, at)
      filled += count
      at += count
      if (filled < bytes) continue
      await mark?.(frame)
      if (!writer.stdin.write(frame)) await new Promise((resolve) => writer.stdin.once('drain', resolve))
      frame = Buffer.allocUnsafe(bytes)
      filled = 0
    }
  }
  writer.stdin.end()
  await done
}

const engine = nativeEngine()
console.log(`machine: ${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}; ${seconds} s, libx264 veryfast CRF 23, fastest of ${rounds}\n`)
console.log('| size | one process | pipe | pipe and mark | over the pipe | over one process |\n|---|--:|--:|--:|--:|--:|')
for (const size of [{ width: 1280, height: 720 }, { width: 1920, height: 1080 }]) {
  const best = [Infinity, Infinity, Infinity]
  for (let round = 0; round < Number(rounds); round++) {
    const ways = [
      () => one(size),
      () => two(size),
      () => {
        const embedder = engine.videoEmbedder(new Uint8Array(), { video: size, key: 'public', payload: '72d3686493a04b04', quality: 'standard' })
        return two(size, (frame) => embedder.frame(frame, false))
      },
    ]
    for (const [at, way] of ways.entries()) {
      const start = performance.now()
      await way()
      best[at] = Math.min(best[at], performance.now() - start)
    }
  }
  const [single, pipe, marked] = best
  const more = (base) => `${marked >= base ? '+' : ''}${(100 * (marked / base - 1)).toFixed(1)} %`
  console.log(`| ${size.width} x ${size.height} | ${single.toFixed(0)} ms | ${pipe.toFixed(0)} ms | ${marked.toFixed(0)} ms | ${more(pipe)} | ${more(single)} |`)
}
