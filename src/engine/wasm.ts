// The core as WebAssembly: browsers, and Node where no native module loads.
import { CountermarkError, fromEngine, messageOf } from '../errors.js'
import { engineOver, type Binding, type Engine } from './engine.js'
import { tokenEngineOver, type TokenBinding, type TokenEngine } from './token.js'

/** Where the module comes from: an address, an answer of fetch, its bytes, or the compiled module. */
export type WasmSource = URL | string | Response | Promise<Response> | ArrayBuffer | Uint8Array | WebAssembly.Module

/** `full`: everything but the token mark. `first`: what a page loads first, pictures and the labels of texts; sound and films are not read by it. */
export type WasmModule = 'full' | 'first'

interface Glue {
  default(source: { module_or_path: unknown }): Promise<unknown>
}

/** One WebAssembly module of `wasm/pkg/`. After a trap it is loaded anew; an address that was not used before gives it fresh memory. */
interface Module<T> {
  readonly name: string
  loading: Promise<T> | undefined
  traps: number
}

const ENGINES: { readonly [module in WasmModule]: Module<Engine> } = {
  full: { name: 'countermark_wasm_full', loading: undefined, traps: 0 },
  first: { name: 'countermark_wasm', loading: undefined, traps: 0 },
}
const TOKENS: Module<TokenEngine> = { name: 'countermark_wasm_token', loading: undefined, traps: 0 }

/**
 * A WebAssembly engine. Each of the two modules is loaded once, on the first call; later calls give the same engine, whatever
 * their source. Default source: `countermark_wasm_full_bg.wasm` or `countermark_wasm_bg.wasm` beside the package. A load
 * that failed can be tried again. ERR_MISSING where the module cannot be had.
 */
export function wasmEngine(module: WasmModule = 'full', source?: WasmSource): Promise<Engine> {
  return once(ENGINES[module], async (one) => engineOver(await load<Binding>(one, source), 'wasm'))
}

/** The module of the token mark, as `wasmEngine`. Default source: `countermark_wasm_token_bg.wasm` beside the package. */
export function wasmTokenEngine(source?: WasmSource): Promise<TokenEngine> {
  return once(TOKENS, async (one) => tokenEngineOver(await load<TokenBinding>(one, source), 'wasm'))
}

function once<T>(module: Module<T>, work: (module: Module<T>) => Promise<T>): Promise<T> {
  module.loading ??= work(module).catch((thrown: unknown) => {
    module.loading = undefined
    throw thrown
  })
  return module.loading
}

async function load<T extends object>(module: Module<unknown>, source: WasmSource | undefined): Promise<T> {
  const { name, traps } = module
  const folder = new URL('../../wasm/pkg/', import.meta.url)
  try {
    // A variable keeps the compiler from asking for a build product; bundlers are told to leave it alone.
    const path = new URL(`${name}.js${traps === 0 ? '' : `?${traps}`}`, folder).href
    const glue = (await import(/* @vite-ignore */ /* webpackIgnore: true */ path)) as Glue & T
    await glue.default({ module_or_path: await bytesInNode(source ?? new URL(`${name}_bg.wasm`, folder)) })
    return trapped(glue, module)
  } catch (thrown) {
    throw new CountermarkError('ERR_MISSING', `The WebAssembly module could not be loaded: ${messageOf(thrown)}`, {
      remedy: `Serve ${name}.js and ${name}_bg.wasm, allow wasm-unsafe-eval in the page's policy, or build them: npm run build:wasm.`,
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

/** A trap leaves the module's memory in an unknown state: the error says so instead of "unreachable executed". Classes and their objects too. */
function trapped<T extends object>(glue: T, module: Module<unknown>): T {
  return new Proxy(glue, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      // A promise that gives this asks for `then`.
      if ((member !== undefined && typeof member !== 'function') || name === 'then') return member
      if (member !== undefined && /^[A-Z]/.test(String(name))) return trapped(member, module)
      return (...given: unknown[]) => {
        if (member === undefined) throw new CountermarkError('ERR_MISSING', `The WebAssembly module ${module.name} does not have ${String(name)}.`, { remedy: 'Use the full module.' })
        try {
          const answer: unknown = member.apply(target, given)
          return typeof answer === 'object' && answer !== null && 'free' in answer ? trapped(answer, module) : answer
        } catch (thrown) {
          if (thrown instanceof WebAssembly.RuntimeError) {
            module.loading = undefined
            module.traps += 1
            throw new CountermarkError('ERR_INTERNAL', 'Countermark has a defect that this input shows. Please report it with the input.', { cause: thrown })
          }
          throw fromEngine(thrown)
        }
      }
    },
  })
}
