// One modality's work on samples: settings and defaults, no files.
import type { AudioDetectReport, AudioEmbedReport, Engine, RhythmDetection, SoundFormat } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { AudioLabelEvidence, AudioWatermarkEvidence, Effort, Key, Quality, Sound, SoundPosition } from '../types.js'

const QUALITIES: readonly unknown[] = ['standard', 'high', 'robust']
/** Where the audible label may go. */
export const MOMENTS: readonly SoundPosition[] = ['start', 'middle', 'end']

function checked({ samples, rate, channels }: Sound): Float32Array {
  if (!(samples instanceof Float32Array) || !(channels > 0) || samples.length % channels !== 0 || !(rate > 0))
    throw new CountermarkError('ERR_PARAMETER', 'A sound is a Float32Array of interleaved samples with its rate and its channels.')
  return samples
}

/** The payload and quality as the engine takes them. */
export function embedOptions({ payload, quality = 'standard' }: { payload: string; quality?: Quality }): { payload: string; quality: Quality } {
  if (!QUALITIES.includes(quality)) throw new CountermarkError('ERR_PARAMETER', `quality is standard, high or robust, not ${String(quality)}.`)
  if (typeof payload !== 'string' || !/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(payload)) throw new CountermarkError('ERR_PARAMETER', 'payload must be 16 or 32 hexadecimal digits.')
  return { payload: payload.toLowerCase(), quality }
}

/** Marks samples in place. `payload`: 16 or 32 hexadecimal digits. */
export function embed(engine: Engine, sound: Sound, key: Key, options: { payload: string; quality?: Quality }): Promise<AudioEmbedReport> {
  return engine.audioEmbed(checked(sound), { rate: sound.rate, channels: sound.channels, key, ...embedOptions(options) })
}

/** What a search of one sound says: a finding a key, and whether the sound can carry a mark at all. */
export interface Heard { evidence: AudioWatermarkEvidence[]; carries: boolean; reason?: string }

/** Looks for each key's mark. Not finding one is a result, not an error. */
export async function detect(engine: Engine, sound: Sound, keys: Key[], effort: Effort = 'full'): Promise<Heard> {
  if (keys.length === 0) return { evidence: [], carries: true }
  const { evidence, carries, reason }: AudioDetectReport = await engine.audioDetect(checked(sound), { rate: sound.rate, channels: sound.channels, keys, effort: effort === 'direct' ? 'direct' : 'full' })
  return {
    evidence: evidence.map(({ keyId, modality: _, ...rest }) => ({ ...rest, modality: 'audio', key: keyId })), carries,
    ...(reason === undefined ? {} : { reason }),
  }
}

/** A sound with its audible label, and where that stands in it, in seconds. */
export interface Labelled extends Sound { span: [number, number]; loudness: number }

/** Puts the rhythm, or a spoken clip of the same rate, into a sound. Every sample of it stays as it is. */
export function label(engine: Engine, sound: Sound, { position = 'start', clip }: { position?: SoundPosition; clip?: Sound } = {}): Labelled {
  const samples = checked(sound)
  const { rate, channels } = sound
  const meter = engine.loudnessMeter(sound)
  meter.push(samples)
  const { quiet, loudness } = meter.report()
  const frames = samples.length / channels
  const at = position === 'start' ? 0 : position === 'end' ? frames : quiet
  const frame = (number: number): number[] | undefined => (number < 0 || number >= frames ? undefined : [...samples.subarray(number * channels, (number + 1) * channels)])
  const made = clipMaker(engine, sound, loudness, clip)(frame(at - 1), frame(at))
  const whole = new Float32Array(samples.length + made.length)
  whole.set(samples.subarray(0, at * channels))
  whole.set(made, at * channels)
  whole.set(samples.subarray(at * channels), at * channels + made.length)
  return { samples: whole, rate, channels, span: [at / rate, at / rate + made.length / channels / rate], loudness: loudnessOf(loudness) }
}

/** LUFS at which the core puts a label beside a programme of that loudness; as in the core. */
export function loudnessOf(programme: number | undefined): number {
  return Math.round(Math.min(-12, Math.max(-40, programme ?? -23)) * 10) / 10
}

/** Makes the clip between two frames. ERR_PARAMETER where `clip` has another rate. */
export function clipMaker(engine: Engine, format: SoundFormat, loudness: number | undefined, clip?: Sound): (before?: number[], after?: number[]) => Float32Array {
  const { rate, channels } = format
  if (clip !== undefined && clip.rate !== rate) throw new CountermarkError('ERR_PARAMETER', `The spoken label has ${clip.rate} samples a second, the sound ${rate}.`)
  return (before, after) => {
    const options = { rate, channels, ...(loudness === undefined ? {} : { loudness }), ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
    return clip === undefined ? engine.rhythmMake(options) : engine.voiceFit(checked(clip), clip.channels, options)
  }
}

/** Looks for the rhythm of GB 45438-2025, 5.3 c. */
export async function findLabel(engine: Engine, sound: Sound): Promise<AudioLabelEvidence> {
  const { kind, modality, found, score, where }: RhythmDetection = await engine.rhythmDetect(checked(sound), sound)
  return { kind, modality, found, score, ...(where === undefined ? {} : { where }) }
}

