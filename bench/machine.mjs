// What a reader of a report must know: on what, with what and how it was made.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { relative, resolve } from 'node:path'
import sharp from 'sharp'
import { buildOf } from './sdk.mjs'

function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** The command with folders as they lie from here, whatever machine it ran on. */
function command(program) {
  const given = process.argv.slice(2).map((word) => (word.startsWith('/') ? relative('.', resolve(word)) : word))
  return [program, ...given.map((word) => (/[\s,()]/.test(word) ? `'${word}'` : word))].join(' ').replace(/ --$/, '')
}

/**
 * The head of a report in Markdown. `program`: what stood before the arguments; `build`: the folder that was measured, whose
 * commit is not known where it is not this one; `facts`: further lines.
 */
export function head(title, program, build, facts) {
  const changed = git('status', '--porcelain', '--', 'core', 'native', 'wasm', 'src') !== ''
  const lines = [
    `command: \`${command(program)}\``,
    `machine: ${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${process.platform} ${process.arch}`,
    `node ${process.version}, sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
    `commit${build === '.' ? '' : ' of the bench, not of the build'}: ${git('rev-parse', '--short', 'HEAD') || 'unknown'}${changed ? ' with changes' : ''}, ${new Date().toISOString().slice(0, 10)}`,
    `native module: SHA-256 ${buildOf(build)}...`,
    ...facts,
  ]
  return `# ${title}\n\nWritten by the command below; not edited by hand.\n\n${lines.map((line) => `- ${line}`).join('\n')}\n`
}

/** A Markdown table; numbers to the right. */
export function table(titles, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(titles), `|${titles.map((_, at) => (at === 0 ? '---' : '--:')).join('|')}|`, ...rows.map(line)].join('\n')
}
