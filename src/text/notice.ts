// What an interface shows all the time near content that is generated, at its top, bottom or background (GB 45438-2025, 5.6).
import { INTERFACE_LABELS } from './label.js'

/** Dark grey on white, 16 : 1: legible, and not in the way. No style element, so that a strict style-src allows it. */
const STYLE = ':host{display:block;padding:.4em .8em;font:.85em/1.4 system-ui,sans-serif;color:#222;background:#fff;text-align:center}:host([hidden]){display:block!important}'

/**
 * Defines the element `<countermark-notice lang="zh">`, which says that answers are generated. `lang`: `zh` (default) or `en`; `text`:
 * another sentence. It cannot be hidden by its `hidden` attribute, since the notice has to stay. Does nothing a second time, and
 * outside of pages.
 *
 * ```js
 * defineNotice()
 * chat.append(document.createElement('countermark-notice'))
 * ```
 */
export function defineNotice(name = 'countermark-notice'): void {
  if (typeof customElements === 'undefined' || customElements.get(name) !== undefined) return
  customElements.define(name, class extends HTMLElement {
    static observedAttributes = ['lang', 'text']

    connectedCallback(): void {
      const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
      const style = new CSSStyleSheet()
      style.replaceSync(STYLE)
      shadow.adoptedStyleSheets = [style]
      this.setAttribute('role', 'note')
      this.show()
    }

    attributeChangedCallback(): void {
      this.show()
    }

    private show(): void {
      const sentence = this.getAttribute('text')?.trim()
      if (this.shadowRoot) this.shadowRoot.textContent = sentence || INTERFACE_LABELS[/^en\b/i.test(this.lang) ? 'en' : 'zh']
    }
  })
}
