// Writes the tables of docs/rules.md, docs/formats.md and docs/traces.md from the tables in the sources. Needs dist/ (npm run build:ts).
// test/docs.test.ts fails where a document is behind its table.
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (heads, rows) => [row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n')

/** The parts of docs/rules.md by the name of their marker. */
export function rulesParts(rules) {
  const source = ({ articles, note }) => {
    const named = articles.length === 0 ? '*our own*' : articles.map(({ law, article }) => `${law} ${article}`).join('; ')
    return [named, ...(note === undefined ? [] : [note])].join('. ')
  }
  const chapter = (letters) => table(
    ['rule', 'says', 'source', 'severity', 'seen by', 'in `mark`', 'in `verify`', 'what to do'],
    rules.filter(({ rule }) => letters.includes(rule[0])).map((one) => [one.rule, one.says, source(one), one.severity, one.seen, one.marks, one.verifies, one.remedy.en]),
  )
  return {
    metadata: chapter('MS'), text: chapter('T'), image: chapter('I'), video: chapter('V'), audio: chapter('A'), marks: chapter('WC'), platform: chapter('LPR'),
    chinese: table(['规则', '含义', '处理办法'], rules.map(({ rule, zh, remedy }) => [rule, zh, remedy.zh])),
  }
}

/** The parts of docs/formats.md by the name of their marker. */
export function formatsParts(formats) {
  const form = { xmp: 'XMP property', bare: 'bare object', wrapped: 'wrapped object' }
  const yes = (value) => (value ? 'yes' : 'no')
  return {
    formats: table(
      ['kind', 'place of the label', 'form', 'named by', 'read', 'written', 'kept', 'read back by'],
      formats.map((one) => [one.kind, one.place, form[one.form], one.source.replace('own convention', '*our own convention*'), yes(one.reads), yes(one.writes), one.kept, one.readersTried.join(', ')]),
    ),
  }
}

/** The parts of docs/traces.md by the name of their marker. */
export function tracesParts(traces) {
  const cell = (text) => text.replaceAll('|', '\\|')
  return {
    traces: table(['generator', 'place', 'key', 'text', 'known from'], traces.map(({ generator, place, key, value, source }) => [
      generator, place === undefined ? 'any' : `\`${cell(place.source)}\``, `\`${cell(key.source)}\``, `\`${cell(value.source)}\``, source,
    ])),
  }
}

/** The document with each part between its markers; an error where a marker is missing. */
export function filled(text, parts) {
  for (const [name, part] of Object.entries(parts)) {
    const [begin, end] = [`<!-- table ${name}, by scripts/write-docs.mjs -->`, `<!-- end ${name} -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`the document has no part "${name}"`)
    text = `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`
  }
  return text
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { RULES } = await import('../dist/policy/rules.js')
  const { FORMATS } = await import('../dist/policy/formats.js')
  const { TRACES } = await import('../dist/trace/traces.js')
  for (const [path, parts] of [['docs/rules.md', rulesParts(RULES)], ['docs/formats.md', formatsParts(FORMATS)], ['docs/traces.md', tracesParts(TRACES)]]) {
    const before = readFileSync(path, 'utf8')
    const after = filled(before, parts)
    if (after !== before) writeFileSync(path, after)
    console.log(`${path}: ${after === before ? 'is current' : 'written'}`)
  }
}
