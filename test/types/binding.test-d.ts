// Both engines against one interface, as far as the compiler sees them. WebAssembly: the declarations that wasm-bindgen
// wrote from the Rust code. Native: the signatures are read from the Rust code by test/binding.test.ts.
import type * as wasm from '../../wasm/pkg/countermark_wasm.js'
import type { Binding } from '../../src/engine/engine.js'

type Module = typeof wasm
/** What wasm-bindgen adds to every module, and the classes of what functions give. */
type Loading = 'default' | 'initSync' | 'InitOutput' | 'InitInput' | 'VideoEmbedder' | 'VideoDetector'

declare const module: Module
export const satisfied: Binding = module

// Nothing is exported beyond the interface either.
type None = Exclude<keyof Module, keyof Binding | Loading> extends never ? true : Exclude<keyof Module, keyof Binding | Loading>
export const nothing: None = true
