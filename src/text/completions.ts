// Answers of language models as JSON: which of their strings a reader sees.
import { pathKey, withValues, type Path } from '../document/json-walk.js'

/** What an API sends has the shape that it has; every step into it is checked. */
type Json = any

interface Text { path: Path; text: string }

/**
 * The texts of a chat completion or completion (OpenAI-style), of a response (Responses API), or of a message (Anthropic), with
 * their places; also where it is a line of a batch's results (`custom_id`) of either. Empty for any other value, and for answers without text.
 */
function textsIn(value: Json, base: Path = []): Text[] {
  const found: Text[] = []
  const put = (text: unknown, ...path: (string | number)[]): void => {
    if (typeof text === 'string' && text.trim() !== '') found.push({ path: [...base, ...path], text })
  }
  const parts = (content: Json, type: string, path: (string | number)[]): void => {
    if (!Array.isArray(content)) return
    content.forEach((part: Json, at: number) => {
      if (part?.type === type) put(part.text, ...path, at, 'text')
    })
  }
  if (typeof value !== 'object' || value === null) return found
  if (Array.isArray(value.choices))
    value.choices.forEach((choice: Json, at: number) => {
      put(choice?.text, 'choices', at, 'text')
      put(choice?.message?.content, 'choices', at, 'message', 'content')
      parts(choice?.message?.content, 'text', ['choices', at, 'message', 'content'])
    })
  else if (value.object === 'response' && Array.isArray(value.output))
    value.output.forEach((item: Json, at: number) => {
      if (item?.type === 'message') parts(item.content, 'output_text', ['output', at, 'content'])
    })
  else if (value.type === 'message' && value.role === 'assistant') parts(value.content, 'text', ['content'])
  else if (base.length === 0 && value.custom_id !== undefined) found.push(...textsIn(value.response?.body, ['response', 'body']), ...textsIn(value.result?.message, ['result', 'message']))
  return found
}

/** An answer that is open: its texts in their order, and the answer with others in their places, every other byte as it was. */
export interface Answer { texts: string[]; put(texts: readonly string[]): string }

/** The answer that a JSON text is; undefined where it is none, or holds no text. */
export function answerOf(json: string): Answer | undefined {
  let value: unknown
  try {
    value = JSON.parse(json.replace(/^\uFEFF/, ''))
  } catch {
    // No JSON: whoever reads the file's metadata says so.
    return undefined
  }
  const found = textsIn(value)
  if (found.length === 0) return undefined
  return {
    texts: found.map(({ text }) => text),
    put: (texts) => withValues(json, new Map(found.flatMap(({ path, text }, at) => (texts[at] === text ? [] : [[pathKey(path), JSON.stringify(texts[at])] as const])))),
  }
}
