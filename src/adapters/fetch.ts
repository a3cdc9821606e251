// A fetch for the OpenAI SDK and for interfaces of its form: what comes back is marked before the caller sees it.
import { CountermarkError } from '../errors.js'
import { answerOf } from '../text/completions.js'
import { eventsThrough, type Writers } from '../text/events.js'
import { markedBytes, markedResponse, type AdapterSettings, type Marker, type TextMarker } from './response.js'
import { writersOf, type TextAdapterSettings } from './text.js'

/** Interfaces whose answers may hold pictures, and texts. */
const [PICTURES, TEXTS] = [/\/(?:images\/(?:generations|edits|variations)|responses)\b/, /\/(?:completions|responses|messages)\b/]

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * `new OpenAI({ fetch: markedFetch(countermark) })`: pictures in answers (`b64_json`, `url`, also in streams of events, the
 * partial ones too) and whole answers of sound and pictures. A `url` becomes a data: URL, since what lies there is not
 * marked. Texts are left as they are, unless `texts` is given: then those of chat completions, of the Responses interface and of
 * Anthropic's Messages get label and character mark, whole and streamed, except where the request asks for JSON.
 */
export function markedFetch(marker: Marker & TextMarker, { fetch = globalThis.fetch as Fetch, texts, ...settings }: AdapterSettings<string> & { fetch?: Fetch; texts?: true | TextAdapterSettings<string> } = {}): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const url = input instanceof Request ? input.url : String(input)
    if (!response.ok || response.body === null) return response
    const type = response.headers.get('content-type') ?? ''
    const picture = async (base64: string): Promise<string> => (await markedBytes(marker, Buffer.from(base64, 'base64'), url, settings)).toString('base64')
    const [whole, streamed] = [/^application\/json/.test(type), /^text\/event-stream/.test(type)]
    const writes = texts !== undefined && TEXTS.test(url) && !asksForJson(init?.body)
    const own = texts === undefined || texts === true ? {} : texts
    if (whole && (writes || PICTURES.test(url))) {
      let body = await response.text()
      if (PICTURES.test(url)) {
        const answer = JSON.parse(body) as { data?: { url?: string }[] }
        await inside(answer, picture)
        for (const one of Array.isArray(answer.data) ? answer.data : []) if (typeof one.url === 'string') one.url = await fetched(fetch, one.url, picture)
        body = JSON.stringify(answer)
      }
      return again(response, writes ? await completed(body, await writersOf(marker, url, own)) : body)
    }
    if (streamed && (writes || PICTURES.test(url))) {
      const body = PICTURES.test(url) ? response.body.pipeThrough(new TextDecoderStream() as never).pipeThrough(events(pictures(picture))).pipeThrough(new TextEncoderStream()) : response.body
      const writers = writes ? await writersOf(marker, url, own) : undefined
      return again(response, writers === undefined ? body : body.pipeThrough(eventsThrough(async () => writers) as never))
    }
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

/** Whether the request asks for JSON: `response_format` of chat completions, `text.format` of the Responses interface. */
function asksForJson(body: unknown): boolean {
  if (typeof body !== 'string') return false
  let asked: { response_format?: { type?: unknown }; text?: { format?: { type?: unknown } } } | null
  try {
    asked = JSON.parse(body) as typeof asked
  } catch {
    // No JSON: the interface says so itself.
    return false
  }
  return [asked?.response_format?.type, asked?.text?.format?.type].some((type) => String(type).startsWith('json'))
}

/** A whole answer, as JSON, with its texts marked; every other byte stays. */
async function completed(json: string, writers: Writers | undefined): Promise<string> {
  const answer = writers && answerOf(json)
  if (writers === undefined || answer === undefined) return json
  const marked = answer.texts.map((text) => {
    const writer = writers.writerOf()
    return writer.push(text) + writer.end()
  })
  await writers.settled?.()
  return answer.put(marked)
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
