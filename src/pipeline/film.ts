// The path of one film file: decode, label, watermark, encode, frame by frame; metadata and reading back are the container's.
import type { Embedder, Engine, VideoEmbedReport } from '../engine/engine.js'
import { CountermarkError, fromEngine } from '../errors.js'
import type { Deadline, Limits } from '../limits.js'
import { encodeFilm, leftOut } from '../media/encode-film.js'
import { encodingOf } from '../media/encoders.js'
import { framesOf, isPlanar, withFilm, type Film } from '../media/film.js'
import type { Frame } from '../media/nut.js'
import type { SoundFile } from '../media/sound.js'
import { WORDINGS } from '../policy/policy.js'
import type { Finding, MarkResult, Record, VideoLabelEvidence, VideoWatermarkEvidence } from '../types.js'
import { embedder, isLabelled, labelTimes, LEAST_SECONDS } from '../video/video.js'
import type { Changed, Changer, Work, Written } from './container.js'
import type { Sight } from './evidence.js'
import { listenTo, voicesOf, type TrackWork } from './film-sound.js'
import { BOUND, isBoundLabel, MOST_FINDABLE, type Plan } from './mark.js'
import { failed, isRead, MARKED_REMEDY, samePrefix } from './readback.js'
import type { Held } from './sound.js'
import { watch } from './watch.js'

/** What work on films needs beside a plan. */
export interface Films { engine: Engine; ffmpeg: string | undefined; limits: Limits; deadline: Deadline; /** The file of ffmpeg's output, where nothing is yet. */ target: string }

/** What the engine says of a film before its first frame. */
const NO_FRAME = 'there was no frame'

/** What reading back has to find. */
interface Promised { text?: string[]; texts: readonly (readonly string[])[]; tracks: TrackWork[] }

/** Labelling and watermarking of film files. */
export function filmWork<Output>(films: Films, source: SoundFile, held: Held<Output>, plan: Plan): Work<Output> {
  const promised: Promised = { texts: [], tracks: [] }
  return {
    change: changer(films, source, held, plan, promised),
    check: (written, changed, payload, sight) => filmRight(films, written, changed, plan, payload, promised, sight),
  }
}

function changer<Output>(films: Films, source: SoundFile, held: Held<Output>, plan: Plan, promised: Promised): Changer<Output> {
  const { engine, ffmpeg, limits, deadline, target } = films
  return async (before, kept, payload) => {
    if (plan.sound?.asked)
      throw new CountermarkError('ERR_UNSUPPORTED', 'A place in time, a clip or a voice is for the label of a sound, and this is a film.', { remedy: 'Leave out label (--label-position start, middle or end; --label-audio, --label-voice).' })
    return withFilm({ ...source, type: before.type }, ffmpeg, limits, deadline, async (film): Promise<Changed<Output>> => {
      deadline.extend(film.seconds)
      refuse(film)
      const decided = await decide(engine, film, plan, kept, payload, deadline)
      const { found, replaced, findings } = decided
      if (plan.label !== undefined) promised.texts = wordings(plan.label)
      promised.tracks = await voicesOf(engine, film, plan, kept !== undefined, payload, deadline)
      const sound = promised.tracks.map(({ report }) => report)
      const heard = promised.tracks.some(({ carries }) => carries)
      if (kept !== undefined && (await isBoundLabel(kept)))
        return { drop: async () => {}, watermark: { embedded: false, reason: found ? 'it is there already' : BOUND }, label: { drawn: false, reason: decided.undrawn ?? BOUND }, carries: found || heard, labelled: decided.labelled, findings }

      const state = stateOf(films, film, plan, payload, decided)
      const marking = plan.watermark && !found
      const drawing = plan.label !== undefined && decided.undrawn === undefined
      const coding = encodingOf(film.codec, film.frames, film.abilities, plan.video?.encoding)
      // Before its first frame the state says why it will not mark any, where it will not.
      const changing = drawing || (marking && state?.report().reason === NO_FRAME)
      const changes = changing || promised.tracks.some(({ blocks }) => blocks !== undefined)
      const told = { frames: 0, seconds: 0 }
      if (changes) {
        await encodeFilm(film, { ...coding, voices: promised.tracks, target, ...(changing ? { frames: marked(films, film, plan, state, drawing, told) } : {}) }, deadline)
        if (changing && told.frames === 0) throw new CountermarkError('ERR_BROKEN', `ffmpeg finds no frame in this ${film.type} file that it can decode.`, { remedy: 'Get an undamaged copy of the file.' })
      }
      const report = state?.report()
      if (report?.label !== undefined && drawing && !plan.label?.font.byteLength && report.label.ratio <= MOST_FINDABLE) promised.text = report.label.text
      if (changes) findings.push(...leftBehind(film), ...(report?.label === undefined || !drawing ? [] : judgeDrawn(plan, report, told.seconds)))
      const embedded = marking && report?.embedded === true && changing
      const [first] = sound.filter((one) => one.embedded)
      return {
        ...(changes ? { file: await held.coded(target, before.type) } : {}),
        drop: held.drop,
        watermark: watermarkOf(plan, decided, marking ? report : undefined, replaced),
        label: labelOf(plan, decided, drawing ? report : undefined, told.seconds, film.seconds),
        film: { encoder: changing ? coding.encoder : 'copy', settings: changing ? coding.settings : {}, ...lengthOf(film, told), sound },
        ...(embedded || first !== undefined ? { quality: {
          ...(embedded ? { psnr: round(report.psnr), ssim: round(report.ssim) } : {}), ...(first?.snr === undefined ? {} : { snr: first.snr }), ...(first?.nmr === undefined ? {} : { nmr: first.nmr }), setting: plan.quality,
        } } : {}),
        ...(embedded ? { bits: report.bits } : {}),
        carries: embedded || found || heard,
        labelled: decided.labelled || drawing,
        findings,
      }
    })
  }
}

/** What is not done by halves: a typed refusal that says what to do. */
function refuse(film: Film): void {
  const instead = 'or use metadataOnly (--metadata-only), which changes no sample.'
  const no = (what: string, remedy: string): never => { throw new CountermarkError('ERR_UNSUPPORTED', what, { remedy: `${remedy}, ${instead}` }) }
  const tracks = film.others.filter(({ kind, cover }) => kind === 'video' && !cover).length
  if (film.dolby) no('The film has Dolby Vision, which describes its unmarked pictures.', 'Convert it to HDR10, HLG or standard range first')
  if (film.colour.transfer === 'smpte2084') no('The film is in PQ (HDR10), in which the label would be as bright as a screen can be.', 'Convert it to HLG or standard range first')
  if (film.alpha) no('The film has a plane of alpha, which is not kept.', 'Lay it over a background first')
  if (!isPlanar(film)) no(`The film's frames are ${film.pixels}, not planes of luma and colour.`, 'Convert them to yuv420p, yuv422p or yuv444p first')
  if (film.interlaced) no('The film is interlaced: a label in its frames would be torn.', 'Deinterlace it first (ffmpeg -vf bwdif)')
  if (film.mirrored) no('The film is shown mirrored, and the label would be, too.', 'Mirror its frames themselves first (ffmpeg -vf hflip)')
  if (film.display.rotation % 90 !== 0) no(`The film is shown turned by ${film.display.rotation} degrees.`, 'Turn its frames themselves first')
  if (film.display.aspect > 16 || film.display.aspect < 1 / 16) no('The film\'s pixels are more than 16 times as wide as high, or the other way round.', 'Scale it to square pixels first')
  if (tracks > 0) no(`The film has ${tracks + 1} tracks of pictures, of which one would be marked.`, 'Mark them one by one')
}

/** What was coded, else what the file says of itself. */
function lengthOf({ count = 0, seconds }: Film, told: { frames: number; seconds: number }): { frames: number; seconds: number } {
  return { frames: told.frames === 0 ? count : told.frames, seconds: round(seconds ?? told.seconds) }
}

interface Decided { found: boolean; replaced?: string; undrawn?: string; labelled: boolean; findings: Finding[] }

/** What is there already is not done again; a watermark of other content is not covered in silence. */
async function decide(engine: Engine, film: Film, plan: Plan, kept: Record | undefined, payload: string, deadline: Deadline): Promise<Decided> {
  const texts = plan.label === undefined ? [] : wordings(plan.label)
  const seen = await watch(engine, film, { keys: plan.watermark ? [plan.key] : [], effort: kept === undefined ? 'direct' : 'full', texts, much: kept === undefined ? 'glance' : 'enough' }, deadline)
  const mark = seen.marks[0]
  const work: Decided = { found: mark?.found === true && mark.payload !== undefined && samePrefix(mark.payload, payload), labelled: seen.label?.found === true, findings: [...seen.findings] }
  if (mark?.found === true && mark.payload !== undefined && !work.found) {
    if (plan.remark !== 'replace')
      throw new CountermarkError('ERR_CONFLICT', `The film has a watermark of this key (${plan.keyId}) already, of other content: its payload is ${mark.payload}.`, { remedy: MARKED_REMEDY })
    work.replaced = mark.payload
    work.findings.push({ rule: 'W1', severity: 'info', message: `The film had a watermark of this key, of other content (payload ${mark.payload}). It cannot be taken out; the new one is stronger, and is the one that is read.` })
  }
  if (plan.label === undefined || (kept === undefined && !work.found)) return work
  if (work.labelled) work.undrawn = 'a label is there already'
  else if (kept !== undefined && kept.ContentProducer !== plan.producer && !plan.label.asked) {
    work.undrawn = 'another producer\'s label may be there, which cannot be seen and must not be covered; name a text or a position to draw one'
    work.findings.push({ rule: 'V1', severity: 'info', message: `No label was drawn: ${work.undrawn}.` })
  }
  return work
}

/** The state of marking. A film that is too small for the policy's own wording goes on without label, and the verdict says so. */
function stateOf({ engine }: Films, { frames, display }: Film, plan: Plan, payload: string, decided: Decided): Embedder | undefined {
  const watermark = plan.watermark && !decided.found
  const options = { ...frames, display, payload, key: plan.key, quality: decided.replaced === undefined ? plan.quality : 'robust' as const, watermark }
  if (plan.label === undefined || decided.undrawn !== undefined) return watermark ? embedder(engine, options) : undefined
  const { text, position, ratio, font, asked } = plan.label
  try {
    return embedder(engine, { ...options, label: { text, position, font, ...(ratio === undefined ? {} : { ratio }) } })
  } catch (thrown) {
    const error = fromEngine(thrown)
    if (asked || font.byteLength > 0 || (error.code !== 'ERR_LIMIT' && error.code !== 'ERR_UNSUPPORTED')) throw error
    decided.undrawn = error.message
    decided.findings.push({ rule: 'V1', severity: plan.policy.label.demand === 'required' ? 'error' : 'info', message: `No label was drawn: ${error.message}.` })
    return watermark ? embedder(engine, options) : undefined
  }
}

/** The film's frames, labelled and watermarked. */
async function* marked({ deadline }: Films, film: Film, plan: Plan, state: Embedder | undefined, drawing: boolean, told: { frames: number; seconds: number }): AsyncGenerator<Frame> {
  const times = plan.video?.times ?? labelTimes()
  const start = performance.now()
  let spoke = -Infinity
  let first: number | undefined
  const { frames, said } = framesOf(film, deadline)
  for await (const frame of ahead(frames)) {
    first ??= frame.nanos
    const second = (frame.nanos - first) / 1e9
    await deadline.within(state?.frame(frame.samples, drawing && isLabelled(times, second, film.seconds)) ?? Promise.resolve())
    told.frames += 1
    told.seconds = second
    const now = performance.now()
    if (plan.video?.progress !== undefined && now - spoke > 250) {
      spoke = now
      const speed = told.frames / Math.max(1e-3, (now - start) / 1000)
      plan.video.progress({ step: 'code', frames: told.frames, speed: round(speed), ...(film.count === undefined ? {} : { total: film.count, left: Math.max(0, Math.round((film.count - told.frames) / speed)) }) })
    }
    yield frame
  }
  if (said() !== '' && told.frames === 0) throw new CountermarkError('ERR_BROKEN', `ffmpeg cannot decode the film: ${said()}`, { remedy: 'Get an undamaged copy of the file.' })
}

/** The items, each asked for while the one before is worked on. */
async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = (): Promise<IteratorResult<T>> => {
    const next = items.next()
    // Its failure is told when its turn comes.
    next.catch(() => {})
    return next
  }
  try {
    for (let next = ask(); ;) {
      const { value, done } = await next
      if (done) return
      next = ask()
      yield value
    }
  } finally {
    await items.return(undefined)
  }
}

/** What is looked for: the plan's own lines, where our font drew them, and those of the policies. */
function wordings({ text, font }: NonNullable<Plan['label']>): (readonly string[])[] {
  return font.byteLength > 0 ? [...WORDINGS] : [text, ...WORDINGS]
}

/** Rule M14: streams that are not in the new file. */
function leftBehind(film: Film): Finding[] {
  const left = leftOut(film)
  const covers = film.others.filter(({ cover }) => cover).length
  const others = left.length - covers
  const remedy = 'Use metadataOnly (--metadata-only), which keeps all of it.'
  return [
    ...(covers > 0 ? [{ rule: 'M14', severity: 'warning' as const, message: 'The cover of the film is not in the output: it may show the unmarked picture.', remedy }] : []),
    ...(others > 0 ? [{ rule: 'M14', severity: 'warning' as const, message: `${others} further tracks of the film (${film.others.filter(({ index, cover }) => left.includes(index) && !cover).map(({ kind, codec }) => codec || kind).join(', ')}) are not in the output.`, remedy }] : []),
  ]
}

/** Rules V2 to V4 on what was drawn. */
function judgeDrawn({ policy, video }: Plan, { label, frames }: VideoEmbedReport, seconds: number): Finding[] {
  const findings: Finding[] = []
  if (label !== undefined && label.ratio < policy.label.ratio)
    findings.push({ rule: 'V2', severity: 'error', message: `The label's ink is ${(label.ratio * 100).toFixed(2)} % of the shortest side high; ${policy.label.ratio * 100} % is demanded.` })
  if (label !== undefined && seconds < LEAST_SECONDS && frames > 0 && label.frames < frames)
    findings.push({ rule: 'V3', severity: 'warning', message: 'The film is shorter than 2 seconds, and its label is not shown in all of it.' })
  if ((policy.name === 'kr' || policy.name === 'all') && video?.times.during !== 'whole')
    findings.push({ rule: 'V4', severity: 'info', message: 'A deep fake is to be labelled during the whole film; the label is shown in a part of it.', remedy: 'Show it all the time: label.during (--label-during whole).' })
  return findings
}

function watermarkOf(plan: Plan, { found }: Decided, report: VideoEmbedReport | undefined, replaced: string | undefined): MarkResult['watermark'] {
  if (report !== undefined)
    return { embedded: report.embedded, ...(report.embedded ? { bits: report.bits } : { reason: report.reason ?? 'not asked for' }), ...(report.embedded && replaced !== undefined ? { replaced } : {}) }
  if (plan.lost) return { embedded: false, reason: 'it could not be read any more once the film was encoded; quality robust, or settings of the encoder that keep more, may help' }
  return { embedded: false, reason: found ? 'it is there already' : 'not asked for' }
}

function labelOf(plan: Plan, { undrawn }: Decided, report: VideoEmbedReport | undefined, length: number, whole: number | undefined): MarkResult['label'] {
  if (report?.label !== undefined) {
    const { text, box, ratio, frames } = report.label
    const { during, seconds } = plan.video?.times ?? labelTimes()
    // A film whose length nobody knows shows none at its end.
    const end = during === 'ends' && whole !== undefined ? { endSpan: [round(Math.max(0, whole - seconds)), round(whole)] as [number, number] } : {}
    return { drawn: true, text, box, ratio, during, frames, span: [0, round(during === 'whole' ? length : Math.min(seconds, length))], ...end }
  }
  return { drawn: false, reason: undrawn ?? (plan.waiver !== undefined ? `left out under agreement ${plan.waiver}` : 'the policy does not ask for one') }
}

/** Rule M11 for the film itself: the finished file is decoded again, its first frames, its watermark and its sound are read. */
async function filmRight(
  { engine, ffmpeg, limits, deadline }: Films, written: Written<unknown>, changed: Changed<unknown>, plan: Plan, payload: string, promised: Promised, sight: Sight,
): Promise<'watermark lost' | 'sound lost' | undefined> {
  plan.video?.progress?.({ step: 'check', frames: changed.film?.frames ?? 0, speed: 0 })
  return withFilm({ ...written.source, type: sight.type }, ffmpeg, limits, deadline, async (film) => {
    const keys = changed.carries ? [plan.key] : []
    const texts = promised.text === undefined ? promised.texts : [promised.text]
    const seen = await watch(engine, film, { keys, texts, effort: changed.bits === undefined ? 'full' : 'direct', much: 'enough' }, deadline)
    sight.pixels = 'read'
    sight.findings.push(...seen.findings)
    const fits = <M extends VideoWatermarkEvidence>(mark: M): M => ({ ...mark, ...(mark.found && mark.payload !== undefined ? { matchesMetadata: samePrefix(mark.payload, payload) } : {}) })
    if (changed.bits !== undefined && !isRead(seen.marks[0], payload, 'film')) return 'watermark lost'
    if (promised.text !== undefined) checkShown(seen.label)
    const heard = await listenTo(engine, film, promised.tracks, plan.key, payload, deadline)
    if (heard === 'sound lost') return heard
    sight.evidence.unshift(...seen.marks.map(fits), ...heard)
    if (seen.label !== undefined) sight.evidence.push(seen.label)
    return undefined
  })
}

/** Rules V1 and V3 on decoded frames: the label stands in the first frame and in the others of the first two seconds. */
function checkShown(label: VideoLabelEvidence | undefined): void {
  if (label?.found) return
  const missed = label?.frames?.filter(([, there]) => !there).map(([second]) => second.toFixed(2)) ?? []
  throw failed(`the drawn label is not recognised in the encoded film${missed.length === 0 ? '' : ` (at ${missed.join(', ')} s)`}`, 'Use settings of the encoder that keep more, as video.settings (--encoder-setting).')
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
