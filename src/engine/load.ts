import { CountermarkError, fromEngine } from '../errors.js'
import type { Engine } from './engine.js'
import { nativeEngine } from './native.js'
import { wasmEngine } from './wasm.js'

/** In Node: the native engine, else WebAssembly. ERR_MISSING names both reasons where neither loads. */
export async function loadEngine(): Promise<Engine> {
  // Tests and people with a broken native build choose by this variable.
  if (process.env['COUNTERMARK_ENGINE'] === 'wasm') return wasmEngine()
  try {
    return nativeEngine()
  } catch (native) {
    if (process.env['COUNTERMARK_ENGINE'] === 'native') throw native
    try {
      return await wasmEngine()
    } catch (wasm) {
      const first = fromEngine(native)
      throw new CountermarkError('ERR_MISSING', `${first.message} ${fromEngine(wasm).message}`, {
        ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
        cause: new AggregateError([native, wasm]),
      })
    }
  }
}
