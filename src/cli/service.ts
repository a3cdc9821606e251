// The commands of a service and its inspectors: relabel, ledger, dossier, serve.
import { Option, type Command } from 'commander'
import { runDossier, type DossierFlags } from './dossier.js'
import { runLedger, type LedgerFlags } from './ledger.js'
import { runRelabel, type RelabelFlags } from './relabel.js'
import { runServe, type ServeFlags } from './serve.js'
import type { CommonOptions } from './terminal.js'

/** What the main program lends: the flags that commands share, and how one is run. */
export interface Shared {
  common(command: Command): Command
  marking(command: Command): Command
  run(flags: CommonOptions, work: (signal: AbortSignal) => Promise<number>): Promise<void>
}

/** Adds the commands. */
export function serviceCommands(program: Command, { common, marking, run }: Shared): void {
  const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]
  const signing = (command: Command): Command => command
    .option('--sign-key <file>', 'private key (PKCS#8 PEM: SM2, ECDSA P-256, Ed25519) that signs')
    .option('--sign-cert <file>', 'certificate chain or public key (PEM) of that key')
  const kept = (command: Command): Command => common(command).option('--ledger <file>', 'the ledger (default: COUNTERMARK_LEDGER)')

  marking(program.command('relabel').argument('<source>').argument('<target>').description('mark a folder of any size into another one, with the same names, tree and times'))
    .option('--resume', 'go on with a job that was interrupted, or take up files that are new')
    .option('--concurrency <n>', 'files at the same time (default: twice the number of cores, at least 4)')
    .option('--report <file>', 'JSON lines, one a file; a summary in HTML lies beside them')
    .option('--dry-run', 'do everything but keep the report only')
    .action((source: string, target: string, flags: RelabelFlags) => run(flags, (signal) => runRelabel(source, target, flags, signal)))

  const ledger = program.command('ledger').description('the ledger of what was marked')
  kept(ledger.command('check').description('read all of it, and say whether it was altered'))
    .option('--head <file>', 'a head that was exported before; may be repeated', several)
    .option('--trust <file>', 'PEM file of a key or certificate that may sign heads; may be repeated', several)
    .action((flags: LedgerFlags) => run(flags, () => runLedger('check', flags)))
  signing(kept(ledger.command('head').description('sign the newest entry and print the head: keep it elsewhere')))
    .action((flags: LedgerFlags) => run(flags, () => runLedger('head', flags)))
  kept(ledger.command('find').description('print the entries of a content number, or of a watermark\'s payload'))
    .option('--produce-id <id>', 'the content number')
    .option('--payload <hex>', '8 to 32 digits, as verify reads them')
    .action((flags: LedgerFlags) => run(flags, () => runLedger('find', flags)))
  signing(kept(ledger.command('prune').description('delete older entries and leave signed tombstones')))
    .addOption(new Option('--before <time>', 'a day or a time that has passed, ISO 8601').makeOptionMandatory())
    .option('--early', 'also delete entries that are not six months old')
    .action((flags: LedgerFlags) => run(flags, () => runLedger('prune', flags)))

  marking(program.command('serve').description('the same calls over HTTP; the flags hold for every request, COUNTERMARK_TOKEN is the token'))
    .option('--port <n>', 'default: 8080')
    .option('--host <address>', 'default: 127.0.0.1; another one needs COUNTERMARK_TOKEN')
    .option('--concurrency <n>', 'files at the same time (default: the number of cores)')
    .option('--queue <n>', 'requests that may wait; more are answered 503 (default: eight for each place)')
    .option('--verify-key <file|public>', 'a key to look for; may be repeated (default: the one that keygen made, and public)', several)
    .option('--trust <file>', 'PEM file of a public key or certificate whose signatures are trusted; may be repeated', several)
    .action((flags: ServeFlags) => run(flags, (signal) => runServe(flags, signal)))

  signing(kept(program.command('dossier').description('what was marked, for an inspector: of one content number or one period')))
    .requiredOption('-o, --output <folder>', 'an empty folder, which is made')
    .option('--produce-id <id>', 'the content number')
    .option('--from <time>', 'a day or a time, ISO 8601')
    .option('--to <time>', 'the end of the period, not included')
    .action((flags: DossierFlags) => run(flags, () => runDossier(flags)))
}
