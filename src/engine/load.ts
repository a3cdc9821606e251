import { CountermarkError, fromEngine } from '../errors.js'
import type { Engine } from './engine.js'
import { nativeEngine, nativeTokenEngine } from './native.js'
import type { TokenEngine } from './token.js'
import { wasmEngine, wasmTokenEngine } from './wasm.js'

/** In Node: the native engine, else WebAssembly. ERR_MISSING names both reasons where neither loads. */
export function loadEngine(): Promise<Engine> {
  return either(nativeEngine, wasmEngine)
}

/** The engine of the token mark, as `loadEngine`. */
export function loadTokenEngine(): Promise<TokenEngine> {
  return either(nativeTokenEngine, wasmTokenEngine)
}

async function either<T>(nativeOne: () => T, wasmOne: () => Promise<T>): Promise<T> {
  // Tests and people with a broken native build choose by this variable.
  const asked = process.env['COUNTERMARK_ENGINE']
  if (asked !== undefined && asked !== '' && asked !== 'native' && asked !== 'wasm')
    throw new CountermarkError('ERR_USAGE', `COUNTERMARK_ENGINE is native or wasm, not ${asked}.`, { remedy: 'Set it to one of the two, or leave it out.' })
  if (asked === 'wasm') return wasmOne()
  try {
    return nativeOne()
  } catch (native) {
    if (asked === 'native') throw native
    try {
      return await wasmOne()
    } catch (wasm) {
      const first = fromEngine(native)
      throw new CountermarkError('ERR_MISSING', `${first.message} ${fromEngine(wasm).message}`, {
        ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
        cause: new AggregateError([native, wasm]),
      })
    }
  }
}
