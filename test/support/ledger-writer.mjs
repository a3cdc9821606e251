// A process that writes entries to a ledger, one after the other, and says on stdout when each is acknowledged.
import { writeSync } from 'node:fs'
import { openLedger } from '../../dist/index.js'

const [path, count, name] = process.argv.slice(2)
const ledger = await openLedger(path)
for (let at = 0; at < Number(count); at++) {
  const { entry } = await ledger.append({ kind: 'mark', status: 'kept', produceId: `${name}-${at}`, contentProducer: 'Example-Lab', payload: at.toString(16).padStart(32, '0') })
  writeSync(1, `ack ${entry.number} ${entry.produceId}\n`)
}
ledger.close()
