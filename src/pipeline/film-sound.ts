// The sound of a film: each track gets the watermark where it can carry one, and stays as it is, bit for bit, where it cannot.
import { embedded, watched } from '../audio/pieces.js'
import type { AudioEmbedder, Engine } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { soundCoding, type Voice } from '../media/encode-film.js'
import type { Film, FilmSound } from '../media/film.js'
import type { AudioWatermarkEvidence, Key, TrackReport } from '../types.js'
import { listen } from './listen.js'
import type { Plan } from './mark.js'
import { isRead, MARKED_REMEDY, samePrefix } from './readback.js'

/** What becomes of one track. */
export interface TrackWork extends Voice {
  report: TrackReport
  /** The watermark is in the new film's track, by us or before. */
  carries: boolean
}

/** Listens to every track of a film and decides what becomes of it. ERR_CONFLICT for a watermark of the key, of other content. */
export async function voicesOf(engine: Engine, film: Film, plan: Plan, kept: boolean, payload: string, deadline: Deadline): Promise<TrackWork[]> {
  const works: TrackWork[] = []
  for (const [at, track] of film.sounds.entries()) works.push(await voiceOf(engine, film, track, at, plan, kept, payload, deadline))
  return works
}

async function voiceOf(engine: Engine, film: Film, track: FilmSound, at: number, plan: Plan, kept: boolean, payload: string, deadline: Deadline): Promise<TrackWork> {
  const as = (reason: string, carries = false): TrackWork => ({ track, carries, report: { track: at, embedded: false, reason } })
  if (!plan.watermark && !plan.lost) return as('not asked for')
  if (plan.silent) return as('it could not be read any more once the sound was encoded')
  const coding = soundCoding(film, track)
  if ('reason' in coding) return as(coding.reason)
  const { rate, channels } = track
  const fresh = (quality: Plan['quality']): AudioEmbedder => engine.audioEmbedder({ rate, channels, key: plan.key, payload, quality, ...(film.seconds === undefined ? {} : { seconds: film.seconds }) })
  // Marked once for nothing: only its end says whether a sound can carry a mark, and what cannot is not coded anew.
  const trial = fresh(plan.quality)
  const { marks: [mark] } = await listen(engine, track, watched(track.blocks(), (piece) => void trial.push(piece)), { keys: [plan.key], effort: kept ? 'full' : 'direct' }, deadline)
  trial.finish()
  if (mark?.found === true && mark.payload !== undefined) {
    if (samePrefix(mark.payload, payload)) return as('it is there already', true)
    if (plan.remark !== 'replace')
      throw new CountermarkError('ERR_CONFLICT', `The film's sound has a watermark of this key (${plan.keyId}) already, of other content: its payload is ${mark.payload}.`, { remedy: MARKED_REMEDY })
  }
  const report = trial.report()
  if (!report.embedded) return as(report.reason ?? 'it cannot carry a watermark')
  const replaced = mark?.found === true ? mark.payload : undefined
  return {
    track, carries: true, blocks: () => embedded(checked(track, deadline), fresh(replaced === undefined ? plan.quality : 'robust')),
    report: { track: at, embedded: true, bits: report.bits, snr: report.snr, nmr: report.nmr, ...(replaced === undefined ? {} : { replaced }) },
  }
}

async function* checked(track: FilmSound, deadline: Deadline): AsyncGenerator<Float32Array> {
  for await (const piece of track.blocks()) {
    deadline.check()
    yield piece
  }
}

/** Listens to the tracks of the new film that are to carry the watermark. */
export async function listenTo(engine: Engine, film: Film, works: readonly TrackWork[], key: Key, payload: string, deadline: Deadline): Promise<AudioWatermarkEvidence[] | 'sound lost'> {
  const evidence: AudioWatermarkEvidence[] = []
  for (const [at, work] of works.entries()) {
    const track = film.sounds[at]
    if (!work.carries || track === undefined) continue
    const { marks: [mark] } = await listen(engine, track, track.blocks(), { keys: [key], effort: work.report.embedded ? 'direct' : 'full' }, deadline)
    if (work.report.embedded && !isRead(mark, payload, 'sound')) return 'sound lost'
    if (mark !== undefined) evidence.push({ ...mark, track: at, ...(mark.found && mark.payload !== undefined ? { matchesMetadata: samePrefix(mark.payload, payload) } : {}) })
  }
  return evidence
}
