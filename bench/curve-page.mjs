// The curves as a page that is complete in itself: inline SVG, no script, no request, for light and dark screens.
import { ATTACKS, CURVES } from './curves.mjs'
import { classesOf, percent, pointsOf, qualitiesOf } from './curve-report.mjs'

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [560, 280, 44, 16, 14, 44]
/** Told apart by colour, by dashes and by the mark at each point. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 4', '12 4']
const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1d21; --soft: #6a707a; --line: #d9dce1;
  --c0: #1f5fbf; --c1: #b3470b; --c2: #157a4a; --c3: #8a2f9c; --c4: #8a6a00; --c5: #a3123f }
@media (prefers-color-scheme: dark) { :root { --ground: #15171a; --ink: #e8eaed; --soft: #9aa1ac; --line: #34383f;
  --c0: #7db0ff; --c1: #ff9d5c; --c2: #62cf98; --c3: #d991ea; --c4: #e3c04a; --c5: #ff86a8 } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 0 0 .3rem } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.5rem }
svg { width: 100%; height: auto; display: block } svg text { fill: var(--soft); font: 12px system-ui, sans-serif }
.rule { stroke: var(--line) } .band { opacity: .13; stroke: none } .curve { fill: none; stroke-width: 2 }
ul.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem } ul.legend svg { display: inline; width: 2.4rem; height: .8rem; vertical-align: middle; margin-right: .4rem }
pre, .facts { color: var(--soft); font-size: .85rem; white-space: pre-wrap } .wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } td, th { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: right } td:first-child, th:first-child { text-align: left }
`

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])
const colour = (at) => `var(--c${at % 6})`
const dash = (at) => (DASHES[at % DASHES.length] === '' ? '' : ` stroke-dasharray="${DASHES[at % DASHES.length]}"`)

/** Lines over evenly spaced strengths; `series`: `{ title, points }`. */
function chart(title, labels, series) {
  const x = (at) => LEFT + ((WIDTH - LEFT - RIGHT) * (at + 0.5)) / labels.length
  const y = (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
  const place = (at, share) => `${x(at).toFixed(1)},${y(share).toFixed(1)}`
  const rules = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}"/><text x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end">${percent(share)}</text>`)
  const names = labels.map((label, at) => `<text x="${x(at).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${escaped(label)}</text>`)
  const lines = series.map(({ title: name, points }, at) => {
    const seen = points.map((point, n) => ({ ...point, n })).filter(({ trials }) => trials > 0)
    const band = [...seen.map(({ n, high }) => place(n, high)), ...[...seen].reverse().map(({ n, low }) => place(n, low))].join(' ')
    const dots = seen.map(({ n, share, low, high, trials, strength }) =>
      `<circle cx="${x(n).toFixed(1)}" cy="${y(share).toFixed(1)}" r="3.2" fill="${colour(at)}"><title>${escaped(`${name}, ${strength}: ${percent(share)} % of ${trials} (${percent(low)}-${percent(high)})`)}</title></circle>`)
    return `<polygon class="band" points="${band}" fill="${colour(at)}"/><polyline class="curve" points="${seen.map(({ n, share }) => place(n, share)).join(' ')}" stroke="${colour(at)}"${dash(at)}/>${dots.join('')}`
  })
  return `<section><h2>${escaped(title)}</h2><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${title}: payload read, per cent`)}">
${rules.join('')}${names.join('')}${lines.join('\n')}<text x="${LEFT}" y="${HEIGHT - 6}">weaker</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">stronger</text></svg></section>`
}

function legend(titles) {
  const items = titles.map((title, at) => `<li><svg viewBox="0 0 38 12"><line x1="1" x2="37" y1="6" y2="6" stroke="${colour(at)}" stroke-width="2"${dash(at)}/></svg>${escaped(title)}</li>`)
  return `<ul class="legend">${items.join('')}</ul>`
}

function settings({ title, pictures }) {
  const qualities = qualitiesOf(pictures)
  const rows = qualities.map(({ quality, marked, psnr, ssim, ssimulacra2, worst }) =>
    `<tr><td>${quality}</td>${[marked, psnr.toFixed(2), ssim.toFixed(4), ssimulacra2.toFixed(2), worst === undefined ? '' : `${worst.ssimulacra2.toFixed(2)}, ${worst.name}`].map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
  const series = Object.keys(ATTACKS).map((name, at) => ({ title: name, points: qualities.map(({ attacks }) => attacks[at]) }))
  const labels = qualities.map(({ quality, psnr }) => `${quality}, ${psnr.toFixed(1)} dB`)
  return `<h3>${escaped(title)}: ${pictures.length} pictures</h3><div class="wide"><table><tr>${['setting', 'marked', 'PSNR median', 'SSIM median', 'SSIMULACRA 2 mean', 'worst'].map((name) => `<th>${name}</th>`).join('')}</tr>${rows.join('')}</table></div>
${chart('Payload read, by setting', labels, series).replace('>weaker<', '>finer<').replace('>stronger<', '>stronger mark<')}`
}

/** `about`: the head of the report in Markdown. */
export function curvePage(answers, about) {
  const classes = classesOf(answers)
  const charts = CURVES.map((curve) => chart(curve.name, curve.strengths, classes.map(({ title, pictures }) => ({ title, points: pointsOf(curve, pictures) }))))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>Image watermark: survival against strength</title><style>${STYLE}</style></head><body>
<h1>Image watermark: survival against strength</h1>
<p>Payload read entirely and accepted, in per cent of the pictures; shaded: Wilson's 95 % interval. One trial a picture and strength; strengths are spaced evenly, not to scale.</p>
${legend(classes.map(({ title, pictures }) => `${title} (${pictures.length})`))}
<div class="charts">${charts.join('\n')}</div>
<h2>Quality against robustness</h2>${legend(Object.keys(ATTACKS))}<div class="charts">${classes.map((one) => `<section>${settings(one)}</section>`).join('\n')}</div>
<h2>How it was made</h2><div class="facts">${escaped(about.replace(/^#.*\n+/, ''))}</div></body></html>
`
}
