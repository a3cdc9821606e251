// What the compiler knows of the public face. Nothing here runs: `tsc --noEmit` is the test.
import type { Readable } from 'node:stream'
import * as browser from '../../src/browser.js'
import * as node from '../../src/index.js'
import type { Countermark, ErrorCode, Evidence, MarkOptions, MarkResult, VerifyResult } from '../../src/index.js'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void {}

const provider = { name: 'Example-Lab' }
declare const options: MarkOptions
declare const stream: Readable

export async function outputs(): Promise<void> {
  const { mark } = node
  same<(Awaited<ReturnType<typeof path>>)['output'], string>()
  const path = async () => mark('a.png', { provider, to: 'b.png' })
  same<typeof bytes.output, Buffer>()
  const bytes = await mark(new Uint8Array(), { provider })
  same<typeof file.output, File>()
  const file = await mark(new File([], 'a.png'), { provider })
  same<typeof blob.output, Blob>()
  const blob = await mark(new Blob([]), { provider })
  same<typeof web.output, ReadableStream<Uint8Array>>()
  const web = await mark(new Blob([]).stream() as ReadableStream<Uint8Array>, { provider })
  same<typeof piped.output, Readable>()
  const piped = await mark(stream, { provider })
  same<typeof asked.output, Buffer>()
  const asked = await mark('a.png', { provider, as: 'bytes' })
  same<typeof open.output, Buffer | Blob>()
  const open = await mark('a.png', { provider, as: 'bytes' as 'bytes' | 'blob' })
  // Options that are known only while the program runs: any kind may come.
  same<typeof any.output, string | Buffer | Blob | Readable | ReadableStream<Uint8Array>>()
  const any = await mark(new Uint8Array(), options)
}

export function services(): void {
  // A provider is needed, from the defaults or from the call.
  const own = node.createCountermark({ provider })
  void own.mark(new Uint8Array(), {})
  const none = node.createCountermark()
  // @ts-expect-error the provider is missing
  void none.mark(new Uint8Array(), {})
  // @ts-expect-error the provider is missing
  void node.mark(new Uint8Array(), {})
  // @ts-expect-error no such policy
  void node.mark(new Uint8Array(), { provider, policy: 'fr' })
  // @ts-expect-error no such option
  void node.mark(new Uint8Array(), { provider, strength: 2 })
  // @ts-expect-error not a kind of input
  void node.verify(42)
  const any: Countermark = none
  void any
}

export function results(result: VerifyResult, marked: MarkResult): string {
  for (const one of result.evidence) {
    if (one.kind === 'watermark') void (one.pValue satisfies number | undefined)
    if (one.kind === 'metadata') void (one.aigc?.ContentProducer satisfies string | undefined)
    if (one.kind === 'label') void (one.text satisfies string[] | undefined)
  }
  same<Evidence['kind'], 'watermark' | 'metadata' | 'label' | 'signature' | 'trace'>()
  same<MarkResult['status'], 'done' | 'kept'>()
  const code: ErrorCode = new node.CountermarkError('ERR_IO', '').code
  // Every verdict and state is handled: a new one breaks the build of whoever forgot it.
  switch (result.verdict) {
    case 'compliant': case 'non-compliant': case 'not found': case 'cannot tell': break
    default: result.verdict satisfies never
  }
  switch (marked.state) {
    case 'confirmed': case 'possible': case 'suspected': case 'none': break
    default: marked.state satisfies never
  }
  return code
}

export async function inBrowsers(file: File): Promise<string> {
  const verifier = browser.createVerifier({ wasm: new URL('https://example.org/countermark.wasm'), limits: { pixels: 1e6 } })
  await verifier.ready()
  // @ts-expect-error nothing is fetched
  void verifier.verify('https://example.org/a.png')
  // The result is the same object as in Node.
  same<Awaited<ReturnType<typeof verifier.verify>>, VerifyResult>()
  return (await verifier.verify(file)).verdict
}

// The face for browsers offers nothing that marks.
same<Extract<keyof typeof browser, 'mark' | 'createCountermark' | 'keygen'>, never>()
