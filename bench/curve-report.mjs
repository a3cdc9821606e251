// The curves in Markdown, and the counts behind them.
import { ATTACKS, CURVES, QUALITIES } from './curves.mjs'
import { table } from './machine.mjs'
import { median, wilson } from './statistics.mjs'

const SIZES = { small: 'below 512 px', medium: '512 to 1023 px', large: 'from 1024 px' }

/** `{ title, pictures }` of each class and size. */
export function classesOf(answers) {
  const groups = new Map()
  for (const answer of answers.filter((one) => one.points !== undefined)) {
    const title = `${answer.kind}, ${SIZES[answer.tier]}`
    groups.set(title, [...(groups.get(title) ?? []), answer])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, pictures]) => ({ title, pictures }))
}

/** Of the pictures that have one: `{ strength, trials, share, low, high }`. One trial a picture, so that Wilson's interval holds. */
export function pointsOf({ name, strengths }, pictures) {
  return strengths.map((strength) => counted(strength, pictures.map((picture) => picture.points[`${name} ${strength}`])))
}

export function counted(strength, trials) {
  const seen = trials.filter((trial) => trial !== undefined)
  const hits = seen.filter((trial) => trial.whole).length
  const [low, high] = wilson(hits, seen.length)
  return { strength, trials: seen.length, share: hits / seen.length, low, high }
}

export const percent = (share) => (100 * share).toFixed(0)
const cell = ({ trials, share, low, high }) => (trials === 0 ? '' : `${percent(share)} (${percent(low)}-${percent(high)})`)

/** What the settings cost and bring: `{ quality, psnr, ssim, ssimulacra2, worst, attacks }`. */
export function qualitiesOf(pictures) {
  return QUALITIES.map((quality) => {
    const all = pictures.map((picture) => ({ name: picture.name, ...picture.qualities[quality] }))
    const marked = all.filter((one) => one.embedded)
    const scored = marked.filter((one) => one.ssimulacra2 !== undefined)
    const worst = scored.reduce((least, one) => (least === undefined || one.ssimulacra2 < least.ssimulacra2 ? one : least), undefined)
    return {
      quality, marked: marked.length, psnr: median(marked.map((one) => one.psnr)), ssim: median(marked.map((one) => one.ssim)),
      ssimulacra2: scored.reduce((sum, one) => sum + one.ssimulacra2, 0) / scored.length, worst,
      attacks: Object.keys(ATTACKS).map((name) => counted(name, all.map((one) => one.survived[name]))),
    }
  })
}

export function curveReport(answers) {
  const classes = classesOf(answers)
  const other = answers.filter((answer) => answer.died ?? answer.skipped)
  const curves = CURVES.map((curve) => {
    const rows = classes.map(({ title, pictures }) => [title, pictures.length, ...pointsOf(curve, pictures).map(cell)])
    return `## ${curve.name}\n\n${table(['class', 'pictures', ...curve.strengths], rows)}\n`
  })
  const settings = classes.map(({ title, pictures }) => {
    const rows = qualitiesOf(pictures).map(({ quality, marked, psnr, ssim, ssimulacra2, worst, attacks }) => [
      quality, marked, psnr.toFixed(2), ssim.toFixed(4), ssimulacra2.toFixed(2), worst === undefined ? '' : `${worst.ssimulacra2.toFixed(2)}, ${worst.name}`, ...attacks.map(cell),
    ])
    return `### ${title}: ${pictures.length} pictures\n\n${table(['setting', 'marked', 'PSNR median', 'SSIM median', 'SSIMULACRA 2 mean', 'worst', ...Object.keys(ATTACKS)], rows)}\n`
  })
  return [
    'Payload read entirely and accepted, in per cent of the pictures, with Wilson\'s 95 % interval; one trial a picture and strength.\n',
    ...curves, '## Quality against robustness\n', ...settings,
    ...(other.length > 0 ? [`Left out: ${other.map((answer) => `${answer.name} (${answer.died ?? answer.skipped})`).join(', ')}.\n`] : []),
  ].join('\n')
}
