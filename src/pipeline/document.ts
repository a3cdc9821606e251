// Documents on the path of verifying: their code is loaded when the first one comes. The text of plain texts, Markdown and pages is
// searched for label and mark (text.ts); of the others the metadata is read only, and every result says so.
import type { DocumentKind } from '../document/index.js'
import type { Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import { mayBeDocument, typeOfBytes } from '../media/kind.js'
import { hasherOf } from './content.js'
import { addMetadata, readSignatures, type Request, type Sight } from './evidence.js'
import { seeText } from './text.js'

/** A document's kind, the code for it, and the file beside a plain text where there is one. */
export interface Document { kind: DocumentKind; code: typeof import('../document/index.js'); sidecar?: Uint8Array; name?: string }

/** The document that `bytes` are, or undefined. ERR_MISSING where its code cannot be loaded. */
export async function documentOf(bytes: Uint8Array, name?: string): Promise<Document | undefined> {
  if (typeOfBytes(bytes) !== undefined || !mayBeDocument(bytes, name)) return undefined
  let code
  try {
    code = await import('../document/index.js')
  } catch (thrown) {
    throw new CountermarkError('ERR_MISSING', 'The code for documents could not be loaded.', {
      remedy: 'It lies in the folder dist/document of the package: serve that folder too.', cause: thrown,
    })
  }
  const kind = code.documentKind(bytes, name)
  return kind === undefined ? undefined : { kind, code, ...(name === undefined ? {} : { name: name.replace(/^.*[/\\]/s, '') }) }
}

/** Everything that a document says. */
export async function seeDocument(engine: Engine, bytes: Uint8Array, { kind, code, sidecar, name }: Document, { expect, trust, keys = [] }: Partial<Pick<Request, 'expect' | 'trust' | 'keys'>> = {}): Promise<Sight> {
  const sight: Sight = { type: kind, evidence: [], metadata: 'read', pixels: 'skipped', unsearched: true, findings: [] }
  await addMetadata(() => code.readDocument(engine, bytes, kind, sidecar), expect === undefined ? {} : { expect }, sight)
  // The label of a text is about the text, whose bytes are not here.
  if (kind === 'application/json' && name?.endsWith(code.SIDECAR))
    sight.findings.push({ rule: 'P2', severity: 'info', message: `This file is the label of the text beside it (${name.slice(0, -code.SIDECAR.length)}): verify that text. Whether the label is of it cannot be told from here.` })
  else await readSignatures(hasherOf(() => code.contentBytes(engine, bytes, kind)), trust === undefined ? {} : { trust }, sight)
  seeText(engine, bytes, { kind, code }, { keys, ...(expect === undefined ? {} : { expect }) }, sight)
  // A label in a file of its own that nobody sees is not one that is missing.
  if (kind === 'text/plain' && sidecar === undefined) sight.metadata = 'unknown'
  if (kind === 'text/plain' && sidecar === undefined)
    sight.findings.push({ rule: 'P2', severity: 'info', message: `There is no file ${name ?? 'NAME'}${code.SIDECAR} beside this text, where its label would stand; it may have been left behind.` })
  return sight
}
