// <countermark-verifier>: drop, paste or choose a file, and see what it carries. Everything happens on the page's machine.
import { createVerifier, CountermarkError, type PageVerifyOptions, type PartialResult, type PolicyName, type Verifier, type VerifierOptions, type VerifyResult } from '../browser.js'
import { icon, make } from './dom.js'
import { previewOf } from './preview.js'
import { partOf, resultOf } from './result.js'
import { sheet } from './style.js'
import { forVisitors, languageOf, speechOf, type Speech } from './words.js'

/** What a page may set from outside: `element.options = { keys: [...], trust: [...] }`. */
export type ElementOptions = Omit<PageVerifyOptions, 'signal' | 'onPart'>

const UPLOAD = ['M12 15V4', 'M7.5 8.5L12 4l4.5 4.5', 'M4 15v3.5A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.5V15']
const BROKEN = ['M12 3l9.5 17h-19z', 'M12 10v4.5', 'M12 17.2v.3']

// Where a page is made on a server there are no elements; the module can still be imported.
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement)

let looks: CSSStyleSheet | undefined

/**
 * The element. Attributes: `policy`, `lang`, and `worker`, `wasm`, `full-wasm` as the options of `createVerifier` (`worker="none"`:
 * no worker). Events, which bubble: `countermark-part`, `countermark-result` and `countermark-error`, what they tell as `detail`.
 * Parts and custom properties: docs/browser.md.
 */
export class CountermarkVerifierElement extends Base {
  static readonly observedAttributes = ['lang', 'worker', 'wasm', 'full-wasm']

  /** Options of every check: keys, policy, trusted certificates, what content is expected. */
  options: ElementOptions = {}
  #verifierOptions: VerifierOptions = {}
  #verifier: Verifier | undefined
  #running: AbortController | undefined
  #speech: Speech | undefined
  #shown: { result: VerifyResult; file: Blob & { name?: string } } | undefined
  #watch: MutationObserver | undefined

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'open' })
    looks ??= sheet()
    root.adoptedStyleSheets = [looks]
  }

  /** What `createVerifier` is given beside the attributes, for what no attribute can hold. Setting it starts another verifier. */
  get verifierOptions(): VerifierOptions {
    return this.#verifierOptions
  }

  set verifierOptions(options: VerifierOptions) {
    this.#verifierOptions = options
    this.#forget()
  }

  connectedCallback(): void {
    document.addEventListener('paste', this.#paste)
    this.#watch = new MutationObserver(() => void this.#speak())
    this.#watch.observe(document.documentElement, { attributeFilter: ['lang'] })
    void this.#speak()
  }

  disconnectedCallback(): void {
    document.removeEventListener('paste', this.#paste)
    this.#watch?.disconnect()
    this.#running?.abort()
    this.#forget()
  }

  attributeChangedCallback(name: string): void {
    if (name !== 'lang') this.#forget()
    else if (this.isConnected) void this.#speak()
  }

  /** Checks a file as if it had been dropped. Gives the result, or undefined where another check or `cancel` came before its end; throws as `verify` does. */
  async verify(file: Blob & { name?: string }): Promise<VerifyResult | undefined> {
    this.#running?.abort()
    const running = this.#running = new AbortController()
    this.#speech ??= await speechOf(languageOf(this))
    const { say } = this.#speech
    this.#shown = undefined
    this.#progress('metadata')
    this.#status(file.name === undefined ? say('checkingShort') : say('checking', { file: file.name }))
    const policy = this.getAttribute('policy') as PolicyName | null
    const own = <T>(work: (speech: Speech) => T): T | undefined => (this.#running === running && this.#speech !== undefined ? work(this.#speech) : undefined)
    try {
      this.#verifier ??= createVerifier(this.#asked())
      const result = await this.#verifier.verify(file, {
        ...(policy === null ? {} : { policy }), ...this.options, signal: running.signal,
        onPart: (part) => void own((speech) => this.#part(part, speech)),
      })
      if (this.#running !== running) return undefined
      this.#shown = { result, file }
      await this.#show(true)
      this.#tell('countermark-result', result)
      return result
    } catch (thrown) {
      if (this.#running !== running) return undefined
      own((speech) => this.#failed(thrown, file, speech))
      if (thrown instanceof CountermarkError && thrown.code === 'ERR_CANCELLED') return undefined
      this.#tell('countermark-error', thrown)
      throw thrown
    } finally {
      if (this.#running === running) this.#running = undefined
    }
  }

  /** Ends the check that is going on. */
  cancel(): void {
    this.#running?.abort()
  }

  #asked(): VerifierOptions {
    const [worker, wasm, fullWasm] = ['worker', 'wasm', 'full-wasm'].map((name) => this.getAttribute(name))
    return {
      ...this.#verifierOptions,
      ...(worker ? { worker: worker === 'none' ? false : new URL(worker, document.baseURI) } : {}),
      ...(wasm ? { wasm } : {}), ...(fullWasm ? { fullWasm } : {}),
    }
  }

  #forget(): void {
    this.#verifier?.close()
    this.#verifier = undefined
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  readonly #paste = (event: ClipboardEvent): void => {
    // What is pasted into a field belongs there.
    if (event.composedPath().some((one) => one instanceof HTMLElement && (one.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName)))) return
    const [file] = event.clipboardData?.files ?? []
    const text = event.clipboardData?.getData('text/plain')
    if (file === undefined && !text) return
    event.preventDefault()
    this.#check(file ?? this.#fileOf(text ?? ''))
  }

  #fileOf(text: string): File {
    return new File([text], this.#speech?.say('pasted') ?? 'pasted.txt', { type: 'text/plain' })
  }

  /** A check that the person started: what goes wrong is on the screen and in the event. */
  #check(file: Blob): void {
    this.verify(file).catch(() => {})
  }

  /** Draws everything in the language that holds now. */
  async #speak(): Promise<void> {
    const language = languageOf(this)
    if (this.#speech?.language === language && this.shadowRoot?.querySelector('.drop')) return
    this.#speech = await speechOf(language)
    if (!this.isConnected) return
    this.#frame(this.#speech)
    if (this.#shown !== undefined) await this.#show(false)
  }

  #frame({ say, language }: Speech): void {
    const input = make('input', { type: 'file', hidden: true, 'aria-label': say('choose') })
    input.addEventListener('change', () => {
      const [file] = input.files ?? []
      // The same file can be chosen again.
      if (file !== undefined) this.#check(file)
      input.value = ''
    })
    const choose = make('button', { type: 'button', part: 'button' }, say('choose'))
    choose.addEventListener('click', () => input.click())
    const call = make('p', { class: 'call' }, say('drop'))
    const drop = make('div', { class: 'drop', part: 'drop', role: 'group', 'aria-label': say('title') },
      icon(...UPLOAD), call, choose, make('p', { class: 'hint' }, say('hint')), make('p', { class: 'privacy' }, say('privacy')), input)
    const over = (on: boolean): void => {
      drop.classList.toggle('over', on)
      call.textContent = say(on ? 'dropNow' : drop.classList.contains('compact') ? 'dropAgain' : 'drop')
    }
    drop.addEventListener('dragover', (event) => {
      event.preventDefault()
      over(true)
    })
    drop.addEventListener('dragleave', (event) => {
      if (!(event.relatedTarget instanceof Node && drop.contains(event.relatedTarget))) over(false)
    })
    drop.addEventListener('drop', (event) => {
      event.preventDefault()
      over(false)
      const files = event.dataTransfer?.files ?? []
      const text = event.dataTransfer?.getData('text/plain')
      if (files[0] !== undefined) this.#check(files[0])
      else if (text) this.#check(this.#fileOf(text))
      if (files.length > 1) this.#status(say('firstOnly', { count: files.length }))
    })
    const area = make('textarea', { id: 'text', spellcheck: 'false' })
    const form = make('form', {}, make('label', { for: 'text' }, say('textLabel')), area, make('button', { type: 'submit', class: 'quiet' }, say('textButton')))
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (area.value !== '') this.#check(this.#fileOf(area.value))
    })
    this.shadowRoot?.replaceChildren(make('div', { lang: language === 'zh' ? 'zh-CN' : 'en' },
      drop, make('details', { part: 'text' }, make('summary', {}, say('textTitle')), form),
      make('p', { class: 'status', role: 'status', 'aria-live': 'polite' }),
      make('div', { class: 'progress', part: 'progress', hidden: true }),
      make('div', { class: 'result', part: 'result' })))
  }

  #box(name: string): HTMLElement | null | undefined {
    return this.shadowRoot?.querySelector<HTMLElement>(`.${name}`)
  }

  /** Says it aloud to those who cannot see; `spoken`: to nobody else, since it stands elsewhere on the screen. */
  #status(text: string, spoken = false): void {
    const box = this.#box('status')
    box?.classList.toggle('spoken', spoken)
    if (box) box.textContent = text
  }

  /** The stages of the search, what is known so far, and the way to stop it. */
  #progress(stage: 'metadata' | 'direct' | 'full' | undefined, ...known: HTMLElement[]): void {
    const box = this.#box('progress')
    if (!box || this.#speech === undefined) return
    box.hidden = stage === undefined
    if (stage === undefined) return box.replaceChildren()
    const { say } = this.#speech
    this.#box('result')?.replaceChildren()
    const names = ['metadata', 'direct', 'full'] as const
    const cancel = make('button', { type: 'button', class: 'quiet' }, say('cancel'))
    cancel.addEventListener('click', () => this.cancel())
    const focused = box.contains(this.shadowRoot?.activeElement ?? null)
    box.replaceChildren(
      make('ol', { class: 'stages', 'aria-label': say('stages') }, ...names.map((name, at) =>
        make('li', { class: at < names.indexOf(stage) ? 'done' : name === stage ? 'now' : '', 'aria-current': name === stage ? 'step' : undefined },
          say(name === 'metadata' ? 'stageMetadata' : name === 'direct' ? 'stageDirect' : 'stageFull')))),
      make('div', {}, ...known), make('div', {}, cancel))
    if (focused) cancel.focus()
  }

  #part(part: PartialResult, speech: Speech): void {
    this.#progress(part.stage === 'metadata' ? 'direct' : 'full', ...partOf(part, speech))
    this.#status(speech.say(part.stage === 'metadata' ? 'metadataDone' : 'directDone'))
    this.#tell('countermark-part', part)
  }

  async #show(fresh: boolean): Promise<void> {
    if (this.#shown === undefined || this.#speech === undefined) return
    const { result, file } = this.#shown
    const speech = this.#speech
    const name = file.name ?? result.type
    const preview = await previewOf(file, result.type, result.evidence, speech)
    if (this.#shown?.result !== result || this.#speech !== speech) return
    this.#progress(undefined)
    this.#answer(...resultOf(result, name, preview, speech))
    const passage = preview?.querySelector<HTMLElement>('.text mark')
    if (passage?.parentElement) passage.parentElement.scrollTop = passage.offsetTop - 40
    if (fresh) this.#status(speech.say('answer', { state: speech.state(result.state, result.verdict), verdict: speech.verdict(result.verdict, result.policy) }), true)
  }

  /** Shows an answer, and makes the place for the next file small. */
  #answer(...parts: HTMLElement[]): void {
    this.#box('result')?.replaceChildren(...parts)
    this.#box('drop')?.classList.add('compact')
    const call = this.#box('call')
    if (call && this.#speech !== undefined) call.textContent = this.#speech.say('dropAgain')
  }

  #failed(thrown: unknown, file: { name?: string }, { say, sdk, language }: Speech): void {
    this.#progress(undefined)
    if (thrown instanceof CountermarkError && thrown.code === 'ERR_CANCELLED') return this.#status(say('cancelled'))
    const message = sdk(thrown instanceof Error ? thrown.message : String(thrown))
    const remedy = thrown instanceof CountermarkError ? forVisitors(thrown.remedy) : undefined
    this.#answer(make('div', { class: 'verdict failed' }, icon(...BROKEN), make('div', {},
      make('p', { class: 'file' }, say('result', { file: file.name ?? '' })), make('h2', { part: 'verdict', tabindex: '-1' }, say('failed')),
      make('p', {}, message), remedy === undefined ? undefined : make('p', { class: 'note' }, say('remedy', { text: sdk(remedy) })))))
    this.#status(`${say('failed')}${language === 'zh' ? '：' : ': '}${message}`, true)
  }
}

/** Makes the element known under a name; once a page and name. */
export function defineVerifierElement(name = 'countermark-verifier'): void {
  if (globalThis.customElements !== undefined && customElements.get(name) === undefined)
    customElements.define(name, name === 'countermark-verifier' ? CountermarkVerifierElement : class extends CountermarkVerifierElement {})
}
