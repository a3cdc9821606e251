// Texts in a real browser: the mark of a text file is read, its characters are named, its label is found, what is copied is labelled.
import { expect, test } from 'vitest'
import { INTERFACE_LABELS, text, TEXT_LABELS } from '../../src/index.js'
import { chromiumPath, launch, serve } from '../support/browser.js'

const PAYLOAD = '9f2c5511aa03be77'
const SOURCE = Array.from({ length: 1_400 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7_919 + at * at * 131) % 3_000)) + (at % 14 === 13 ? '，' : '')).join('')

const SCRIPT = `
  import { createVerifier, findTextLabel, inspect, labelText } from '/dist/browser.js'
  const { source, marked } = await (await fetch('/texts.json')).json()
  const verifier = createVerifier()
  const marksOf = async (one) => (await verifier.verify(new File([one], 'answer.txt'))).evidence.filter(({ kind, modality, found }) => kind === 'watermark' && modality === 'text' && found)
  const labelled = labelText(source, { language: 'zh' })
  globalThis.answer = {
    marked: await marksOf(marked),
    unmarked: await marksOf(source),
    characters: inspect(marked).length,
    label: findTextLabel(labelled.text ?? labelled) !== undefined,
    none: findTextLabel(source) !== undefined,
  }
`

interface Answer {
  marked: { payload?: string; pValue: number }[]
  unmarked: unknown[]
  characters: number
  label: boolean
  none: boolean
}

test.skipIf(chromiumPath === undefined)('a page reads the mark and the label of a text as Node does', async () => {
  const marked = await text.embed(SOURCE, { payload: PAYLOAD, profile: 'id' })
  const page = '<!doctype html><title>text</title><script type="module" src="/page.js"></script>'
  const host = await serve({ '/': page, '/page.js': SCRIPT, '/texts.json': JSON.stringify({ source: SOURCE, marked }) })
  const browser = await launch()
  try {
    const tab = await browser.newPage()
    const complaints: string[] = []
    tab.on('pageerror', (error) => complaints.push(error.message))
    await tab.goto(host.url)
    await tab.waitForFunction(() => 'answer' in globalThis)
    const answer = await tab.evaluate(() => (globalThis as unknown as { answer: Answer }).answer)
    expect(complaints).toEqual([])
    const [seen] = await text.detect(marked)
    expect([seen!.found, seen!.payload?.slice(0, 10)]).toEqual([true, PAYLOAD.slice(0, 10)])
    expect(answer.marked).toMatchObject([{ payload: seen!.payload }])
    expect(answer.marked[0]!.pValue / seen!.pValue!).toBeCloseTo(1, 6)
    expect(answer.unmarked).toEqual([])
    expect(answer.characters).toBe(marked.length - SOURCE.length)
    expect([answer.label, answer.none]).toEqual([true, false])
  } finally {
    await browser.close()
    await host.close()
  }
}, 60_000)

const CHAT = `
  import { copyWithLabel, defineNotice, INTERFACE_LABELS } from '/dist/browser.js'
  defineNotice()
  document.querySelector('#answer').addEventListener('copy', (event) => copyWithLabel(event, getSelection()))
  document.body.prepend(document.createElement('countermark-notice'))
  globalThis.ready = INTERFACE_LABELS.zh
`

test.skipIf(chromiumPath === undefined)('what is copied out of an answer is pasted with label and mark, once; the notice stays in sight', async () => {
  const marked = await text.embed(SOURCE, { payload: PAYLOAD, profile: 'presence' })
  const page = `<!doctype html><meta charset="utf-8"><title>chat</title><p id="answer">${marked}</p><textarea></textarea><div contenteditable></div><script type="module" src="/chat.js"></script>`
  const host = await serve({ '/': page, '/chat.js': CHAT })
  const browser = await launch()
  try {
    const tab = await browser.newPage()
    await tab.goto(host.url)
    await tab.waitForFunction(() => 'ready' in globalThis)
    await tab.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#answer')!))
    await tab.keyboard.press('Control+C')
    await tab.locator('textarea').focus()
    await tab.keyboard.press('Control+V')
    await tab.locator('[contenteditable]').focus()
    await tab.keyboard.press('Control+V')
    const plain = await tab.locator('textarea').inputValue()
    expect(plain).toBe(`${marked}\n\n${TEXT_LABELS.zh}`)
    expect((await text.detect(plain))[0]).toMatchObject({ found: true })
    const html = await tab.locator('[contenteditable]').innerText()
    expect(html.split(TEXT_LABELS.zh).length).toBe(2)
    expect((await text.detect(html))[0]).toMatchObject({ found: true })
    const notice = tab.locator('countermark-notice')
    await notice.evaluate((element) => element.setAttribute('hidden', ''))
    expect(await notice.isVisible()).toBe(true)
    const shown = async () => notice.evaluate((element) => element.shadowRoot!.textContent)
    expect(await shown()).toBe(INTERFACE_LABELS.zh)
    await notice.evaluate((element) => element.setAttribute('lang', 'en'))
    expect(await shown()).toBe(INTERFACE_LABELS.en)
  } finally {
    await browser.close()
    await host.close()
  }
}, 60_000)
