// Writing the label alone: a warm call of the SDK, our command line, and ExifTool, on one film and on many in one run.
//   node bench/metadata.mjs FILM [--runs 15]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, extname } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'

const { values, positionals: [film] } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string', default: '15' } } })
if (film === undefined) throw new Error('usage: node bench/metadata.mjs FILM [--runs 15]')
const runs = Number(values.runs)
const { mark } = await import(pathToFileURL(resolve('dist/index.js')).href)
const place = mkdtempSync(join(tmpdir(), 'countermark-metadata-'))
const target = join(place, `out${extname(film)}`)
const options = { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true }
const label = JSON.stringify({ Label: '1', ContentProducer: 'Example-Lab', ProduceID: 'c-1', ReservedCode1: '', ContentPropagator: 'Example-Lab', PropagateID: 'c-1', ReservedCode2: '' })

/** Median and largest of some runs, in ms, after one that is not counted. */
async function time(work) {
  const all = []
  for (let run = 0; run <= runs; run++) {
    rmSync(target, { force: true })
    const start = performance.now()
    await work()
    if (run > 0) all.push(performance.now() - start)
  }
  all.sort((a, b) => a - b)
  return { median: all[all.length >> 1], most: all.at(-1) }
}

try {
  const bytes = readFileSync(film)
  // ExifTool writes into lists that it knows: the same key, by a configuration of one line.
  const config = join(place, 'config')
  writeFileSync(config, "%Image::ExifTool::UserDefined = ('Image::ExifTool::QuickTime::Keys' => { 'AIGC' => { Name => 'AIGC', Writable => 'string' } }); 1;\n")
  const quiet = { stdio: ['ignore', 'ignore', 'ignore'] }
  const rows = [
    ['SDK, warm, bytes', await time(() => mark(bytes, options))],
    ['SDK, warm, path to path (flushed)', await time(() => mark(film, { ...options, to: target }))],
    ['command line, one file', await time(() => execFileSync(process.execPath, ['dist/cli/main.js', 'mark', film, '-o', target, '--metadata-only', '--provider-name', 'Example-Lab'], quiet))],
  ]
  try {
    rows.push(['ExifTool, one file', await time(() => execFileSync('exiftool', ['-config', config, '-q', `-Keys:AIGC=${label}`, '-o', target, film], quiet))])
    rows.push(['cp', await time(() => copyFileSync(film, target))])
  } catch (error) {
    console.log(`ExifTool was not measured: ${error.message.split('\n')[0]}`)
  }
  const many = Array.from({ length: 100 }, (_, at) => join(place, `film-${at}${extname(film)}`))
  many.forEach((path) => copyFileSync(film, path))
  const folder = join(place, 'many')
  const once = async (work) => {
    const all = []
    for (let run = 0; run < 3; run++) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      const start = performance.now()
      work()
      if (readdirSync(folder).length !== many.length) throw new Error('not every file was written')
      all.push(performance.now() - start)
    }
    all.sort((a, b) => a - b)
    return { median: all[1], most: all[2] }
  }
  rows.push(['command line, 100 files in one run', await once(() => execFileSync(process.execPath, ['dist/cli/main.js', 'mark', ...many, '-o', folder, '--metadata-only', '--provider-name', 'Example-Lab'], quiet))])
  rows.push(['ExifTool, 100 files in one run', await once(() => execFileSync('exiftool', ['-config', config, '-q', `-Keys:AIGC=${label}`, '-o', `${folder}/`, ...many], quiet))])
  console.log(`${(statSync(film).size / 2 ** 20).toFixed(1)} MiB, ${runs} runs, milliseconds`)
  for (const [name, { median, most }] of rows) console.log(`${name}: median ${median.toFixed(1)}, most ${most.toFixed(1)}`)
} finally {
  rmSync(place, { recursive: true, force: true })
}
