// Both engines against one interface, as far as the compiler sees them. WebAssembly: the declarations that wasm-bindgen
// wrote from the Rust code. Native: the signatures are read from the Rust code by test/binding.test.ts.
import type * as first from '../../wasm/pkg/countermark_wasm.js'
import type * as wasm from '../../wasm/pkg/countermark_wasm_full.js'
import type * as tokens from '../../wasm/pkg/countermark_wasm_token.js'
import type { Binding } from '../../src/engine/engine.js'
import type { TokenBinding } from '../../src/engine/token.js'

type Module = typeof wasm
/** What wasm-bindgen adds to every module, and the classes of what functions give. */
type Loading = 'default' | 'initSync' | 'InitOutput' | 'InitInput' | 'VideoEmbedder' | 'VideoDetector'

declare const module: Module
export const satisfied: Binding = module

// Nothing is exported beyond the interface either.
type None = Exclude<keyof Module, keyof Binding | Loading> extends never ? true : Exclude<keyof Module, keyof Binding | Loading>
export const nothing: None = true

// The module that a page loads first has a part of it, in the same form.
declare const small: Omit<typeof first, Loading>
export const part: Partial<Binding> = small

// The token mark's own module.
declare const tokenModule: typeof tokens
export const tokensSatisfied: TokenBinding = tokenModule
type NoToken = Exclude<keyof typeof tokens, keyof TokenBinding | Loading> extends never ? true : Exclude<keyof typeof tokens, keyof TokenBinding | Loading>
export const noToken: NoToken = true
