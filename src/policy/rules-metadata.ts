// Rules M1 to M17 and S1, S2: the AIGC metadata label and its signature.
import { gb, guide, measures, type Rule } from './rules-row.js'

const RELABEL = { en: 'Mark the unlabelled original again with countermark mark.', zh: '用 countermark mark 对未标识的原文件重新标识。' }
const ASK = { en: 'Ask the producer that the label names for a file with a valid label; the label must not be taken out.', zh: '请标识所载的服务提供者提供标识有效的文件；不得删除标识。' }

export const METADATA_RULES: readonly Rule[] = [
  {
    rule: 'M1', zh: '文件元数据中没有 AIGC 标识', says: 'the AIGC label is there',
    articles: [measures('5'), gb('6.1')], severity: 'error', seen: 'file',
    marks: 'always written', verifies: 'error where the policy requires it and the metadata could be read',
    remedy: { en: 'If a model made the content, mark the file: countermark mark FILE -o OUT, with --metadata-only to leave the content as it is.', zh: '若内容由模型生成，标识该文件：countermark mark FILE -o OUT；加 --metadata-only 则不改动内容。' },
  },
  {
    rule: 'M2', zh: '元数据标识须恰好一份', says: 'there is exactly one copy',
    articles: [gb('6.1 c')], severity: 'error', about: 'aigc', seen: 'file',
    marks: 'a file with several: ERR_CONFLICT', verifies: 'error: all places and offsets are named. Places that GB 45438\'s guides do not name count too', remedy: ASK,
  },
  {
    rule: 'M3', zh: '元数据标识不是有效的 JSON', says: 'it is valid JSON, an object, without doubled keys',
    articles: [gb('Annex E b')], severity: 'error', about: 'aigc', seen: 'file',
    marks: 'written so', verifies: 'error where it cannot be read; warning where it departs from the form but can be read', remedy: ASK,
  },
  {
    rule: 'M4', zh: '元数据标识须为七个文本字段', says: 'seven fields, all texts',
    articles: [gb('Annex E c to i')], severity: 'error', about: 'aigc', seen: 'file',
    marks: 'written so', verifies: 'error where one of the first three is missing; else warning', remedy: ASK,
  },
  {
    rule: 'M5', zh: 'Label 取值须为 1、2 或 3', says: '`Label` is 1, 2 or 3',
    articles: [gb('Annex E c')], severity: 'error', about: 'aigc', seen: 'file',
    marks: '1 is written', verifies: 'error; a number instead of a text is a warning', remedy: ASK,
  },
  {
    rule: 'M6', zh: 'ContentProducer 和 ProduceID 不得为空', says: '`ContentProducer` and `ProduceID` are not empty',
    articles: [gb('Annex E d'), gb('Annex E e')], severity: 'error', about: 'aigc', seen: 'file',
    marks: 'ERR_USAGE, ERR_PARAMETER', verifies: 'error', remedy: ASK,
  },
  {
    rule: 'M7', zh: '取值应在规定字符范围内', says: 'characters 0x21, 0x23-0x5B, 0x5D-0x7E; quotation marks in the reserved fields',
    articles: [gb('Annex E j')], note: 'the text says "mainly"', severity: 'warning', about: 'aigc', seen: 'file',
    marks: 'others are written with a warning; control characters, quotation marks and backslashes are refused (ERR_PARAMETER)', verifies: 'warning',
    remedy: { en: 'Use the provider\'s 27-character code instead of a name, and plain ASCII numbers.', zh: '用 27 位服务提供者编码代替名称，编号使用可打印 ASCII 字符。' },
  },
  {
    rule: 'M8', zh: '首次写入时传播字段应与制作字段相同', says: 'at the first write the propagation pair equals the production pair',
    articles: [gb('Annex E, note 1')], severity: 'error', about: 'aigc', seen: 'file',
    marks: 'written so', verifies: 'info: a platform may have written another pair since', remedy: RELABEL,
  },
  {
    rule: 'M9', zh: '服务提供者编码不符合规则', says: 'a provider code has 27 characters, its check character is right, position 23 says generation (in the propagation fields: propagation)',
    articles: [{ law: 'Coding rules of 2025-03-14', article: 'provider code' }, { law: 'GB 32100-2015', article: 'check character' }], severity: 'warning', about: 'aigc', seen: 'file',
    note: 'only codes of organisations bound by their credit code (`0011`) have a check character that is known; the coding of individuals is *not verified*',
    marks: 'a code that fails is refused (ERR_PARAMETER)', verifies: 'warning, for what looks like a code',
    remedy: { en: 'Compare the code with the provider\'s unified social credit code.', zh: '请与该服务提供者的统一社会信用代码核对。' },
  },
  {
    rule: 'M10', zh: '同一批内容的编号不得重复', says: 'no content number occurs twice in one job or log',
    articles: [gb('Annex E e')], severity: 'error', seen: 'maker',
    marks: 'a fresh UUID for each file; --produce-id with several inputs is ERR_USAGE; with a ledger, a number that was given to other content is ERR_CONFLICT', verifies: 'cannot be told from one file',
    remedy: { en: 'Give every file its own content number.', zh: '为每个文件使用独立的内容编号。' },
  },
  {
    rule: 'M11', zh: '写入后须读回核对', says: 'what was written is read back',
    articles: [], severity: 'error', seen: 'maker',
    marks: 'ERR_READBACK, and no output; metadata is read by a second, independent reader too', verifies: '-', remedy: RELABEL,
  },
  {
    rule: 'M12', zh: '仅写元数据时不得改动编码数据', says: 'coded samples are untouched by metadata-only marking',
    articles: [], severity: 'error', seen: 'tests',
    marks: 'held by `test/containers.test.ts`', verifies: '-', remedy: RELABEL,
  },
  {
    rule: 'M13', zh: '标识应写在指南规定的位置', says: 'the label stands in the place that the guide names',
    articles: [guide('20257A', '6.1'), guide('20258A', '6'), guide('20259A', '6'), guide('202510A', '6.1')], severity: 'warning', about: 'aigc', seen: 'file',
    marks: 'written there ([formats](formats.md))', verifies: 'warning (reported under M3), with the place', remedy: RELABEL,
  },
  {
    rule: 'M14', zh: '须保留其他元数据', says: 'all other metadata is kept',
    articles: [], severity: 'error', seen: 'tests',
    marks: 'held by `test/containers.test.ts`; exceptions in [formats](formats.md)', verifies: '-', remedy: RELABEL,
  },
  {
    rule: 'M15', zh: '转换处理后标识须保留', says: 'the label is the same before and after our own transforms',
    articles: [measures('10')], severity: 'error', seen: 'tests',
    marks: 'marking a labelled file keeps its label, held by `test/mark.test.ts`', verifies: '-', remedy: RELABEL,
  },
  {
    rule: 'M16', zh: '已有其他服务提供者的标识，予以保留', says: 'the producer\'s part of a label that is there stays',
    articles: [measures('10')], severity: 'error', about: 'aigc', seen: 'maker',
    marks: 'kept; a warning where the caller named another provider. `propagate` sets the propagation pair only', verifies: '-',
    remedy: { en: 'Leave out the provider to keep the label that is there, or start from the unlabelled file.', zh: '不指定服务提供者以保留原标识，或从未标识的文件开始。' },
  },
  {
    rule: 'M17', zh: '元数据所在结构损坏，无法判定', says: 'a structure that cannot be read to its end is no evidence of absence',
    articles: [], severity: 'warning', seen: 'file',
    marks: 'ERR_BROKEN', verifies: 'warning; the verdict is `cannot tell`',
    remedy: { en: 'Get an undamaged copy of the file.', zh: '请取得完好的文件副本。' },
  },
  {
    rule: 'S1', zh: '标识的数字签名', says: 'a signature in ReservedCode1 holds for the label, and its binding for the content',
    articles: [guide('202511A', 'Annex A')], note: 'the form of PubSD is that of files in the wild; the guide\'s way to choose the content for the hash (`CntSel`) is *not verified*, ours is [our own](signature.md)',
    severity: 'error', about: 'signature', seen: 'file',
    marks: 'written with `--sign-key`, and checked as it is read back',
    verifies: 'error where a field was edited or the label stands on other content; warning where the key is not one of those given with `--trust`; info where no key was given, or the algorithm is not checked',
    remedy: { en: 'Do not rely on this label: get the file from the producer that it names.', zh: '该标识不可信：请向标识所载的服务提供者重新获取文件。' },
  },
  {
    rule: 'S2', zh: '改动须能被发现', says: 'a flipped digit of ProduceID makes the signature fail',
    articles: [guide('202511A', 'Annex A')], severity: 'error', seen: 'tests',
    marks: 'held by `test/signature.test.ts`', verifies: 'reported under S1',
    remedy: { en: 'Report it as a defect of Countermark.', zh: '请作为缺陷报告。' },
  },
]
