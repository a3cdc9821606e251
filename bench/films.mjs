// Every film of a folder, marked with the default settings and verified: marks, quality, what ffprobe sees changed, size, time.
// `node bench/films.mjs FOLDER [--stdout]` writes bench/results/films.md.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mark, verify } from '../dist/index.js'
import { head, table } from './machine.mjs'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('films: name a folder with films')
  process.exit(2)
}
const text = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
const facts = (path) => JSON.parse(text('ffprobe', '-v', 'error', '-show_streams', '-show_chapters', '-of', 'json', path))
const times = (path) => text('ffprobe', '-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', path)
const WATCHED = ['codec_name', 'width', 'height', 'pix_fmt', 'color_range', 'color_space', 'color_transfer', 'color_primaries', 'time_base', 'avg_frame_rate', 'sample_rate', 'channels']

/** What is another in the new film, of what ffprobe tells. */
function changed(source, target) {
  const [before, after] = [facts(source), facts(target)]
  const rotation = (stream) => stream?.side_data_list?.find((one) => one.rotation !== undefined)?.rotation
  return [
    ...before.streams.flatMap((stream, at) => WATCHED.filter((name) => stream[name] !== after.streams[at]?.[name]).map((name) => `${stream.codec_type} ${name}`)),
    ...(before.streams.some((stream, at) => rotation(stream) !== rotation(after.streams[at])) ? ['rotation'] : []),
    ...(before.chapters.length === after.chapters.length ? [] : ['chapters']), ...(times(source) === times(target) ? [] : ['times of frames']),
  ]
}

const home = mkdtempSync(join(tmpdir(), 'countermark-bench-'))
const rows = []
try {
  for (const name of readdirSync(folder).sort()) {
    const [source, target] = [join(folder, name), join(home, name)]
    try {
      const made = await mark(source, { provider: { name: 'Example-Lab' }, key: 'public', to: target })
      const seen = await verify(target, { keys: ['public'] })
      const own = await verify(source, { keys: ['public'] })
      const found = (kind, modality) => seen.evidence.some((one) => one.kind === kind && one.modality === modality && one.found && one.matchesMetadata !== false)
      rows.push([
        name, `${made.verdict}, ${seen.verdict}`, found('label', 'video') ? 'yes' : 'no', made.watermark.embedded ? `${made.watermark.bits} bits${found('watermark', 'video') ? '' : ', NOT READ'}` : made.watermark.reason,
        made.film.sound.map(({ embedded, bits, reason }) => (embedded ? `${bits} bits${found('watermark', 'audio') ? '' : ', NOT READ'}` : reason.replace(/:.*/, ''))).join('; ') || '-',
        made.quality?.psnr?.toFixed(1) ?? '-', made.quality?.ssim?.toFixed(3) ?? '-', changed(source, target).join(', ') || 'nothing', (statSync(target).size / statSync(source).size).toFixed(2),
        (made.ms / 1000).toFixed(1), (seen.ms / 1000).toFixed(1), `${own.verdict}, ${(own.ms / 1000).toFixed(1)} s`,
      ])
    } catch (thrown) {
      rows.push([name, `${thrown.code}: ${thrown.message}`, ...Array(10).fill('-')])
    }
    console.error(rows.at(-1).join(' | '))
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
const title = head('Films: marked and verified', 'node bench/films.mjs', '.', [text('ffmpeg', '-version').split('\n')[0].replace(/ Copyright.*/, ''), 'public key, quality standard, the encoder of each codec with the default settings; effort full'])
const notes = 'Times are of everything together: looking, decoding, coding, reading back; the machine may have been busy. Size is that of the new file over that of the source, whose bits are fewer than its encoder needs a second time.'
const report = `${title}\n${table(['film', 'verdict of mark, verify', 'label found', 'watermark', 'sound', 'PSNR, dB', 'SSIM', 'changed, as ffprobe sees it', 'size', 'mark, s', 'verify, s', 'the source'], rows)}\n\n${notes}\n`
writeFileSync('bench/results/films.md', report)
