// A fetch for the OpenAI SDK and for interfaces of its form: what comes back is marked before the caller sees it.
import { CountermarkError } from '../errors.js'
import { markedBytes, markedResponse, type AdapterSettings, type Marker } from './response.js'

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * `new OpenAI({ fetch: markedFetch(countermark) })`: pictures in answers (`b64_json`, `url`, also in streams of events, the
 * partial ones too) and whole answers of sound and pictures. A `url` becomes a data: URL, since what lies there is not
 * marked. Texts are left as they are.
 */
export function markedFetch(marker: Marker, { fetch = globalThis.fetch as Fetch, ...settings }: AdapterSettings<string> & { fetch?: Fetch } = {}): Fetch {
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
    if (/^text\/event-stream/.test(type) && /\/(images\/(generations|edits)|responses)\b/.test(url))
      return again(response, response.body.pipeThrough(new TextDecoderStream() as never).pipeThrough(events(picture)).pipeThrough(new TextEncoderStream()))
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

/** Events of a stream with their pictures marked. An event may be cut anywhere. */
function events(picture: (base64: string) => Promise<string>): TransformStream<string, string> {
  let rest = ''
  const line = async (text: string): Promise<string> => {
    const data = /^data: ?(\{.*)$/s.exec(text)?.[1]
    if (data === undefined || !/"(b64_json|partial_image_b64)"|"image_generation_call"/.test(data)) return text
    const event: unknown = JSON.parse(data)
    await inside(event, picture)
    return `data: ${JSON.stringify(event)}`
  }
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
