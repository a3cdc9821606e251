// Source and target must not get into each other's way.
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { CountermarkError, fromSystem } from '../errors.js'

/** ERR_USAGE where one of the folders is, or lies in, the other, by whatever links; ERR_IO where the source is not there. */
export async function checkFolders(source: string, target: string): Promise<void> {
  const facts = await stat(source).catch((thrown: unknown) => { throw fromSystem(thrown, source) })
  if (!facts.isDirectory()) throw new CountermarkError('ERR_USAGE', `The source ${source} is not a folder.`, { remedy: 'Use mark for single files.' })
  const [a, b] = [await realpath(source), await realpathOf(target)]
  if (a === b) throw new CountermarkError('ERR_USAGE', 'Source and target are the same folder.', { remedy: 'Choose another target; inputs are never overwritten.' })
  for (const [inner, outer] of [[b, a], [a, b]] as const)
    if (inner.startsWith(outer.endsWith(sep) ? outer : outer + sep)) throw new CountermarkError('ERR_USAGE', `${inner} lies in ${outer}: source and target must be apart.`, { remedy: 'Choose another target.' })
  const there = await stat(target).catch(() => undefined)
  if (there !== undefined && !there.isDirectory()) throw new CountermarkError('ERR_USAGE', `The target ${target} is not a folder.`)
}

/** The real path of something that may not be there yet. */
async function realpathOf(path: string): Promise<string> {
  const whole = resolve(path)
  try {
    return await realpath(whole)
  } catch {
    const above = dirname(whole)
    return above === whole ? whole : join(await realpathOf(above), basename(whole))
  }
}

/** ERR_USAGE where the report would become one of the inputs. */
export async function checkReport(report: string, source: string): Promise<void> {
  if ((await realpathOf(report)).startsWith(`${await realpath(source)}${sep}`)) throw new CountermarkError('ERR_USAGE', 'The report would lie in the source folder.', { remedy: 'Choose another place for it.' })
}
