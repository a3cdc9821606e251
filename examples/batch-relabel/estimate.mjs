// What a job takes, from measured seconds and from your own prices. Everything is a multiplication; docs/scale-out.md has the formulas.
//   node estimate.mjs --seconds S [--objects 1e9] [--batch 100] [--cores 64] [--use 0.8] [--bytes-in B] [--bytes-out B] [--queue-ms MS] [--job-bytes B] [--queue-length 1000]
//                     [--core-hour P] [--put P] [--get P] [--gb-month P]        prices: for an hour of a core, a request, a GB kept for a month
import { parseArgs } from 'node:util'

const flags = { seconds: undefined, objects: '1e9', batch: '100', cores: '64', use: '0.8', 'bytes-in': '0', 'bytes-out': '0', 'queue-ms': '0', 'job-bytes': '0', 'queue-length': '1000', 'core-hour': undefined, put: undefined, get: undefined, 'gb-month': undefined }
const { values } = parseArgs({ options: Object.fromEntries(Object.entries(flags).map(([name, fallback]) => [name, { type: 'string', ...(fallback === undefined ? {} : { default: fallback }) }])) })
const given = Object.fromEntries(Object.entries(values).map(([name, value]) => {
  const number = Number(value)
  if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number, not ${value}`)
  return [name, number]
}))
if (given.seconds === undefined) throw new Error('--seconds is missing: processor time an object, of bench/batch.mjs on your machines')

const { objects, batch, cores } = given
const batches = Math.ceil(objects / batch)
const coreHours = objects * given.seconds / 3600
// A put of the output for each object, of the plan and of the result for each batch; a listing is priced as a put by most.
const puts = objects + 2 * batches
// The feed's walk over the source, and the report's over source and target; of plans the feed's last look, of results that and the report's.
const lists = 3 * Math.ceil(objects / 1000) + 3 * Math.ceil(batches / 1000)
// The object; of each batch the plan, a look for its result, and the result again for the report.
const gets = objects + 3 * batches
const rows = [
  ['batches', batches, ''],
  ['processor time', coreHours, 'core hours'],
  [`time on ${cores} cores, in use to ${Math.round(given.use * 100)} %`, coreHours / cores / given.use / 24, 'days'],
  ['put and list requests', puts + lists, ''],
  ['get and head requests', gets, ''],
  ['read', objects * given['bytes-in'] / 1e9, 'GB'],
  ['written', objects * given['bytes-out'] / 1e9, 'GB'],
  ['processor time of the queue, in all', batches * given['queue-ms'] / 3.6e6, 'core hours'],
  ['memory of the queue', given['queue-length'] * given['job-bytes'] / 1e6, 'MB'],
]
const costs = [
  ['cores', coreHours / given.use * given['core-hour']], ['put and list requests', (puts + lists) * given.put], ['get and head requests', gets * given.get],
  ['keeping the outputs, a month', objects * given['bytes-out'] / 1e9 * given['gb-month']],
].filter(([, cost]) => !Number.isNaN(cost))
const written = (number) => (number >= 100 ? Math.round(number).toLocaleString('en-US') : String(Number(number.toPrecision(3))))
console.log(['| | |', '|---|--:|', ...rows.map(([name, number, unit]) => `| ${name} | ${written(number)}${unit === '' ? '' : ` ${unit}`} |`), ...costs.map(([name, cost]) => `| cost: ${name} | ${written(cost)} |`)].join('\n'))
