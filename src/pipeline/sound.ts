// The path of one sound file: decode, label, watermark, encode, piece by piece; metadata and reading back are the container's.
import { clipMaker, loudnessOf } from '../audio/audio.js'
import { clipAt, embedded, watched, type Insertion, type Pieces } from '../audio/pieces.js'
import type { AudioEmbedder, AudioEmbedReport, Engine, Loudness, SoundFormat } from '../engine/engine.js'
import { CountermarkError } from '../errors.js'
import type { Deadline } from '../limits.js'
import { modalityOf, typeOfBytes } from '../media/kind.js'
import type { SoundCodec, SoundDecoder, SoundFile, Track } from '../media/sound.js'
import { espeakProgram, speak } from '../media/voice.js'
import type { Finding, MarkResult, Record, Sound, SoundPosition } from '../types.js'
import type { Changed, Changer, Container, Work, Written } from './container.js'
import type { Sight } from './evidence.js'
import { complaints, listen } from './listen.js'
import { BOUND, isBoundLabel, type Plan } from './mark.js'
import { failed, isRead, MARKED_REMEDY, samePrefix } from './readback.js'

/** How the newly coded file is held: its bytes, or a path where it was written. */
export interface Held<Output> {
  target?: string
  container(coded: Uint8Array | undefined, type: string): Container<Output>
  /** Of what was written to a path: that path, or the bytes that stand there. */
  coded(path: string, type: string): Promise<Container<Output>>
  drop(): Promise<void>
}

/** Labelling and watermarking of sound files. */
export function soundWork<Output>(engine: Engine, codec: SoundCodec, source: SoundFile, held: Held<Output>, plan: Plan, deadline: Deadline): Work<Output> {
  let rhythm = false
  return {
    change: changer(engine, codec, source, held, plan, deadline, () => { rhythm = true }),
    check: (written, changed, payload, sight) => soundsRight(engine, codec, written, { ...changed, rhythm }, plan, payload, sight, deadline),
  }
}

/** `rhythmic` is called where the file will hold a rhythm, put in now or heard before. */
function changer<Output>(engine: Engine, codec: SoundCodec, source: SoundFile, held: Held<Output>, plan: Plan, deadline: Deadline, rhythmic: () => void): Changer<Output> {
  return async (before, kept, payload) => {
    if ((plan.label?.asked && plan.sound?.form !== 'voice') || plan.label?.placed)
      throw new CountermarkError('ERR_UNSUPPORTED', 'A text, or a place in a picture, is for the label of a picture, and this is a sound.', { remedy: 'Leave out label (--label-text, --label-position), or let label.voice (--label-voice) say the text.' })
    const file = { ...source, type: before.type }
    const track = await codec.open(file, deadline)
    const { loudness, label, mark } = await hear(engine, track, plan, kept !== undefined, deadline)
    if (label) rhythmic()
    const work = decide(plan, kept, payload, label, mark)
    work.findings.push(...complaints(track))
    const none = async (): Promise<void> => {}
    if (kept !== undefined && (await isBoundLabel(kept)))
      return { drop: none, watermark: { embedded: false, reason: work.found ? 'it is there already' : BOUND }, label: { drawn: false, reason: work.unlabelled ?? BOUND }, carries: work.found, labelled: label, findings: work.findings }

    const clip = work.unlabelled !== undefined || plan.sound === undefined ? undefined : await clipOf(codec, plan, track, deadline)
    if (clip?.form === 'rhythm') rhythmic()
    const place = clip === undefined ? undefined : insertion(engine, track, loudness, plan.sound?.position ?? 'start', clip)
    const seconds = loudness.frames / track.rate
    let last: AudioEmbedder | undefined
    let span: [number, number] | undefined
    const blocks = (marking: boolean): Pieces => {
      const labelled = place === undefined ? track.blocks() : clipAt(track.blocks(), track.channels, placed(place, track, loudness, (made) => { span = made }))
      last = marking ? embedderOf(engine, track, plan, payload, seconds, work.replaced) : undefined
      return checkedBy(deadline, last === undefined ? labelled : embedded(labelled, last))
    }
    const encode = (marking: boolean): Promise<Uint8Array | undefined> => codec.encode(file, track, seconds, () => blocks(marking), deadline, held.target)
    const marking = plan.watermark && !work.found
    let coded = marking || place !== undefined ? await encode(marking) : undefined
    const report = last?.report()
    const marked = report?.embedded === true
    if (marking && !marked) {
      // What cannot carry a mark stays free of traces of one; only its end says so.
      await held.drop()
      if (place !== undefined) coded = await encode(false)
    }
    return {
      ...(marked || place !== undefined ? { file: held.container(coded, before.type) } : {}),
      drop: held.drop,
      watermark: watermarkOf(plan, work, report),
      label: labelOf(plan, work, clip?.form, span, loudness.loudness),
      ...(marked ? { quality: { snr: report.snr, nmr: report.nmr, setting: report.quality }, bits: report.bits } : {}),
      carries: marked || work.found,
      labelled: label || clip !== undefined,
      findings: [...work.findings, ...(marked || place !== undefined ? leftBehind(track, before.type, place !== undefined) : []), ...(clip?.findings ?? []), ...judgePlace(plan, clip?.form)],
    }
  }
}

/** Decodes the finished file and listens to it. */
async function soundsRight(
  engine: Engine, codec: SoundDecoder, written: Written<unknown>, changed: Pick<Changed<unknown>, 'carries' | 'bits'> & { rhythm: boolean }, plan: Plan, payload: string, sight: Sight, deadline: Deadline,
): Promise<'watermark lost' | undefined> {
  const track = await codec.open({ ...written.source, type: sight.type }, deadline)
  const heard = await listen(engine, track, track.blocks(), { keys: changed.carries ? [plan.key] : [], effort: changed.bits === undefined ? 'full' : 'direct' }, deadline)
  sight.pixels = 'read'
  if (changed.bits !== undefined && !isRead(heard.marks[0], payload, 'sound')) return 'watermark lost'
  if (changed.rhythm && !heard.label.found) throw failed('the rhythm is not recognised in the encoded sound', 'Use a source with a higher encoder quality.')
  sight.evidence.unshift(...heard.marks.map((one) => ({ ...one, ...(one.found && one.payload !== undefined ? { matchesMetadata: samePrefix(one.payload, payload) } : {}) })))
  sight.evidence.push(heard.label)
  return undefined
}

/** Rule M14: tracks and chapters that are not, or not rightly, in what was coded anew. `moved`: a label stands in the sound. */
function leftBehind({ others = 0, chapters = 0 }: Track, type: string, moved: boolean): Finding[] {
  const remedy = 'Use metadataOnly (--metadata-only), which keeps all of it.'
  const findings: Finding[] = []
  if (others > 0) findings.push({ rule: 'M14', severity: 'warning', message: `Only the first track of sound was coded anew; ${others} further tracks are not in the output.`, remedy })
  // Those of an ID3 tag are carried with it.
  if (chapters > 0 && type !== 'audio/mpeg') findings.push({ rule: 'M14', severity: 'warning', message: `The ${chapters} chapters of the source are not in the output.`, remedy })
  else if (chapters > 0 && moved) findings.push({ rule: 'M14', severity: 'warning', message: 'The chapters keep the times that they had; the label moved the sound behind it.', remedy })
  return findings
}

async function* checkedBy(deadline: Deadline, pieces: Pieces): AsyncGenerator<Float32Array> {
  for await (const piece of pieces) {
    deadline.check()
    yield piece
  }
}

/** One pass over the source: how loud it is, and what it holds already. */
async function hear(engine: Engine, track: Track, plan: Plan, kept: boolean, deadline: Deadline): Promise<{ loudness: Loudness; label: boolean; mark: string | undefined }> {
  const meter = engine.loudnessMeter(track)
  const heard = await listen(engine, track, watched(track.blocks(), (piece) => meter.push(piece)), { keys: plan.watermark ? [plan.key] : [], effort: kept ? 'full' : 'direct' }, deadline)
  const [mark] = heard.marks
  return { loudness: meter.report(), label: heard.label.found, mark: mark?.found ? mark.payload : undefined }
}

interface Decided { found: boolean; replaced?: string; unlabelled?: string; findings: Finding[] }

/** What is there already is not done again; a watermark of other content is not covered in silence. */
function decide(plan: Plan, kept: Record | undefined, payload: string, label: boolean, mark: string | undefined): Decided {
  const work: Decided = { found: mark !== undefined && samePrefix(mark, payload), findings: [] }
  if (mark !== undefined && !work.found) {
    if (plan.remark !== 'replace')
      throw new CountermarkError('ERR_CONFLICT', `The sound has a watermark of this key (${plan.keyId}) already, of other content: its payload is ${mark}.`, { remedy: MARKED_REMEDY })
    work.replaced = mark
    work.findings.push({ rule: 'W1', severity: 'info', message: `The sound had a watermark of this key, of other content (payload ${mark}). It cannot be taken out; the new one is stronger, and is the one that is read.` })
  }
  if (plan.sound === undefined) return work
  const foreign = kept !== undefined && kept.ContentProducer !== plan.producer
  if (label && !plan.sound.asked) work.unlabelled = 'a label is there already'
  else if (foreign && !plan.sound.asked) {
    work.unlabelled = 'another producer\'s spoken label may be there, which is not recognised; name a position or a clip to add one'
    work.findings.push({ rule: 'A1', severity: 'info', message: `No label was added: ${work.unlabelled}.` })
  }
  return work
}

interface Clip { form: 'rhythm' | 'voice' | 'clip'; sound?: Sound; findings: Finding[] }

/** The clip that goes in: the rhythm, the caller's own, or one that is spoken now. */
async function clipOf(codec: SoundCodec, { sound: asked }: Plan, track: SoundFormat, deadline: Deadline): Promise<Clip> {
  if (asked === undefined || asked.form === 'rhythm') return { form: 'rhythm', findings: [] }
  if (asked.form === 'clip') {
    if (asked.clip === undefined) throw new CountermarkError('ERR_USAGE', 'The clip of the spoken label is missing.')
    const type = typeOfBytes(asked.clip)
    if (type === undefined || modalityOf(type) === 'image') throw new CountermarkError('ERR_UNSUPPORTED', 'The clip of the spoken label is no sound file.', { remedy: 'Give it as WAV, FLAC, MP3, Ogg or M4A.' })
    const sound = await decodedClip(codec, { type, bytes: asked.clip }, track.rate, deadline)
    return { form: 'clip', sound, findings: [{ rule: 'A2', severity: 'info', message: 'What the clip of the spoken label says is not recognised here: it must hold both elements, e.g. 人工智能生成.' }] }
  }
  const program = espeakProgram(asked.program)
  const spoken: Sound[] = []
  for (const text of asked.text) spoken.push(await decodedClip(codec, { type: 'audio/wav', bytes: await speak(program, text, deadline) }, track.rate, deadline))
  const samples = new Float32Array(spoken.reduce((sum, one) => sum + one.samples.length, 0))
  let at = 0
  for (const one of spoken) {
    samples.set(one.samples, at)
    at += one.samples.length
  }
  const characters = asked.text.join('').replace(/[^\u4e00-\u9fff]/g, '').length
  const pace = Math.round((characters / (samples.length / track.rate)) * 60)
  const wrong = asked.text.length === 1 && characters > 0 && (pace < 120 || pace > 160)
  return { form: 'voice', sound: { samples, rate: track.rate, channels: 1 }, findings: wrong ? [{ rule: 'A3', severity: 'warning', message: `The spoken label has ${pace} characters a minute; 120 to 160 are normal speed.` }] : [] }
}

/** Seconds of the longest spoken label. */
const LONGEST = 30

/** A clip of one channel at that rate. */
async function decodedClip(codec: SoundCodec, file: SoundFile, rate: number, deadline: Deadline): Promise<Sound> {
  const track = await codec.open(file, deadline, { rate, channels: 1 })
  const parts: Float32Array[] = []
  let count = 0
  for await (const piece of track.blocks()) {
    parts.push(piece)
    count += piece.length
    if (count > LONGEST * rate) throw new CountermarkError('ERR_LIMIT', `The clip of the spoken label is longer than ${LONGEST} seconds.`)
  }
  const samples = new Float32Array(count)
  let at = 0
  for (const part of parts) {
    samples.set(part, at)
    at += part.length
  }
  return { samples, rate: track.rate, channels: track.channels }
}

function insertion(engine: Engine, track: Track, { loudness, frames, quiet }: Loudness, position: SoundPosition, clip: Clip): Insertion {
  return { at: position === 'start' ? 0 : position === 'end' ? Math.max(1, frames) : Math.max(1, quiet), make: clipMaker(engine, track, loudness, clip.sound) }
}

/** The insertion that says where it went. */
function placed({ at, make }: Insertion, { rate, channels }: SoundFormat, { frames }: Loudness, say: (span: [number, number]) => void): Insertion {
  return { at, make: (before, after) => {
    const made = make(before, after)
    const start = Math.min(at, frames) / rate
    say([round(start), round(start + made.length / channels / rate)])
    return made
  } }
}

function embedderOf(engine: Engine, { rate, channels }: SoundFormat, plan: Plan, payload: string, seconds: number, replaced: string | undefined): AudioEmbedder {
  return engine.audioEmbedder({ rate, channels, key: plan.key, payload, quality: replaced === undefined ? plan.quality : 'robust', seconds })
}

/** Rules A2 and A4 on what was put in. */
function judgePlace({ policy, sound }: Plan, form: Clip['form'] | undefined): Finding[] {
  if (form === undefined) return []
  const findings: Finding[] = []
  if ((policy.name === 'in' || policy.name === 'eu' || policy.name === 'all') && sound?.position !== 'start')
    findings.push({ rule: 'A4', severity: policy.label.demand === 'required' ? 'error' : 'warning', message: `The label stands at the ${sound?.position ?? ''} of the sound; the policy ${policy.name} asks for it before the content.` })
  if (form === 'rhythm' && policy.name !== 'cn')
    findings.push({ rule: 'A2', severity: 'warning', message: `The rhythm is that of GB 45438-2025; whether it satisfies the policy ${policy.name} too is not verified.` })
  return findings
}

function watermarkOf(plan: Plan, work: Decided, report?: AudioEmbedReport): MarkResult['watermark'] {
  if (report !== undefined)
    return { embedded: report.embedded, ...(report.reason === undefined ? {} : { reason: report.reason }), ...(report.embedded ? { bits: report.bits } : {}), ...(report.embedded && work.replaced !== undefined ? { replaced: work.replaced } : {}) }
  if (plan.lost) return { embedded: false, reason: 'it could not be read any more once the sound was encoded; quality robust, or a source of higher bitrate, may help' }
  return { embedded: false, reason: work.found ? 'it is there already' : 'not asked for' }
}

function labelOf(plan: Plan, work: Decided, form?: Clip['form'], span?: [number, number], loudness?: number): MarkResult['label'] {
  if (form !== undefined && plan.sound !== undefined)
    return { drawn: true, form, position: plan.sound.position, ...(form === 'voice' ? { text: plan.sound.text } : {}), ...(span === undefined ? {} : { span }), loudness: loudnessOf(loudness) }
  const reason = work.unlabelled ?? (plan.waiver !== undefined ? `left out under agreement ${plan.waiver}` : 'the policy does not ask for one')
  return { drawn: false, reason }
}

function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6
}
