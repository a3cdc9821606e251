// The AI SDK (package `ai`, 6): middleware of models of pictures and of languages, and models of speech.
import { markedBytes, type AdapterSettings, type Marker, type TextMarker } from './response.js'
import { textOf, type TextAdapterSettings } from './text.js'

/** What a model of pictures gives: base64 or bytes. */
interface Generated { images: string[] | Uint8Array[] }

/**
 * `wrapImageModel({ model, middleware: markImageModel(countermark) })`: every picture that the model makes is marked before
 * `generateImage` gives it. `options` is asked with the parameters of the model's call.
 */
export function markImageModel<Parameters = unknown>(marker: Marker, settings: Omit<AdapterSettings<Parameters>, 'types' | 'bytes'> = {}) {
  return {
    specificationVersion: 'v3' as const,
    wrapGenerate: async <R extends Generated>({ doGenerate, params }: { doGenerate: () => PromiseLike<R>; params: Parameters }): Promise<R> => {
      const made = await doGenerate()
      const images: (string | Uint8Array)[] = []
      for (const one of made.images) images.push(await again(marker, one, params, settings))
      return { ...made, images: images as R['images'] }
    },
  }
}

/** What a model of speech is, as far as it matters here. */
interface SpeechModel<Parameters> { doGenerate(options: Parameters): PromiseLike<{ audio: string | Uint8Array }> }

/** `generateSpeech({ model: markSpeechModel(countermark, model), text })`: what the model says is marked. `options` is asked with the parameters of the call. */
export function markSpeechModel<Parameters, Model extends SpeechModel<Parameters>>(marker: Marker, model: Model & SpeechModel<Parameters>, settings: Omit<AdapterSettings<Parameters>, 'types' | 'bytes'> = {}): Model {
  return new Proxy(model, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (name !== 'doGenerate') return member.bind(target) as unknown
      return async (params: Parameters) => {
        const made = await target.doGenerate(params)
        return { ...made, audio: await again(marker, made.audio, params, settings) }
      }
    },
  })
}

/** The marked file in the form in which it came. */
async function again<Parameters>(marker: Marker, file: string | Uint8Array, params: Parameters, settings: AdapterSettings<Parameters>): Promise<string | Uint8Array> {
  const output = await markedBytes(marker, typeof file === 'string' ? Buffer.from(file, 'base64') : file, params, settings)
  return typeof file === 'string' ? output.toString('base64') : new Uint8Array(output)
}

/** Whether the call asks for JSON: a program reads it, and would fall over a label. */
function forProgram(params: unknown): boolean {
  return (params as { responseFormat?: { type?: string } } | undefined)?.responseFormat?.type === 'json'
}

/** Parts of an answer and of its stream, as far as they matter here. */
interface Part { type: string; text?: string; id?: string; delta?: string }

/**
 * `wrapLanguageModel({ model, middleware: markLanguageModel(countermark) })`: label and character mark go into the text of every
 * answer, whole or streamed; reasoning and tool calls stay as they are, and so does an answer for which the call asks for JSON.
 */
export function markLanguageModel<Parameters = unknown>(marker: TextMarker, settings: TextAdapterSettings<Parameters> = {}) {
  return {
    specificationVersion: 'v3' as const,
    wrapGenerate: async <R extends { content: unknown[] }>({ doGenerate, params }: { doGenerate: () => PromiseLike<R>; params: Parameters }): Promise<R> => {
      const made = await doGenerate()
      const text = forProgram(params) ? undefined : await textOf(marker, params, settings)
      if (text === undefined) return made
      const content = (made.content as Part[]).map((part) => (part.type === 'text' ? { ...part, text: text.push(part.text ?? '') } : part))
      const last = content.findLast(({ type }) => type === 'text')
      const rest = await text.end()
      if (last !== undefined) last.text += rest
      return { ...made, content }
    },
    wrapStream: async <R extends { stream: ReadableStream<any> }>({ doStream, params }: { doStream: () => PromiseLike<R>; params: Parameters }): Promise<R> => {
      const made = await doStream()
      const text = forProgram(params) ? undefined : await textOf(marker, params, settings)
      if (text === undefined) return made
      // The end of a block of text waits until it is known whether it is the last one: the label stands at the end of the whole.
      let open: Part | undefined
      const finish = async (out: TransformStreamDefaultController<Part>): Promise<void> => {
        if (open === undefined) return
        const rest = await text.end()
        if (rest !== '') out.enqueue({ type: 'text-delta', id: open.id!, delta: rest })
        out.enqueue(open)
        open = undefined
      }
      return {
        ...made,
        stream: made.stream.pipeThrough(new TransformStream<Part, Part>({
          transform: async (part, out) => {
            if (part.type === 'text-end') {
              if (open !== undefined) out.enqueue(open)
              open = part
              return
            }
            if (part.type === 'text-start' && open !== undefined) {
              out.enqueue(open)
              open = undefined
            }
            if (part.type === 'finish') await finish(out)
            if (part.type !== 'text-delta') return out.enqueue(part)
            const delta = text.push(part.delta ?? '')
            if (delta !== '') out.enqueue({ ...part, delta })
          },
          flush: finish,
        })),
      }
    },
  }
}
