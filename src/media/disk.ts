// A marked file on disk, written beside its target, looked at, and only then given its name.
import { copyFile, open, rm, stat } from 'node:fs/promises'
import type { Disk, MetadataReport, WriteOptions } from '../engine/engine.js'
import { CountermarkError, fromSystem } from '../errors.js'
import { besides, bytesOf, publish } from './source.js'

/** A new file that has no name yet. */
export interface Pending {
  read(): Promise<MetadataReport>
  bytes(at: number, count: number): Promise<Uint8Array>
  source: { path: string }
  /** `before` runs first; where it fails, the file is gone. */
  keep(before?: (temporary: string) => Promise<void>): Promise<string>
  drop(): Promise<void>
}

/** Writes `source` with the label, or a copy without options, beside `target`. */
export async function pending(disk: Disk, source: string, target: string, options: WriteOptions | undefined, temporary = besides(target)): Promise<Pending> {
  const drop = (): Promise<void> => rm(temporary, { force: true }).catch(() => {})
  try {
    if (options === undefined) await copy(source, temporary)
    else await disk.metadataWrite(source, temporary, options)
  } catch (thrown) {
    await drop()
    throw (thrown as { code?: unknown }).code === 'ERR_IO' ? await plain(thrown as CountermarkError, target) : thrown
  }
  return {
    read: () => disk.metadataRead(temporary),
    bytes: (at, count) => bytesOf(temporary, at, count),
    source: { path: temporary },
    keep: async (before) => {
      try {
        await before?.(temporary)
        await publish(temporary, target)
      } catch (thrown) {
        await drop()
        throw thrown
      }
      return target
    },
    drop,
  }
}

/** The temporary name says nothing to people. */
async function plain(error: CountermarkError, target: string): Promise<CountermarkError> {
  const folder = target.replace(/[^/\\]*$/, '') || '.'
  if ((await stat(folder).catch(() => undefined)) === undefined) return new CountermarkError('ERR_IO', `${folder}: there is no such folder.`, { cause: error })
  return new CountermarkError('ERR_IO', `${target}: ${error.message.replace(/^.*?: /, '')}`, { cause: error })
}

async function copy(source: string, temporary: string): Promise<void> {
  try {
    await copyFile(source, temporary)
    const file = await open(temporary, 'r+')
    await file.sync().finally(() => file.close())
  } catch (thrown) {
    throw fromSystem(thrown, source)
  }
}
