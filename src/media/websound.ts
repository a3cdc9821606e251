// Sound by the browser itself: WAV by our own code, everything else by decodeAudioData.
import { CountermarkError, messageOf } from '../errors.js'
import type { Deadline } from '../limits.js'
import type { SoundDecoder, SoundFile, Track } from './sound.js'
import { wavForm, wavSamples } from './wav.js'

/**
 * The decoder of browsers. What is not WAV comes out at 48 kHz, whatever the file's own rate: browsers resample while they
 * decode, and do not say from what. The detectors do not mind. ERR_MISSING in a worker, which has no such decoder.
 */
export const webSound: SoundDecoder = { open }

const RATE = 48_000

async function open(file: SoundFile, deadline: Deadline): Promise<Track> {
  if (!('bytes' in file)) throw new CountermarkError('ERR_UNSUPPORTED', 'A browser reads no paths.')
  const { bytes } = file
  if (file.type === 'audio/wav') {
    const form = await wavForm(async (at, count) => bytes.subarray(at, at + count), bytes.byteLength)
    const size = form.channels * (form.bits >> 3)
    const end = form.data.end - ((form.data.end - form.data.start) % size)
    return { rate: form.rate, channels: form.channels, codec: 'wav', lossless: true, blocks: () => one(wavSamples(bytes.subarray(form.data.start, end), form)) }
  }
  if (typeof OfflineAudioContext !== 'function') throw new CountermarkError('ERR_MISSING', 'There is no decoder of sound here: a worker has none, a page has.')
  let heard
  try {
    // The bytes are taken over by the decoder, so it gets its own.
    heard = await deadline.within(new OfflineAudioContext(1, 1, RATE).decodeAudioData(bytes.slice().buffer))
  } catch (thrown) {
    if (thrown instanceof CountermarkError) throw thrown
    throw new CountermarkError('ERR_UNSUPPORTED', `The browser could not decode this ${file.type} file: ${messageOf(thrown)}`, { cause: thrown })
  }
  const { numberOfChannels: channels, length } = heard
  const samples = new Float32Array(length * channels)
  for (let channel = 0; channel < channels; channel++) {
    const line = heard.getChannelData(channel)
    for (let at = 0; at < length; at++) samples[at * channels + channel] = line[at] ?? 0
  }
  return { rate: heard.sampleRate, channels, codec: file.type, lossless: false, blocks: () => one(samples) }
}

async function* one(samples: Float32Array): AsyncGenerator<Float32Array> {
  yield samples
}
