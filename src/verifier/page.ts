// The page's side: a verifier that works in a worker, or on the page where the page asks for that.
import { webReader } from '../c2pa/web.js'
import type { WasmSource } from '../engine/wasm.js'
import { CountermarkError, fromEngine, messageOf } from '../errors.js'
import { Deadline, limitsOf } from '../limits.js'
import type { SoundDecoder } from '../media/sound.js'
import type { VerifyResult } from '../types.js'
import { bytesOf } from './input.js'
import { errorOf, type Question, type SentModule, type Setup, type ToPage, type ToWorker } from './messages.js'
import type { PageVerifyOptions, Verifier, VerifierOptions } from './verifier.js'

type Request = Extract<ToWorker, { say: 'load' | 'verify' }>

/** A verifier on the page's own thread. After every part the page gets time to show it. */
export function verifierHere({ c2pa, worker: _worker, ...options }: VerifierOptions): Verifier {
  const parts = { ...options, sound: SOUND, ...(c2pa === undefined ? {} : { manifests: webReader(c2pa) }) }
  return {
    ready: async () => (await import('./here.js')).load(parts),
    verify: async (input, { onPart, ...asked } = {}) => (await import('./here.js')).verifyHere(parts, input, asked, onPart && (async (part) => {
      onPart(part)
      await new Promise((later) => setTimeout(later))
    })),
    close: () => {},
  }
}

/** A verifier in a worker, which is started by the first call. */
export function verifierInWorker(options: VerifierOptions): Verifier {
  let worker: Worker | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let setup: Promise<Setup> | undefined
  /** Ends what the worker is doing. */
  let stop: ((why: CountermarkError) => void) | undefined

  const end = (): void => {
    worker?.terminate()
    worker = undefined
  }

  async function request(message: Request, deadline: Deadline, onPart?: PageVerifyOptions['onPart']): Promise<VerifyResult | undefined> {
    deadline.check()
    setup ??= setupOf(options)
    const first = await setup
    if (worker === undefined) {
      worker = started(options.worker)
      post(worker, { say: 'setup', setup: first })
    }
    const one = worker
    let heard = false
    let idle = false
    const reply = new Promise<VerifyResult | undefined>((resolve, reject) => {
      stop = reject
      one.onerror = (event) => {
        event.preventDefault()
        reject(heard ? new CountermarkError('ERR_INTERNAL', `The worker failed: ${event.message}`) : unavailable(event.message))
      }
      one.onmessage = ({ data }: MessageEvent<ToPage>) => {
        heard = true
        idle = data.say === 'done' || data.say === 'failed'
        if (data.say === 'done') resolve(data.result)
        else if (data.say === 'failed') reject(errorOf(data.error))
        else if (data.say === 'ask') void answer(one, data.question, message, deadline, options)
        else try {
          onPart?.(data.part)
        } catch (thrown) {
          reject(thrown)
        }
      }
    })
    try {
      post(one, message)
      return await deadline.within(reply)
    } catch (thrown) {
      // It may be in the middle of a long step, or not there at all.
      if (!idle) end()
      throw thrown
    } finally {
      stop = undefined
    }
  }

  /** The worker is busy with one file; the others wait. */
  function inTurn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    if (signal === undefined) return mine
    return new Promise((resolve, reject) => {
      const raised = (): void => reject(new CountermarkError('ERR_CANCELLED', 'The call was cancelled.', { cause: signal.reason }))
      if (signal.aborted) raised()
      signal.addEventListener('abort', raised, { once: true })
      mine.then(resolve, reject).finally(() => signal.removeEventListener('abort', raised))
    })
  }

  return {
    ready: () => inTurn(undefined, async () => void (await request({ say: 'load' }, new Deadline(limitsOf(options.limits))))),
    verify: (input, { onPart, signal, ...asked } = {}) => inTurn(signal, async () => {
      const deadline = new Deadline(limitsOf({ ...options.limits, ...asked.limits }), signal)
      return await request({ say: 'verify', input, options: asked, parts: onPart !== undefined }, deadline, onPart) as VerifyResult
    }),
    close: () => {
      stop?.(new CountermarkError('ERR_CANCELLED', 'The verifier was closed.'))
      end()
    },
  }
}

/** Loaded with the first sound. */
const SOUND: SoundDecoder = { open: async (file, deadline) => (await import('../media/websound.js')).webSound.open(file, deadline) }

function post(worker: Worker, message: ToWorker, transfer: Transferable[] = []): void {
  try {
    worker.postMessage(message, transfer)
  } catch (thrown) {
    throw new CountermarkError('ERR_USAGE', `The input or an option cannot be sent to a worker: ${messageOf(thrown)}`, { cause: thrown })
  }
}

function started(asked: VerifierOptions['worker']): Worker {
  try {
    if (typeof asked === 'function') return asked()
    return asked === undefined || asked === false
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
      : new Worker(asked, { type: 'module' })
  } catch (thrown) {
    throw unavailable(messageOf(thrown))
  }
}

function unavailable(why: string | undefined): CountermarkError {
  return new CountermarkError('ERR_MISSING', `The worker could not be started${why ? `: ${why}` : '.'}`, {
    remedy: 'Serve the folder dist of the package from the page\'s own origin and name its verifier/worker.js as `worker`, or give `worker: false`.',
  })
}

/** What only the page can do, for the file at hand. */
async function answer(worker: Worker, question: Question, request: Request, deadline: Deadline, { c2pa, limits }: VerifierOptions): Promise<void> {
  try {
    if (request.say !== 'verify') return
    const bytes = await bytesOf(request.input, limitsOf({ ...limits, ...request.options.limits }), deadline)
    if (question.of === 'manifest') {
      const store = c2pa === undefined ? undefined : await webReader(c2pa)(bytes, question.type, question.anchors)
      return post(worker, { say: 'answer', value: store })
    }
    const { rate, channels, codec, blocks } = await SOUND.open({ bytes, type: question.type }, deadline)
    for await (const samples of blocks()) return post(worker, { say: 'answer', value: { rate, channels, codec, samples } }, [samples.buffer as ArrayBuffer])
  } catch (thrown) {
    post(worker, { say: 'refusal', error: fromEngine(thrown).toJSON() })
  }
}

/** What a worker has to know, as it can be sent: addresses are those that the page means. */
async function setupOf({ wasm, fullWasm, limits, signatures, c2pa }: VerifierOptions): Promise<Setup> {
  const [first, full] = await Promise.all([wasm, fullWasm].map(sendable))
  return {
    ...(first === undefined ? {} : { wasm: first }), ...(full === undefined ? {} : { fullWasm: full }),
    ...(limits === undefined ? {} : { limits }), ...(signatures === undefined ? {} : { signatures }), manifests: c2pa !== undefined,
  }
}

async function sendable(source: WasmSource | undefined): Promise<SentModule | undefined> {
  if (typeof source === 'string' || source instanceof URL) return new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href).href
  if (source instanceof Promise || source instanceof Response) return (await source).arrayBuffer()
  return source
}
