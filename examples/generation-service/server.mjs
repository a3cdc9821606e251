// A small generation service that gives its content marked, and keeps what the Labeling Measures ask a service to keep.
//   node server.mjs      settings: PORT, DATA, PROVIDER_NAME, ADMIN_TOKEN; see README.md
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { CountermarkError, createCountermark, defaultKey, diagnose, dossier, openLedger, text } from 'countermark'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { AGREEMENT, Waivers } from './agreements.mjs'
import { film, picture, speech, textPieces } from './generate.mjs'
import { filing, home, terms } from './pages.mjs'

const { PORT = '8090', DATA = 'service-data', PROVIDER_NAME = 'Example-Lab', ADMIN_TOKEN } = process.env
await mkdir(join(DATA, 'contents'), { recursive: true })
const ledger = await openLedger(join(DATA, 'ledger.db'))
const waivers = await Waivers.open(join(DATA, 'waivers.jsonl'))
const { key } = await defaultKey()
const countermark = createCountermark({ provider: { name: PROVIDER_NAME }, key, ledger, system: { name: 'generation-service-example' } })
const app = new Hono()

/** A refusal that says why. */
class Refused extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

app.onError((error, context) => {
  if (error instanceof Refused) return context.json({ error: error.message }, error.status)
  console.error(error)
  // Content that could not be marked is not given out.
  return context.json({ error: error instanceof CountermarkError ? error.code : 'internal' }, 500)
})

/** The fields of a request. */
async function fieldsIn(context, json) {
  const body = await (json ? context.req.json() : context.req.parseBody()).catch(() => undefined)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refused(400, json ? 'the body must be a JSON object' : 'the body cannot be read as a form')
  return body
}

/** Prompt, user and waiver of a request, as JSON or from a form. */
async function askedIn(context) {
  const json = context.req.header('content-type')?.startsWith('application/json') === true
  const { prompt, user, waiver: given, stream } = await fieldsIn(context, json)
  // An empty field of a form is no waiver.
  const waiver = given === null || given === '' ? undefined : given
  if (typeof prompt !== 'string' || prompt.trim() === '' || prompt.length > 2000) throw new Refused(400, 'prompt: a text of 1 to 2000 characters')
  if (typeof user !== 'string' || !/^[\w-]{1,64}$/.test(user)) throw new Refused(400, 'user: your number of the user, letters and digits')
  if (waiver !== undefined && waivers.find(waiver, user) === undefined) throw new Refused(403, `waiver: none of this user under the agreement ${AGREEMENT}; accept it at /v1/waivers`)
  if (stream !== undefined && typeof stream !== 'boolean') throw new Refused(400, 'stream: true or false, in JSON')
  return { prompt, user, waiver, stream: stream === true }
}

/** Marks what a model made, keeps it for download, and gives it back. Whom it was given to stands in the ledger. */
async function given(file, { user, waiver }, produceId = randomUUID()) {
  const { output, type, verdict } = await countermark.mark(file, { produceId, recipient: user, as: 'bytes', ...(waiver === undefined ? {} : { label: false, waiver }) })
  await writeFile(join(DATA, 'contents', produceId), output)
  await writeFile(join(DATA, 'contents', `${produceId}.json`), JSON.stringify({ type, user }))
  return { produceId, output, type, verdict }
}

/** A content type; our texts are in UTF-8. */
const served = (type) => (type.startsWith('text/') ? `${type}; charset=utf-8` : type)
const answer = (context, { produceId, output, type, verdict }) => context.body(output, 200, { 'content-type': served(type), 'x-produce-id': produceId, 'x-verdict': verdict })

app.get('/', (context) => context.html(home()))
app.get('/terms', (context) => context.html(terms()))
app.post('/v1/waivers', async (context) => {
  const { user, purpose, accept } = await fieldsIn(context, true)
  if (typeof user !== 'string' || !/^[\w-]{1,64}$/.test(user) || typeof purpose !== 'string' || purpose.trim() === '') throw new Refused(400, 'user and purpose are needed')
  if (accept !== AGREEMENT) throw new Refused(400, `accept: the version of the agreement that the user has read, now ${AGREEMENT}`)
  return context.json(await waivers.accept(user, purpose), 201)
})
app.post('/v1/image', async (context) => {
  const asked = await askedIn(context)
  return answer(context, await given(new File([await picture(asked.prompt)], 'picture.png'), asked))
})
app.post('/v1/speech', async (context) => {
  const asked = await askedIn(context)
  return answer(context, await given(new File([speech(asked.prompt)], 'speech.wav'), asked))
})
app.post('/v1/video', async (context) => {
  const asked = await askedIn(context)
  return answer(context, await given(new File([await film(asked.prompt)], 'film.mp4'), asked))
})
app.post('/v1/text', async (context) => {
  const asked = await askedIn(context)
  if (!asked.stream) return answer(context, await given(new File([[...textPieces(asked.prompt)].join('')], 'answer.md'), asked))
  // As a chat shows it: label and mark go in while it comes. The file for download is made before the last
  // piece is sent: nobody has a whole text that is not in the ledger.
  const produceId = randomUUID()
  context.header('x-produce-id', produceId)
  return streamSSE(context, async (events) => {
    const payload = await countermark.image.payloadOf(PROVIDER_NAME, produceId)
    const marking = text.stream({ payload, key, label: asked.waiver === undefined ? {} : false })
    const send = (piece) => events.writeSSE({ data: JSON.stringify({ text: piece }) })
    const sending = (async () => {
      let held = ''
      for await (const piece of marking.readable) {
        if (piece === '') continue
        if (held !== '') await send(held)
        held = piece
      }
      return held
    })()
    const writer = marking.writable.getWriter()
    let whole = ''
    for (const piece of textPieces(asked.prompt)) {
      whole += piece
      await writer.write(piece)
    }
    await writer.close()
    const last = await sending
    const { verdict } = await given(new File([whole], 'answer.md'), asked, produceId)
    if (last !== '') await send(last)
    await events.writeSSE({ data: JSON.stringify({ done: true, produceId, verdict }) })
  }, async (error, events) => {
    console.error(error)
    await events.writeSSE({ event: 'error', data: '{"error":"internal"}' })
  })
})
app.get('/v1/contents/:id', async (context) => {
  const id = context.req.param('id')
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new Refused(404, 'no such content')
  const about = await readFile(join(DATA, 'contents', `${id}.json`), 'utf8').catch(() => { throw new Refused(404, 'no such content') })
  return context.body(await readFile(join(DATA, 'contents', id)), 200, { 'content-type': served(JSON.parse(about).type) })
})

/** Only who runs the service: the log names users. */
app.use('/admin/*', async (context, next) => {
  const digest = (value) => createHash('sha256').update(value).digest()
  if (!ADMIN_TOKEN || !timingSafeEqual(digest(context.req.header('authorization') ?? ''), digest(`Bearer ${ADMIN_TOKEN}`))) throw new Refused(401, 'for the administrator')
  await next()
})
const { engines } = await diagnose()
const { version } = engines.find(({ ok }) => ok)
app.get('/filing', async (context) => context.json(filing({ provider: PROVIDER_NAME, version, key: key === 'public' ? 'public' : 'private', waivers: waivers.all(), entries: (await ledger.check()).entries })))
app.get('/admin/waivers', (context) => context.json(waivers.all()))
// For an inspection: what was given out in a period, to whom, and the proof that the log was not altered.
app.get('/admin/dossier', async (context) => {
  const [from, to] = [context.req.query('from'), context.req.query('to')].map((time) => new Date(time ?? ''))
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) throw new Refused(400, 'from and to: ISO 8601')
  const folder = await mkdtemp(join(tmpdir(), 'service-dossier-'))
  try {
    const { files, ok, entries } = await dossier(ledger, folder, { from, to })
    return context.json({ ok, entries, files: Object.fromEntries(await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]))) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => console.log(`http://127.0.0.1:${port}`))
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => server.close(() => {
    ledger.close()
    process.exit(0)
  }))
