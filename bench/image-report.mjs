// The image study in Markdown: a section a class and size, a line an attack.
import { ROWS, targetOf } from './attacks.mjs'
import { table } from './machine.mjs'
import { median, strength, wilson } from './statistics.mjs'

const TIERS = { small: 'below 512 px', medium: '512 to 1023 px', large: 'from 1024 px' }

/** What each picture must keep of itself; `robust` has no floor of its own. SSIMULACRA 2 is shown, not asked for. */
function floorOf(tier, quality) {
  if (tier === 'small') return { psnr: 38, ssim: 0 }
  if (quality === 'robust') return undefined
  const more = quality === 'high' ? 2 : 0
  return tier === 'large' ? { psnr: 45 + more, ssim: 0.992 } : { psnr: 42 + more, ssim: 0.985 }
}

const percent = (share) => `${(100 * share).toFixed(1)}`
const interval = (hits, trials) => wilson(hits, trials).map(percent).join('-')

/** `missed` only where the interval lies below the target as well. */
function verdict(hits, trials, target) {
  if (target === undefined) return ''
  if ((100 * hits) / trials >= target) return `${target} reached`
  return `${target} ${100 * wilson(hits, trials)[1] >= target ? 'open' : '**missed**'}`
}

/** Names that a report has room for; the .jsonl has all. */
const MOST_NAMES = 12

function named(things, say, between = ', ') {
  const said = things.slice(0, MOST_NAMES).map(say)
  return said.join(between) + (things.length > MOST_NAMES ? ` and ${things.length - MOST_NAMES} more` : '')
}

function qualityLines(pictures, floor) {
  const measured = pictures.filter((picture) => picture.embedded)
  const refused = pictures.filter((picture) => !picture.embedded)
  const psnr = measured.map((picture) => picture.psnr)
  const ssim = measured.map((picture) => picture.ssim)
  const lines = []
  if (measured.length > 0)
    lines.push(`PSNR min ${Math.min(...psnr).toFixed(2)} dB, median ${median(psnr).toFixed(2)} dB; SSIM min ${Math.min(...ssim).toFixed(4)}, median ${median(ssim).toFixed(4)}; ` +
      `marking ${median(measured.map((picture) => picture.embedMs)).toFixed(0)} ms (median).`)
  const scored = measured.filter((picture) => picture.ssimulacra2 !== undefined)
  if (scored.length > 0) {
    const scores = scored.map((picture) => picture.ssimulacra2)
    const worst = scored.reduce((least, picture) => (picture.ssimulacra2 < least.ssimulacra2 ? picture : least))
    const left = measured.length - scored.length
    lines.push(`SSIMULACRA 2 mean ${(scores.reduce((sum, score) => sum + score, 0) / scores.length).toFixed(2)}, worst ${worst.ssimulacra2.toFixed(2)} (${worst.name})${left > 0 ? `; ${left} not measured: too large` : ''}.`)
  }
  if (floor !== undefined) {
    // What is printed with two places must not fail by the third.
    const below = measured.filter((picture) => picture.psnr < floor.psnr - 0.005 || picture.ssim < floor.ssim - 0.00005)
    lines.push(`Floor ${floor.psnr} dB${floor.ssim > 0 ? ` and SSIM ${floor.ssim}` : ''}: ` +
      (below.length === 0 ? 'met by every picture.' : `**not met by ${below.length}**: ${named(below, (picture) => `${picture.name} (${picture.psnr.toFixed(2)} dB, ${picture.ssim.toFixed(4)})`)}.`))
  }
  if (refused.length > 0) lines.push(`Not marked, counted as lost in every row: ${named(refused, (picture) => `${picture.name} (${picture.reason})`)}.`)
  return lines.join('\n')
}

function section(title, pictures, bits, quality) {
  const tier = pictures[0].tier
  const lines = []
  const failures = []
  const missed = []
  for (const row of ROWS) {
    const seen = pictures.filter((picture) => picture.results[row.name] !== undefined)
    if (seen.length === 0) continue
    const results = seen.map((picture) => picture.results[row.name])
    const count = (what) => results.filter((result) => result[what]).length
    const [whole, present, wrong] = [count('whole'), count('present'), count('wrong')]
    const target = targetOf(row, { tier, bits })
    const strengths = results.map((result) => strength(result.p))
    const verdicts = [verdict(whole, seen.length, target.payload), verdict(present, seen.length, target.presence)]
    if (verdicts.some((said) => said !== '' && !said.endsWith('reached'))) missed.push(row.name)
    lines.push([
      row.name, seen.length,
      percent(whole / seen.length), interval(whole, seen.length), verdicts[0],
      percent(present / seen.length), interval(present, seen.length), verdicts[1],
      wrong, median(strengths).toFixed(1), Math.min(...strengths).toFixed(1), median(results.map((result) => result.ms)).toFixed(0),
    ])
    const lost = seen.filter((picture) => !picture.results[row.name].whole)
    if (lost.length > 0) failures.push(`- ${row.name}: ${named(lost, (picture) => picture.name + (picture.results[row.name].present ? ' (seen)' : ''))}`)
    const errors = results.filter((result) => result.error !== undefined)
    if (errors.length > 0) failures.push(`- ${row.name}, errors: ${errors.length} x ${errors[0].error}`)
  }
  const titles = ['attack', 'n', 'payload %', '95 %', 'target', 'presence %', '95 %', 'target', 'wrong', '-log10 p median', 'worst', 'ms']
  const lost = failures.length === 0 ? '' : `\n\nPayload lost on (\`seen\`: the mark was still found):\n\n${failures.join('\n')}`
  const reached = `Targets reached in ${lines.length - missed.length} of ${lines.length} rows${missed.length > 0 ? `; not in: ${named(missed, (name) => name, ' / ')}` : ''}.`
  return `## ${title}: ${pictures.length} pictures\n\n${reached}\n${qualityLines(pictures, floorOf(tier, quality))}\n\n${table(titles, lines)}${lost}\n`
}

/** `answers`: what each picture gave, with its name and class. */
export function report(answers, { bits, quality }) {
  const skipped = answers.filter((answer) => answer.skipped !== undefined)
  const died = answers.filter((answer) => answer.died !== undefined)
  const groups = new Map()
  for (const answer of answers) {
    if (answer.results === undefined) continue
    const title = `${answer.kind}, ${TIERS[answer.tier]}${answer.shortSide === undefined ? '' : ` (${answer.shortSide} px)`}`
    groups.set(title, [...(groups.get(title) ?? []), answer])
  }
  const sections = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, pictures]) => section(title, pictures, bits, quality))
  if (died.length > 0) sections.push(`## Pictures on which the process died\n\n${died.map((answer) => `- ${answer.name}: ${answer.died}`).join('\n')}\n`)
  if (skipped.length > 0) sections.push(`## Left out\n\n${skipped.map((answer) => `- ${answer.name}: ${answer.skipped}`).join('\n')}\n`)
  return sections.join('\n')
}
