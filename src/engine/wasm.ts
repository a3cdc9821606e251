// The core as WebAssembly: browsers, and Node where no native module loads.
import { CountermarkError, fromEngine, messageOf } from '../errors.js'
import { engineOver, type Binding, type Engine } from './engine.js'

/** Where the module comes from: an address, an answer of fetch, its bytes, or the compiled module. */
export type WasmSource = URL | string | Response | Promise<Response> | ArrayBuffer | Uint8Array | WebAssembly.Module

interface Glue {
  default(source: { module_or_path: unknown }): Promise<unknown>
  version(): string
  payloadOf(producer: string, produceId: string, bits: number): string
}

let loading: Promise<Engine> | undefined
// After a trap the module is loaded anew; an address that was not used before gives it fresh memory.
let traps = 0

/**
 * The WebAssembly engine. It is loaded once, on the first call; later calls give the same engine, whatever their source.
 * Default source: `countermark_wasm_bg.wasm` beside the package. A load that failed can be tried again.
 * ERR_MISSING where the module cannot be had.
 */
export function wasmEngine(source?: WasmSource): Promise<Engine> {
  loading ??= load(source).catch((thrown: unknown) => {
    loading = undefined
    throw thrown
  })
  return loading
}

async function load(source: WasmSource | undefined): Promise<Engine> {
  const folder = new URL('../../wasm/pkg/', import.meta.url)
  try {
    // A variable keeps the compiler from asking for a build product; bundlers are told to leave it alone.
    const path = new URL(`countermark_wasm.js${traps === 0 ? '' : `?${traps}`}`, folder).href
    const glue = (await import(/* @vite-ignore */ /* webpackIgnore: true */ path)) as Glue & Binding
    await glue.default({ module_or_path: await bytesInNode(source ?? new URL('countermark_wasm_bg.wasm', folder)) })
    return engineOver(trapped<Binding>(glue), 'wasm')
  } catch (thrown) {
    throw new CountermarkError('ERR_MISSING', `The WebAssembly module could not be loaded: ${messageOf(thrown)}`, {
      remedy: 'Serve countermark_wasm.js and countermark_wasm_bg.wasm, allow wasm-unsafe-eval in the page\'s policy, or build them: npm run build:wasm.',
      cause: thrown,
    })
  }
}

/** Node's fetch does not read file: addresses, so the bytes are read here. */
async function bytesInNode(source: WasmSource): Promise<unknown> {
  const address = source instanceof URL ? source.href : typeof source === 'string' ? source : undefined
  if (address === undefined || !address.startsWith('file:')) return source
  const node = 'node:fs/promises'
  const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ node)) as typeof import('node:fs/promises')
  return readFile(new URL(address))
}

/** A trap leaves the module's memory in an unknown state: the error says so instead of "unreachable executed". */
function trapped<T extends object>(glue: T): T {
  return new Proxy(glue, {
    get(target, name) {
      const member = target[name as keyof T] as (...given: unknown[]) => unknown
      return (...given: unknown[]) => {
        try {
          const answer = member.apply(target, given)
          // The state of a film has members of its own.
          return typeof answer === 'object' && answer !== null && !(answer instanceof Uint8Array) ? trapped(answer) : answer
        } catch (thrown) {
          if (thrown instanceof WebAssembly.RuntimeError) {
            loading = undefined
            traps += 1
            throw new CountermarkError('ERR_INTERNAL', 'Countermark has a defect that this input shows. Please report it with the input.', { cause: thrown })
          }
          throw fromEngine(thrown)
        }
      }
    },
  })
}
