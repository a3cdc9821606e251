// What the detectors hear in a sound, stretch by stretch: no more than two of them are held.
import { detect, findLabel } from '../audio/audio.js'
import { stretches, type Pieces } from '../audio/pieces.js'
import type { Engine, SoundFormat } from '../engine/engine.js'
import type { Deadline } from '../limits.js'
import type { Track } from '../media/sound.js'
import type { AudioLabelEvidence, AudioWatermarkEvidence, Effort, Finding, Key } from '../types.js'

/** What was heard. */
export interface Heard {
  /** One a key, in their order. */
  marks: AudioWatermarkEvidence[]
  label: AudioLabelEvidence
  /** Why no watermark could be in it, where that is so of every stretch. */
  silent?: string
}

/** Seconds of one stretch, and by how much the next one overlaps it: longer than a rhythm, and than what a watermark needs. */
const STRETCH = 60
const OVERLAP = 10
/** The chance of a false finding that a search of one file accepts; as in the core. */
const ACCEPT = 1e-6

/** What the decoder said while it read a track to its end: a part of it may be missing from what was heard. */
export function complaints(track: Track): Finding[] {
  const said = track.complaint?.()
  return said === undefined ? [] : [{ rule: 'P2', severity: 'warning', message: `The decoder complained of the sound, a part of which may be damaged: ${said}` }]
}

/** What is listened for. `most`: stretches after which nobody listens any more. */
export interface ListenOptions { keys: Key[]; effort: Effort; most?: number }

/** Listens to a sound from its start. A key that was found is not looked for again. */
export async function listen(engine: Engine, format: SoundFormat, pieces: Pieces, { keys, effort, most = Infinity }: ListenOptions, deadline: Deadline): Promise<Heard> {
  const { rate, channels } = format
  const marks = new Map<Key, AudioWatermarkEvidence>()
  let label: AudioLabelEvidence = { kind: 'label', modality: 'audio', found: false }
  let silent: string | undefined
  let carries = false
  let at = 0
  for await (const { samples, start, last } of stretches(pieces, format, STRETCH, OVERLAP)) {
    at += 1
    const sound = { samples, rate, channels }
    if (!label.found) {
      const seen = await deadline.within(findLabel(engine, sound))
      if (seen.found || (seen.score ?? 0) > (label.score ?? 0)) label = shiftedLabel(seen, start)
    }
    const wanted = keys.filter((key) => marks.get(key)?.found !== true)
    if (wanted.length > 0) {
      const heard = await deadline.within(detect(engine, sound, wanted, effort))
      carries ||= heard.carries
      silent ??= heard.reason
      for (const [index, key] of wanted.entries()) {
        const mark = heard.evidence[index]
        if (mark === undefined) continue
        const one = amongStretches(shiftedMark(mark, start), at, last)
        const before = marks.get(key)
        if (before === undefined || one.found || (one.pValue ?? 1) < (before.pValue ?? 1)) marks.set(key, one)
      }
    }
    if (at >= most) break
  }
  return { marks: [...marks.values()], label, ...(carries || silent === undefined ? {} : { silent }) }
}

/**
 * A finding of one stretch as that of the file. How many stretches follow is not known yet, so that the k-th one may use
 * 1 / (k (k + 1)) of the chance: all of them together are 1. A file of one stretch has all of it.
 */
function amongStretches(mark: AudioWatermarkEvidence, at: number, last: boolean): AudioWatermarkEvidence {
  if (at === 1 && last) return mark
  const pValue = Math.min(1, (mark.pValue ?? 1) * at * (at + 1))
  if (!mark.found || pValue <= ACCEPT) return { ...mark, pValue }
  const { payload: _payload, bits: _bits, where: _where, ...rest } = mark
  return { ...rest, found: false, pValue }
}

function shiftedMark(mark: AudioWatermarkEvidence, start: number): AudioWatermarkEvidence {
  if (mark.where === undefined) return mark
  return { ...mark, where: { ...mark.where, spans: shifted(mark.where.spans, start), offset: round(mark.where.offset + start) } }
}

function shiftedLabel(label: AudioLabelEvidence, start: number): AudioLabelEvidence {
  return label.where === undefined ? label : { ...label, where: { ...label.where, spans: shifted(label.where.spans, start) } }
}

function shifted(spans: [number, number][], start: number): [number, number][] {
  return spans.map(([from, to]) => [round(from + start), round(to + start)])
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
