// The native binding against the interface of src/engine/engine.ts, by its Rust signatures: cargo writes no declarations.
// (The WebAssembly module has some: test/types/binding.test-d.ts.)
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Binding, DiskBinding } from '../src/engine/engine.js'
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
  textEmbed: '(Uint8Array, string) Uint8Array',
  textStrip: '(Uint8Array, string) Uint8Array',
  textStep: '(Uint8Array, string) Uint8Array',
  textDetect: '(Uint8Array, string) string',
  textFingerprint: '(Uint8Array) string',
}
/** Files on disk: the native binding only. */
const DISK: { [name in keyof DiskBinding]: string } = {
  metadataReadPath: '(string) Promise<string>',
  metadataWritePath: '(string, string, string) Promise<string>',
  codedDigestPath: '(string) Promise<string>',
}

const TYPES: Record<string, string> = {
  String: 'string', u32: 'number', Buffer: 'Uint8Array', 'Result<String>': 'string', 'Result<Buffer>': 'Uint8Array', 'AsyncTask<Job>': 'Promise<string>',
}
const list = (text: string, separator: RegExp): string[] => text.split(separator).map((one) => one.trim()).filter(Boolean)
const known = (rust: string): string => TYPES[rust] ?? `unknown to this test: ${rust}`

test.each([['Binding', SIGNATURES], ['DiskBinding', DISK]])('the interface %s is what the table above says', (interfaceName, signatures) => {
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
  expect(Object.keys(nativeBinding()).sort()).toEqual(names)
})
