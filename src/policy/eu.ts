import type { Policy } from '../types.js'

/** European Union: AI Act Art. 50 and the Code of Practice of 2026-06-10. */
export const eu: Policy = {
  name: 'eu',
  title: 'European Union: AI Act Art. 50 and its Code of Practice',
  label: {
    // The visible label is the deployer's duty (Art. 50(4)); it is drawn where the caller asks for it.
    demand: 'optional',
    text: ['AI GENERATED'],
    elements: [['AI']],
    position: 'top-right',
    ratio: 0.05,
    waivable: true,
    articles: [{ law: 'AI Act', article: '50(4)' }, { law: 'Code of Practice', article: 'section 2' }],
  },
  watermark: {
    demand: 'required',
    articles: [{ law: 'AI Act', article: '50(2)' }, { law: 'Code of Practice', article: '1.1.2' }],
  },
  metadata: {
    aigc: 'optional',
    digitalSourceType: 'recommended',
    c2pa: 'required',
    articles: [{ law: 'Code of Practice', article: '1.1.1' }],
  },
}
