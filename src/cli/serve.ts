import { openLedger, serve } from '../index.js'
import { ledgerPath } from './ledger.js'
import { keyFrom, textFrom } from './inputs.js'
import { optionsFrom, type MarkFlags } from './mark.js'
import { terminalOf, usage } from './terminal.js'

/** The flags of `countermark serve`, as commander names them. */
export interface ServeFlags extends Omit<MarkFlags, 'output' | 'produceId'> {
  port?: string
  host?: string
  concurrency?: string
  queue?: string
  verifyKey?: string[]
  trust?: string[]
}

/** `countermark serve`: runs until it is told to stop; gives the exit code. */
export async function runServe(flags: ServeFlags, signal: AbortSignal): Promise<number> {
  const { speech, result, note, json } = terminalOf(flags)
  const { options: { signal: _signal, ledger: _ledger, ...options }, said } = await optionsFrom({ ...flags, output: '' }, speech, signal)
  const number = (text: string | undefined, name: string, least: number): number | undefined => {
    if (text === undefined) return undefined
    if (!/^\d+$/.test(text) || Number(text) < least) throw usage(speech.say('badNumber', { name }))
    return Number(text)
  }
  const [port, concurrency, queue] = [number(flags.port, '--port', 0), number(flags.concurrency, '--concurrency', 1), number(flags.queue, '--queue', 0)]
  const token = process.env['COUNTERMARK_TOKEN'] || undefined
  const place = ledgerPath(flags.ledger)
  const ledger = place === undefined ? undefined : await openLedger(place)
  try {
    const { provider, ...rest } = options
    const server = await serve({
      ...rest, ...('code' in provider || 'name' in provider ? { provider } : {}),
      ...(ledger === undefined ? {} : { ledger }), ...(token === undefined ? {} : { token }),
      ...(port === undefined ? {} : { port }), ...(flags.host === undefined ? {} : { host: flags.host }), ...(concurrency === undefined ? {} : { concurrency }), ...(queue === undefined ? {} : { queue }),
      ...(flags.verifyKey === undefined ? {} : { keys: await Promise.all(flags.verifyKey.map(keyFrom)) }),
      ...(flags.trust === undefined ? {} : { trust: await Promise.all(flags.trust.map(textFrom)) }),
      log: (line) => note(`${new Date().toISOString()} ${line}`),
    })
    note(said)
    if (token === undefined) note(speech.say('noToken'))
    result(json ? JSON.stringify({ address: server.address }) : speech.say('serving', { address: server.address }))
    await new Promise<void>((done) => {
      process.once('SIGTERM', () => done())
      if (signal.aborted) done()
      signal.addEventListener('abort', () => done(), { once: true })
    })
    await server.close()
    return 0
  } finally {
    ledger?.close()
  }
}
