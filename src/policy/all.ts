import type { Policy } from '../types.js'

/** Every demand of the other policies at once, in Chinese and English. */
export const all: Policy = {
  name: 'all',
  title: 'All of China, the European Union, California, Korea and India',
  label: {
    demand: 'required',
    text: ['AI生成', 'AI-generated'],
    elements: [['人工智能', 'AI'], ['生成', '合成']],
    position: 'bottom-right',
    ratio: 0.05,
    // Korea and India know no waiver.
    waivable: false,
    articles: [{ law: 'GB 45438-2025', article: '5.2' }, { law: 'AI Basic Act', article: '31' }, { law: 'IT Rules', article: '3(3)' }],
  },
  watermark: { demand: 'required', articles: [{ law: 'AI Act', article: '50(2)' }] },
  metadata: {
    aigc: 'required',
    digitalSourceType: 'recommended',
    c2pa: 'required',
    articles: [{ law: 'GB 45438-2025', article: 'Annex E' }, { law: 'Code of Practice', article: '1.1.1' }],
  },
}
