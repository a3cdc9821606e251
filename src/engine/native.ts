// The core behind Node-API: a local build first, then the optional package of the platform.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { CountermarkError, messageOf } from '../errors.js'
import { diskOver, engineOver, type Binding, type DiskBinding, type Engine } from './engine.js'
import { tokenEngineOver, type TokenBinding, type TokenEngine } from './token.js'

/** `linux-x64-gnu`, `darwin-arm64`, ...: as napi names its builds. */
export function platformName(): string {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

function isMusl(): boolean {
  const header = (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined)?.header
  if (header?.glibcVersionRuntime !== undefined) return false
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl')
  } catch {
    // A system without ldd and without glibc: musl.
    return true
  }
}

type Native = Binding & DiskBinding & TokenBinding

let loaded: Native | undefined
let engine: Engine | undefined

/** The native engine. ERR_MISSING, with every attempt's own reason, where none loads. */
export function nativeEngine(): Engine {
  const binding = nativeBinding()
  engine ??= { ...engineOver(binding, 'native'), disk: diskOver(binding) }
  return engine
}

/** The native engine's part for the token mark. ERR_MISSING as `nativeEngine`. */
export function nativeTokenEngine(): TokenEngine {
  return tokenEngineOver(nativeBinding(), 'native')
}

function nativeBinding(): Native {
  if (loaded) return loaded
  const require = createRequire(import.meta.url)
  const name = platformName()
  const reasons: Error[] = []
  for (const place of [`../../native/countermark.${name}.node`, `@countermark/${name}`]) {
    try {
      loaded = require(place) as Native
      return loaded
    } catch (thrown) {
      reasons.push(new Error(`${place}: ${messageOf(thrown).split('\n')[0]}`, { cause: thrown }))
    }
  }
  throw new CountermarkError('ERR_MISSING', `The native module for ${name} could not be loaded (${reasons.map((reason) => reason.message).join('; ')}).`, {
    remedy: `Install @countermark/${name} (optional dependencies may have been skipped), or build it: npm run build:native.`,
    cause: new AggregateError(reasons),
  })
}
