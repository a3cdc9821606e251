// One object of the job: the source's bytes in, the marked object and its line of the report out.
import { mkdtemp, rm } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { relabelItem } from 'countermark'
import { produceIdOf } from './job.mjs'

/** A name that is safe on any disk; of Markdown, HTML and the like its end says the kind. */
const named = (key) => `object${extname(key)}`

/** Objects beyond this go through a file on the disk. */
const IN_MEMORY = 32 << 20

/**
 * Marks one object into the target. `again`: somebody may have done it already, so look first. What the target says of itself is
 * enough then: the object and its metadata come in one write.
 */
export async function relabelObject({ id, options }, { source, target }, object, { again = false, ledger } = {}) {
  const { key, etag, size } = object
  const line = { file: `s3://${source.name}/${key}` }
  const output = `s3://${target.name}/${key}`
  if (again) {
    const metadata = (await target.head(key))?.metadata ?? {}
    if (metadata['countermark-source'] === etag && metadata['countermark-job'] === id) return { ...line, output, ...JSON.parse(metadata['countermark-line']) }
  }
  const settings = { ...options, produceId: produceIdOf(id, object), ...(ledger === undefined ? {} : { ledger }) }
  const folder = size > IN_MEMORY ? await mkdtemp(join(tmpdir(), 'countermark-batch-')) : undefined
  try {
    const input = folder === undefined ? await inMemory(source, object) : await onDisk(source, object, folder)
    if (input === undefined) return { ...line, status: 'skipped', reason: 'it was changed or taken away since the job was planned' }
    const { output: marked, ...said } = await relabelItem(input, folder === undefined ? { ...settings, as: 'bytes' } : { ...settings, to: join(folder, `marked-${named(key)}`) })
    if (marked === undefined) return { ...line, ...said }
    await target.put(key, typeof marked === 'string' ? createReadStream(marked) : marked, {
      type: said.type, metadata: { 'countermark-job': id, 'countermark-source': etag, 'countermark-line': JSON.stringify(said) },
    })
    return { ...line, output, ...said }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function inMemory(source, { key, etag }) {
  const bytes = await source.bytes(key, etag)
  return bytes === undefined ? undefined : new File([bytes], named(key))
}

async function onDisk(source, { key, etag }, folder) {
  const path = join(folder, named(key))
  return (await source.toFile(key, etag, path)) ? path : undefined
}
