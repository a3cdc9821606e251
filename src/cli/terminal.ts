// Where things are printed: results on stdout, everything else on stderr.
import { SingleBar } from 'cli-progress'
import { CountermarkError, type FilmProgress } from '../index.js'
import { languageOf, speech, type Speech } from './language.js'

/** Options that every command has. */
export interface CommonOptions { json?: boolean; quiet?: boolean; lang?: string }

/** One command's way to speak. */
export interface Terminal {
  readonly json: boolean
  readonly speech: Speech
  /** A line of results. */
  result(line: string): void
  /** A line for people; silent with `--quiet`. */
  note(line: string): void
  /** An error for people, with what to do about it; never silent. */
  complain(error: CountermarkError, file?: string): void
  /** Follows work on many files, where stderr is a terminal. */
  progress(total: number): { step(name: string): void; /** How far one film is. */ film(progress: FilmProgress): void; stop(): void }
}

/** The terminal for a command's options. */
export function terminalOf(options: CommonOptions): Terminal {
  const spoken = speech(languageOf(options.lang))
  let bar: SingleBar | undefined
  // A bar redraws its line: what is printed meanwhile would be cut.
  const line = (text: string): void => {
    if (bar) process.stderr.write('\r\x1b[K')
    process.stderr.write(`${text}\n`)
  }
  return {
    json: options.json === true,
    speech: spoken,
    result: (text) => {
      if (bar && process.stdout.isTTY) process.stderr.write('\r\x1b[K')
      process.stdout.write(`${text}\n`)
    },
    note: (text) => void (options.quiet || line(text)),
    complain: (error, file) => {
      // The name stands before it already.
      const why = spoken.error(error, file)
      line(file === undefined ? why : spoken.say('failed', { file, why }))
      if (error.remedy !== undefined) line(`  ${spoken.say('remedy', { text: spoken.text(flagged(error.remedy)) })}`)
    },
    progress: (total) => {
      if (options.quiet || !process.stderr.isTTY) return { step: () => {}, film: () => {}, stop: () => {} }
      const start = (): void => {
        bar = new SingleBar({ format: '{bar} {value}/{total} {name}', stream: process.stderr, clearOnComplete: true, hideCursor: true })
        bar.start(total, 0, { name: '' })
      }
      if (total > 1) start()
      return {
        step: (name) => bar?.increment(1, { name }),
        film: ({ step, frames, total: all, speed, left }) => {
          // One picture is done before a bar could be seen; one film is not.
          if (bar === undefined) start()
          const rest = left === undefined ? '' : `, ${spoken.say('left', { left: clock(left) })}`
          bar?.update({ name: step === 'code' ? spoken.say('filmFrames', { frames: all === undefined ? frames : `${frames}/${all}`, speed: speed.toFixed(1) }) + rest : spoken.say('filmCheck') })
        },
        stop: () => { bar?.stop(); bar = undefined },
      }
    },
  }
}

/** Seconds as people read them. */
function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`
}

/** A remedy for people who give flags: `limits.pixels (--max-pixels)` is `--max-pixels` to them. */
export function flagged(remedy: string): string {
  return remedy.replace(/[\w.]+(?:: \w+)? \((--[a-z][^)]*)\)/g, '$1')
}

/** Anything thrown as our error. */
export function errorOf(thrown: unknown): CountermarkError {
  if (thrown instanceof CountermarkError) return thrown
  return new CountermarkError('ERR_INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
}

/** An error of the command line itself: exit code 2. */
export function usage(message: string): CountermarkError {
  return new CountermarkError('ERR_USAGE', message)
}
