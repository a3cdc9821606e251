// The entry of the worker: verifies what the page sends.
import { fromEngine } from '../errors.js'
import type { SoundDecoder } from '../media/sound.js'
import { load, verifyHere, type Parts } from './here.js'
import { errorOf, type Question, type SentError, type SentSound, type ToPage, type ToWorker } from './messages.js'
import type { ManifestStore } from '../c2pa/reading.js'

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
  postMessage(message: ToPage): void
}

const scope = self as unknown as Scope
let parts: Parts = { sound: { open: openSound } }
let answered: { resolve(value: unknown): void; reject(error: unknown): void } | undefined

scope.onmessage = ({ data }) => {
  if (data.say === 'answer') answered?.resolve(data.value)
  else if (data.say === 'refusal') answered?.reject(errorOf(data.error))
  else if (data.say === 'setup') {
    const { manifests, ...setup } = data.setup
    parts = { ...parts, ...setup, ...(manifests ? { manifests: (_bytes, type, anchors) => ask({ of: 'manifest', type, anchors }) as Promise<ManifestStore | undefined> } : {}) }
  } else void serve(data)
}

async function serve(request: Extract<ToWorker, { say: 'load' | 'verify' }>): Promise<void> {
  try {
    const result = request.say === 'load'
      ? (await load(parts), undefined)
      : await verifyHere(parts, request.input, request.options, request.parts ? async (part) => scope.postMessage({ say: 'part', part }) : undefined)
    scope.postMessage({ say: 'done', result })
  } catch (thrown) {
    scope.postMessage({ say: 'failed', error: sent(thrown) })
  }
}

function ask(question: Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    answered = { resolve, reject }
    scope.postMessage({ say: 'ask', question })
  })
}

/** WAV is read here; for all else a browser's decoder is needed, which only a page has. */
async function openSound(...[file, deadline]: Parameters<SoundDecoder['open']>): ReturnType<SoundDecoder['open']> {
  if (file.type === 'audio/wav') return (await import('../media/websound.js')).webSound.open(file, deadline)
  const { samples, ...track } = await deadline.within(ask({ of: 'sound', type: file.type })) as SentSound
  return { ...track, lossless: false, blocks: async function* () { yield samples } }
}

/** An error as it can be sent. */
function sent(thrown: unknown): SentError {
  return fromEngine(thrown).toJSON()
}
