// The false-alarm study in Markdown.
import { table } from './machine.mjs'
import { randomOf } from './random.mjs'
import { median, tailFit, wilson } from './statistics.mjs'

/** What a file is promised. */
const PROMISE = 1e-6
/** Where the tail may begin, the strictest first, and how many p-values a fit needs beyond it. */
const TAILS = [1e-4, 1e-3, 1e-2, 1e-1]
const ENOUGH = 100

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
  const other = answers.filter((answer) => answer.died ?? answer.skipped)
  return [
    `${trials} trials on ${pictures.length} pictures${settings.marked ? ' that carry the mark of another key' : ''}, ${short(median(pictures.map((picture) => picture.msEach)))} ms a key (median picture).\n`,
    `Payloads accepted: ${accepted.length}${accepted.length > 0 ? ` - **${accepted.map((found) => `${found.payload} on ${found.name}, p ${short(found.p ?? 1)}`).join('; ')}**` : ''}. ` +
      `At p <= 1e-6: ${counts[6]}. Smallest p: ${least.least.toExponential(1)} on ${least.name}.\n`,
    `${tail(pictures, settings)}\n`,
    table(['p at most', 'expected', 'seen', 'share, 95 %', 'seen / expected'], rows),
    `\nWorst picture at p <= 10^-2: ${worst(worstAt(2), 2)}; at p <= 10^-3: ${worst(worstAt(3), 3)}.`,
    ...(sum(pictures.map((picture) => picture.unnamed)) > 0 ? [`\nTrials without a p-value: ${sum(pictures.map((picture) => picture.unnamed))}.`] : []),
    ...(other.length > 0 ? [`\nNot tried: ${other.map((answer) => `${answer.name} (${answer.died ?? answer.skipped})`).join(', ')}.`] : []),
    '',
  ].join('\n')
}

function tail(pictures, settings) {
  const beyond = (from) => pictures.map((picture) => ({ trials: picture.trials, small: picture.small.filter((p) => p <= from) }))
  const from = TAILS.find((start) => sum(beyond(start).map((group) => group.small.length)) >= ENOUGH)
  if (from === undefined) return `Fewer than ${ENOUGH} p-values of at most ${TAILS.at(-1)}: no tail to fit.`
  const groups = beyond(from)
  const fit = tailFit(groups, from, PROMISE, randomOf(settings.seed, 'tail'))
  return `Tail: ${sum(groups.map((group) => group.small.length))} p-values of at most ${from}; exponential rate ${fit.rate.toFixed(3)} (1 = exact, more = safer); ` +
    `chance of p <= ${PROMISE.toExponential(0)} by the fit ${short(fit.chance)} (95 %, pictures resampled: ${short(fit.low)} - ${short(fit.high)}).`
}

function worst(picture, k) {
  return `${picture.name}, ${picture.atMost[k]} of ${picture.trials} (${(picture.atMost[k] / (picture.trials * 10 ** -k)).toFixed(1)} x expected)`
}
