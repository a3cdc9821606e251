// Rules of watermark (W), C2PA and agreement of marks (C), log (L), platform (P), and of the package itself (R).
import { california, code, gb, measures, type Rule } from './rules-row.js'

const SIGN = { en: 'Sign the finished file last: countermark mark --c2pa-key FILE --c2pa-cert FILE, with --metadata-only to leave the content as it is.', zh: '最后对成品签名：countermark mark --c2pa-key FILE --c2pa-cert FILE；加 --metadata-only 则不改动内容。' }
const MEASURE = { en: 'Measure again with the commands of bench/.', zh: '用 bench/ 中的命令重新测量。' }

export const OTHER_RULES: readonly Rule[] = [
  {
    rule: 'W1', zh: '水印与元数据应一致', says: 'the watermark is there, and of the same content as the metadata',
    articles: [measures('5'), gb('6.2'), { law: 'AI Act', article: '50(2)' }, code('1.1.2')], note: 'encouraged in China, required in the European Union', severity: 'error', about: 'watermark', seen: 'file',
    marks: 'error where the policy requires one and the picture or sound has none; warning where frames of an animation did not give it back; info where a stronger one was put over an older one of the same private key (`remark: replace`). One of the same key and other content is else ERR_CONFLICT',
    verifies: 'error where its payload is of other content than the label: the label may have been copied. Where the policy requires one and none is seen: info, `cannot tell`, since a mark of another key or maker cannot be seen',
    remedy: { en: 'Find the original by the watermark\'s payload and verify that.', zh: '按水印载荷查找原文件并重新核验。' },
  },
  {
    rule: 'W2', zh: '水印须经受声明的处理', says: 'the watermark survives the attacks that we declare',
    articles: [{ law: 'AI Act', article: '50(2)' }], severity: 'error', seen: 'tests', marks: 'measured by `bench/study-image.mjs` and `bench/study-audio.mjs`', verifies: '-', remedy: MEASURE,
  },
  {
    rule: 'W3', zh: '误报率', says: 'the rate of false alarms is published with its bound',
    articles: [], severity: 'error', seen: 'tests', marks: 'measured by `bench/study-image.mjs` and `bench/study-audio.mjs`', verifies: '-', remedy: MEASURE,
  },
  {
    rule: 'C1', zh: 'C2PA 清单', says: 'there is a C2PA manifest, it is valid, its first action is right and names an AI source type',
    articles: [code('1.1.1'), california('22757.3(a)'), { law: 'C2PA 2.2', article: '18.14.2' }], note: 'California: the practical form of its disclosure', severity: 'error', about: 'c2pa', seen: 'file',
    marks: 'written last where a C2PA key is given; a warning where marking breaks the one in the source; `keepC2pa` refuses instead',
    verifies: 'error where the policy requires one and there is none, or where it is not valid. Checked where an optional C2PA package is installed ([c2pa](c2pa.md)); else, and where its signer is not trusted: `cannot tell`', remedy: SIGN,
  },
  {
    rule: 'C2', zh: '可信时间戳', says: 'the signature of the manifest carries a time-stamp of an authority',
    articles: [code('1.1.1')], severity: 'warning', about: 'c2pa', seen: 'file', marks: 'asked for with `--c2pa-tsa URL`', verifies: 'warning under a policy that requires C2PA',
    remedy: { en: 'Name a time-stamp authority: --c2pa-tsa URL.', zh: '请指定时间戳机构：--c2pa-tsa URL。' },
  },
  {
    rule: 'C3', zh: '加州 A 至 E 要素', says: 'name of the provider (A), system and version (B), time (C), number (D), created or altered (E) are there',
    articles: [california('22757.3(a)')], severity: 'warning', seen: 'file', marks: 'written under `us-ca` and `all`; A, C, D and E always, B where `system` is given', verifies: 'warning under `us-ca`: the missing letters are named',
    remedy: { en: 'Name the system and its version: --system-name, --system-version.', zh: '请给出系统名称和版本：--system-name、--system-version。' },
  },
  {
    rule: 'C4', zh: '软绑定算法须在公开列表中', says: 'the algorithm of a soft binding is in the public list',
    articles: [{ law: 'C2PA 2.2', article: '9.3' }], note: 'the list of 2026-04-15 is in the package', severity: 'warning', about: 'c2pa', seen: 'file', marks: 'our algorithm is not in the list yet, which [c2pa](c2pa.md) says', verifies: 'warning, where the manifest was checked',
    remedy: { en: 'Use an algorithm of the list.', zh: '请使用列表中的算法。' },
  },
  {
    rule: 'C5', zh: '各标识之间应一致', says: 'IPTC DigitalSourceType and the C2PA manifest say the same as the label',
    articles: [{ law: 'IPTC Photo Metadata', article: 'DigitalSourceType' }], severity: 'warning', about: 'aigc', seen: 'file',
    marks: 'a type that says so is kept, else `trainedAlgorithmicMedia` is written', verifies: 'warning where the two differ; missing: error or info, as the policy asks',
    remedy: { en: 'Ask the producer which of the two is right.', zh: '请向服务提供者确认以何者为准。' },
  },
  {
    rule: 'L1', zh: '依协议未加显式标识，记录至少保存六个月', says: 'a label that was left out has its agreement, and a record of it is kept for six months',
    articles: [measures('9')], severity: 'error', seen: 'maker', marks: 'info, with the reference; with a ledger its entry cannot be deleted before six calendar months and a day', verifies: '-',
    remedy: { en: 'Keep the record of the agreement for at least six calendar months.', zh: '将协议记录至少保存六个自然月。' },
  },
  {
    rule: 'L2', zh: '凭编号可查到记录', says: 'a content number leads to its record in the log',
    articles: [measures('9'), { law: 'Deep Synthesis Provisions', article: '16' }], severity: 'error', seen: 'nobody', marks: 'with a ledger: the entry is flushed before the output has its name', verifies: 'cannot be told from the file',
    remedy: { en: 'Keep the log.', zh: '请保存日志。' },
  },
  {
    rule: 'P1', zh: '第六条状态', says: 'the state of Article 6',
    articles: [measures('6(1) to (3)')], severity: 'error', seen: 'file', marks: '`propagate` writes the pair of the platform', verifies: 'see below',
    remedy: { en: 'Show users the prompt of the state.', zh: '请按状态向用户显示提示。' },
  },
  {
    rule: 'P2', zh: '有内容未能读取', says: 'what could not be read, or was not looked at, is never called absent',
    articles: [], severity: 'warning', seen: 'file', marks: '-', verifies: 'info or warning; the verdict is `cannot tell` where the part was required, and where nothing was found',
    remedy: { en: 'Get an undamaged copy, or a copy in a format of docs/formats.md.', zh: '请取得完好的副本，或 docs/formats.md 所列格式的副本。' },
  },
  {
    rule: 'R1', zh: '不提供删除他人标识的功能', says: 'no exported function deletes another producer\'s label',
    articles: [measures('10')], severity: 'error', seen: 'tests', marks: 'held by `test/rules.test.ts`', verifies: '-', remedy: { en: 'Report it as a defect of Countermark.', zh: '请作为缺陷报告。' },
  },
  {
    rule: 'R2', zh: '不含真实企业的编码', says: 'no provider code of a real organisation is in the package or a default',
    articles: [measures('10')], severity: 'error', seen: 'tests', marks: 'held by `test/rules.test.ts`', verifies: '-', remedy: { en: 'Report it as a defect of Countermark.', zh: '请作为缺陷报告。' },
  },
]
