// Traces of other generators: each row of the table, real files of such services, and photographs that must stay silent.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import sharp from 'sharp'
import { loadEngine } from '../src/engine/load.js'
import { mark, verify, type CountermarkError } from '../src/index.js'
import { TRACES, tracesIn } from '../src/trace/traces.js'
import { media } from './support/media.js'
import { photograph } from './support/pictures.js'

const PARAMETERS = 'a red fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512'

describe('texts', () => {
  test.each([
    ['PNG text', 'parameters', PARAMETERS, 'Stable Diffusion (parameters)'],
    ['EXIF', 'UserComment', PARAMETERS, 'Stable Diffusion (parameters)'],
    ['PNG text', 'prompt', '{"3":{"class_type":"KSampler"}}', 'ComfyUI'],
    ['PNG text', 'workflow', '{"last_node_id":9,"nodes":[]}', 'ComfyUI'],
    ['PNG text', 'invokeai_metadata', '{"positive_prompt":"x"}', 'InvokeAI'],
    ['PNG text', 'Software', 'NovelAI', 'NovelAI'],
    ['PNG text', 'Description', 'a fox --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef', 'Midjourney'],
    ['PNG text', 'parameters', '{"sui_image_params":{"prompt":"x"}}', 'SwarmUI'],
    ['XMP', 'photoshop:Credit', 'Made with Google AI', 'Google AI'],
    ['XMP', 'Iptc4xmpExt:AISystemUsed', 'Painter', 'a model (IPTC AISystemUsed)'],
    ['C2PA', 'claim_generator', 'Microsoft_Responsible_AI/1.0', 'Microsoft Image Creator'],
    ['C2PA', 'digitalSourceType', 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia', 'a model (C2PA source type)'],
    ['ID3', 'COMM', 'made with suno; created=2026', 'Suno'],
  ])('%s %s', (place, key, value, generator) => expect(tracesIn([{ place, key, value }]).map((one) => one.generator)).toEqual([generator]))

  test.each([
    ['PNG text', 'parameters', 'exposure 1/200'], ['EXIF', 'UserComment', 'Steps: to the church'], ['PNG text', 'Software', 'Adobe Photoshop'], ['PNG text', 'Comment', 'prompt delivery'],
    ['EXIF', 'ImageDescription', 'Signature: J. Smith'], ['PNG text', 'prompt', 'say cheese'], ['C2PA', 'claim_generator', 'Google C2PA Core Generator Library'],
    ['C2PA', 'digitalSourceType', 'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture'], ['XMP', 'xmp:CreatorTool', 'Adobe Photoshop Lightroom'], ['PNG text', 'Description', 'Job ID: 12'],
    ['EXIF', 'Software', 'Kingston 1.0'],
  ])('not %s %s: %s', (place, key, value) => expect(tracesIn([{ place, key, value }])).toEqual([]))

  test('each row has its source, and a generator is named once', () => {
    expect(TRACES.every(({ source, generator }) => source.length > 5 && generator.length > 2)).toBe(true)
    expect(tracesIn([{ place: 'PNG text', key: 'prompt', value: '{"class_type":1}' }, { place: 'PNG text', key: 'workflow', value: '{"nodes":[]}' }])).toHaveLength(1)
  })
})

describe('files', () => {
  test('parameters in EXIF: suspected, and no verdict but "not found"', async () => {
    const file = await sharp(await photograph('jpeg')).withExif({ IFD0: { Software: 'ComfyUI 1.0' } }).jpeg().toBuffer()
    const { verdict, state, evidence } = await verify(file, { keys: ['public'], effort: 'direct' })
    expect([verdict, state]).toEqual(['not found', 'suspected'])
    expect(evidence.filter(({ kind }) => kind === 'trace')).toEqual([{ kind: 'trace', found: true, generator: 'a generator (Software)', location: 'EXIF Software', value: 'ComfyUI 1.0' }])
  })
  test('marking keeps a trace, and our own system is none', async () => {
    const file = await sharp(await photograph('jpeg')).withExif({ IFD0: { Software: 'ComfyUI 1.0' } }).jpeg().toBuffer()
    const { evidence } = await mark(file, { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, system: { name: 'Painter', version: '2' } })
    expect(evidence.filter(({ kind }) => kind === 'trace')).toMatchObject([{ value: 'ComfyUI 1.0' }])
  })
})

test('every prefix of a file gives its texts and ranges, or a typed error', async () => {
  const engine = await loadEngine()
  for (const kind of ['jpeg', 'png', 'webp'] as const) {
    const { output } = await mark(await sharp({ create: { width: 24, height: 24, channels: 3, background: '#345' } })[kind]().toBuffer(), { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, system: { name: 'Painter' } })
    let errors = 0
    for (let length = 0; length < output.length; length++)
      for (const ask of [engine.metadataTexts, engine.codedRanges])
        try {
          const answer = ask(output.subarray(0, length))
          expect(Array.isArray(answer)).toBe(true)
        } catch (thrown) {
          errors += 1
          expect((thrown as CountermarkError).code).toMatch(/^ERR_(BROKEN|UNSUPPORTED)$/)
        }
    expect(errors).toBeGreaterThan(output.length)
  }
})

describe('California\'s elements', () => {
  const options = { provider: { name: 'Example-Lab' }, key: 'public', metadataOnly: true, policy: 'us-ca' } as const
  const c3 = (findings: { rule: string; message: string }[]): string[] => findings.filter(({ rule }) => rule === 'C3').map(({ message }) => message)
  test('with the system named, A to E are there', async () => {
    const { output, findings } = await mark(await photograph('png'), { ...options, system: { name: 'Painter', version: '2.1' } })
    expect(c3(findings)).toEqual([])
    const texts = (await loadEngine()).metadataTexts(output)
    expect(Object.fromEntries(texts.map(({ key, value }) => [key, value]))).toMatchObject({
      'Iptc4xmpExt:AISystemUsed': 'Painter', 'Iptc4xmpExt:AISystemVersionUsed': '2.1', 'xmp:CreateDate': expect.stringMatching(/^20\d\d-\d\d-\d\dT/),
    })
  })
  test('without it, B is missing', async () => {
    const { findings } = await mark(await photograph('png'), options)
    expect(c3(findings)).toEqual([expect.stringContaining('B (system and version)')])
  })
})

describe.skipIf(media === undefined)('real files', () => {
  const named = (file: string): boolean => /\.(jpe?g|png|webp)$/.test(file)
  test('of services, by what they left', async () => {
    const engine = await loadEngine()
    const of = (file: string): string[] => tracesIn(engine.metadataTexts(readFileSync(join(media!, 'image', file)))).map(({ generator }) => generator)
    expect(of('ai-firefly-c2pa.png')).toContain('Adobe Firefly')
    expect(of('ai-flux2-c2pa.jpg')).toContain('FLUX')
    expect(of('ai-grok-exif.jpg')).toEqual(['Grok'])
  })
  test('of photographs, drawings and screenshots: not one trace', async () => {
    const engine = await loadEngine()
    const files = readdirSync(join(media!, 'image')).filter((file) => named(file) && !file.startsWith('ai-'))
    expect(files.length).toBeGreaterThan(30)
    const alarms = files.flatMap((file) => tracesIn(engine.metadataTexts(readFileSync(join(media!, 'image', file)))).map(({ generator }) => `${file}: ${generator}`))
    expect(alarms).toEqual([])
  })
})
