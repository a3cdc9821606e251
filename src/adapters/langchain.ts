// LangChain.js (package `@langchain/core`, 1), a face of its own: countermark/adapters/langchain loads that package.
import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { Runnable, type RunnableConfig } from '@langchain/core/runnables'
import type { TextMarker } from './response.js'
import { textOf, type TextAdapterSettings, type TextOnItsWay } from './text.js'

/** What goes through: what a model says, as message or, behind a parser, as text. */
type Said = BaseMessage | string

/**
 * `model.pipe(markRunnable(countermark))`: label and character mark go into the text of what a model says, whole or streamed; tool
 * calls and everything else of a message stay as they are. `options` is asked with the call's config.
 */
export function markRunnable(marker: TextMarker, settings: TextAdapterSettings<Partial<RunnableConfig> | undefined> = {}): Runnable<Said, Said> {
  return new MarkRunnable(marker, settings)
}

class MarkRunnable extends Runnable<Said, Said> {
  static override lc_name(): string {
    return 'MarkRunnable'
  }
  lc_namespace = ['countermark', 'adapters']
  readonly #marker: TextMarker
  readonly #settings: TextAdapterSettings<Partial<RunnableConfig> | undefined>

  constructor(marker: TextMarker, settings: TextAdapterSettings<Partial<RunnableConfig> | undefined>) {
    super({})
    this.#marker = marker
    this.#settings = settings
  }

  async invoke(input: Said, config?: Partial<RunnableConfig>): Promise<Said> {
    const text = await textOf(this.#marker, config, this.#settings)
    if (text === undefined) return input
    const marked = through(input, text)
    return appended(marked, await text.end())
  }

  override async *transform(pieces: AsyncGenerator<Said>, config?: Partial<RunnableConfig>): AsyncGenerator<Said> {
    const text = await textOf(this.#marker, config, this.#settings)
    if (text === undefined) return yield* pieces
    let last: Said | undefined
    for await (const piece of pieces) {
      last = through(piece, text)
      yield last
    }
    const rest = await text.end()
    if (rest === '') return
    yield typeof last === 'string' ? rest : new AIMessageChunk({ content: rest, ...(last?.id === undefined ? {} : { id: last.id }) })
  }
}

/** A piece with its text marked as far as it is ready. */
function through(said: Said, text: TextOnItsWay): Said {
  if (typeof said === 'string') return text.push(said)
  if (typeof said.content === 'string') return said.content === '' ? said : again(said, text.push(said.content))
  return again(said, said.content.map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? { ...part, text: text.push(part['text']) } : part)) as BaseMessage['content'])
}

/** The whole with what comes behind it. */
function appended(said: Said, rest: string): Said {
  if (rest === '') return said
  if (typeof said === 'string') return said + rest
  if (typeof said.content === 'string') return again(said, said.content + rest)
  const at = said.content.findLastIndex((part) => part.type === 'text')
  return again(said, said.content.map((part, here) => (here === at ? { ...part, text: `${String(part['text'])}${rest}` } : part)) as BaseMessage['content'])
}

/** The same message with other content. */
function again(said: BaseMessage, content: BaseMessage['content']): BaseMessage {
  const { id, name, additional_kwargs, response_metadata } = said
  const common = { content, additional_kwargs, response_metadata, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) }
  if (AIMessageChunk.isInstance(said)) {
    const { tool_call_chunks, usage_metadata } = said
    return new AIMessageChunk({ ...common, ...(tool_call_chunks === undefined ? {} : { tool_call_chunks }), ...(usage_metadata === undefined ? {} : { usage_metadata }) } as never)
  }
  if (!AIMessage.isInstance(said)) return said
  const { tool_calls, invalid_tool_calls, usage_metadata } = said
  return new AIMessage({ ...common, ...(tool_calls === undefined ? {} : { tool_calls }), ...(invalid_tool_calls === undefined ? {} : { invalid_tool_calls }), ...(usage_metadata === undefined ? {} : { usage_metadata }) } as never)
}
