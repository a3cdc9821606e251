// Both bindings as they are exported, without the SDK around them: what the parity test compares.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** A binding: functions by name, bytes and texts in, bytes or a JSON text out (a promise of it, natively). */
export type Binding = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** The Node add-on that `npm run build:native` made for this machine. */
export function nativeBinding(): Binding {
  const built = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node'))
  if (built.length !== 1) throw new Error(`native/ holds ${built.length} built add-ons, not one: run npm run build:native.`)
  return createRequire(import.meta.url)(join(ROOT, 'native', built[0]!)) as Binding
}

/** The full WebAssembly module that `npm run build:wasm` made, loaded in this process. */
export function wasmBinding(): Promise<Binding> {
  return module('countermark_wasm_full')
}

/** The same of the token mark's own module. */
export function wasmTokenBinding(): Promise<Binding> {
  return module('countermark_wasm_token')
}

async function module(name: string): Promise<Binding> {
  const { initSync, default: _, ...functions } = (await import(join(ROOT, `wasm/pkg/${name}.js`))) as {
    initSync: (options: { module: Uint8Array }) => unknown
    default: unknown
  }
  initSync({ module: readFileSync(join(ROOT, `wasm/pkg/${name}_bg.wasm`)) })
  return functions as unknown as Binding
}
