// The answer: verdict, where, evidence, metadata, findings.
import { ruleOf, type Evidence, type Finding, type MetadataEvidence, type PartialResult, type VerifyResult } from '../browser.js'
import { icon, make } from './dom.js'
import { linesOf } from './evidence.js'
import { forVisitors, type Speech, type Word } from './words.js'

const SEAL = 'M12 2.5l2.3 1.7 2.9-.2.8 2.8 2.4 1.6-1 2.7 1 2.7-2.4 1.6-.8 2.8-2.9-.2L12 20l-2.3-1.8-2.9.2-.8-2.8L3.6 14l1-2.7-1-2.7L6 7l.8-2.8 2.9.2z'
/** A sign for each state, different in form and not only in colour. */
const SIGNS: { readonly [state: string]: readonly string[] } = {
  confirmed: [SEAL, 'M8.3 11.4l2.6 2.6 4.8-5'],
  possible: [SEAL, 'M12 7.5v4.5', 'M12 14.6v.4'],
  suspected: [SEAL, 'M9.8 9.2a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .9-1 1.5', 'M12 15.2v.3'],
  none: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M8 12h8'],
}

/** What is known so far, while the search goes on. */
export function partOf({ state, evidence }: PartialResult, speech: Speech): HTMLElement[] {
  const found = evidence.filter((one) => one.found)
  return [
    make('h3', {}, speech.say('soFar')),
    ...(state === 'none' ? [] : [make('p', { class: 'so-far' }, speech.state(state))]),
    evidenceList(found.length > 0 ? found : evidence, speech),
  ]
}

/** The whole answer; `preview` where there is one. */
export function resultOf(result: VerifyResult, file: string, preview: HTMLElement | undefined, speech: Speech): HTMLElement[] {
  const { verdict, state, policy, type, evidence, findings } = result
  const { say } = speech
  const marks = evidence.filter((one) => one.kind === 'watermark' && one.found)
  const publicAlone = state === 'suspected' && marks.length > 0 && marks.every((one) => one.kind === 'watermark' && one.key === 'public')
  // A plain text without its sidecar is the one case in which all of the file was looked at, and its label may yet exist.
  const cannot = type === 'text/plain' ? 'besideNote' : 'cannotNote'
  const note = state === 'none' && verdict === 'not found' ? 'noneNote' : state === 'none' && verdict === 'cannot tell' ? cannot : publicAlone ? 'publicNote' : undefined
  const heading = make('h2', { part: 'verdict', tabindex: '-1' }, speech.state(state, verdict))
  const tables = metadataTables(evidence, speech)
  return [
    make('div', { class: `verdict ${state}` },
      icon(...(SIGNS[state] ?? [])),
      make('div', {},
        make('p', { class: 'file' }, say('result', { file })),
        heading,
        make('p', {}, speech.verdict(verdict, policy)),
        note === undefined ? undefined : make('p', { class: 'note' }, say(note)))),
    make('div', { class: 'columns' },
      make('div', {},
        preview === undefined ? undefined : section('preview', say(preview.querySelector('figcaption') ? 'preview' : 'previewOnly'), preview),
        ...(findings.length > 0 ? tables : [])),
      make('div', {},
        evidence.length === 0 ? undefined : section('evidence', say('evidence'), evidenceList(evidence, speech)),
        ...(findings.length > 0 ? [] : tables),
        findings.length === 0 ? undefined : section('findings', say('findings'), make('ul', { class: 'findings' }, ...findings.map((one) => findingOf(one, speech)))))),
    make('details', { part: 'technical' }, make('summary', {}, say('technical')), make('pre', { tabindex: '0' }, JSON.stringify(result, undefined, 2))),
  ]
}

function section(part: string, title: string, ...children: HTMLElement[]): HTMLElement {
  return make('section', { part }, make('h3', {}, title), ...children)
}

function evidenceList(evidence: readonly Evidence[], speech: Speech): HTMLElement {
  return make('ul', { class: 'evidence' }, ...linesOf(evidence, speech).map(({ name, found, facts }) =>
    make('li', { class: found ? 'found' : 'absent' },
      make('span', { class: 'name' }, name), ' ',
      make('span', { class: 'tag' }, speech.say(found ? 'found' : 'notFound')),
      facts.length === 0 ? undefined : make('ul', { class: 'facts' }, ...facts.map((fact) => make('li', {}, fact))))))
}

const FIELDS = ['Label', 'ContentProducer', 'ProduceID', 'ReservedCode1', 'ContentPropagator', 'PropagateID', 'ReservedCode2'] as const

/** One table a label; several labels in one file are a breach that the findings name. */
function metadataTables(evidence: readonly Evidence[], { say }: Speech): HTMLElement[] {
  return evidence.filter((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'aigc' && one.aigc !== undefined).map(({ aigc, location }) =>
    section('metadata', say('metadata'), make('table', {},
      make('caption', {}, say('metadataLabel'), location === undefined ? '' : `, ${say('where', { place: location })}`),
      make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, say('field')), make('th', { scope: 'col' }, say('value')))),
      make('tbody', {}, ...FIELDS.filter((field) => aigc?.[field] !== undefined && aigc[field] !== '').map((field) => {
        const value = String(aigc?.[field])
        const said = field === 'Label' && /^[123]$/.test(value) ? say(`labelIs${value}` as Word) : value
        return make('tr', {}, make('th', { scope: 'row' }, say(`field${field}`)), make('td', {}, said))
      })))))
}

function findingOf({ rule, severity, message, article, remedy }: Finding, { say, sdk, language }: Speech): HTMLElement {
  const row = language === 'zh' ? ruleOf(rule) : undefined
  const said = sdk(message)
  const given = severity === 'info' ? undefined : forVisitors(remedy)
  const cure = given === undefined ? undefined : row !== undefined && given === row.remedy.en ? row.remedy.zh : sdk(given)
  return make('li', { class: severity },
    make('span', { class: 'tag' }, say(severity)), ' ',
    make('span', {}, row === undefined || row.zh === said ? said : `${row.zh}（${said}）`),
    cure === undefined ? undefined : make('p', {}, say('remedy', { text: cure })),
    make('p', { class: 'rule' }, article === undefined ? rule : `${rule} · ${article.split('; ').map(sdk).join(language === 'zh' ? '；' : '; ')}`))
}
