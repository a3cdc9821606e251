// One core, two bindings: the same input gives the same answer on Node and in WebAssembly. Payload, text, metadata and the samples of sound
// are equal bit for bit, those of pictures differ by one step at most, measured figures by what rounding in another order explains.
import { beforeAll, describe, expect, test } from 'vitest'
import { nativeBinding, wasmBinding, wasmTokenBinding, type Binding } from './support/engines.js'
import { argumentsOf, vectors, type Vector } from './support/vectors.js'

// Sums of millions of products in another order, in single precision.
const RELATIVE = 1e-4

interface Outcome {
  answer?: unknown
  error?: { code: unknown; message: string }
  /** The arguments after the call: samples are changed in place. */
  args: unknown[]
}

async function outcome(binding: Binding, vector: Vector): Promise<Outcome> {
  const args = argumentsOf(vector)
  const call = binding[vector.call]
  if (call === undefined) throw new Error(`${vector.call} is not exported`)
  try {
    const answer = await call(...args)
    return { answer: parsed(answer), args }
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    return { error: { code: (thrown as { code?: unknown }).code, message: thrown.message }, args }
  }
}

function parsed(answer: unknown): unknown {
  if (typeof answer !== 'string' || !/^[[{]/.test(answer)) return answer
  return JSON.parse(answer)
}

/** Throws where two answers differ; `at` names the place. */
function alike(native: unknown, wasm: unknown, at: string): void {
  if (native instanceof Uint8Array && wasm instanceof Uint8Array) {
    expect(Buffer.from(native).equals(Buffer.from(wasm)), `${at}: the bytes differ`).toBe(true)
  } else if (typeof native === 'number' && typeof wasm === 'number') {
    const allowed = Number.isInteger(native) && Number.isInteger(wasm) ? 0 : RELATIVE * Math.max(Math.abs(native), Math.abs(wasm))
    expect(Math.abs(native - wasm), `${at}: ${native} natively, ${wasm} in WebAssembly`).toBeLessThanOrEqual(allowed)
  } else if (typeof native === 'object' && typeof wasm === 'object' && native !== null && wasm !== null) {
    expect(Object.keys(native), at).toEqual(Object.keys(wasm))
    for (const [key, value] of Object.entries(native)) alike(value, (wasm as Record<string, unknown>)[key], `${at}.${key}`)
  } else {
    expect(native, at).toEqual(wasm)
  }
}

/** The largest difference between two sample arrays of the vector's depth. */
function largestStep(native: Uint8Array, wasm: Uint8Array, depth: number): number {
  expect(native.length).toBe(wasm.length)
  let largest = 0
  for (let at = 0; at < native.length; at += depth / 8) {
    const step = depth === 16
      ? Math.abs(native[at]! + 256 * native[at + 1]! - wasm[at]! - 256 * wasm[at + 1]!)
      : Math.abs(native[at]! - wasm[at]!)
    if (step > largest) largest = step
  }
  return largest
}

/** The largest difference between two arrays of sound, full scale being 1. */
function largestDifference(native: Uint8Array, wasm: Uint8Array): number {
  const [a, b] = [native, wasm].map((bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)) as [Float32Array, Float32Array]
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, at) => Math.max(largest, Math.abs(value - b[at]!)), 0)
}

let native: Binding
let wasm: Binding

beforeAll(async () => {
  native = nativeBinding()
  wasm = await wasmBinding()
})

test('both export the same functions, but for files on disk', async () => {
  const modules = [wasm, await wasmTokenBinding()]
  expect(Object.keys(native).filter((name) => !/Path$/.test(name)).sort()).toEqual(modules.flatMap((one) => Object.keys(one)).sort())
})

describe.each(vectors())('$file', ({ vectors: list }) => {
  test.each(list)('$name', async (vector) => {
    const here = await outcome(native, vector)
    const there = await outcome(wasm, vector)

    expect(here.error).toEqual(there.error)
    expect(here.error?.code).toBe(vector.error)
    alike(here.answer, there.answer, vector.call)
    if (vector.expect !== undefined) {
      if (typeof vector.expect === 'object') expect(here.answer).toMatchObject(vector.expect as object)
      else expect(here.answer).toBe(vector.expect)
    }
    for (const [index, arg] of vector.args.entries()) {
      const image = (arg as { image?: { depth: number } } | null)?.image
      const [ours, theirs] = [here.args[index], there.args[index]]
      if (typeof arg === 'object' && arg !== null && 'sound' in arg) {
        expect(largestDifference(ours as Uint8Array, theirs as Uint8Array)).toBe(0)
        continue
      }
      if (ours instanceof Uint8Array && theirs instanceof Uint8Array)
        expect(largestStep(ours, theirs, image?.depth ?? 8)).toBeLessThanOrEqual(image === undefined ? 0 : 1)
    }
  })
})
