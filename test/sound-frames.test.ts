// Bytes of a pipe as frames, however they are cut.
import { expect, test } from 'vitest'
import { framed } from '../src/media/sound.js'

test.each([1, 3, 7, 100, 1_000, 4_097])('pieces of %i bytes give the samples that were sent', async (size) => {
  const sent = Float32Array.from({ length: 3_000 }, (_, at) => at)
  const bytes = Buffer.from(sent.buffer)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
  }
  const seen: number[] = []
  for await (const part of framed(pieces(), 12)) seen.push(...part)
  expect(seen).toEqual([...sent])
})
