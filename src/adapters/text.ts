// What the adapters of language models share: one text of a model, marked as it comes, and entered when it is through.
import { randomUUID } from 'node:crypto'
import { planOf } from '../countermark.js'
import type { Engine } from '../engine/engine.js'
import { loadEngine } from '../engine/load.js'
import { digestOf, markDraft } from '../ledger/drafts.js'
import { ledgerOf } from '../ledger/ledger.js'
import { recordOf } from '../metadata/record.js'
import type { Plan } from '../pipeline/mark.js'
import { sentenceOf } from '../pipeline/text.js'
import type { Writers } from '../text/events.js'
import { textWriter, type TextWriter } from '../text/stream.js'
import { detectText } from '../text/text.js'
import type { Key, MarkOptions } from '../types.js'
import type { TextMarker } from './response.js'

/** What became of one text. `embedded`: marks are in it, though `reason` may say that they are too few to be found; `bits`: how much of the identifier was read back; absent where it is too short for that. */
export interface MarkedText {
  produceId: string
  payload: string
  watermark: { embedded: boolean; bits?: number; reason?: string }
  /** Where the ledger has it. */
  entry?: { number: number; hash: string }
}

/** How an adapter of texts behaves. `Request`: the framework's own. */
export interface TextAdapterSettings<Request = unknown> {
  /** Options of `mark` for one text, e.g. its content number or a waiver, or false to leave it as it is. */
  options?: (request: Request) => Partial<MarkOptions> | false
  /** Told of every text that was marked. */
  marked?: (result: MarkedText, request: Request) => void
}

/** One text on its way: pieces in, pieces out; `end` gives the rest, after the entry is on the disk. */
export interface TextOnItsWay { push(piece: string): string; end(): Promise<string> }

/** A text whose rest is given at once; `entered` is through when its entry is on the disk. */
interface OpenText extends Pick<TextWriter, 'push' | 'pause'> { finish(): { rest: string; entered: Promise<void> } }

/** A text of the service's settings, or undefined where `options` says that it stays as it is. */
export async function textOf<Request>(marker: TextMarker, request: Request, settings: TextAdapterSettings<Request>): Promise<TextOnItsWay | undefined> {
  const text = (await textsOf(marker, request, settings))?.()
  return text && {
    push: text.push,
    end: async () => {
      const { rest, entered } = text.finish()
      await entered
      return rest
    },
  }
}

/** The writers of a stream of events by the service's settings; what is given waits for the entries of texts that have ended. */
export async function writersOf<Request>(marker: TextMarker, request: Request, settings: TextAdapterSettings<Request>): Promise<Writers | undefined> {
  const open = await textsOf(marker, request, settings)
  let entries: Promise<void>[] = []
  return open && {
    writerOf: () => {
      const { push, pause, finish } = open()
      return {
        push, pause,
        end: () => {
          const { rest, entered } = finish()
          entries.push(entered)
          return rest
        },
      }
    },
    settled: async () => {
      const waiting = entries
      entries = []
      await Promise.all(waiting)
    },
  }
}

/** The texts of one answer, each with a content number of its own unless `options` gives one. */
async function textsOf<Request>(marker: TextMarker, request: Request, settings: TextAdapterSettings<Request>): Promise<(() => OpenText) | undefined> {
  const own = settings.options?.(request) ?? {}
  if (own === false) return undefined
  const options = { ...marker.settings, ...own } as MarkOptions
  const [plan, engine] = [await planOf(options), await loadEngine()]
  let first = true
  return () => {
    const produceId = plan.numbered || first ? plan.produceId : randomUUID()
    first = false
    return opened(request, settings, options, plan, engine, produceId)
  }
}

function opened<Request>(request: Request, settings: TextAdapterSettings<Request>, options: MarkOptions, plan: Plan, engine: Engine, produceId: string): OpenText {
  const { policy, producer, key } = plan
  const label = plan.label === undefined ? undefined : sentenceOf(policy, plan.label.text, plan.label.asked)
  const payload = engine.payloadOf(producer, produceId, 64)
  const writer = textWriter(engine, {
    payload, key, ...(plan.text?.profile === undefined ? {} : { profile: plan.text.profile }), ...(plan.watermark ? {} : { watermark: false }),
    label: label === undefined ? false : { text: label, ...(plan.text?.position === undefined ? {} : { position: plan.text.position }) },
  })
  let [before, after] = ['', '']
  return {
    push: (piece) => {
      const ready = writer.push(piece)
      before += piece
      after += ready
      return ready
    },
    pause: () => {
      const held = writer.pause()
      after += held
      return held
    },
    finish: () => {
      if (before === '') return { rest: '', entered: Promise.resolve() }
      const rest = writer.end()
      after += rest
      return { rest, entered: entered() }
    },
  }

  async function entered(): Promise<void> {
    const watermark = plan.watermark ? readBack(engine, after, key, writer.marks()) : { embedded: false, reason: 'not asked for' }
    const result: MarkedText = { produceId, payload, watermark }
    if (options.ledger !== undefined) {
      const encoder = new TextEncoder()
      const { entry, hash } = await (await ledgerOf(options.ledger)).append(markDraft({
        // A text that is no file has no metadata that could be judged.
        type: 'text/plain', status: 'done', produceId, payload, record: recordOf(producer, produceId), policy: policy.name, key: plan.keyId, watermark, verdict: 'cannot tell', state: 'none', evidence: [], findings: [],
        label: label === undefined ? { drawn: false, reason: plan.waiver === undefined ? 'not asked for' : `left out under agreement ${plan.waiver}` } : { drawn: true, text: [label] },
      }, {
        payload: engine.payloadOf(producer, produceId, 128), policy, signed: false, c2pa: false, version: engine.version(), source: digestOf(encoder.encode(before)), output: digestOf(encoder.encode(after)),
        ...(plan.waiver === undefined ? {} : { waiver: plan.waiver }), ...(options.recipient === undefined ? {} : { recipient: options.recipient }), ...(plan.system === undefined ? {} : { system: plan.system }),
      }), policy)
      result.entry = { number: entry.number, hash }
    }
    settings.marked?.(result, request)
  }
}

/** What is in a text that went out as it came: unlike a whole one it was marked before its length was known. */
function readBack(engine: Engine, text: string, key: Key, marks: number): MarkedText['watermark'] {
  if (marks === 0) return { embedded: false, reason: 'the text is too short for a mark that would be found (0 places)' }
  const [seen] = detectText(engine, text, { keys: [key] })
  if (seen?.found !== true) return { embedded: true, reason: `the text is too short for its mark to be found (${marks} places)` }
  return { embedded: true, ...(seen.bits === undefined ? {} : { bits: seen.bits }) }
}
