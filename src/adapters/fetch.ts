// A fetch for the OpenAI SDK and for interfaces of its form: what comes back is marked before the caller sees it.
import { CountermarkError } from '../errors.js'
import { markedBytes, markedResponse, type AdapterSettings, type Marker, type TextMarker } from './response.js'
import { textOf, type TextAdapterSettings, type TextOnItsWay } from './text.js'

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * `new OpenAI({ fetch: markedFetch(countermark) })`: pictures in answers (`b64_json`, `url`, also in streams of events, the
 * partial ones too) and whole answers of sound and pictures. A `url` becomes a data: URL, since what lies there is not
 * marked. Texts are left as they are, unless `texts` is given: then those of chat completions get label and character mark,
 * whole and streamed, except where the request asks for JSON.
 */
export function markedFetch(marker: Marker & TextMarker, { fetch = globalThis.fetch as Fetch, texts, ...settings }: AdapterSettings<string> & { fetch?: Fetch; texts?: true | TextAdapterSettings<string> } = {}): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const url = input instanceof Request ? input.url : String(input)
    if (!response.ok || response.body === null) return response
    const type = response.headers.get('content-type') ?? ''
    const picture = async (base64: string): Promise<string> => (await markedBytes(marker, Buffer.from(base64, 'base64'), url, settings)).toString('base64')
    if (/\/(images\/(generations|edits|variations)|responses)\b/.test(url) && /^application\/json/.test(type)) {
      const answer = await response.json() as { data?: { url?: string }[] }
      await inside(answer, picture)
      for (const one of Array.isArray(answer.data) ? answer.data : []) if (typeof one.url === 'string') one.url = await fetched(fetch, one.url, picture)
      return again(response, JSON.stringify(answer))
    }
    if (texts !== undefined && /\/chat\/completions\b/.test(url) && !asksForJson(init?.body)) {
      const open = (): Promise<TextOnItsWay | undefined> => textOf(marker, url, texts === true ? {} : texts)
      if (/^application\/json/.test(type)) return again(response, JSON.stringify(await completed(await response.json() as Completion, open)))
      if (/^text\/event-stream/.test(type)) return again(response, response.body.pipeThrough(new TextDecoderStream() as never).pipeThrough(events(completions(open))).pipeThrough(new TextEncoderStream()))
    }
    if (/^text\/event-stream/.test(type) && /\/(images\/(generations|edits)|responses)\b/.test(url))
      return again(response, response.body.pipeThrough(new TextDecoderStream() as never).pipeThrough(events(pictures(picture))).pipeThrough(new TextEncoderStream()))
    return markedResponse(marker, response, url, settings)
  }
}

async function fetched(fetch: Fetch, url: string, picture: (base64: string) => Promise<string>): Promise<string> {
  const there = await fetch(url)
  if (!there.ok) throw new CountermarkError('ERR_IO', `The picture of the answer could not be fetched: ${there.status}.`, { remedy: 'Ask for b64_json.' })
  const bytes = Buffer.from(await there.arrayBuffer())
  return `data:${there.headers.get('content-type') ?? 'image/png'};base64,${await picture(bytes.toString('base64'))}`
}

function again(response: Response, body: BodyInit): Response {
  const headers = new Headers(response.headers)
  for (const name of ['content-length', 'content-encoding', 'etag']) headers.delete(name)
  return new Response(body, { status: response.status, statusText: response.statusText, headers })
}

/** Lines of a stream of events, each whole, whatever its pieces were cut at. */
function events(line: (text: string) => Promise<string>): TransformStream<string, string> {
  let rest = ''
  return new TransformStream({
    async transform(part, controller) {
      const lines = (rest + part).split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) controller.enqueue(`${await line(one.replace(/\r$/, ''))}\n`)
    },
    async flush(controller) {
      if (rest !== '') controller.enqueue(await line(rest))
    },
  })
}

/** An event with its pictures marked. */
function pictures(picture: (base64: string) => Promise<string>): (text: string) => Promise<string> {
  return async (text) => {
    const data = /^data: ?(\{.*)$/s.exec(text)?.[1]
    if (data === undefined || !/"(b64_json|partial_image_b64)"|"image_generation_call"/.test(data)) return text
    const event: unknown = JSON.parse(data)
    await inside(event, picture)
    return `data: ${JSON.stringify(event)}`
  }
}

interface Choice { index?: number; message?: { content?: unknown }; delta?: { content?: unknown }; finish_reason?: unknown }
interface Completion { choices?: Choice[] }

function asksForJson(body: unknown): boolean {
  return typeof body === 'string' && /"response_format":\s*\{\s*"type":\s*"json/.test(body)
}

/** A whole chat completion with the text of every choice marked. */
async function completed(answer: Completion, open: () => Promise<TextOnItsWay | undefined>): Promise<Completion> {
  for (const { message } of Array.isArray(answer.choices) ? answer.choices : []) {
    if (typeof message?.content !== 'string' || message.content === '') continue
    const text = await open()
    if (text !== undefined) message.content = text.push(message.content) + await text.end()
  }
  return answer
}

/** Events of a streamed chat completion; the rest of a text comes with the event that ends its choice. */
function completions(open: () => Promise<TextOnItsWay | undefined>): (text: string) => Promise<string> {
  const texts = new Map<number, TextOnItsWay | undefined>()
  return async (line) => {
    const data = /^data: ?(\{.*)$/s.exec(line)?.[1]
    if (data === undefined) return line
    const event = JSON.parse(data) as Completion
    if (!Array.isArray(event.choices)) return line
    for (const choice of event.choices) {
      const { index = 0, delta, finish_reason } = choice
      const said = typeof delta?.content === 'string' ? delta.content : ''
      if (said !== '' && !texts.has(index)) texts.set(index, await open())
      const text = texts.get(index)
      if (text === undefined) continue
      const ready = text.push(said) + (finish_reason === null || finish_reason === undefined ? '' : await text.end())
      if (ready !== said) choice.delta = { ...delta, content: ready }
    }
    return `data: ${JSON.stringify(event)}`
  }
}

/** Pictures of Images events, and of image generation in Responses. */
async function inside(value: unknown, picture: (base64: string) => Promise<string>): Promise<void> {
  if (typeof value !== 'object' || value === null) return
  const fields = value as { [key: string]: unknown }
  for (const [key, one] of Object.entries(fields)) {
    const holds = key === 'b64_json' || key === 'partial_image_b64' || (key === 'result' && fields['type'] === 'image_generation_call')
    if (holds && typeof one === 'string' && one !== '') fields[key] = await picture(one)
    else await inside(one, picture)
  }
}
