import type { Policy } from '../types.js'

/** China: Interim Measures Art. 12, Deep Synthesis Provisions Art. 16-18, Labeling Measures, GB 45438-2025. */
export const cn: Policy = {
  name: 'cn',
  title: 'China: Labeling Measures and GB 45438-2025',
  label: {
    demand: 'required',
    text: ['AI生成'],
    // Clause 5.2 with 5.1: an AI element and a generation element. English words alone are not known to satisfy it.
    elements: [['人工智能', 'AI'], ['生成', '合成']],
    position: 'bottom-right',
    ratio: 0.05,
    waivable: true,
    articles: [
      { law: 'Labeling Measures', article: '4(1)-3' },
      { law: 'Labeling Measures', article: '9' },
      { law: 'GB 45438-2025', article: '5.2' },
    ],
  },
  watermark: {
    demand: 'recommended',
    articles: [{ law: 'Labeling Measures', article: '5' }, { law: 'GB 45438-2025', article: '6.2' }],
  },
  metadata: {
    aigc: 'required',
    digitalSourceType: 'optional',
    c2pa: 'optional',
    articles: [{ law: 'Labeling Measures', article: '5' }, { law: 'GB 45438-2025', article: 'Annex E' }],
  },
}
