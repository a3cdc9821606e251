// What users and authorities read. The label's wording and place come from the policy that marks, so that text and practice agree.
import { POLICIES } from 'countermark'
import { AGREEMENT } from './agreements.mjs'

const { label, metadata, watermark } = POLICIES.cn
const escaped = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
const list = (rows) => `<dl>${rows.map(([title, text]) => `<dt>${escaped(title)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`

/** Every page says continuously that content is generated (GB 45438-2025, 5.6). */
const page = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:1em auto;padding:0 1em}.ai{position:sticky;top:0;background:#223;color:#fff;padding:.4em 1em}dt{font-weight:600}dd{margin:0 0 .6em}</style>
<p class="ai" lang="zh">本服务的内容由人工智能生成 (the content of this service is AI-generated)</p><h1>${escaped(title)}</h1>${body}</html>`

/** How each kind of content is labelled (Art. 4, 8): the same table for users and for authorities. */
const METHODS = [
  ['Text', 'a sentence at the end that says that AI generated it, and an invisible mark in the characters; files carry the metadata label too'],
  ['Pictures', `"${label.text.join(' ')}" in the corner (${label.position}), at least ${100 * label.ratio} % of the shortest side in height, an invisible watermark, the metadata label`],
  ['Films', `"${label.text.join(' ')}" from the first picture on, for three seconds, at least ${100 * label.ratio} % of the shortest side in height, an invisible watermark, the metadata label`],
  ['Sound', 'the rhythm short-long short-short at the start, an inaudible watermark, the metadata label'],
]

/** The user agreement (Art. 8, 9). */
export const terms = () => page('User agreement', `<p>Version ${escaped(AGREEMENT)}</p>
<h2>How our content is labelled</h2>${list(METHODS)}
<h2>Content without the visible label</h2>
<p>If you ask for it, you can have content without the visible label. By accepting this clause you take over the duty to label the content
when you publish it, and answer for it if you do not. We keep, for six calendar months and longer, whom the content was given to, when, and
under which acceptance. The metadata label and the invisible mark stay in it; nobody may remove them.</p>
<p>You must not delete, alter, forge or hide labels, and must declare generated content when you publish it.</p>`)

export const home = () => page('A generation service', `<form method="post" action="/v1/image"><p><label>Prompt <input name="prompt" value="a harbour in the morning"></label>
<label>User <input name="user" value="u-1"></label></p><p><button>Picture</button> <button formaction="/v1/speech">Speech</button> <button formaction="/v1/video">Film</button> <button formaction="/v1/text">Text</button></p></form>
<p><a href="/terms">User agreement</a> · <a href="/filing">Labelling materials</a></p>`)

/** What an app store (Art. 7) and the filing of the algorithm (Art. 12) ask for; facts of this service, not a form of an authority's. */
export function filing({ provider, version, key, waivers, entries }) {
  return {
    provider, agreement: AGREEMENT, policy: POLICIES.cn.title,
    explicit: { wording: label.text, methods: Object.fromEntries(METHODS.map(([kind, method]) => [kind, method])), articles: label.articles },
    implicit: { metadata: metadata.aigc, fields: ['Label', 'ContentProducer', 'ProduceID', 'ReservedCode1', 'ContentPropagator', 'PropagateID', 'ReservedCode2'], watermark: { demand: watermark.demand, key }, articles: metadata.articles },
    waivers: { accepted: waivers.length, kept: 'six calendar months and a day after the content was given, in the ledger' },
    log: { entries, software: `countermark ${version}` },
  }
}
