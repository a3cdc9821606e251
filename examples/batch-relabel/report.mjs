// The whole report of the job on stdout, one line an object, and its counts on stderr. Fails where an object of the source has no
// line, has two, or where what is said to be done is not in the target.
//   node report.mjs > report.jsonl
import { jobOf } from './job.mjs'

const { source, target, books } = jobOf()
const job = (await books.lines('job.json'))?.[0]
if (job === undefined) throw new Error(`${books.name} holds no job.`)

async function* lines() {
  for await (const { key } of books.list('result/')) yield* await books.lines(key)
}
const skip = (bucket) => `s3://${bucket.name}/`.length
const counts = { objects: 0, done: 0, kept: 0, skipped: 0, failed: 0, 'not compliant': 0, 'without line': 0, 'without output': 0, twice: 0 }
// Source, target and results all come in the order of keys: one walk, whatever their number.
const reported = lines()
const outputs = target.list(job.prefix)
let [line, output] = [await reported.next(), await outputs.next()]
const bytes = (key) => Buffer.from(key)
const before = (a, b) => Buffer.compare(bytes(a), bytes(b)) < 0
for await (const { key, size } of source.list(job.prefix)) {
  if (key.endsWith('/') && size === 0) continue
  counts.objects++
  let found = 0
  for (; !line.done && !before(key, line.value.file.slice(skip(source))); line = await reported.next()) {
    const { value } = line
    if (value.file.slice(skip(source)) === key) found++
    process.stdout.write(`${JSON.stringify(value)}\n`)
    counts[value.status]++
    if (value.status === 'done' && value.verdict === 'non-compliant') counts['not compliant']++
    while (!output.done && before(output.value.key, key)) output = await outputs.next()
    if (value.output !== undefined && (output.done || output.value.key !== key)) counts['without output']++
  }
  if (found === 0) counts['without line']++
  if (found > 1) counts.twice++
}
console.error(JSON.stringify(counts))
process.exitCode = counts['without line'] + counts['without output'] + counts.twice > 0 ? 1 : counts.failed > 0 ? 3 : counts['not compliant'] > 0 ? 1 : 0
