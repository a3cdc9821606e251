// The bridge to C2PA: against a module of the same shape everywhere, and against the package itself where it is installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { nodeReader, signManifest, SOFT_BINDING, type C2paModule } from '../src/c2pa/bridge.js'
import { readManifest } from '../src/c2pa/reading.js'
import { webReader } from '../src/c2pa/web.js'
import { mark, verify, type C2paReading, type MetadataEvidence, type VerifyResult } from '../src/index.js'
import { judge } from '../src/pipeline/judge.js'
import { POLICIES } from '../src/policy/policy.js'
import { countermark, lines } from './support/command.js'
import { media } from './support/media.js'
import { photograph } from './support/pictures.js'

const AI = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
const installed = existsSync('node_modules/@contentauth/c2pa-node/dist/index.node') && spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0

describe('against a module of the same shape', () => {
  const calls: unknown[][] = []
  const module: C2paModule = {
    Reader: {
      fromAsset: async (_asset, settings) => {
        calls.push(['read', settings])
        return { json: () => ({
          active_manifest: 'a', validation_state: 'Valid', validation_status: [{ code: 'signingCredential.untrusted' }],
          validation_results: { activeManifest: { success: [{ code: 'claimSignature.validated' }, { code: 'timeStamp.validated' }] } },
          manifests: { a: {
            claim_generator_info: [{ name: 'Some Service' }], signature_info: { issuer: 'Example Lab', common_name: 'Signer', time: '2026-01-01T00:00:00Z' },
            assertions: [
              { label: 'c2pa.actions.v2', data: { actions: [{ action: 'c2pa.created', digitalSourceType: AI }, { action: 'c2pa.watermarked' }] } },
              { label: 'c2pa.soft-binding', data: { alg: 'x.y', blocks: [{ scope: {}, value: 'abcd' }] } },
            ],
          } },
        }) }
      },
    },
    Builder: {
      withJson: (definition, settings) => {
        calls.push(['definition', definition, settings])
        return {
          setIntent: (intent) => void calls.push(['intent', intent]),
          addAction: (json) => void calls.push(['action', JSON.parse(json)]),
          addAssertion: (label, data) => void calls.push(['assertion', label, data]),
          addIngredient: async (json, asset) => void calls.push(['ingredient', JSON.parse(json), asset?.buffer.toString()]),
          sign: (signer, input, output) => { calls.push(['sign', signer]); output.buffer = Buffer.concat([input.buffer, Buffer.from('+')]) },
          signConfigAsync: async (sign, config, input, output) => { calls.push(['remote', config, (await sign(Buffer.from('m'))).toString()]); output.buffer = input.buffer },
        }
      },
    },
    LocalSigner: { newSigner: (...given) => given.map(String) },
  }

  test('a manifest is read, nothing is fetched, and an unknown signer is no fault of the content', async () => {
    calls.length = 0
    expect(await readManifest(Buffer.from('file'), 'image/png', ['-----BEGIN CERTIFICATE-----', '-----BEGIN PUBLIC KEY-----'], nodeReader(module))).toEqual({
      valid: true, trusted: false, problems: ['signingCredential.untrusted'], actions: ['c2pa.created', 'c2pa.watermarked'], sourceTypes: [AI],
      softBindings: [{ algorithm: 'x.y', value: 'abcd' }], timeStamped: true, generator: 'Some Service', signer: 'Signer, Example Lab', time: '2026-01-01T00:00:00Z',
    })
    expect(calls).toEqual([['read', { verify: { remote_manifest_fetch: false, ocsp_fetch: false, verify_trust: true }, trust: { user_anchors: '-----BEGIN CERTIFICATE-----' } }]])
  })
  test('a package that throws makes the manifest invalid, one that finds nothing makes none', async () => {
    const throwing = { ...module, Reader: { fromAsset: async () => { throw new Error('broken box') } } }
    expect(await readManifest(Buffer.from(''), 'image/png', [], nodeReader(throwing))).toMatchObject({ valid: false, problems: ['broken box'] })
    expect(await readManifest(Buffer.from(''), 'image/png', [], nodeReader({ Reader: { fromAsset: async () => null } }))).toBeUndefined()
  })
  test('the library for browsers: its own names of settings, and nothing is left in its worker', async () => {
    const asked: unknown[] = []
    const sdk = { reader: { fromBlob: async (format: string, blob: Blob, settings?: object) => {
      asked.push(format, blob.size, settings)
      return { manifestStore: async () => ({ active_manifest: 'a', validation_state: 'Trusted', validation_results: { activeManifest: { success: [{ code: 'claimSignature.validated' }] } }, manifests: { a: {} } }), free: async () => void asked.push('free') }
    } } }
    expect(await readManifest(Buffer.from('file'), 'image/png', ['-----BEGIN CERTIFICATE-----'], webReader(sdk))).toMatchObject({ valid: true, trusted: true })
    expect(asked).toEqual(['image/png', 4, { verify: { verifyTrust: true }, trust: { userAnchors: '-----BEGIN CERTIFICATE-----' } }, 'free'])
    expect(await readManifest(Buffer.from(''), 'image/png', [], webReader({ reader: { fromBlob: async () => null } }))).toBeUndefined()
  })
  test('what is signed: created with its source type, system and watermark', async () => {
    calls.length = 0
    const made = await signManifest(Buffer.from('file'), 'image/png', { version: '1', digitalSourceType: AI, system: { name: 'Painter', version: '2' }, watermark: '00ff' },
      { algorithm: 'es256', certificate: 'C', tsa: 'http://tsa.example', sign: async (bytes) => Buffer.concat([bytes, Buffer.from('!')]) }, module)
    expect(Buffer.from(made).toString()).toBe('file')
    expect(calls.slice(1)).toEqual([
      ['action', { action: 'c2pa.created', digitalSourceType: AI, when: expect.stringMatching(/^20.*Z$/), softwareAgent: { name: 'Painter', version: '2' } }],
      ['action', { action: 'c2pa.watermarked' }],
      ['assertion', 'c2pa.soft-binding', { alg: SOFT_BINDING, blocks: [{ scope: {}, value: '00ff' }] }],
      ['remote', expect.objectContaining({ alg: 'es256', tsaUrl: 'http://tsa.example', certs: [Buffer.from('C')] }), 'm!'],
    ])
  })
  test('a parent is opened, never created', async () => {
    calls.length = 0
    await signManifest(Buffer.from('file'), 'image/png', { version: '1', digitalSourceType: AI, parent: Buffer.from('old') }, { algorithm: 'es256', certificate: 'C', sign: async (bytes) => bytes }, module)
    expect(calls.slice(1, 3)).toEqual([['ingredient', { relationship: 'parentOf', title: 'source' }, 'old'], ['intent', 'edit']])
    expect(calls.some(([what]) => what === 'action')).toBe(false)
  })
  test('keys that C2PA does not know say so', async () => {
    const plan = { version: '1', digitalSourceType: AI }
    await expect(signManifest(Buffer.from('f'), 'image/png', plan, { key: 'x', certificate: 'C' }, module)).rejects.toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    const exchange = generateKeyPairSync('x25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey
    await expect(signManifest(Buffer.from('f'), 'image/png', plan, { key: exchange, certificate: 'C' }, module)).rejects.toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  })
})

describe('judged', () => {
  const reading: C2paReading = { valid: true, trusted: true, problems: [], actions: ['c2pa.created'], sourceTypes: [AI], softBindings: [], timeStamped: true }
  const said = (c2pa: Partial<C2paReading>): string => {
    const { verdict, findings } = judge(POLICIES.eu, {
      type: 'image/png', metadata: 'read', pixels: 'read', findings: [],
      evidence: [{ kind: 'metadata', format: 'c2pa', found: true, c2pa: { ...reading, ...c2pa } }, { kind: 'watermark', modality: 'image', found: true, key: 'public', matchesMetadata: true }],
    })
    return [verdict, ...findings.filter(({ rule }) => rule.startsWith('C')).map(({ rule, severity }) => `${rule} ${severity}`)].join(', ')
  }
  test.each([
    ['a trusted manifest that says generated', {}, 'compliant'],
    ['of a signer that nobody vouches for', { trusted: false }, 'cannot tell, C1 info'],
    ['that does not hold', { valid: false, problems: ['assertion.dataHash.mismatch'] }, 'non-compliant, C1 error'],
    ['without a time-stamp', { timeStamped: false }, 'compliant, C2 warning'],
    ['of a camera', { sourceTypes: [AI.replace('trainedAlgorithmicMedia', 'digitalCapture')] }, 'non-compliant, C1 error'],
    ['with a soft binding of the public list', { softBindings: [{ algorithm: 'com.adobe.trustmark.P' }] }, 'compliant'],
    ['with another', { softBindings: [{ algorithm: SOFT_BINDING }] }, 'compliant, C4 warning'],
    ['whose first action is an edit', { actions: ['c2pa.edited'] }, 'non-compliant, C1 error'],
  ] as const)('%s', (_, c2pa, expected) => expect(said(c2pa as Partial<C2paReading>)).toBe(expected))
})

test('without the package: an error that names it, before any work', async () => {
  vi.resetModules()
  vi.doMock('@contentauth/c2pa-node', () => { throw new Error('not there') })
  const { c2paModule } = await import('../src/c2pa/bridge.js')
  await expect(c2paModule()).rejects.toThrow(expect.objectContaining({ code: 'ERR_MISSING', message: expect.stringContaining('@contentauth/c2pa-node') }))
  vi.doUnmock('@contentauth/c2pa-node')
  vi.resetModules()
})

describe.skipIf(!installed)('against the package', () => {
  let home: string
  let own: { key: string; certificate: string }
  let root: string
  let jpeg: Buffer
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'countermark-'))
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: home, stdio: 'pipe' })
    writeFileSync(join(home, 'c.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,emailProtection\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n')
    for (const who of ['ca', 'leaf']) openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${who}.key`)
    openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', '/O=Example Root/CN=Example Root', '-days', '5', '-extensions', 'ca', '-config', 'c.cnf', '-out', 'ca.pem')
    openssl('req', '-new', '-key', 'leaf.key', '-subj', '/O=Example Lab/CN=Example Signer', '-config', 'c.cnf', '-out', 'leaf.csr')
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '3', '-extfile', 'c.cnf', '-extensions', 'leaf', '-out', 'leaf.pem')
    root = readFileSync(join(home, 'ca.pem'), 'utf8')
    writeFileSync(join(home, 'chain.pem'), readFileSync(join(home, 'leaf.pem'), 'utf8') + root)
    own = { key: readFileSync(join(home, 'leaf.key'), 'utf8'), certificate: readFileSync(join(home, 'chain.pem'), 'utf8') }
    jpeg = await photograph('jpeg')
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  const manifestOf = ({ evidence }: Pick<VerifyResult, 'evidence'>): C2paReading | undefined =>
    evidence.find((one): one is MetadataEvidence => one.kind === 'metadata' && one.format === 'c2pa')?.c2pa
  const provider = { name: 'Example-Lab' }
  const quick = { keys: ['public'], effort: 'direct' as const }

  test.each(['jpeg', 'png', 'webp'] as const)('%s: signed last, trusted by its root, and the label stays bound', async (kind) => {
    const { output, verdict } = await mark(await photograph(kind), { provider, key: 'public', c2pa: own, sign: { key: own.key }, policy: 'eu', system: { name: 'Painter', version: '2' } })
    expect(verdict).toBe('cannot tell')
    const seen = await verify(output, { ...quick, policy: 'eu', trust: [root, execFileSync('openssl', ['pkey', '-pubout'], { input: own.key, encoding: 'utf8' })] })
    expect(manifestOf(seen)).toMatchObject({ valid: true, trusted: true, actions: ['c2pa.created', 'c2pa.watermarked'], sourceTypes: [AI], generator: 'Countermark', signer: 'Example Signer, Example Lab' })
    const payload = seen.evidence.find((one) => one.kind === 'watermark')
    expect(manifestOf(seen)?.softBindings).toEqual([{ algorithm: SOFT_BINDING, value: payload?.kind === 'watermark' ? payload.payload : '' }])
    expect(seen.evidence.find((one) => one.kind === 'signature')).toMatchObject({ valid: true, bound: true, trusted: true })
    expect([seen.verdict, seen.findings.map(({ rule, severity }) => `${rule} ${severity}`)]).toEqual(['compliant', ['C2 warning', 'C4 warning']])
  })
  test('a changed byte of the picture is told', async () => {
    const { output } = await mark(jpeg, { provider, key: 'public', metadataOnly: true, c2pa: own })
    const changed = Buffer.from(output)
    changed[changed.length - 50]! ^= 1
    expect(manifestOf(await verify(changed, quick))).toMatchObject({ valid: false, problems: expect.arrayContaining(['assertion.dataHash.mismatch']) })
  })
  test('a source with a manifest becomes the parent, and no manifest is broken', async () => {
    const first = await mark(jpeg, { provider, key: 'public', metadataOnly: true, c2pa: own })
    const second = await mark(first.output, { provider, key: 'public', c2pa: own })
    expect(second.findings.filter(({ rule, severity }) => rule === 'C1' && severity !== 'info')).toEqual([])
    expect(manifestOf(await verify(second.output, { ...quick, trust: [root] }))).toMatchObject({ valid: true, trusted: true, actions: ['c2pa.opened', 'c2pa.watermarked'] })
  })
  test('a remote key signs', async () => {
    const { sign: signOf } = await import('node:crypto')
    const { output } = await mark(jpeg, { provider, key: 'public', metadataOnly: true, c2pa: { algorithm: 'es256', certificate: own.certificate, sign: async (message) => signOf('sha256', message, { key: own.key, dsaEncoding: 'ieee-p1363' }) } })
    expect(manifestOf(await verify(output, { ...quick, trust: [root] }))).toMatchObject({ valid: true, trusted: true })
  })
  test('a key of another certificate gives no output', async () => {
    const other = readFileSync(join(home, 'ca.key'), 'utf8')
    await expect(mark(jpeg, { provider, key: 'public', metadataOnly: true, c2pa: { ...own, key: other } })).rejects.toThrow(expect.objectContaining({ code: expect.stringMatching(/ERR_(PARAMETER|READBACK)/) }))
  })
  test('on the command line', async () => {
    writeFileSync(join(home, 'a.jpg'), jpeg)
    const to = join(home, 'b.jpg')
    expect((await countermark(['mark', join(home, 'a.jpg'), '-o', to, '--provider-name', 'Example-Lab', '--metadata-only', '--c2pa-key', join(home, 'leaf.key'), '--c2pa-cert', join(home, 'chain.pem')])).code).toBe(0)
    const [said] = lines(await countermark(['verify', to, '--trust', join(home, 'ca.pem'), '--json'])) as any[]
    expect(said.evidence.find((one: any) => one.format === 'c2pa').c2pa).toMatchObject({ valid: true, trusted: true })
    expect((await countermark(['mark', join(home, 'a.jpg'), '-o', to, '--provider-name', 'X', '--c2pa-key', join(home, 'leaf.key')])).code).toBe(2)
  })
  test('a time-stamp of an authority, asked over HTTP', async () => {
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: home, stdio: 'pipe' })
    writeFileSync(join(home, 'ts.cnf'), '[tsa]\nserial=./serial\ndigests=sha256,sha384,sha512\nsigner_digest=sha256\ndefault_policy=1.2.3.4\naccuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n[req]\ndistinguished_name=dn\n[dn]\n[stamp]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
    writeFileSync(join(home, 'serial'), '01')
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'tsa.key')
    openssl('req', '-new', '-key', 'tsa.key', '-subj', '/O=Example Time/CN=Example Time', '-config', 'ts.cnf', '-out', 'tsa.csr')
    openssl('x509', '-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '3', '-extfile', 'ts.cnf', '-extensions', 'stamp', '-out', 'tsa.pem')
    let asked = 0
    const server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        asked += 1
        writeFileSync(join(home, 'query'), Buffer.concat(parts))
        openssl('ts', '-reply', '-config', 'ts.cnf', '-section', 'tsa', '-queryfile', 'query', '-signer', 'tsa.pem', '-inkey', 'tsa.key', '-chain', 'ca.pem', '-out', 'reply')
        response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(readFileSync(join(home, 'reply')))
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    try {
      const { sign: signOf } = await import('node:crypto')
      const tsa = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const { output } = await mark(jpeg, { provider, key: 'public', c2pa: { algorithm: 'es256', certificate: own.certificate, tsa, sign: async (message) => signOf('sha256', message, { key: own.key, dsaEncoding: 'ieee-p1363' }) } })
      const seen = await verify(output, { ...quick, policy: 'eu', trust: [root] })
      expect(asked).toBe(1)
      expect(manifestOf(seen)).toMatchObject({ valid: true, trusted: true, timeStamped: true, time: expect.stringMatching(/^20/) })
      expect(seen.findings.map(({ rule }) => rule)).not.toContain('C2')
    } finally {
      server.close()
    }
  })
  test.skipIf(media === undefined)('real manifests of services: the content is what was signed, the signer is not known here', async () => {
    for (const [file, generator] of [['ai-firefly-c2pa.png', 'Adobe_Firefly'], ['ai-flux2-c2pa.jpg', 'Black Forest Labs API']] as const) {
      const seen = await verify(join(media!, 'image', file), quick)
      expect(manifestOf(seen), file).toMatchObject({ valid: true, trusted: false, generator, actions: expect.arrayContaining(['c2pa.created']) })
      expect(seen.state, file).toBe('suspected')
    }
  })
})
