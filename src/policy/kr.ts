import type { Policy } from '../types.js'

/** Korea: AI Basic Act Art. 31 (in force 2026-01-22) and its guideline. */
export const kr: Policy = {
  name: 'kr',
  title: 'Korea: AI Basic Act Art. 31',
  label: {
    demand: 'required',
    // The guideline asks for a mark that people perceive and, as far as we know, fixes no wording. Hangul needs a font
    // of the caller's (label.font); the built-in one holds Chinese and Latin.
    text: ['AI-generated'],
    elements: [['AI']],
    position: 'bottom-right',
    ratio: 0.05,
    waivable: false,
    articles: [{ law: 'AI Basic Act', article: '31' }],
  },
  watermark: { demand: 'recommended', articles: [{ law: 'AI Basic Act', article: '31' }] },
  metadata: {
    aigc: 'optional',
    digitalSourceType: 'optional',
    c2pa: 'optional',
    articles: [{ law: 'AI Basic Act', article: '31' }],
  },
}
