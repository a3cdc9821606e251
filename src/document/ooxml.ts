// DOCX, XLSX, PPTX and their templates: the custom document property AIGC (TC260-PG-20258A, 6.1).
import { broken, encoded, foreignSource, isOurText, isUri, spliced, unsupported, utf8, type Contents, type Format, type Found, type Values } from './label.js'
import type { Engine } from '../engine/engine.js'
import { appended, attribute, elements, escaped, prefixOf, textOf, type Element } from './xml.js'
import { entryOf, hasManifest, openZip, packedContent, partOf, withParts, type Zip } from './zip.js'

const FMTID = '{D5CDD505-2E9C-101B-9397-08002B2CF9AE}'
const VT = 'http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes'
const CUSTOM = { type: 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties', space: 'http://schemas.openxmlformats.org/officeDocument/2006/custom-properties', vt: VT }
/** The names of ISO/IEC 29500 Strict. */
const STRICT = { type: 'http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties', space: 'http://purl.oclc.org/ooxml/officeDocument/customProperties', vt: 'http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes' }
const CONTENT_TYPE = 'application/vnd.openxmlformats-officedocument.custom-properties+xml'
const [TYPES, RELATIONS] = ['[Content_Types].xml', '_rels/.rels']
/** A property of ours beside the label; no guide names a place for it. */
const SOURCE = 'DigitalSourceType'

interface Part { name: string; text: string; all: Element[]; offset: number }

function part(zip: Zip, name: string): Part | undefined {
  const entry = entryOf(zip, name)
  if (entry === undefined) return undefined
  const text = utf8(partOf(zip, entry), entry.name, entry.offset)
  return { name: entry.name, text, all: elements(text, entry.name, entry.offset), offset: entry.offset }
}

interface Package { zip: Zip; types: Part; relations: Part; relation?: Element; type?: Element; path: string; custom?: Part; strict: boolean }

function open(bytes: Uint8Array): Package {
  const zip = openZip(bytes)
  const [types, relations] = [part(zip, TYPES), part(zip, RELATIONS)]
  if (types === undefined || relations === undefined) throw broken(`the package lacks ${types ? RELATIONS : TYPES}`, zip.directory)
  const all = relations.all.filter(({ local }) => local === 'Relationship')
  const relation = all.find((one) => /\/custom-?[Pp]roperties$/.test(attribute(one, 'Type') ?? ''))
  if (relation !== undefined && attribute(relation, 'TargetMode') === 'External') throw unsupported('The custom properties lie outside of the file.')
  const path = (relation === undefined ? undefined : attribute(relation, 'Target')?.replace(/^(\.?\/)+/, '')) ?? 'docProps/custom.xml'
  const custom = part(zip, path)
  const type = types.all.find((one) => one.local === 'Override' && attribute(one, 'PartName')?.toLowerCase() === `/${path}`.toLowerCase())
  return {
    zip, types, relations, path: custom?.name ?? path,
    strict: all.some((one) => attribute(one, 'Type')?.startsWith('http://purl.oclc.org/') === true),
    ...(relation === undefined ? {} : { relation }), ...(type === undefined ? {} : { type }), ...(custom === undefined ? {} : { custom }),
  }
}

function properties({ all }: Part): Element[] {
  return all.filter(({ local, parent }) => local === 'property' && parent?.local === 'Properties' && parent.parent === undefined)
}

function named(custom: Part, name: string): Element | undefined {
  return properties(custom).find((one) => attribute(one, 'name') === name)
}

function valueOf(custom: Part, property: Element): Element | undefined {
  return custom.all.find(({ parent }) => parent === property)
}

function read(bytes: Uint8Array, engine: Engine): Contents {
  const { zip, custom, relation } = open(bytes)
  const found: Found[] = []
  let digitalSourceType: string | undefined
  for (const property of custom === undefined ? [] : properties(custom)) {
    const name = attribute(property, 'name') ?? ''
    const text = textOf(custom!.text, property)
    if (name === SOURCE) digitalSourceType ??= text.trim()
    // The standard asks for a name that contains AIGC (GB 45438-2025, Annex E a).
    if (name !== 'AIGC' && !(/AIGC/i.test(name) && engine.labelParse(text).looksLike) && !engine.labelParse(text).looksLike) continue
    const official = name === 'AIGC' && relation !== undefined && attribute(property, 'fmtid')?.toUpperCase() === FMTID && valueOf(custom!, property)?.local === 'lpwstr'
    found.push({ location: `${custom!.name} ${name}`, offset: custom!.offset, text, official })
  }
  for (const name of ['docProps/core.xml', 'docProps/app.xml']) {
    const other = part(zip, name)
    for (const element of other?.all ?? []) {
      if (other!.all.some(({ parent }) => parent === element)) continue
      const text = textOf(other!.text, element)
      if (text.includes('{') && engine.labelParse(text).looksLike) found.push({ location: `${other!.name} ${element.local}`, offset: other!.offset, text, official: false })
    }
  }
  return { found, c2pa: hasManifest(zip), ...(digitalSourceType === undefined ? {} : { digitalSourceType }) }
}

function write(bytes: Uint8Array, values: Values): Uint8Array {
  const { zip, types, relations, relation, type, path, custom, strict } = open(bytes)
  if (zip.entries.some(({ name }) => name.startsWith('_xmlsignatures/')))
    throw unsupported('The document is signed, and a label changes parts that its signature may cover.', 'Mark the document before it is signed.')
  const names = strict ? STRICT : CUSTOM
  const parts = new Map<string, Uint8Array>()
  const wanted: [string, string][] = [['AIGC', values.label], ...(values.digitalSourceType === undefined ? [] : [[SOURCE, values.digitalSourceType] as [string, string]])]
  if (custom === undefined) {
    const inside = wanted.map(([name, value], index) => property('', name, value, index + 2, names.vt)).join('')
    parts.set(path, encoded(shell(names.space, inside)))
  } else {
    const root = custom.all[0]!
    const taken = properties(custom).map((one) => Number(attribute(one, 'pid')) || 1)
    let pid = Math.max(1, ...taken)
    let added = ''
    const edits = []
    for (const [name, value] of wanted) {
      const old = named(custom, name)
      const holder = old && valueOf(custom, old)
      if (old && name === SOURCE && textOf(custom.text, old) === value) continue
      if (old && name === SOURCE && !isOurs(custom, old, SOURCE, names.vt)) throw foreignSource(`${custom.name} ${SOURCE}`)
      if (holder?.local === 'lpwstr' && !holder.empty) edits.push({ start: holder.inner, end: holder.innerEnd, text: escaped(value) })
      else if (old) edits.push({ start: old.start, end: old.end, text: property(prefixOf(root), name, value, Number(attribute(old, 'pid')) || ++pid, names.vt) })
      else added += property(prefixOf(root), name, value, ++pid, names.vt)
    }
    if (added !== '') edits.push(appended(root, added))
    parts.set(custom.name, encoded(spliced(custom.text, edits)))
  }
  if (relation === undefined) {
    const ids = new Set(relations.all.map((one) => attribute(one, 'Id')))
    let number = ids.size
    while (ids.has(`rId${number}`)) number++
    const root = relations.all[0]!
    const added = relationOf(relations, `rId${number}`, path, names.type)
    parts.set(relations.name, encoded(spliced(relations.text, [appended(root, added)])))
  }
  if (type === undefined) {
    const root = types.all[0]!
    const added = overrideOf(types, path)
    parts.set(types.name, encoded(spliced(types.text, [appended(root, added)])))
  }
  return withParts(zip, parts)
}

function relationOf({ all }: Part, id: string, path: string, type: string): string {
  return `<${prefixOf(all[0]!)}Relationship Id="${escaped(id)}" Type="${type}" Target="${escaped(path)}"/>`
}

function overrideOf({ all }: Part, path: string): string {
  return `<${prefixOf(all[0]!)}Override PartName="/${escaped(path)}" ContentType="${CONTENT_TYPE}"/>`
}

/** A part of custom properties that holds nothing else. */
function shell(space: string, inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<Properties xmlns="${space}">${inside}</Properties>`
}

/** Whether a property is one that is written for what it says. */
function isOurs(custom: Part, one: Element, name: string, vt: string, engine?: Engine): boolean {
  const value = textOf(custom.text, one)
  const stands = custom.text.slice(one.start, one.end)
  return stands === property(prefixOf(custom.all[0]!), name, value, Number(attribute(one, 'pid')), vt) && (engine === undefined ? isUri(value) : isOurText(engine, value))
}

function property(prefix: string, name: string, value: string, pid: number, vt: string): string {
  return `<${prefix}property fmtid="${FMTID}" pid="${pid}" name="${name}"><vt:lpwstr xmlns:vt="${vt}">${escaped(value)}</vt:lpwstr></${prefix}property>`
}

/** Packed bytes of every part but three; of these three the text without what a label adds, as far as it is as we write it. */
function content(bytes: Uint8Array, engine: Engine): Uint8Array[] {
  const { zip, types, relations, relation, type, path, custom, strict } = open(bytes)
  const pieces = packedContent(zip, new Set([types.name, relations.name, ...(custom ? [custom.name] : [])]))
  const cut = (from: Part, gone: (Element | undefined)[]): void => {
    const edits = gone.flatMap((one) => (one ? [{ start: one.start, end: one.end, text: '' }] : []))
    const root = from.all[0]!
    const whole = root.empty ? spliced(from.text, [appended(root, '')]) : spliced(from.text, edits)
    pieces.push(encoded(`${from.name}\0${whole}\0`))
  }
  const names = strict ? STRICT : CUSTOM
  const stands = (from: Part, one: Element | undefined, text: string): (Element | undefined)[] => (one && from.text.slice(one.start, one.end) === text ? [one] : [])
  cut(types, stands(types, type, overrideOf(types, path)))
  cut(relations, stands(relations, relation, relationOf(relations, (relation && attribute(relation, 'Id')) ?? '', path, names.type)))
  if (custom !== undefined) {
    const [label, source] = [named(custom, 'AIGC'), named(custom, SOURCE)]
    const ours = [...(label && isOurs(custom, label, 'AIGC', names.vt, engine) ? [label] : []), ...(source && isOurs(custom, source, SOURCE, names.vt) ? [source] : [])]
    const rest = spliced(custom.text, ours.map(({ start, end }) => ({ start, end, text: '' })))
    if (ours.length === 0 || rest !== shell(names.space, '')) cut(custom, ours)
  }
  return pieces
}

/** The three kinds of the Office Open XML family. */
export const ooxml: Format = { read, write, content }
