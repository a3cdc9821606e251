// How results and errors are sent.
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { randomUUID } from 'node:crypto'
import { CountermarkError, messageOf, type ErrorCode } from '../errors.js'
import type { Finding, MarkResult, PropagateResult } from '../types.js'
import { PARAMETERS } from './options.js'

const STATUS: { [code in ErrorCode]: number } = {
  ERR_USAGE: 400, ERR_PARAMETER: 400, ERR_BROKEN: 422, ERR_UNSUPPORTED: 415, ERR_LIMIT: 413, ERR_CONFLICT: 409,
  ERR_IO: 500, ERR_MISSING: 501, ERR_CANCELLED: 499, ERR_READBACK: 500, ERR_INTERNAL: 500,
}

/** HTTP status of an error. */
export function statusOf(thrown: unknown): number {
  return thrown instanceof CountermarkError ? STATUS[thrown.code] : 500
}

/** Flags whose parameter has another form. */
const FORMS = new Map([['metadata-only', 'metadata-only=true'], ['no-watermark', 'watermark=false'], ['no-explicit', 'label=false']])
const NAMES: ReadonlySet<string> = new Set(Object.values(PARAMETERS).flat())

/** What a caller can do: remedies name options of the SDK and flags, here parameters stand for them; one that has none is left out. */
function asParameters(remedy: string): string | undefined {
  if (remedy.startsWith('Raise limits.')) return 'Send a smaller file, or ask whoever runs the server for a higher limit.'
  if (remedy.includes('`to`')) return 'Send the text as Markdown or HTML, by its content type or as file=NAME.md.'
  const said = remedy.replace(/[\w.]+(?:: \w+)? \((--[a-z][^)]*)\)/g, (_, flags: string) => flags.replace(/ --/g, ' and --')
    .replace(/--([a-z-]+)(?: (?!and\b)([a-zA-Z]+))?/g, (whole, name: string, value?: string) => FORMS.get(name) ?? (NAMES.has(name) ? name + (value === undefined ? '' : `=${value}`) : whole)))
  return /--[a-z]/.test(said) ? undefined : said
}

/** The error as its caller is told. */
function asJson(error: CountermarkError): object {
  const { remedy, ...rest } = error.toJSON()
  const said = remedy === undefined ? undefined : asParameters(remedy)
  return said === undefined ? rest : { ...rest, remedy: said }
}

/** An error as JSON. What is wrong inside the server is told to its log, not to the caller. */
export function sendError(response: ServerResponse, thrown: unknown, more: { status?: number; headers?: { [name: string]: string } } = {}): number {
  const status = more.status ?? statusOf(thrown)
  const error = thrown instanceof CountermarkError && (status < 500 || status === 503 || status === 501) ? asJson(thrown) : { code: thrown instanceof CountermarkError ? thrown.code : 'ERR_INTERNAL', message: 'The server could not do it; its log says why.' }
  sendJson(response, { error }, status, more.headers)
  return status
}

/** What goes to the log of an error. */
export function told(thrown: unknown): string {
  return thrown instanceof CountermarkError ? `${thrown.code} ${thrown.message}` : thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown)
}

export function sendJson(response: ServerResponse, value: unknown, status = 200, headers: { [name: string]: string } = {}): void {
  if (response.headersSent || response.destroyed) return
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(body)
}

/** A marked file: bytes, or the path of one. */
export interface Output { bytes: Buffer | string; report: MarkResult | PropagateResult }

/** As the caller likes it: the bytes with a short report in a header, JSON with both, or multipart. Gives the bytes sent. */
export async function sendOutput(response: ServerResponse, { bytes, report }: Output, accept: string): Promise<number> {
  const { output: _output, file: _file, ...whole } = report
  if (/application\/json/.test(accept)) {
    const data = typeof bytes === 'string' ? await readFile(bytes) : bytes
    sendJson(response, { ...whole, output: data.toString('base64') })
    return data.length
  }
  const size = typeof bytes === 'string' ? (await stat(bytes)).size : bytes.length
  const short = { 'countermark-report': ascii(shortened(whole)), 'countermark-produce-id': ascii(('produceId' in whole ? whole.produceId : whole.record?.ProduceID) ?? '').slice(1, -1), 'x-content-type-options': 'nosniff' }
  const [before, after] = /multipart\/mixed/.test(accept) ? around(whole, report.type) : [undefined, undefined]
  const type = before === undefined ? report.type : `multipart/mixed; boundary=${after?.boundary}`
  response.writeHead(200, { 'content-type': type, 'content-length': size + (before?.length ?? 0) + (after?.text.length ?? 0), ...short })
  if (before !== undefined) response.write(before)
  if (typeof bytes === 'string') await pipeline(createReadStream(bytes), response, { end: false })
  else response.write(bytes)
  response.end(after?.text)
  return size
}

function around(report: object, type: string): [Buffer, { text: string; boundary: string }] {
  const boundary = randomUUID()
  return [
    Buffer.from(`--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(report)}\r\n--${boundary}\r\ncontent-type: ${type}\r\n\r\n`),
    { text: `\r\n--${boundary}--\r\n`, boundary },
  ]
}

/** What a header can hold: everything but the evidence and the texts of the findings. */
function shortened(report: Omit<MarkResult, 'output'> | Omit<PropagateResult, 'output'>): object {
  const { evidence: _evidence, record: _record, findings, ...rest } = { evidence: undefined, ...report }
  return { ...rest, findings: findings.map(({ rule, severity }: Finding) => ({ rule, severity })) }
}

/** JSON in ASCII. */
function ascii(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
