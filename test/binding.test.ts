// The native binding against the interface of src/engine/engine.ts, by its Rust signatures: cargo writes no declarations.
// (The WebAssembly module has some: test/types/binding.test-d.ts.)
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Binding, DiskBinding, VideoDetector, VideoEmbedder } from '../src/engine/engine.js'
import type { TokenBinding } from '../src/engine/token.js'
import { nativeBinding } from './support/engines.js'

// The interface as values. The compiler holds its keys to those of `Binding`, neither one more nor one less, and
// its texts are held to the file below.
const SIGNATURES: { [name in Exclude<keyof Binding, 'AudioEmbedder' | 'LoudnessMeter'>]: string } = {
  version: '() string',
  payloadOf: '(string, string, number) string',
  imageEmbed: '(Uint8Array, string) string | Promise<string>',
  imageDetect: '(Uint8Array, string) string | Promise<string>',
  imageCompare: '(Uint8Array, Uint8Array, string) string | Promise<string>',
  audioEmbed: '(Uint8Array, string) string | Promise<string>',
  audioDetect: '(Uint8Array, string) string | Promise<string>',
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
  rhythmMake: '(string) Uint8Array',
  voiceFit: '(Uint8Array, string) Uint8Array',
  rhythmDetect: '(Uint8Array, string) string | Promise<string>',
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
/** The token mark, in WebAssembly a module of its own. */
const TOKEN: { [name in keyof TokenBinding]: string } = {
  tokenPick: '(Float32Array, Uint32Array, Uint32Array, string) string',
  tokenDetect: '(Uint32Array, string) string | Promise<string>',
}
/** Files on disk: the native binding only. */
const DISK: { [name in keyof DiskBinding]: string } = {
  metadataReadPath: '(string) Promise<string>',
  metadataWritePath: '(string, string, string) Promise<string>',
  codedDigestPath: '(string) Promise<string>',
}

const TYPES: Record<string, string> = {
  String: 'string', u32: 'number', Buffer: 'Uint8Array', Float32Array: 'Float32Array', Uint32Array: 'Uint32Array', 'Result<String>': 'string', 'Result<Buffer>': 'Uint8Array', 'AsyncTask<Job>': 'Promise<string>', f64: 'number', bool: 'boolean', 'Result<VideoEmbedder>': 'VideoEmbedder', 'Result<VideoDetector>': 'VideoDetector',
}
const list = (text: string, separator: RegExp): string[] => text.split(separator).map((one) => one.trim()).filter(Boolean)
const known = (rust: string): string => TYPES[rust] ?? `unknown to this test: ${rust}`

test.each([['Binding', SIGNATURES, 'engine'], ['DiskBinding', DISK, 'engine'], ['VideoEmbedder', EMBEDDER, 'engine'], ['VideoDetector', DETECTOR, 'engine'], ['TokenBinding', TOKEN, 'token']])('the interface %s is what the table above says', (interfaceName, signatures, file) => {
  const text = new RegExp(`interface ${interfaceName} \\{([\\s\\S]*?)\\n\\}`).exec(readFileSync(`src/engine/${file}.ts`, 'utf8'))![1]!
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
    const text = { ...SIGNATURES, ...DISK, ...TOKEN }[name as keyof typeof SIGNATURES] ?? ''
    return [text, text.replace(' | Promise<string>', ''), text.replace('string | ', '')]
  }
  const names = Object.keys({ ...SIGNATURES, ...DISK, ...TOKEN }).sort()
  expect(Object.keys(native).sort()).toEqual(names)
  for (const [name, signature] of Object.entries(native)) expect(allowed(name), name).toContain(signature)
  // The classes: their methods are held to the interface by test/audio.test.ts, which uses them all.
  expect(Object.keys(nativeBinding()).sort()).toEqual([...names, 'AudioEmbedder', 'LoudnessMeter', 'VideoDetector', 'VideoEmbedder'].sort())
})

test.each([['VideoEmbedder', EMBEDDER], ['VideoDetector', DETECTOR]])('the native %s satisfies it', (className, signatures: Record<string, string>) => {
  const block = new RegExp(`#\\[napi\\]\nimpl ${className} \\{([\\s\\S]*?)\n\\}`).exec(readFileSync('native/src/lib.rs', 'utf8'))![1]!
  const members = [...block.matchAll(/^ {4}#\[napi[^\n]*\]\n {4}pub fn (\w+)\(&self(?:, )?([^)]*)\) -> ([^{]+) \{/gm)]
  const native = Object.fromEntries(members.map(([, name, given, result]) => [name, `(${list(given!, /,/).map((one) => known(one.replace(/^(mut )?\w+: /, ''))).join(', ')}) ${known(result!)}`]))
  expect(Object.keys(native).sort()).toEqual(Object.keys(signatures).sort())
  for (const [name, signature] of Object.entries(native)) expect([signatures[name]!, signatures[name]!.replace('string | ', '')], name).toContain(signature)
})
