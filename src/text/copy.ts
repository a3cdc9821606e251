// Chat pages: what is copied out of an answer takes its notice and its mark along.
import { findTextLabel, labelText, type TextLabelOptions } from './label.js'

/** The part of a copy event that is used: a page's own, or a test's. */
export interface CopyEvent {
  clipboardData: { setData(type: string, data: string): void } | null
  preventDefault(): void
}

/**
 * Puts a selection on the clipboard as `text/plain` and `text/html`, each with the notice, once. The answer that the page shows is
 * marked already, so the copied text keeps the mark; a selection that has the notice keeps that one.
 *
 * ```js
 * answer.addEventListener('copy', (event) => copyWithLabel(event, getSelection()))
 * ```
 */
export function copyWithLabel(event: CopyEvent, selection: { toString(): string; rangeCount?: number; getRangeAt?(index: number): Range } | null, label: Omit<TextLabelOptions, 'format'> = {}): boolean {
  const text = selection?.toString() ?? ''
  if (text.trim() === '' || event.clipboardData === null) return false
  const html = htmlOf(selection!) ?? `<p>${text.replace(/[&<>]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one]!).replace(/\r?\n/g, '<br>')}</p>`
  event.clipboardData.setData('text/plain', labelText(text, { ...label, format: 'plain' }).text)
  event.clipboardData.setData('text/html', findTextLabel(text) === undefined ? labelText(html, { ...label, format: 'html' }).text : html)
  event.preventDefault()
  return true
}

/** The selected elements as they are. */
function htmlOf(selection: { rangeCount?: number; getRangeAt?(index: number): Range }): string | undefined {
  if (typeof document === 'undefined' || !selection.rangeCount || selection.getRangeAt === undefined) return undefined
  const holder = document.createElement('div')
  for (let at = 0; at < selection.rangeCount; at++) holder.append(selection.getRangeAt(at).cloneContents())
  return holder.innerHTML
}
