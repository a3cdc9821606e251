// The dossier as a page. Everything in it comes from outside and is escaped.
import { escaped, page, table } from '../page.js'
import type { Entry, LedgerCheck, StoredEntry } from '../types.js'

/** Lines that the page shows; the other files have all. */
const SHOWN = 2000

/** What the page shows. */
export interface Shown { about: string; entries: readonly StoredEntry[]; policies: readonly Entry[]; check: LedgerCheck; heads: number }

export function htmlOf({ about, entries, policies, check, heads }: Shown): string {
  const marks = entries.filter(({ entry }) => entry.kind === 'mark')
  const versions = [...new Set(entries.flatMap(({ entry }) => entry.version ?? []))]
  return page(`标识案卷 / Dossier: ${about}`, [
    `<p>${escaped(check.ok ? '台账自首条至末条核对无误，未被改动。The ledger was read from its first entry to its last and was not altered.' : '台账已被改动，问题见下。THE LEDGER WAS ALTERED. What is wrong is listed below.')}
${escaped(check.heads.valid === 0 ? '没有签名的链头。It has no signed head: a ledger that was written anew as a whole would look the same.' : `签名链头覆盖至第 ${check.heads.upTo} 条。Signed heads cover it up to entry ${check.heads.upTo} of ${check.last.number}.`)}</p>`,
    table(['制作时间 Made', '台账 Ledger', '记录数 Entries in the ledger', '已登记删除 Deleted, accounted for', '末条 Last entry', '链头 Heads'], [[new Date().toISOString(), check.ledger, check.entries, check.deleted, check.last.number, heads]]),
    ...(check.signers.length === 0 ? [] : [table(['签名密钥 Key that signed', '算法 Algorithm', '可信 Trusted'], check.signers.map(({ keyId, algorithm, trusted }) => [keyId, algorithm, trusted === undefined ? 'not asked' : trusted ? 'yes' : 'no']))]),
    ...(check.problems.length === 0 ? [] : ['<h2>问题 What is wrong</h2>', table(['编号 Entry', '类别 What', ''], check.problems.map(({ number, what, message }) => [number, what, message]))]),
    '<h2>标识记录 What was marked</h2>',
    ...(entries.length === 0 ? [`<p>没有记录。No entry.${check.deleted === 0 ? '' : ` 台账曾删除 ${check.deleted} 条记录，所查内容可能在其中。${check.deleted} entries of the ledger were deleted; what is asked for may have been among them.`}</p>`] : []),
    ...(entries.length > SHOWN ? [`<p>${escaped(`The first ${SHOWN} of ${entries.length}; entries.json has all.`)}</p>`] : []),
    ...(entries.length === 0 ? [] : [table(
      ['编号 Entry', '时间 Time', '事项 What', '内容编号 Content number', '服务提供者 Producer', '类型 Kind', '规则 Policy', '结论 Verdict', '显式标识 Visible label', '水印 Watermark', '不加显式标识协议 Waiver', '输出文件 SHA-256 of the output'],
      entries.slice(0, SHOWN).map(({ entry }) => [
        entry.number, entry.time, whatOf(entry), entry.produceId, entry.contentProducer, entry.type, entry.policy, entry.verdict,
        entry.explicit === undefined ? '' : entry.explicit.drawn ? entry.explicit.text?.join(' / ') : `no: ${entry.explicit.reason ?? ''}`,
        entry.watermark === undefined ? '' : entry.watermark.embedded ? `${entry.watermark.bits ?? ''} bits, ${entry.payload ?? ''}, key ${entry.key ?? ''}` : `no: ${entry.watermark.reason ?? ''}`,
        entry.waiver === undefined ? '' : `${entry.waiver.reference}; kept until ${entry.retainUntil ?? ''}`, entry.output?.sha256,
      ]),
    )]),
    '<h2>规则与版本 Policies and versions</h2>',
    table(['规则 Policy', '名称 Title', 'SHA-256', '输出数 Outputs'], policies.map(({ policy, policyHash, document }) => [policy, (document as { title?: unknown } | undefined)?.title, policyHash, marks.filter(({ entry }) => entry.policyHash === policyHash).length])),
    `<p>${escaped(`Versions of Countermark: ${versions.join(', ') || '-'}. The policies as they were in force are in policies.json.`)}</p>`,
    '<h2>独立核验 How to check this without us</h2>',
    '<p>README.txt says how; check.py, Python without further packages, does it: <code>python3 check.py</code></p>',
  ].join('\n'))
}

function whatOf({ kind, status, of, reason, first, last }: Entry): string {
  if (kind === 'void') return `takes back entry ${of}: ${reason ?? ''}`
  if (kind === 'tombstone') return `entries ${first} to ${last} were deleted`
  return `${kind}: ${status ?? ''}`
}
