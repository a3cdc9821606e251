// The description of the HTTP interface, OpenAPI 3.1.
import { POLICIES } from '../policy/policy.js'
import { PARAMETERS } from './options.js'

const FLAG = { type: 'string', enum: ['true', 'false'] }
const SHAPES: { readonly [name: string]: readonly [schema: object, says: string] } = {
  file: [{ type: 'string' }, 'Name of the file; needed for texts, whose kind only the name or the content type says'],
  'produce-id': [{ type: 'string' }, 'The content number. Default: a fresh UUID'],
  'propagate-id': [{ type: 'string' }, "The platform's number of this content"],
  'provider-code': [{ type: 'string' }, 'The 27-character code. Default: the server\'s'],
  'provider-name': [{ type: 'string' }, 'The name, instead of the code'],
  policy: [{ type: 'string', enum: Object.keys(POLICIES) }, 'Default: the server\'s, else cn'],
  quality: [{ type: 'string', enum: ['standard', 'high', 'robust'] }, ''],
  watermark: [FLAG, 'false: no watermark'],
  label: [FLAG, 'false: no visible label; needs waiver where the policy requires one'],
  waiver: [{ type: 'string' }, 'The agreement under which the label is left out'],
  recipient: [{ type: 'string' }, 'Whom the content is given to; goes into the ledger only'],
  'metadata-only': [FLAG, ''],
  'label-text': [{ type: 'array', items: { type: 'string' }, maxItems: 3 }, 'Lines of the visible label'],
  'label-during': [{ type: 'string', enum: ['start', 'ends', 'whole'] }, 'Of a film: when its label is shown'], 'label-seconds': [{ type: 'number', minimum: 2 }, 'Of a film: for how long at its start'],
  'label-position': [{ type: 'string', enum: ['bottom-right', 'bottom-left', 'top-right', 'top-left', 'bottom', 'top', 'start', 'middle', 'end', 'inline'] }, 'start, middle, end: of a sound; start, end, inline: of a text'],
  'system-name': [{ type: 'string' }, 'The system that made the content'],
  'system-version': [{ type: 'string' }, ''],
  'digital-source-type': [{ type: 'string', format: 'uri' }, ''],
  effort: [{ type: 'string', enum: ['direct', 'scan', 'full'] }, 'How hard to search. Default: full'],
  declared: [FLAG, 'The user declared the content as generated'],
}

const json = (schema: object): object => ({ 'application/json': { schema } })
const ERROR = { description: 'An error', content: json({ $ref: '#/components/schemas/Error' }) }
const ERRORS = Object.fromEntries(['400', '401', '403', '409', '413', '415', '422', '500', '503'].map((status) => [status, { $ref: '#/components/responses/Error' }]))

function post(operationId: keyof typeof PARAMETERS, summary: string, answers: object): object {
  return {
    operationId, summary,
    parameters: PARAMETERS[operationId].map((name) => ({ name, in: 'query', ...(name === 'propagate-id' ? { required: true } : {}), schema: SHAPES[name]?.[0] ?? {}, ...(SHAPES[name]?.[1] ? { description: SHAPES[name]?.[1] } : {}), ...(name === 'label-text' ? { explode: true } : {}) })),
    requestBody: { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
    responses: { 200: answers, ...ERRORS },
  }
}

const FILE = {
  description: 'The file, with a short report in a header; by Accept also JSON (output in base64) or multipart/mixed (the report, then the file)',
  headers: {
    'countermark-report': { description: 'The report without evidence and record, JSON in ASCII', schema: { type: 'string' } },
    'countermark-produce-id': { description: 'The content number', schema: { type: 'string' } },
  },
  content: {
    '*/*': { schema: { type: 'string', format: 'binary' } },
    'multipart/mixed': { schema: { type: 'string', format: 'binary' } },
    ...json({ allOf: [{ $ref: '#/components/schemas/Report' }, { type: 'object', properties: { output: { type: 'string', contentEncoding: 'base64' } } }] }),
  },
}

/** The document. */
export function openapi(version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Countermark', version, description: 'Marks AI-generated content and reads the marks back.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ token: [] }, {}],
    paths: {
      '/v1/mark': { post: post('mark', 'Mark a file', FILE) },
      '/v1/verify': { post: post('verify', 'Say what a file carries and what that means', { description: 'The verdict, as verify --json prints it', content: json({ $ref: '#/components/schemas/Verdict' }) }) },
      '/v1/propagate': { post: post('propagate', "The platform's step", FILE) },
      '/v1/ledger': { get: {
        operationId: 'find', summary: 'Entries of a content number, or of a payload',
        parameters: [{ name: 'produce-id', in: 'query', schema: { type: 'string' } }, { name: 'payload', in: 'query', schema: { type: 'string', pattern: '^[0-9a-fA-F]{8,32}$' } }],
        responses: { 200: { description: 'All that fit', content: json({ type: 'object', properties: { entries: { type: 'array', items: { type: 'object' } } } }) }, ...ERRORS, 404: { $ref: '#/components/responses/Error' } },
      } },
      '/metrics': { get: { operationId: 'metrics', summary: 'Counters for Prometheus', responses: { 200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } }, ...ERRORS } } },
      '/health': { get: { operationId: 'health', summary: 'Whether requests are taken', security: [], responses: { 200: { description: 'Yes', content: json({ type: 'object' }) }, 503: { description: 'The server is closing', content: json({ type: 'object' }) } } } },
      '/openapi.json': { get: { operationId: 'openapi', summary: 'This document', security: [], responses: { 200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) } } } },
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: { Error: ERROR },
      schemas: {
        Error: { type: 'object', required: ['error'], properties: { error: { type: 'object', required: ['code', 'message'], properties: { code: { type: 'string' }, message: { type: 'string' }, remedy: { type: 'string' }, offset: { type: 'integer' } } } } },
        Finding: { type: 'object', required: ['rule', 'severity'], properties: { rule: { type: 'string' }, severity: { enum: ['error', 'warning', 'info'] }, message: { type: 'string' }, article: { type: 'string' }, remedy: { type: 'string' } } },
        Report: {
          type: 'object', required: ['type', 'status', 'state', 'findings', 'ms'], description: 'As mark --json and propagate --json print it',
          properties: {
            type: { type: 'string' }, status: { type: 'string' }, produceId: { type: 'string' }, payload: { type: 'string' }, record: { type: 'object' }, policy: { type: 'string' }, key: { type: 'string' },
            watermark: { type: 'object' }, label: { type: 'object' }, film: { type: 'object' }, quality: { type: 'object' }, verdict: { type: 'string' }, state: { type: 'string' }, evidence: { type: 'array', items: { type: 'object' } },
            findings: { type: 'array', items: { $ref: '#/components/schemas/Finding' } }, entry: { type: 'object', properties: { number: { type: 'integer' }, hash: { type: 'string' } } }, ms: { type: 'integer' },
          },
        },
        Verdict: {
          type: 'object', required: ['type', 'verdict', 'state', 'policy', 'evidence', 'findings', 'ms'],
          properties: { type: { type: 'string' }, verdict: { enum: ['compliant', 'non-compliant', 'not found', 'cannot tell'] }, state: { enum: ['confirmed', 'possible', 'suspected', 'none'] }, policy: { type: 'string' }, evidence: { type: 'array', items: { type: 'object' } }, findings: { type: 'array', items: { $ref: '#/components/schemas/Finding' } }, matchesExpected: { type: 'boolean' }, ms: { type: 'integer' } },
        },
      },
    },
  }
}
