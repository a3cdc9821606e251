// Rules of the content itself: T text, I image, V video, A audio.
import { code, gb, measures, type Rule } from './rules-row.js'

const INDIA = { law: 'IT Rules', article: '3(3)' }
const REDRAW = { en: 'Mark the unlabelled original again; the built-in wording and size pass.', zh: '对未标识的原文件重新标识；内置的文字与字号符合要求。' }
const LABEL_TEXT = { en: 'Put the label into the text, at its start or end, e.g. AI生成.', zh: '在文本起始或末尾加入提示，例如“AI生成”。' }
const LABEL_VIDEO = { en: 'Label the video from its first frame for at least two seconds.', zh: '从第一帧起显示标识并持续不少于两秒。' }
const LABEL_AUDIO = { en: 'Add the rhythm label or a spoken label at the start or end.', zh: '在音频起始或末尾加入节奏标识或语音标识。' }

export const CONTENT_RULES: readonly Rule[] = [
  {
    rule: 'T1', zh: '文本显式标识须含两要素，位于起始或末尾', says: 'an AI element and a generation element stand together at the start, the end or a suitable middle place', modality: 'text',
    articles: [measures('4(1)-1'), gb('5.1')], note: 'a line of 64 characters is *our own*', severity: 'error', seen: 'file',
    marks: 'a sentence is put at the end or the start of plain text, Markdown and pages; warning where the policy requires a label and none was put', verifies: 'the first or last line holds both elements, whoever wrote it; note where none does (the interface may show it), the verdict then is cannot tell', remedy: LABEL_TEXT,
  },
  {
    rule: 'T2', zh: '导出的文档本身须含标识', says: 'an exported document holds the label itself', modality: 'text',
    articles: [measures('4(2)')], severity: 'error', seen: 'maker', marks: 'as T1 in Markdown, pages and answers of models in JSON; a paragraph in DOCX and EPUB, an annotation on the first page of PDF; warning for XLSX, PPTX and other JSON, into which none is put', verifies: 'as T1 in Markdown, pages, answers in JSON, DOCX and EPUB; in PDF stamps and free text on the first page', remedy: LABEL_TEXT,
  },
  {
    rule: 'T3', zh: '复制的文本应带标识', says: 'copied text keeps its label', modality: 'text',
    articles: [measures('4(2)')], severity: 'warning', seen: 'nobody', marks: 'copyWithLabel adds notice and mark to what a page\'s user copies', verifies: 'nothing tells that a text was copied', remedy: LABEL_TEXT,
  },
  {
    rule: 'T4', zh: '文本隐式标识应唯一且稳定', says: 'at most one wrapper of invisible marks, stable under NFC', modality: 'text',
    articles: [{ law: 'C2PA 2.4', article: 'A.8' }], severity: 'warning', seen: 'file', marks: 'our mark is no wrapper, and NFC does not change it', verifies: 'warning for two C2PA wrappers, or one in a text that NFC changes', remedy: { en: 'Mark the plain text once.', zh: '对纯文本只标记一次。' },
  },
  {
    rule: 'T5', zh: '较长文本须有水印（欧盟）', says: 'free text of more than 200 tokens carries a watermark (eu)', modality: 'text',
    articles: [code('1.1.2')], note: 'tokens are estimated', severity: 'error', seen: 'file', marks: 'error where a longer text has no mark and the policy asks for one', verifies: 'note where no mark of the known keys is found; the verdict then is cannot tell', remedy: { en: 'Mark the text with a watermark.', zh: '为文本加入水印。' },
  },
  {
    rule: 'I1', zh: '显式标识（须含“人工智能”或“AI”以及“生成”和/或“合成”）', modality: 'image',
    says: 'the label holds an AI element (人工智能 or AI) and a generation element (生成 or 合成); other policies: the words that they list',
    articles: [gb('5.2'), gb('5.1')], note: 'whether English alone satisfies it is *not verified*, so `cn` never writes English alone', severity: 'error', seen: 'file',
    marks: 'the policy\'s wording is put before any that lacks a word. A picture too small for it: error where the policy requires a label. Metadata-only marking where the policy requires a label and there is no waiver: warning',
    verifies: 'info: a label of another maker cannot be seen, and neither can an agreement to leave it out', remedy: REDRAW,
  },
  {
    rule: 'I2', zh: '显式标识须位于边或角', says: 'it stands on an edge or corner', modality: 'image',
    articles: [gb('5.2')], severity: 'error', about: 'label', seen: 'maker', marks: 'every position that can be asked for does', verifies: '-', remedy: REDRAW,
  },
  {
    rule: 'I3', zh: '显式标识字高须不小于最短边的 5%', says: 'the ink is at least 5 % of the shortest side high', modality: 'image',
    articles: [gb('5.2')], note: 'the clause gives the height of glyphs; that the ink is measured is *our own*, stricter reading', severity: 'error', about: 'label', seen: 'maker',
    marks: 'measured on what was drawn; error', verifies: '-', remedy: REDRAW,
  },
  {
    rule: 'I4', zh: '显式标识对比度应不小于 4.5:1', says: 'it can be read: contrast of at least 4.5 : 1 against what is behind it', modality: 'image',
    articles: [gb('5.2')], note: 'the number is *our own*, after WCAG 2.2, 1.4.3', severity: 'warning', about: 'label', seen: 'maker',
    marks: 'measured on what was drawn; warning', verifies: '-', remedy: { en: 'Choose another position for the label.', zh: '请更换标识位置。' },
  },
  {
    rule: 'I5', zh: '缩放后交付的图片仍须符合字高', says: 'the height still holds for the size that a service delivers', modality: 'image',
    articles: [gb('5.2')], severity: 'error', about: 'label', seen: 'nobody', marks: 'the ratio does not change with the size; cropping may cut the label', verifies: 'verify the delivered file itself', remedy: REDRAW,
  },
  {
    rule: 'I6', zh: '颜色已转换为 sRGB', says: 'colours are kept', modality: 'image',
    articles: [], severity: 'warning', seen: 'maker', marks: 'warning where a picture had to be converted to sRGB (CMYK, Lab)', verifies: '-',
    remedy: { en: 'Convert the picture yourself where the colours matter.', zh: '如对颜色有要求，请先自行转换。' },
  },
  {
    rule: 'V1', zh: '视频标识须从起始画面开始并持续不少于两秒', says: 'the label is visible from the first frame for at least 2 s at normal speed', modality: 'video',
    articles: [measures('4(1)-4'), gb('5.4')], severity: 'error', about: 'label', seen: 'file', marks: 'drawn into every frame of the first 3 s (at least 2), and recognised again in the finished film; a film too small for it: error where the policy requires a label. Metadata-only marking where the policy requires a label and there is no waiver: warning',
    verifies: 'looked for in the first frame and three more of the first 2 s; warning where it is in some of them only; info where it is in none: a label of another maker cannot be seen, and neither can an agreement to leave it out', remedy: LABEL_VIDEO,
  },
  {
    rule: 'V2', zh: '视频标识字高须不小于最短边的 5%', says: 'the height of I3, on frames as they are displayed', modality: 'video',
    articles: [gb('5.4')], note: 'after rotation, and with the shape of the pixels', severity: 'error', about: 'label', seen: 'maker', marks: 'measured on what was drawn; error', verifies: '-', remedy: LABEL_VIDEO,
  },
  {
    rule: 'V3', zh: '不足两秒的视频应全程显示标识', says: 'a clip shorter than 2 s is labelled throughout', modality: 'video',
    articles: [gb('5.4')], note: 'short clips are *not verified*', verified: false, severity: 'warning', about: 'label', seen: 'file', marks: 'every frame carries it; warning where one does not', verifies: 'as V1, in the frames that there are', remedy: LABEL_VIDEO,
  },
  {
    rule: 'V4', zh: '深度伪造视频应全程显示标识（韩国）', says: 'a deep fake is labelled during the whole playback (kr)', modality: 'video',
    articles: [{ law: 'AI Basic Act', article: '31' }], note: 'one secondary source', severity: 'warning', about: 'label', seen: 'maker', marks: 'info under `kr` and `all` where the label is not shown all the time (whether a film is a deep fake nobody can see)', verifies: '-', remedy: { en: 'Show it all the time (--label-during whole).', zh: '请全程显示标识（--label-during whole）。' },
  },
  {
    rule: 'A1', zh: '音频节奏标识', says: 'the rhythm short-long short-short is there (or A2)', modality: 'audio',
    articles: [measures('4(1)-2'), gb('5.3')], note: 'the clause gives no times: they are those of Morse; both pauses between the letters are accepted', severity: 'error', about: 'label', seen: 'file',
    marks: 'put in at the start, the middle or the end, at the loudness of the sound, and recognised again in the finished file. Metadata-only marking where the policy requires a label and there is no waiver: warning',
    verifies: 'info: a voice may say it instead, and an agreement to leave it out cannot be seen', remedy: LABEL_AUDIO,
  },
  {
    rule: 'A2', zh: '音频语音标识', says: 'a voice says both elements (or A1)', modality: 'audio',
    articles: [measures('4(1)-2'), gb('5.3')], severity: 'error', seen: 'maker',
    marks: 'a clip of the caller\'s is put in as it is: what it says is not recognised (info). The rhythm under another policy than `cn`: warning, since no source says that it satisfies other laws', verifies: 'speech is not recognised: `cannot tell`', remedy: LABEL_AUDIO,
  },
  {
    rule: 'A3', zh: '语音标识的语速应正常', says: 'the voice speaks 120 to 160 characters a minute', modality: 'audio',
    articles: [gb('5.3')], severity: 'warning', seen: 'maker', marks: 'measured where the voice is made by us; warning', verifies: '-', remedy: { en: 'Give a clip of your own at normal speed.', zh: '请自备语速正常的语音片段。' },
  },
  {
    rule: 'A4', zh: '音频开头的提示（印度、欧盟）', says: 'the disclosure comes before the content (in, eu)', modality: 'audio',
    articles: [INDIA, code('section 2')], severity: 'error', seen: 'maker', marks: 'error where the label is asked for at another place than the start under `in` or `all`, warning under `eu`', verifies: '-', remedy: { en: 'Put the label at the start (--label-position start).', zh: '请把标识放在开头（--label-position start）。' },
  },
]
