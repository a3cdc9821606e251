// The false-alarm study in Markdown.
import { table } from './machine.mjs'
import { randomOf } from './random.mjs'
import { median, tailFit, wilson } from './statistics.mjs'

/** Where the tail begins, and what a file is promised. */
const TAIL = 1e-2
const PROMISE = 1e-6

const sum = (numbers) => numbers.reduce((before, number) => before + number, 0)
const short = (number) => (number === 0 ? '0' : number >= 0.01 ? number.toPrecision(3) : number.toExponential(1))

export function falseAlarmReport(answers, settings) {
  const pictures = answers.filter((answer) => answer.trials > 0)
  const trials = sum(pictures.map((picture) => picture.trials))
  if (trials === 0) return 'No picture could be tried.\n'
  const accepted = pictures.flatMap((picture) => picture.accepted.map((found) => ({ ...found, name: picture.name })))
  const counts = pictures[0].atMost.map((_, k) => sum(pictures.map((picture) => picture.atMost[k])))
  const rows = counts.map((count, k) => {
    const expected = trials * 10 ** -k
    return [`10^-${k}`, short(expected), count, wilson(count, trials).map(short).join(' - '), expected >= 5 ? (count / expected).toFixed(2) : '']
  })
  const worstAt = (k) => pictures.reduce((worst, picture) => (picture.atMost[k] / picture.trials > worst.atMost[k] / worst.trials ? picture : worst))
  const least = pictures.reduce((worst, picture) => (picture.least < worst.least ? picture : worst))
  const fit = tailFit(pictures, TAIL, PROMISE, randomOf(settings.seed, 'tail'))
  const other = answers.filter((answer) => answer.died ?? answer.skipped)
  return [
    `${trials} trials on ${pictures.length} pictures${settings.marked ? ' that carry the mark of another key' : ''}, ${short(median(pictures.map((picture) => picture.msEach)))} ms a key (median picture).\n`,
    `Payloads accepted: ${accepted.length}${accepted.length > 0 ? ` - **${accepted.map((found) => `${found.payload} on ${found.name}, p ${short(found.p ?? 1)}`).join('; ')}**` : ''}. ` +
      `At p <= 1e-6: ${counts[6]}. Smallest p: ${least.least.toExponential(1)} on ${least.name}.\n`,
    fit === undefined
      ? `No p-value of at most ${TAIL}: no tail to fit.\n`
      : `Tail beyond p = ${TAIL}: exponential rate ${fit.rate.toFixed(3)} (1 = exact); chance of p <= 1e-6 by the fit ${short(fit.chance)} (95 %, pictures resampled: ${short(fit.low)} - ${short(fit.high)}).\n`,
    table(['p at most', 'expected', 'seen', 'share, 95 %', 'seen / expected'], rows),
    `\nWorst picture at p <= 10^-2: ${worst(worstAt(2), 2)}; at p <= 10^-3: ${worst(worstAt(3), 3)}.`,
    ...(sum(pictures.map((picture) => picture.unnamed)) > 0 ? [`\nTrials without a p-value: ${sum(pictures.map((picture) => picture.unnamed))}.`] : []),
    ...(other.length > 0 ? [`\nNot tried: ${other.map((answer) => `${answer.name} (${answer.died ?? answer.skipped})`).join(', ')}.`] : []),
    '',
  ].join('\n')
}

function worst(picture, k) {
  return `${picture.name}, ${picture.atMost[k]} of ${picture.trials} (${(picture.atMost[k] / (picture.trials * 10 ** -k)).toFixed(1)} x expected)`
}
