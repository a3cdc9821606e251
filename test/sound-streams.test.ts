// Sound as it comes: streams of samples and of the bytes of a WAV, cut anywhere.
import { Duplex, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { audio, verify, type MarkingStream, type PcmOptions } from '../src/index.js'
import { babble, wavOf } from './support/sounds.js'

const WHO = { producer: 'Example-Lab', produceId: 'c-1' } as const
const speech = babble(7, 24_000)

async function through<Piece>(pair: MarkingStream<Piece>, pieces: Piece[]): Promise<Piece[]> {
  const out: Piece[] = []
  const source = new ReadableStream<Piece>({ start: (controller) => { pieces.forEach((piece) => controller.enqueue(piece)); controller.close() } })
  for await (const piece of source.pipeThrough(pair) as unknown as AsyncIterable<Piece>) out.push(piece)
  return out
}
const joined = (pieces: Float32Array[]): Float32Array => {
  const whole = new Float32Array(pieces.reduce((sum, one) => sum + one.length, 0))
  pieces.reduce((at, one) => (whole.set(one, at), at + one.length), 0)
  return whole
}
const cut = <T extends Float32Array | Uint8Array>(whole: T, size: number): T[] => Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size) as T)
const pcm = { ...WHO, rate: 24_000, channels: 1 } satisfies PcmOptions

test('samples: labelled, marked, and the same however they are cut', async () => {
  const outputs = await Promise.all([480, 4_800, 100_000, speech.samples.length].map(async (size) => {
    const pair = await audio.stream(pcm)
    const out = joined(await through(pair, cut(speech.samples, size)))
    return { out, report: await pair.report }
  }))
  for (const { out, report } of outputs) {
    expect(report).toMatchObject({ watermark: { embedded: true }, label: { drawn: true }, quality: { setting: 'standard' } })
    expect(out.length).toBe(Math.round(report.seconds * 24_000))
    expect(Buffer.from(out.buffer).equals(Buffer.from(outputs[0]!.out.buffer))).toBe(true)
  }
  const marked = { samples: outputs[0]!.out, rate: 24_000, channels: 1 }
  expect((await audio.detect(marked))[0]).toMatchObject({ found: true, payload: await audio.payloadOf('Example-Lab', 'c-1') })
  expect((await audio.findLabel(marked)).found).toBe(true)
}, 30_000)

test('without a watermark every sample comes out as it went in', async () => {
  for (const position of ['start', 'end'] as const) {
    const pair = await audio.stream({ ...pcm, watermark: false, label: { position } })
    const out = joined(await through(pair, cut(speech.samples, 1_000)))
    const { span } = (await pair.report).label
    const [from, to] = span!.map((second) => Math.round(second * 24_000)) as [number, number]
    expect(joined([out.slice(0, from), out.slice(to)])).toEqual(speech.samples)
  }
  const bare = await audio.stream({ ...pcm, watermark: false, label: false })
  expect(joined(await through(bare, cut(speech.samples, 1_000)))).toEqual(speech.samples)
})

test('the label is there before the first sample is', async () => {
  const pair = await audio.stream(pcm)
  const first = await pair.readable.getReader().read()
  expect(first.value!.length).toBeGreaterThan(24_000 * 1.2)
})

test('bytes of 16 bits, cut inside samples, by Node streams', async () => {
  const bytes = wavOf(speech).subarray(44)
  const pair = await audio.stream({ ...pcm, format: 's16le' })
  const parts: Buffer[] = []
  const node = Duplex.fromWeb(pair as never)
  for await (const part of Readable.from(cut(bytes, 777)).pipe(node)) parts.push(part as Buffer)
  const whole = Buffer.concat(parts)
  expect(whole.length).toBe(Math.round((await pair.report).seconds * 24_000) * 2)
  const samples = new Float32Array(whole.length / 2).map((_, at) => whole.readInt16LE(at * 2) / 0x8000)
  expect((await audio.detect({ samples, rate: 24_000, channels: 1 }))[0]).toMatchObject({ found: true })
}, 30_000)

test.each([['with its length', false], ['of unknown length', true]] as const)('a WAV %s', async (_, open) => {
  const source = wavOf(speech)
  if (open) {
    source.writeUInt32LE(0xffffffff, 4)
    source.writeUInt32LE(0xffffffff, 40)
  }
  const pair = await audio.wavStream(WHO)
  const out = Buffer.concat(await through<Uint8Array>(pair, cut<Uint8Array>(source, 1_000)))
  expect(await pair.report).toMatchObject({ watermark: { embedded: true }, label: { drawn: true, span: [0, 1.62] } })
  if (!open) expect(out.readUInt32LE(4)).toBe(out.length - 8)
  const seen = await verify(out, { expect: { provider: 'Example-Lab', produceId: 'c-1' } })
  expect(seen).toMatchObject({ type: 'audio/wav', verdict: 'compliant', state: 'confirmed', matchesExpected: true })
  expect(seen.evidence.filter(({ found }) => found).map(({ kind }) => kind).sort()).toEqual(['label', 'metadata', 'metadata', 'watermark'])
}, 30_000)

test('what is wrong is said by the stream and by its report', async () => {
  const pair = await audio.wavStream(WHO)
  const failed = through<Uint8Array>(pair, [Buffer.from('this is no WAV at all')])
  await expect(failed).rejects.toMatchObject({ code: 'ERR_BROKEN' })
  await expect(pair.report).rejects.toMatchObject({ code: 'ERR_BROKEN' })
  await expect(through<Uint8Array>(await audio.wavStream(WHO), [])).rejects.toMatchObject({ code: 'ERR_BROKEN' })
  await expect(audio.stream({ ...pcm, format: 'mp3' as never })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  await expect(audio.stream({ ...pcm, rate: 1 })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
  await expect(audio.stream({ ...pcm, label: { position: 'middle' as never } })).rejects.toMatchObject({ code: 'ERR_PARAMETER' })
})

test('a WAV that has a label is refused, and chunks of the source are kept', async () => {
  const bare = wavOf(speech)
  const once = Buffer.concat(await through(await audio.wavStream(WHO), cut(bare, 4_096)))
  await expect(audio.wavStream({ producer: 'Other', produceId: 'c-2' }).then((pair) => through(pair, cut(new Uint8Array(once), 4_096)))).rejects.toMatchObject({ code: 'ERR_CONFLICT' })
  const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([16, 0, 0, 0]), Buffer.from('INFOINAM'), Buffer.from([4, 0, 0, 0]), Buffer.from('Song')])
  const at = Buffer.from(bare).indexOf('data')
  const titled = Buffer.concat([bare.subarray(0, at), list, bare.subarray(at)])
  titled.writeUInt32LE(titled.length - 8, 4)
  const out = Buffer.concat(await through(await audio.wavStream(WHO), cut(new Uint8Array(titled), 4_096)))
  expect(out.indexOf('INAM')).toBeGreaterThan(0)
  expect((await verify(out)).evidence.some((one) => one.kind === 'metadata' && one.found)).toBe(true)
})

test('a WAV that ends before its length is an error', async () => {
  const bare = wavOf(speech)
  await expect(audio.wavStream(WHO).then((pair) => through(pair, cut(bare.subarray(0, bare.length - 1_000), 4_096)))).rejects.toMatchObject({ code: 'ERR_BROKEN' })
})

test('an abort at either end is told by the report', async () => {
  const [left, cancelled] = [await audio.stream(pcm), await audio.stream(pcm)]
  await left.writable.abort(new Error('left'))
  await expect(left.report).rejects.toThrow('left')
  await expect(left.readable.getReader().read()).rejects.toThrow('left')
  await cancelled.readable.cancel(new Error('cancelled'))
  await expect(cancelled.report).rejects.toThrow('cancelled')
  const failing = new ReadableStream<Float32Array>({ pull: (controller) => controller.error(new Error('the model failed')) })
  const pair = (await audio.stream(pcm)) as MarkingStream<Float32Array>
  await expect(failing.pipeThrough(pair).pipeTo(new WritableStream())).rejects.toThrow('the model failed')
  await expect(pair.report).rejects.toThrow('the model failed')
})
