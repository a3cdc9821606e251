// Holds the sources to the floors of ARCHITECTURE.md: a file uses only its own room and rooms below it, and no two files
// use each other, by whatever way round. Test code is free.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

// Rooms, lowest first. A room is a folder or a single file; rooms on one line are one floor and do not use each other.
const RUST = {
  folder: 'core/src', ending: '.rs', uses: rustUses,
  floors: [
    ['error'], ['keyed', 'signal', 'stats', 'xmp'], ['ecc'], ['payload', 'watermark'], ['container'], ['media'], ['metadata'], ['image', 'audio', 'text', 'token'], ['label', 'audible'], ['video'], ['face'], ['lib'],
  ],
}
const TYPESCRIPT = {
  folder: 'src', ending: '.ts', uses: typescriptUses,
  floors: [
    ['errors'], ['limits', 'page', 'chinese'], ['types'], ['engine'], ['policy'], ['media'], ['key'], ['metadata', 'signature', 'trace', 'c2pa', 'document'], ['image', 'audio', 'video', 'text', 'token', 'ledger'], ['pipeline'],
    ['texts'], ['countermark', 'diagnose'], ['relabel', 'dossier', 'serve', 'adapters', 'verifier'], ['index', 'browser'], ['cli', 'element'],
  ],
}

/** Paths of the repository's files that a TypeScript text imports, types included. */
function typescriptUses(file, text) {
  const named = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.[^'"]+)['"]/g)]
  return named.map(([, path]) => normalize(join(dirname(file), path)).replace(/\.js$/, '.ts'))
}

/** Paths of the module files that a Rust text names through `crate::`, `super::` or `self::`. */
function rustUses(file, text, files) {
  const code = text.replace(/\/\/.*$/gm, '').replace(/^#\[cfg\(test\)\][\s\S]*$/m, '')
  const here = file.slice('core/src/'.length).replace(/(\/mod)?\.rs$/, '').replace(/^lib$/, '').split('/').filter(Boolean)
  const uses = []
  for (const [, start, rest] of code.matchAll(/\b(crate|self|super)((?:\s*::\s*(?:\w+|\{[^;]*?\}(?=\s*;)))+)/g)) {
    const base = start === 'crate' ? [] : start === 'self' ? here : here.slice(0, -1)
    for (const path of spread(rest.replace(/\s+as\s+\w+/g, '').replace(/\s+/g, '').slice(2))) {
      const parts = [...base]
      for (const part of path) part === 'super' ? parts.pop() : part === 'self' || parts.push(part)
      const found = moduleOf(parts, files)
      if (found !== undefined) uses.push(found)
    }
  }
  return uses
}

/** `a::{b,c::d}` as [['a','b'],['a','c','d']]. */
function spread(tree) {
  const open = tree.indexOf('{')
  if (open < 0) return [tree.split('::')]
  const before = tree.slice(0, open).split('::').filter(Boolean)
  const parts = ['']
  let depth = 0
  for (const letter of tree.slice(open + 1, tree.lastIndexOf('}'))) {
    if (letter === '{') depth++
    if (letter === '}') depth--
    if (letter === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.filter(Boolean).flatMap((part) => spread(part).map((path) => [...before, ...path]))
}

/** The file of the innermost module on `parts`; what follows it is an item. */
function moduleOf(parts, files) {
  for (let length = parts.length; length > 0; length--) {
    const path = `core/src/${parts.slice(0, length).join('/')}`
    for (const file of [`${path}.rs`, `${path}/mod.rs`]) if (files.has(file)) return file
  }
  return undefined
}

/** A circle among `graph`'s files as a list, or undefined. */
function circle(graph) {
  const state = new Map()
  const path = []
  const visit = (file) => {
    if (state.get(file) === 'done') return undefined
    if (state.get(file) === 'open') return [...path.slice(path.indexOf(file)), file]
    state.set(file, 'open')
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      const found = visit(next)
      if (found) return found
    }
    path.pop()
    state.set(file, 'done')
    return undefined
  }
  for (const file of graph.keys()) {
    const found = visit(file)
    if (found) return found
  }
  return undefined
}

const problems = []
let checked = 0
for (const { folder, ending, floors, uses } of [RUST, TYPESCRIPT]) {
  if (!existsSync(folder)) continue
  const files = new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending)).map((name) => join(folder, name)),
  )
  const room = (file) => file.slice(folder.length + 1).split('/')[0].replace(ending, '')
  const floor = (file) => floors.findIndex((rooms) => rooms.includes(room(file)))
  const graph = new Map()
  for (const file of files) {
    checked++
    if (floor(file) < 0) problems.push(`${file}: the room "${room(file)}" is on no floor; give it one here and in ARCHITECTURE.md`)
    const used = new Set(uses(file, readFileSync(file, 'utf8'), files))
    used.delete(file)
    for (const other of floor(file) < 0 ? [] : used) {
      if (!files.has(other)) problems.push(`${file} uses ${other}, which is not there`)
      else if (room(other) !== room(file) && floor(other) >= floor(file)) problems.push(`${file} uses ${other}, which is not below it`)
    }
    graph.set(file, [...used].filter((other) => files.has(other)))
  }
  const round = circle(graph)
  if (round) problems.push(`these use each other in a circle: ${round.join(' -> ')}`)
}

for (const problem of problems) console.log(problem)
console.log(`check-floors: ${checked} files, ${problems.length} problems`)
process.exit(problems.length > 0 || checked === 0 ? 1 : 0)
