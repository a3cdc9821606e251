import type { Policy } from '../types.js'

/** California: chapter 25 of the Business and Professions Code as rewritten by SB 1000 (approved 2026-09-30). */
export const usCa: Policy = {
  name: 'us-ca',
  title: 'California: SB 942 as amended by SB 1000',
  label: {
    // The option of a visible disclosure was repealed by SB 1000.
    demand: 'optional',
    text: ['AI GENERATED'],
    elements: [['AI']],
    position: 'bottom-right',
    ratio: 0.05,
    waivable: true,
    articles: [],
  },
  watermark: { demand: 'recommended', articles: [{ law: 'B&P Code', article: '22757.3(a)' }] },
  metadata: {
    aigc: 'optional',
    digitalSourceType: 'recommended',
    // A to E (name, system and version, time, number, created or altered) are carried by a manifest in practice.
    c2pa: 'recommended',
    articles: [{ law: 'B&P Code', article: '22757.3(a)' }],
  },
}
