// What the command line says to people, in English and Chinese. JSON is never translated.
import { ruleOf, type CountermarkError, type ErrorCode, type Finding, type State, type Verdict } from '../index.js'
import { chinese } from '../chinese/chinese.js'

/** The languages. */
export type Language = 'en' | 'zh'

/** `--lang`, COUNTERMARK_LANG, LC_ALL, LC_MESSAGES, LANG: the first that is set decides. */
export function languageOf(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): Language {
  const set = [asked, env['COUNTERMARK_LANG'], env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value !== undefined && value !== '')
  return set?.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

const EN = {
  usedKeyPublic: 'Key: public (anyone can detect and write this mark; countermark keygen makes a private one).',
  usedKey: 'Key: {id}, from {path}.',
  marked: '{file} -> {output}: {verdict}, content number {id}',
  kept: '{file} -> {output}: the label that was there is kept, {verdict}, content number {id}',
  propagated: '{file} -> {output}: Label {label}, {state}',
  notPropagated: '{file} -> {output}: left as it is, {state}',
  notLooked: '{file} -> {output}: left as it is, could not be looked at',
  noWatermark: 'no watermark: {reason}',
  noLabel: 'no visible label: {reason}',
  noAnswer: 'no answer of a language model was found in it: nothing was marked',
  noSoundLabel: 'no audible label: {reason}',
  noTrack: 'no watermark in the sound track {track}: {reason}',
  filmFrames: '{frames} frames, {speed} frames/s',
  filmCheck: 'reading back',
  left: '{left} left',
  badSetting: '--encoder-setting is NAME=VALUE, not {text}.',
  filmEncoders: 'film encoders: {list}',
  failed: '{file}: failed: {why}',
  summary: '{all} files: {done} done, {failed} failed.',
  failedFile: '  failed: {file} ({code})',
  keyMade: 'Key {id} was written to {path}. Keep it secret and keep a copy: without it its watermarks cannot be read.',
  sameOutput: '{a} and {b} would both be written to {output}.',
  ledgerNeedsFile: 'A text on standard output has no record that could be entered in the ledger: give -o a file, or leave the ledger out (--ledger, COUNTERMARK_LEDGER).',
  oneNumber: '--produce-id names one content, but {count} inputs are given.',
  notFolder: 'Several inputs go to a folder, but {output} is a file.',
  ownOutput: 'The output {output} is one of the inputs; inputs are never overwritten.',
  stdin: '- stands for standard input, and stands alone; as an output, for what comes from there.',
  fileOrJson: 'A file on standard output leaves no place for --json: give -o a file, or leave out --json.',
  noMetadata: 'no metadata label: a stream of text has no place for it. Give -o a file (metadata goes into NAME.md or NAME.html, beside NAME.txt), or write the label into the file in which the text is kept.',
  oneProvider: 'Give --provider-code or --provider-name, not both.',
  expectBoth: 'To ask for one content give the provider (--provider-code or --provider-name) and --produce-id.',
  badPolicy: '{file} is neither a policy of ours nor a JSON file with one.',
  badNumber: '{name} must be a number above 0.',
  certAlone: '--sign-cert needs --sign-key.',
  c2paBoth: '--c2pa-key and --c2pa-cert belong together, and --c2pa-tsa to both.',
  versionAlone: '--system-version needs --system-name.',
  whichLedger: 'Which ledger? Give --ledger FILE, or set COUNTERMARK_LEDGER.',
  ledgerSound: '{path}: nothing was altered. {entries} entries, {deleted} deleted and accounted for; the last is {number}, {hash}.',
  ledgerAltered: '{path}: ALTERED. {entries} entries, {deleted} deleted and accounted for; the last is {number}, {hash}.',
  noHeads: 'no signed head: a ledger that was written anew as a whole would look the same',
  headsHold: 'signed heads that hold: {valid}, up to entry {number}',
  headKey: 'signed by the key {id} ({algorithm})',
  headNeedsKey: 'A head or a deletion is signed: give --sign-key.',
  findWhat: 'Give --produce-id or --payload, one of the two.',
  noEntry: 'No entry.',
  takenBack: 'entry {number} is taken back ({reason})',
  pruned: '{deleted} entries were deleted.',
  badTime: '{name} must be a day (2026-01-31) or a time with its zone (2026-01-31T12:00:00Z).',
  relabelled: '{files} files: {done} done ({nonCompliant} of them not compliant), {kept} kept their label, {skipped} skipped, {failed} failed; {before} of them in earlier runs.',
  relabelTrial: 'Trial run, nothing was written. {files} files: {done} would be done ({nonCompliant} of them not compliant), {kept} keep their label, {skipped} skipped, {failed} failed.',
  reportIn: 'Report: {report}; summary: {summary}',
  relabelStopped: 'Stopped before the end; the same command with --resume goes on.',
  rate: '{rate} files/s, {left} left',
  dossierWhat: 'Give --produce-id, or --from and --to.',
  dossierMade: '{folder}: {entries} entries; {sound}.',
  perhapsDeleted: '{deleted} entries of the ledger were deleted; what is asked for may have been among them.',
  chainHolds: 'the ledger was not altered', chainBroken: 'THE LEDGER WAS ALTERED',
  serving: 'Listening on {address}. Stop with Ctrl-C.',
  noToken: 'No token: whoever reaches this port may use it. Set COUNTERMARK_TOKEN.',
  remedy: 'What to do: {text}',
  watermark: 'watermark', metadata: 'metadata', label: 'label', signature: 'signature', trace: 'trace of a generator', found: 'found',
  holds: 'holds', holdsNot: 'does not hold', ofThisContent: 'of this content', ofOtherContent: 'of other content', trustedKey: 'trusted key', unknownKey: 'key not trusted', notFound: 'not found',
  matches: 'matches the metadata', differs: 'does not match the metadata', isExpected: 'names the content asked for', isNotExpected: 'names other content than asked for',
  expectedPublic: 'It carries the watermark of the content asked for, written with the public key: anyone can write one.',
  expectedLabel: 'It carries a label of the content asked for, without a signature that is trusted here: anyone can write one.',
  publicNote: 'A watermark of the public key alone proves nothing: anyone can write one.',
  expectedYes: 'This is the content asked for.', expectedNo: 'Nothing shows that this is the content asked for.',
  chance: 'p <= {bound}', chanceUncounted: 'p <= {bound} (a bound by calculation; false alarms were not counted that far)',
  propagator: 'propagated by', recognised: 'recognised, too weak to be read',
  works: 'works', broken: 'does not work', absent: 'not there (films, and sound other than WAV, need it)', optional: 'not there (npm install @contentauth/c2pa-node, where manifests are wanted)', state: 'state', patternScale: 'pattern scale', rotation: 'rotation', frame: 'frame',
  readKinds: 'read', writtenKinds: 'write',
  notBuilt: 'not built (npm run build:native)', notBuiltWasm: 'not built (npm run build:wasm); only browsers need it',
  error: 'error', warning: 'warning', info: 'note',
}

type Word = keyof typeof EN

const ZH: { [word in Word]: string } = {
  usedKeyPublic: '密钥：公开密钥（任何人都能检测和写入此水印；用 countermark keygen 生成私有密钥）。',
  usedKey: '密钥：{id}，来自 {path}。',
  marked: '{file} -> {output}：{verdict}，内容编号 {id}',
  kept: '{file} -> {output}：保留原有标识，{verdict}，内容编号 {id}',
  propagated: '{file} -> {output}：Label {label}，{state}',
  notPropagated: '{file} -> {output}：未作改动，{state}',
  notLooked: '{file} -> {output}：未作改动，未能检查',
  noWatermark: '未嵌入水印：{reason}',
  noLabel: '未绘制显式标识：{reason}',
  noAnswer: '其中未找到语言模型的回答：未加任何标识',
  noSoundLabel: '未加入声音标识：{reason}',
  noTrack: '音轨 {track} 未嵌入水印：{reason}',
  filmFrames: '{frames} 帧，{speed} 帧/秒',
  filmCheck: '正在复核',
  left: '剩余 {left}',
  badSetting: '--encoder-setting 的形式为 NAME=VALUE，而不是 {text}。',
  filmEncoders: '视频编码器：{list}',
  failed: '{file}：失败：{why}',
  summary: '共 {all} 个文件：完成 {done} 个，失败 {failed} 个。',
  failedFile: '  失败：{file}（{code}）',
  keyMade: '密钥 {id} 已写入 {path}。请妥善保密并备份：丢失后无法读取用它写入的水印。',
  sameOutput: '{a} 和 {b} 会写到同一个文件 {output}。',
  ledgerNeedsFile: '写到标准输出的文本没有可登记到日志的记录：请用 -o 指定文件，或不使用日志（--ledger、COUNTERMARK_LEDGER）。',
  oneNumber: '--produce-id 只对应一个内容，但给出了 {count} 个输入。',
  notFolder: '多个输入需要输出到文件夹，但 {output} 是文件。',
  ownOutput: '输出 {output} 就是输入之一；不会覆盖输入文件。',
  stdin: '- 表示标准输入，且须单独使用；作为输出时只对应标准输入的内容。',
  fileOrJson: '文件写到标准输出时不能同时使用 --json：请用 -o 指定文件，或不用 --json。',
  noMetadata: '无元数据标识：文本流中没有写入位置。请用 -o 指定文件（元数据写入 NAME.md 或 NAME.html，或 NAME.txt 旁的文件），或在保存该文本的文件中写入标识。',
  oneProvider: '--provider-code 与 --provider-name 只能给一个。',
  expectBoth: '核对某一内容须同时给出服务提供者（--provider-code 或 --provider-name）和 --produce-id。',
  badPolicy: '{file} 既不是内置规则，也不是规则 JSON 文件。',
  badNumber: '{name} 必须是大于 0 的数。',
  certAlone: '--sign-cert 须与 --sign-key 同时给出。',
  c2paBoth: '--c2pa-key 与 --c2pa-cert 须同时给出，--c2pa-tsa 须与二者同用。',
  versionAlone: '--system-version 须与 --system-name 同时给出。',
  whichLedger: '请用 --ledger FILE 或 COUNTERMARK_LEDGER 指定台账。',
  ledgerSound: '{path}：未被改动。共 {entries} 条，已登记删除 {deleted} 条；最后一条为 {number}，{hash}。',
  ledgerAltered: '{path}：已被改动！共 {entries} 条，已登记删除 {deleted} 条；最后一条为 {number}，{hash}。',
  noHeads: '没有签名的链头：整体重写的台账看起来也是如此',
  headsHold: '有效的签名链头：{valid} 个，至第 {number} 条',
  headKey: '签名密钥 {id}（{algorithm}）',
  headNeedsKey: '链头和删除须签名：请给出 --sign-key。',
  findWhat: '请给出 --produce-id 或 --payload 之一。',
  noEntry: '没有记录。',
  takenBack: '第 {number} 条已撤回（{reason}）',
  pruned: '已删除 {deleted} 条。',
  badTime: '{name} 须为日期（2026-01-31）或带时区的时间（2026-01-31T12:00:00Z）。',
  relabelled: '共 {files} 个文件：完成 {done}（其中 {nonCompliant} 个不合规），保留原标识 {kept}，跳过 {skipped}，失败 {failed}；其中 {before} 个在之前完成。',
  relabelTrial: '试运行，未写入任何文件。共 {files} 个文件：将完成 {done}（其中 {nonCompliant} 个不合规），保留原标识 {kept}，跳过 {skipped}，失败 {failed}。',
  reportIn: '报告：{report}；摘要：{summary}',
  relabelStopped: '提前停止；用同一命令加 --resume 继续。',
  rate: '{rate} 个/秒，剩余 {left}',
  dossierWhat: '请给出 --produce-id，或同时给出 --from 和 --to。',
  dossierMade: '{folder}：{entries} 条；{sound}。',
  perhapsDeleted: '台账曾删除 {deleted} 条记录，所查内容可能在其中。',
  chainHolds: '台账未被改动', chainBroken: '台账已被改动！',
  serving: '正在监听 {address}。按 Ctrl-C 停止。',
  noToken: '未设令牌：能访问此端口者均可使用。请设置 COUNTERMARK_TOKEN。',
  remedy: '处理办法：{text}',
  watermark: '水印', metadata: '元数据', label: '显式标识', signature: '数字签名', trace: '生成工具痕迹', found: '已检出',
  holds: '签名有效', holdsNot: '签名无效', ofThisContent: '与内容一致', ofOtherContent: '属于其他内容', trustedKey: '密钥可信', unknownKey: '密钥不在可信之列', notFound: '未检出',
  matches: '与元数据一致', differs: '与元数据不一致', isExpected: '指向所查内容', isNotExpected: '指向其他内容',
  expectedPublic: '带有所查内容的水印，以公开密钥写入：任何人都可以写入。',
  expectedLabel: '带有所查内容的标识，但没有此处可信的签名：任何人都可以写入。',
  publicNote: '仅有公开密钥的水印不能证明什么：任何人都可以写入。',
  expectedYes: '这就是所查的内容。', expectedNo: '没有证据表明这是所查的内容。',
  chance: 'p <= {bound}', chanceUncounted: 'p <= {bound}（推算的上界；误报计数未达此范围）',
  propagator: '传播者', recognised: '已识别，但过弱而无法读出',
  works: '可用', broken: '不可用', absent: '未安装（视频和 WAV 以外的音频需要）', optional: '未安装（需要 C2PA 清单时运行 npm install @contentauth/c2pa-node）', state: '状态', patternScale: '水印图案比例', rotation: '旋转', frame: '帧',
  readKinds: '读取', writtenKinds: '写入',
  notBuilt: '未构建（npm run build:native）', notBuiltWasm: '未构建（npm run build:wasm）；仅浏览器需要',
  error: '错误', warning: '警告', info: '提示',
}

const VERDICTS: { [verdict in Verdict]: string } = { compliant: '合规', 'non-compliant': '不合规', 'not found': '未发现标识', 'cannot tell': '无法判定' }
const STATES: { [state in State]: string } = { confirmed: '已确认为生成合成内容', possible: '可能为生成合成内容', suspected: '疑似生成合成内容', none: '无' }

const ERRORS: { [code in ErrorCode]: string } = {
  ERR_USAGE: '用法有误', ERR_PARAMETER: '参数无效', ERR_BROKEN: '文件损坏', ERR_UNSUPPORTED: '不支持的文件', ERR_LIMIT: '超出限制', ERR_CONFLICT: '与文件已有内容冲突',
  ERR_IO: '读写失败', ERR_MISSING: '缺少组件', ERR_CANCELLED: '已取消', ERR_READBACK: '写入后复核未通过，未输出文件', ERR_INTERNAL: '程序缺陷，请报告',
}

/** The sentences of one language. */
export interface Speech {
  say(word: Word, values?: { [name: string]: string | number }): string
  verdict(verdict: Verdict): string
  state(state: State): string
  finding(finding: Finding): string
  /** `file`: a name that stands before it already, and is not said twice. */
  error(error: CountermarkError, file?: string): string
  /** A sentence of the SDK; one that has no translation stays as it is. */
  text(english: string): string
}

/** How to speak that language. Rules and errors have a Chinese heading; what the SDK says of them is translated where it is known. */
export function speech(language: Language): Speech {
  const words = language === 'zh' ? ZH : EN
  const say: Speech['say'] = (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
  if (language === 'en')
    return {
      say, verdict: (verdict) => verdict, state: (state) => state,
      finding: ({ rule, severity, message, remedy }) => `${rule} ${say(severity)}: ${message}${remedy === undefined ? '' : `${/[.!?]$/.test(message) ? '' : '.'} ${remedy}`}`,
      error: ({ code, message }, file) => `${unnamed(message, file)} [${code}]`,
      text: (english) => english,
    }
  return {
    say, verdict: (verdict) => VERDICTS[verdict], state: (state) => STATES[state],
    finding: ({ rule, severity, message, remedy: own }) => {
      const { zh, remedy } = ruleOf(rule) ?? {}
      const said = chinese(message)
      const cure = own === undefined || own === remedy?.en ? remedy?.zh : chinese(own)
      const whole = zh === undefined || zh === said ? said : `${zh}（${said}）`
      return `${rule} ${say(severity)}：${whole}${severity === 'info' || cure === undefined ? '' : `${/[。！？]$/.test(whole) ? '' : '。'}${say('remedy', { text: cure })}`}`
    },
    error: ({ code, message }, file) => `${ERRORS[code]}（${chinese(unnamed(message, file))}）[${code}]`,
    text: chinese,
  }
}

function unnamed(message: string, file: string | undefined): string {
  return file !== undefined && message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message
}
