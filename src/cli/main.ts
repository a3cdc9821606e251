#!/usr/bin/env node
// The command line: flags to calls of the face, results to stdout, exit codes 0 to 3.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { diagnose, keygen } from '../index.js'
import { doctorLines } from './doctor.js'
import { languageOf, speech } from './language.js'
import { runMark, type MarkFlags } from './mark.js'
import { runPropagate, type PropagateFlags } from './propagate.js'
import { serviceCommands } from './service.js'
import { errorOf, terminalOf, type CommonOptions } from './terminal.js'
import { runVerify, type VerifyFlags } from './verify.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

function common(command: Command): Command {
  return command
    .option('--json', 'one JSON object a line and a file, on stdout')
    .option('--quiet', 'results and errors only')
    .addOption(new Option('--lang <language>', 'language of messages (default: COUNTERMARK_LANG, LC_ALL, LANG)').choices(['en', 'zh']))
}

function files(command: Command): Command {
  return common(command)
    .option('--policy <name|file>', 'cn, eu, us-ca, kr, in, all, or a JSON file (default: cn)')
    .option('--provider-code <code>', 'the provider\'s 27-character code')
    .option('--provider-name <name>', 'the provider\'s name')
    .option('--max-pixels <n>', 'largest picture (default: 100000000)')
    .option('--max-bytes <n>', 'largest file (default: 268435456)')
    .option('--timeout <seconds>', 'longest time for a file (default: 120)')
    .option('--ffmpeg <program>', 'ffmpeg, for films and sound other than WAV (default: COUNTERMARK_FFMPEG, FFMPEG_BIN, PATH)')
}

/** The language of complaints about the command line itself, which come before it is understood. */
function askedLanguage(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((one) => one === '--lang' || one.startsWith('--lang='))
  return at < 0 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1])
}

/** Runs one command line; gives the exit code. */
async function main(argv: string[]): Promise<number> {
  const stop = new AbortController()
  // Each of them lets the work clean up behind itself: no half-written output stays.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  // A reader that closes early (head, less) has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))

  let code = 0
  let chosen: CommonOptions = {}
  const spoken = speech(languageOf(askedLanguage(argv)))
  const program = common(new Command('countermark'))
    .description('Puts the maker\'s mark on AI-generated pictures, films, sound and texts and reads it back.')
    .version(version)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(`${spoken.text(text.trim())}\n`) })
    // Flags of every command may stand before it; one behind it counts more.
    .hook('preAction', (whole, command) => {
      for (const [name, value] of Object.entries(whole.opts())) if (command.getOptionValue(name) === undefined) command.setOptionValue(name, value)
    })

  const marking = (command: Command): Command => files(command)
    .option('--key <file|public>', 'the watermark\'s key (default: the one that keygen made, else public)')
    .addOption(new Option('--quality <setting>', 'watermark against picture quality').choices(['standard', 'high', 'robust']))
    .addOption(new Option('--text-profile <profile>', 'what the mark of a text says: that it is one, or which (default: id)').choices(['presence', 'id']))
    .addOption(new Option('--text-label <place>', 'place of the label in a text (default: --label-position, else end)').choices(['start', 'end', 'inline']))
    .option('--no-watermark', 'no watermark')
    .addOption(new Option('--remark <policy>', 'a picture with a watermark of this key, of other content (default: refuse)').choices(['refuse', 'replace']))
    .option('--no-explicit', 'no visible label; needs --waiver where the policy requires one')
    .option('--waiver <reference>', 'the agreement under which the visible label is left out')
    .option('--metadata-only', 'write metadata only; the coded samples stay bit-identical')
    .option('--keep-c2pa', 'refuse to break a C2PA manifest')
    .option('--sign-key <file>', 'private key (PKCS#8 PEM: SM2, ECDSA P-256, Ed25519) that signs the label and its content')
    .option('--sign-cert <file>', 'certificate chain or public key (PEM) of that key')
    .option('--c2pa-key <file>', 'private key (PEM) that signs a C2PA manifest; needs @contentauth/c2pa-node')
    .option('--c2pa-cert <file>', 'its certificate chain (PEM), the signer\'s own first')
    .option('--c2pa-tsa <url>', 'time-stamp authority for the manifest')
    .option('--system-name <name>', 'the system that made the content')
    .option('--system-version <version>', 'its version')
    .option('--label-text <text>', 'a line of the visible label; may be repeated', several)
    .addOption(new Option('--label-position <place>', 'place of the label; of sound: start, middle, end; of texts: start, end, inline').choices(['bottom-right', 'bottom-left', 'top-right', 'top-left', 'bottom', 'top', 'start', 'middle', 'end', 'inline']))
    .addOption(new Option('--label-during <time>', 'of films: when the label is shown (default: start)').choices(['start', 'ends', 'whole']))
    .option('--label-seconds <seconds>', 'of films: for how long at the start, at least 2 (default: 3)')
    .option('--encoder <name>', 'of films: ffmpeg\'s encoder (default: one of the source\'s codec)')
    .option('--encoder-setting <name=value>', 'of films: a setting of the encoder by ffmpeg\'s name; may be repeated', several)
    .option('--label-font <file>', 'a TrueType font for characters that the built-in one lacks')
    .option('--label-audio <file>', 'of sound: a clip in which a voice says the label (default: the rhythm of GB 45438)')
    .option('--label-voice [program]', 'of sound: a label spoken by espeak-ng on this machine')
    .option('--ledger <file>', 'the ledger in which every output is entered (default: COUNTERMARK_LEDGER, else none)')
    .option('--recipient <id>', 'whom the content is given to; goes into the ledger only')

  marking(program.command('mark').argument('<input...>').description('mark files: label, watermark and metadata of pictures, films, sound and texts; metadata of other pictures and documents; - is standard input'))
    .requiredOption('-o, --output <file|folder>', 'a file for one input, a folder for several; - for a text on stdout')
    .option('--produce-id <id>', 'the content number (default: a fresh UUID)')
    .action(async (inputs: string[], flags: MarkFlags) => {
      chosen = flags
      code = await runMark(inputs, flags, stop.signal)
    })

  files(program.command('verify').argument('<input...>').description('say what files carry and what that means'))
    .option('--key <file|public>', 'a key to look for; may be repeated (default: the one that keygen made, and public)', several)
    .option('--produce-id <id>', 'with the provider: ask whether this is that content')
    .option('--declared', 'the user declared the content as generated')
    .option('--trust <file>', 'PEM file of a public key or certificate whose signatures are trusted; may be repeated', several)
    .addOption(new Option('--effort <effort>', 'how hard to search (default: full)').choices(['direct', 'scan', 'full']))
    .action(async (inputs: string[], flags: VerifyFlags) => {
      chosen = flags
      code = await runVerify(inputs, flags, stop.signal)
    })

  files(program.command('propagate').argument('<input>').description('the platform\'s step: set the propagation pair of a label, or add a label that says "may be" or "suspected"'))
    .requiredOption('-o, --output <file>', 'a file, or a folder')
    .requiredOption('--propagate-id <id>', 'the platform\'s number of this content')
    .option('--declared', 'the user declared the content as generated')
    .action(async (input: string, flags: PropagateFlags) => {
      chosen = flags
      code = await runPropagate(input, flags, stop.signal)
    })

  serviceCommands(program, { common, marking, run: (flags, work) => {
    chosen = flags
    return work(stop.signal).then((given) => void (code = given))
  } })

  common(program.command('keygen').description('make a private key'))
    .option('-o, --output <file>', 'where (default: the place where mark looks)')
    .action(async (flags: CommonOptions & { output?: string }) => {
      chosen = flags
      const made = await keygen(flags.output)
      const terminal = terminalOf(flags)
      terminal.result(terminal.json ? JSON.stringify(made) : terminal.speech.say('keyMade', made))
    })

  common(program.command('doctor').description('say what works on this machine'))
    .action(async (flags: CommonOptions) => {
      chosen = flags
      const terminal = terminalOf(flags)
      const found = { countermark: version, ...(await diagnose()) }
      if (terminal.json) terminal.result(JSON.stringify(found))
      else for (const line of doctorLines(found, terminal.speech)) terminal.result(line)
      // One engine and the pixels are what marking needs.
      code = found.engines.some(({ ok }) => ok) && found.sharp.ok && found.key.ok ? 0 : 3
    })

  try {
    await program.parseAsync(argv)
    return code
  } catch (thrown) {
    // Help and version end with 0; every other complaint of commander's is about usage.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
    const error = errorOf(thrown)
    terminalOf(chosen).complain(error)
    return error.code === 'ERR_USAGE' || error.code === 'ERR_PARAMETER' ? 2 : 3
  }
}

// Not process.exit: what is still on its way to a pipe would be lost.
process.exitCode = await main(process.argv)
