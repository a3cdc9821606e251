// A film of several GiB, marked on disk: how much memory it takes above the loaded idle process, and how long against `cp`.
//   node bench/large.mjs [--gib 4] [--folder DIR]     the film is sparse: it takes no room on disks that know holes
import { execFileSync, fork } from 'node:child_process'
import { mkdtempSync, openSync, closeSync, ftruncateSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'

const { values } = parseArgs({ options: { gib: { type: 'string', default: '4' }, folder: { type: 'string', default: tmpdir() }, child: { type: 'string' } } })
const MIB = 2 ** 20

if (values.child !== undefined) {
  const [source, target] = JSON.parse(values.child)
  const sdk = await import(pathToFileURL('dist/index.js').href)
  const options = { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true }
  // Everything is loaded and used once before the mark is set.
  await sdk.verify(source)
  const held = (name) => Number(readFileSync('/proc/self/status', 'latin1').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) * 1024
  execFileSync('sh', ['-c', `echo 5 > /proc/${process.pid}/clear_refs`])
  const before = held('VmRSS')
  const start = performance.now()
  const { verdict, evidence } = await sdk.mark(source, { ...options, to: target })
  process.send({ seconds: (performance.now() - start) / 1000, grown: held('VmHWM') - before, verdict, labels: evidence.filter(({ format, found }) => format === 'aigc' && found).length })
  process.disconnect()
} else {
  const place = mkdtempSync(join(values.folder, 'countermark-large-'))
  try {
    const bytes = Math.round(Number(values.gib) * 2 ** 30)
    const rows = []
    for (const first of [true, false]) {
      const source = join(place, 'film.mp4')
      sparse(source, bytes, first)
      const target = join(place, 'marked.mp4')
      const made = await new Promise((done, failed) => {
        const child = fork(process.argv[1], ['--child', JSON.stringify([source, target])])
        child.once('message', done)
        child.once('exit', (code) => code !== 0 && failed(new Error(`the child ended with ${code}`)))
      })
      const grownFile = statSync(target).size - statSync(source).size
      const start = performance.now()
      execFileSync('cp', ['--sparse=never', source, join(place, 'copy.mp4')])
      const cp = (performance.now() - start) / 1000
      const cpSync = performance.now()
      execFileSync('sync', [join(place, 'copy.mp4')])
      rows.push({ moov: first ? 'first' : 'last', bytes, ...made, grownFile, cp, cpFlushed: cp + (performance.now() - cpSync) / 1000 })
      for (const name of ['film.mp4', 'marked.mp4', 'copy.mp4']) rmSync(join(place, name))
    }
    for (const { moov, grown, seconds, cp, cpFlushed, grownFile, labels } of rows)
      console.log(`${values.gib} GiB, moov ${moov}: ${(grown / MIB).toFixed(1)} MiB above the loaded idle process (target 64); ${seconds.toFixed(1)} s flushed, cp ${cp.toFixed(1)} s, cp and flush ${cpFlushed.toFixed(1)} s; the file grew by ${grownFile} bytes; ${labels} label read back`)
    if (rows.some(({ grown, labels }) => grown > 64 * MIB || labels !== 1)) process.exitCode = 1
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** A film of one track whose samples lie in one large mdat with a 64-bit size. */
function sparse(path, bytes, first) {
  const u32 = (...values) => Buffer.concat(values.map((value) => { const one = Buffer.alloc(4); one.writeUInt32BE(value); return one }))
  const box = (kind, ...parts) => { const body = Buffer.concat(parts); return Buffer.concat([u32(8 + body.length), Buffer.from(kind, 'latin1'), body]) }
  const ftyp = box('ftyp', Buffer.from('isom\0\0\x02\0isommp42', 'latin1'))
  const COUNT = 20_000
  const moovAt = (offset) => {
    const stco = box('stco', u32(0, COUNT, ...Array.from({ length: COUNT }, (_, at) => offset + at * 1024)))
    const stbl = box('stbl', box('stsz', u32(0, 1024, COUNT)), box('stsc', u32(0, 1, 1, 1, 1)), stco)
    return box('moov', box('mvhd', Buffer.alloc(100)), box('trak', box('mdia', box('hdlr', u32(0, 0), Buffer.from('vide'), Buffer.alloc(13)), box('minf', stbl))))
  }
  const file = openSync(path, 'w')
  const length = moovAt(0).length
  const start = ftyp.length + (first ? length : 0)
  const head = Buffer.concat([u32(1), Buffer.from('mdat'), Buffer.alloc(8)])
  head.writeBigUInt64BE(BigInt(bytes - start - (first ? 0 : length)), 8)
  const moov = moovAt(start + 16)
  writeSync(file, Buffer.concat(first ? [ftyp, moov, head] : [ftyp, head]), 0, undefined, 0)
  ftruncateSync(file, bytes)
  if (!first) writeSync(file, moov, 0, undefined, bytes - length)
  closeSync(file)
}
