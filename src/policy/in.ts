import type { Policy } from '../types.js'

/** India: IT Rules as amended by G.S.R. 120(E), rule 3(3) (in force 2026-02-20). */
export const india: Policy = {
  name: 'in',
  title: 'India: IT Rules, rule 3(3)',
  label: {
    demand: 'required',
    text: ['AI-generated'],
    elements: [['AI']],
    position: 'bottom-right',
    ratio: 0.05,
    waivable: false,
    articles: [{ law: 'IT Rules', article: '3(3)' }],
  },
  watermark: { demand: 'recommended', articles: [{ law: 'IT Rules', article: '3(3)' }] },
  metadata: {
    // Permanent metadata with a unique identifier: the seven fields hold one.
    aigc: 'required',
    digitalSourceType: 'optional',
    c2pa: 'recommended',
    articles: [{ law: 'IT Rules', article: '3(3)' }],
  },
}
