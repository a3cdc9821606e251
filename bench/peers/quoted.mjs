// What others publish of their neural marks, in their own words and on their own pictures: no run of ours.

/** `{ title, source, titles, rows }`. */
export const QUOTED = [
  {
    title: 'Bit accuracy in %, pictures of SA-1B at original resolution',
    source: '"We Can Hide More Bits" (Chunky Seal, arXiv 2510.12812), table 4; TrustMark is its variant Q; times as printed there, hardware not restated',
    titles: ['', 'TrustMark-Q', 'Video Seal 1.0'],
    rows: [
      ['raw bits', '100', '256'],
      ['PSNR dB / SSIM', '42.29 / 0.9941', '44.42 / 0.9963'],
      ['embed / read, s', '0.07 / 0.01', '0.06 / 0.01'],
      ['none', '99.81', '99.90'],
      ['JPEG 40 / 60 / 80', '99.5 / 99.6 / 99.7', '99.4 / 99.8 / 99.8'],
      ['blur, kernel 17', '99.73', '99.79'],
      ['brightness x 0.5 / 1.5', '99.5 / 92.4', '99.8 / 96.2'],
      ['resize 0.32', '99.81', '99.89'],
      ['flip left-right', '99.81', '99.89'],
      ['crop to 71 % of a side (50 % of the area)', '56.4', '87.3'],
      ['crop to 45 % of a side (20 % of the area)', '51.7', '50.7'],
      ['rotate 5 / 10', '56.9 / 48.2', '99.4 / 98.3'],
      ['rotate 30 / 45', '49.7 / 51.0', '51.3 / 50.2'],
      ['rotate 90', '49.4', '81.1'],
    ],
  },
]
