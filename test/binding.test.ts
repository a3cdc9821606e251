// The native binding against the interface of src/engine/engine.ts, by its Rust signatures: cargo writes no declarations.
// (The WebAssembly module has some: test/types/binding.test-d.ts.)
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Binding, DiskBinding, VideoDetector, VideoEmbedder } from '../src/engine/engine.js'
import { nativeBinding } from './support/engines.js'

// The interface as values. The compiler holds its keys to those of `Binding`, neither one more nor one less, and
// its texts are held to the file below.
const SIGNATURES: { [name in keyof Binding]: string } = {
  version: '() string',
  payloadOf: '(string, string, number) string',
  imageEmbed: '(Uint8Array, string) string | Promise<string>',
  imageDetect: '(Uint8Array, string) string | Promise<string>',
  imageCompare: '(Uint8Array, Uint8Array, string) string | Promise<string>',
  labelDraw: '(Uint8Array, Uint8Array, string) string | Promise<string>',
  labelDetect: '(Uint8Array, string) string | Promise<string>',
  fileInspect: '(Uint8Array) string',
  codedRanges: '(Uint8Array) string',
  metadataTexts: '(Uint8Array) string',
  metadataWrite: '(Uint8Array, string) Uint8Array',
  metadataRead: '(Uint8Array) string',
  metadataCarry: '(Uint8Array, Uint8Array) Uint8Array',
  labelParse: '(string) string',
  labelText: '(string) string',
  xmpRead: '(Uint8Array) string',
  xmpWrite: '(Uint8Array, string) Uint8Array',
  videoEmbedder: '(Uint8Array, string) VideoEmbedder',
  videoDetector: '(string) VideoDetector',
}
/** The state of a film. */
const EMBEDDER: { [name in keyof VideoEmbedder]: string } = {
  frame: '(Uint8Array, boolean) string | Promise<string>',
  report: '() string',
}
const DETECTOR: { [name in keyof VideoDetector]: string } = {
  frame: '(Uint8Array, number, boolean) string | Promise<string>',
  finish: '() string | Promise<string>',
}
/** Files on disk: the native binding only. */
const DISK: { [name in keyof DiskBinding]: string } = {
  metadataReadPath: '(string) Promise<string>',
  metadataWritePath: '(string, string, string) Promise<string>',
  codedDigestPath: '(string) Promise<string>',
}

const TYPES: Record<string, string> = {
  String: 'string', u32: 'number', Buffer: 'Uint8Array', 'Result<String>': 'string', 'Result<Buffer>': 'Uint8Array', 'AsyncTask<Job>': 'Promise<string>', f64: 'number', bool: 'boolean', 'Result<VideoEmbedder>': 'VideoEmbedder', 'Result<VideoDetector>': 'VideoDetector',
}
const list = (text: string, separator: RegExp): string[] => text.split(separator).map((one) => one.trim()).filter(Boolean)
const known = (rust: string): string => TYPES[rust] ?? `unknown to this test: ${rust}`

test.each([['Binding', SIGNATURES], ['DiskBinding', DISK], ['VideoEmbedder', EMBEDDER], ['VideoDetector', DETECTOR]])('the interface %s is what the table above says', (interfaceName, signatures) => {
  const text = new RegExp(`interface ${interfaceName} \\{([\\s\\S]*?)\\n\\}`).exec(readFileSync('src/engine/engine.ts', 'utf8'))![1]!
  const read = [...text.matchAll(/^ {2}(\w+)\((.*)\): (.*)$/gm)].map(([, name, given, result]) => [name, `(${list(given!, /, /).map((one) => one.replace(/^\w+: /, '')).join(', ')}) ${result}`])
  expect(Object.fromEntries(read)).toEqual(signatures)
})

test('the native binding satisfies it', () => {
  const exported = [...readFileSync('native/src/lib.rs', 'utf8').matchAll(/^#\[napi[^\n]*\]\npub fn (\w+)\(([^)]*)\) -> ([^{]+) \{/gm)]
  const native = Object.fromEntries(exported.map(([, name, given, result]) => [
    name!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    `(${list(given!, /,/).map((one) => known(one.replace(/^(mut )?\w+: /, ''))).join(', ')}) ${known(result!)}`,
  ]))
  // What the interface allows to be given as a promise may be, or not.
  const allowed = (name: string): string[] => {
    const text = { ...SIGNATURES, ...DISK }[name as keyof Binding] ?? ''
    return [text, text.replace(' | Promise<string>', ''), text.replace('string | ', '')]
  }
  const names = Object.keys({ ...SIGNATURES, ...DISK }).sort()
  expect(Object.keys(native).sort()).toEqual(names)
  for (const [name, signature] of Object.entries(native)) expect(allowed(name), name).toContain(signature)
  expect(Object.keys(nativeBinding()).filter((name) => /^[a-z]/.test(name)).sort()).toEqual(names)
})

test.each([['VideoEmbedder', EMBEDDER], ['VideoDetector', DETECTOR]])('the native %s satisfies it', (className, signatures: Record<string, string>) => {
  const block = new RegExp(`#\\[napi\\]\nimpl ${className} \\{([\\s\\S]*?)\n\\}`).exec(readFileSync('native/src/lib.rs', 'utf8'))![1]!
  const members = [...block.matchAll(/^ {4}#\[napi[^\n]*\]\n {4}pub fn (\w+)\(&self(?:, )?([^)]*)\) -> ([^{]+) \{/gm)]
  const native = Object.fromEntries(members.map(([, name, given, result]) => [name, `(${list(given!, /,/).map((one) => known(one.replace(/^(mut )?\w+: /, ''))).join(', ')}) ${known(result!)}`]))
  expect(Object.keys(native).sort()).toEqual(Object.keys(signatures).sort())
  for (const [name, signature] of Object.entries(native)) expect([signatures[name]!, signatures[name]!.replace('string | ', '')], name).toContain(signature)
})
