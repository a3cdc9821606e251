// The visible label of books: a paragraph of its own at the start or the end of what is read (Labeling Measures Art. 4(1)-1).
import { openBook, type Book } from './epub.js'
import { encoded, unsupported, utf8, type Sentence, type VisibleLabel } from './label.js'
import { attribute, escaped, unescaped } from './xml.js'
import { entryOf, partOf, withParts, type Entry } from './zip.js'

const ENCRYPTION = 'META-INF/encryption.xml'
const PAGE = 'application/xhtml+xml'
/** Comments, declarations, tags and what stands between them. */
const TOKEN = /<!--[\s\S]*?-->|<[?!][^>]*>|<(\/?)(?:[\w-]+:)?([\w-]+)((?:"[^"]*"|'[^']*'|[^<>"'])*)>|([^<]+)/g
const BODY = /<((?:[\w-]+:)?)body((?:\s(?:"[^"]*"|'[^']*'|[^<>"'])*?)?)(\/?)>/
/** Elements within a line. */
const INLINE = new Set(['a', 'abbr', 'b', 'bdi', 'bdo', 'cite', 'code', 'em', 'i', 'q', 'rb', 'ruby', 's', 'small', 'span', 'strong', 'sub', 'sup', 'u'])
/** What is never shown, and what takes an element out of sight. */
const UNSEEN = new Set(['head', 'script', 'style', 'template'])
const HIDING = /\shidden(?=[\s=/]|$)|style\s*=\s*["'][^"']*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)/i

/** The pages that are read in a row (EPUB 3.3, 5.7): entries of the spine in its order, auxiliary ones left out. */
function pages({ zip, entry, all }: Book): Entry[] {
  const items = new Map(all.filter(({ local, parent }) => local === 'item' && parent?.local === 'manifest').map((item) => [attribute(item, 'id'), item]))
  return all.filter((one) => one.local === 'itemref' && one.parent?.local === 'spine' && attribute(one, 'linear') !== 'no').flatMap((one) => {
    const item = items.get(attribute(one, 'idref'))
    const href = item && attribute(item, 'media-type') === PAGE ? attribute(item, 'href') : undefined
    const page = href === undefined ? undefined : entryOf(zip, pathOf(entry.name, href))
    return page === undefined ? [] : [page]
  })
}

/** The name of an entry that the package document refers to. */
function pathOf(document: string, href: string): string {
  return decodeURIComponent(new URL(href.replace(/[#?].*$/, ''), `epub:/${document.split('/').map(encodeURIComponent).join('/')}`).pathname.slice(1))
}

/** What a reader sees of a page, a block a line. Style sheets are not read. */
function linesOf(page: string): string {
  let out = ''
  let depth = 0
  let hidden = Infinity
  for (const [, slash, name, attributes = '', words] of page.matchAll(TOKEN)) {
    if (words !== undefined) out += hidden === Infinity ? unescaped(words).replace(/\s+/g, ' ') : ''
    else if (name === undefined) continue
    else {
      if (!INLINE.has(name)) out += '\n'
      if (slash === '/') depth -= 1
      else if (!attributes.endsWith('/')) {
        if (hidden === Infinity && (UNSEEN.has(name) || HIDING.test(attributes))) hidden = depth
        depth += 1
      }
      if (depth <= hidden && slash === '/') hidden = Infinity
    }
  }
  return out
}

/** The first or the last page with words on it: a cover is a picture. Pages in another form than UTF-8 have none that are read. */
function wordy(book: Book, position: 'start' | 'end'): { page: Entry; lines: string } | undefined {
  const all = pages(book)
  for (const page of position === 'start' ? all : all.toReversed()) {
    const lines = linesOf(new TextDecoder().decode(partOf(book.zip, page)))
    if (lines.trim() !== '') return { page, lines }
  }
  return undefined
}

function read(bytes: Uint8Array): string {
  const book = openBook(bytes)
  const [first, last] = [wordy(book, 'start'), wordy(book, 'end')]
  return `${first?.lines ?? ''}\n${last?.page === first?.page ? '' : last?.lines ?? ''}`
}

async function write(bytes: Uint8Array, { sentence, position }: VisibleLabel): Promise<Uint8Array> {
  const book = openBook(bytes)
  const page = wordy(book, position)?.page ?? pages(book).at(position === 'start' ? 0 : -1)
  if (page === undefined) throw unsupported('The book has no page in XHTML, which a label could stand on.')
  const encryption = entryOf(book.zip, ENCRYPTION)
  if (encryption !== undefined && utf8(partOf(book.zip, encryption), ENCRYPTION).includes(`"${page.name}"`)) throw unsupported('The page of the book that a label would stand on is encrypted.')
  const text = utf8(partOf(book.zip, page), page.name, page.offset)
  const body = BODY.exec(text.replace(/<!--[\s\S]*?-->/g, (one) => ' '.repeat(one.length)))
  if (body === null) throw unsupported('The page of the book that a label would stand on has no body.')
  const [tag, prefix, attributes, empty] = body as unknown as [string, string, string, string]
  const paragraph = `<${prefix}p data-ai-label="generated">${escaped(sentence)}</${prefix}p>`
  const behind = body.index + tag.length
  const end = empty === '/' ? behind : Math.max(behind, text.lastIndexOf(`</${prefix}body`))
  const made = empty === '/' ? `${text.slice(0, body.index)}<${prefix}body${attributes}>${paragraph}</${prefix}body>${text.slice(behind)}`
    : position === 'start' ? text.slice(0, behind) + paragraph + text.slice(behind)
    : text.slice(0, end) + paragraph + text.slice(end)
  return withParts(book.zip, new Map([[page.name, encoded(made)]]))
}

/** Reading and writing the visible label. */
export const epubSentence: Sentence = { read, write }
