// Signatures: the standard's vectors, OpenSSL both ways, and what an edited or copied label looks like.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadEngine } from '../src/engine/load.js'
import { mark, verify, type SignatureEvidence, type SignOptions } from '../src/index.js'
import { recordOf } from '../src/metadata/record.js'
import { bytesOfHex, certificateOf, derSignature, hexOf, pemBlocks, rawSignature, sequenceOf, valuesOf } from '../src/signature/der.js'
import { contentHash } from '../src/signature/hash.js'
import { signerOf, sm2Key, holds } from '../src/signature/keys.js'
import { examine, secure } from '../src/signature/security.js'
import { trustOf } from '../src/signature/trust.js'
import { sm2Verify, sm3 } from '../src/signature/sm2.js'
import { countermark, lines } from './support/command.js'
import { photograph } from './support/pictures.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const openssl = (home: string, ...args: string[]): string => execFileSync('openssl', args, { cwd: home, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const hasOpenssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0
const hasSm2 = spawnSync('openssl', ['ecparam', '-name', 'SM2', '-noout'], { stdio: 'ignore' }).status === 0

const KINDS = [
  ['SM2', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'], ['-sm3', '-sigopt', 'distid:1234567812345678']],
  ['ECDSA-P256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-sha256']],
  ['Ed25519', ['-algorithm', 'ED25519'], []],
] as const

/** A key with a certificate of its own authority, and a stranger's, all made now. */
interface House { home: string; key: string; chain: string; root: string; open: string; stranger: string }

const homes: string[] = []
afterAll(() => homes.forEach((home) => rmSync(home, { recursive: true, force: true })))

function house(name: string, how: readonly string[], digest: readonly string[]): House {
  const home = mkdtempSync(join(tmpdir(), 'countermark-'))
  homes.push(home)
  const text = (file: string): string => readFileSync(join(home, file), 'utf8')
  for (const who of ['root', 'own', 'other']) openssl(home, 'genpkey', ...how, '-out', `${who}.key`)
  for (const who of ['root', 'other']) openssl(home, 'req', '-x509', '-new', '-key', `${who}.key`, ...digest, '-subj', `/CN=${who}`, '-days', '2', '-out', `${who}.pem`)
  openssl(home, 'req', '-new', '-key', 'own.key', ...digest, '-subj', '/CN=signer', '-out', 'own.csr')
  const verifying = name === 'SM2' ? ['-vfyopt', 'distid:1234567812345678'] : []
  openssl(home, 'x509', '-req', '-in', 'own.csr', ...verifying, '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', ...digest, '-days', '2', '-out', 'own.pem')
  openssl(home, 'pkey', '-in', 'own.key', '-pubout', '-out', 'own.pub')
  return { home, key: text('own.key'), chain: text('own.pem'), root: text('root.pem'), open: text('own.pub'), stranger: text('other.pem') }
}

describe('the standard\'s vectors', () => {
  test('SM3: GB/T 32905-2016, annex A', async () => {
    expect(await sm3(utf8('abc'))).toBe('66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0')
    expect(await contentHash(['ab', 'cd'.repeat(31), 'cd'].join('').match(/.{1,7}/g)!.map(utf8), 'SM3')).toBe(await sm3(utf8(`ab${'cd'.repeat(32)}`)))
    expect(await contentHash([utf8('abcd'.repeat(16))], 'SM3')).toBe('debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732')
  })
  test('SM2: GB/T 32918.5-2017, A.2', async () => {
    const point = bytesOfHex('0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13')!
    const raw = bytesOfHex('F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA')!
    expect(await sm2Verify(utf8('message digest'), raw, point)).toBe(true)
    expect(await sm2Verify(utf8('message digest'), derSignature(raw), point)).toBe(true)
    expect(await sm2Verify(utf8('message digesT'), raw, point)).toBe(false)
    // Compressed, as some services write it: the last digit of y is odd.
    expect(await sm2Verify(utf8('message digest'), raw, Uint8Array.from([3, ...point.subarray(1, 33)]))).toBe(true)
    const off = Uint8Array.from(point)
    off[64]! ^= 1
    expect(await sm2Verify(utf8('message digest'), raw, off)).toBe(false)
    expect(await sm2Verify(utf8('message digest'), new Uint8Array(64), point)).toBe(false)
  })
})

describe('DER', () => {
  test('what runs over its end, or is too long, is refused', () => {
    for (const hex of ['30', '3005', '30810a00', '3080', '3085ffffffffff'])
      expect(() => sequenceOf(bytesOfHex(hex)!, 'It'), hex).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    expect(valuesOf(bytesOfHex('0500')!, 'It')).toHaveLength(1)
    expect(() => certificateOf(bytesOfHex('3000')!)).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('signatures go both ways', () => {
    for (const hex of ['00'.repeat(31) + '01' + 'ff'.repeat(32), '80' + '00'.repeat(31) + '7f' + '11'.repeat(31)])
      expect(hexOf(rawSignature(derSignature(bytesOfHex(hex)!))!)).toBe(hex)
    expect(rawSignature(new Uint8Array(10))).toBeUndefined()
  })
})

test.skipIf(!hasSm2)('without the library for SM2 a chain is not called unreadable', async () => {
  const [name, how, digest] = KINDS.find(([one]) => one === 'SM2')!
  const own = house(name!, how!, digest!)
  vi.resetModules()
  vi.doMock('sm-crypto-v2', () => { throw new Error('not installed') })
  try {
    const [{ judgeTrust, trustOf }, { publicKeyOf }] = await Promise.all([import('../src/signature/trust.js'), import('../src/signature/keys.js')])
    const chain = pemBlocks(own.chain, 'chain').map(({ der }) => der)
    await expect(judgeTrust(publicKeyOf(certificateOf(chain[0]!).spki), chain, trustOf([own.root]))).rejects.toMatchObject({ code: 'ERR_MISSING', message: expect.stringContaining('sm-crypto-v2') })
  } finally {
    vi.doUnmock('sm-crypto-v2')
    vi.resetModules()
  }
})

describe.each(KINDS)('%s', (name, how, digest) => {
  const usable = name === 'SM2' ? hasSm2 : hasOpenssl
  let own: House
  let jpeg: Buffer
  beforeAll(async () => {
    if (!usable) return
    own = house(name, how, digest)
    jpeg = await photograph('jpeg')
  })
  const options = { provider: { name: 'Example-Lab' }, produceId: '2026-0001', key: 'public', metadataOnly: true } as const
  const signatureOf = async (bytes: Uint8Array, trust?: string[]): Promise<{ signature: SignatureEvidence | undefined; s1: string[] }> => {
    const { evidence, findings } = await verify(bytes, { keys: ['public'], effort: 'direct', ...(trust === undefined ? {} : { trust }) })
    return {
      signature: evidence.find((one): one is SignatureEvidence => one.kind === 'signature'),
      s1: findings.filter(({ rule }) => rule === 'S1').map(({ severity }) => severity),
    }
  }

  test.skipIf(!usable)('OpenSSL verifies ours, and we verify OpenSSL\'s', async () => {
    const signer = await signerOf({ key: own.key, certificate: own.chain })
    expect(signer.key.algorithm).toBe(name)
    const message = utf8('"Label":"1","ContentProducer":"Example-Lab","ProduceID":"1"')
    writeFileSync(join(own.home, 'm'), message)
    writeFileSync(join(own.home, 'ours'), await signer.sign(message))
    const flags = name === 'SM2' ? ['-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'] : name === 'Ed25519' ? [] : ['-digest', 'sha256']
    expect(openssl(own.home, 'pkeyutl', '-verify', '-pubin', '-inkey', 'own.pub', '-rawin', '-in', 'm', '-sigfile', 'ours', ...flags)).toContain('Verified Successfully')
    openssl(own.home, 'pkeyutl', '-sign', '-inkey', 'own.key', '-rawin', '-in', 'm', '-out', 'theirs', ...flags)
    const theirs = readFileSync(join(own.home, 'theirs'))
    expect(await holds(signer.key, message, theirs)).toBe(true)
    expect(await holds(signer.key, message.slice(1), theirs)).toBe(false)
  })

  test.skipIf(!usable)('a signed label holds, is bound, and is trusted by key, by certificate and by its authority', async () => {
    const { output, record, verdict } = await mark(jpeg, { ...options, sign: { key: own.key, certificate: own.chain } })
    expect([verdict, record.ReservedCode1.startsWith('{"SecurityData":{"Type":"TC260PG"')]).toEqual(['cannot tell', true])
    expect(record.ReservedCode1).toMatch(/^[\x21-\x5b\x5d-\x7e]*$/)
    expect(await signatureOf(output)).toMatchObject({ signature: { algorithm: name, valid: true, bound: true, location: 'ReservedCode1', keyId: expect.stringMatching(/^[0-9a-f]{16}$/) }, s1: ['info'] })
    for (const trust of [own.open, own.chain, own.root]) expect(await signatureOf(output, [trust])).toMatchObject({ signature: { valid: true, bound: true, trusted: true }, s1: [] })
    expect(await signatureOf(output, [own.stranger])).toMatchObject({ signature: { valid: true, trusted: false }, s1: ['warning'] })
  })

  test.skipIf(!usable)('the content is that which was drawn and watermarked too', async () => {
    const { output } = await mark(jpeg, { ...options, metadataOnly: false, sign: { key: own.key } })
    expect((await signatureOf(output, [own.open])).signature).toMatchObject({ valid: true, bound: true, trusted: true })
  })

  test.skipIf(!usable)('S2: a flipped digit of a field fails', async () => {
    const { output } = await mark(jpeg, { ...options, sign: { key: own.key } })
    for (const [before, after] of [['"ProduceID":"2026-0001"', '"ProduceID":"2026-0002"'], ['"ContentProducer":"Example-Lab"', '"ContentProducer":"Example-Lad"'], ['"Label":"1"', '"Label":"2"']] as const) {
      const text = output.toString('latin1')
      // XMP escapes quotation marks in attributes only; ours stands in an element.
      expect(text.split(before)).toHaveLength(2)
      const { signature, s1 } = await signatureOf(Buffer.from(text.replace(before, after), 'latin1'))
      expect([signature?.valid, s1]).toEqual([false, ['error']])
    }
  })

  test.skipIf(!usable)('a label copied to another file is told', async () => {
    const { record } = await mark(jpeg, { ...options, sign: { key: own.key } })
    const other = await photograph('png')
    const copied = (await loadEngine()).metadataWrite(other, { aigc: record })
    expect(await signatureOf(copied, [own.open])).toMatchObject({ signature: { valid: true, bound: false }, s1: ['error'] })
    const { verdict } = await verify(copied, { keys: ['public'], effort: 'direct', policy: 'us-ca' })
    expect(verdict).toBe('non-compliant')
  })

  test.skipIf(!usable)('a label from one file and a binding from another do not fit', async () => {
    const signer = await signerOf({ key: own.key })
    const [a, b] = [recordOf('Example-Lab', 'a'), recordOf('Example-Lab', 'b')]
    const of = async (label: typeof a, hash: string): Promise<any> => JSON.parse(await secure(label, hash, signer))
    const [first, second] = [await of(a, '11'.repeat(32)), await of(b, '22'.repeat(32))]
    const bnd = (one: any): any => one.SecurityData.PubSD.findIndex((entry: any) => entry.TBSData?.Type === 'Bnd')
    first.SecurityData.Bindings = second.SecurityData.Bindings
    first.SecurityData.PubSD[bnd(first)] = second.SecurityData.PubSD[bnd(second)]
    const [mixed] = await examine({ ...a, ReservedCode1: JSON.stringify(first) }, async () => '22'.repeat(32), undefined)
    expect(mixed).toMatchObject({ valid: true, bound: false })
    // Without its binding the label can be copied: nobody may then call it bound.
    delete first.SecurityData.Bindings
    const [loose] = await examine({ ...a, ReservedCode1: JSON.stringify(first) }, async () => '11'.repeat(32), trustOf([own.open]))
    expect([loose?.valid, loose?.bound, loose?.trusted]).toEqual([true, undefined, true])
  })

  test.skipIf(!usable)('marking again changes nothing that the signature binds', async () => {
    const { output } = await mark(jpeg, { ...options, sign: { key: own.key } })
    const again = await mark(output, { provider: { name: 'Example-Lab' }, key: 'public' })
    expect(again).toMatchObject({ status: 'kept', watermark: { embedded: false, reason: expect.stringContaining('bound') }, label: { drawn: false } })
    expect(again.output.equals(output)).toBe(true)
  })

  test.skipIf(!usable)('damaged SecurityData: an answer each, and none of another label that holds', async () => {
    const signer = await signerOf({ key: own.key, certificate: own.chain })
    const label = recordOf('Example-Lab', 'a')
    const whole = await secure(label, '11'.repeat(32), signer)
    let seed = 7
    const next = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below
    const trust = trustOf([own.open])
    const looked = async (reserved: string) => examine({ ...label, ReservedCode1: reserved }, async () => '11'.repeat(32), trust)
    expect(await looked(whole)).toMatchObject([{ valid: true, bound: true, trusted: true }])
    let answered = 0
    for (let run = 0; run < (name === 'SM2' ? 300 : 2000); run++) {
      const at = next(whole.length)
      const damaged = whole.slice(0, at) + '0f"{}[]:,30'[next(10)] + whole.slice(at + next(3))
      const seen = await looked(damaged)
      expect(seen.length).toBeLessThanOrEqual(1)
      answered += seen.length
      const [other] = await examine({ ...label, ProduceID: 'b', ReservedCode1: damaged }, async () => '11'.repeat(32), trust)
      expect(other?.valid).not.toBe(true)
    }
    expect(answered).toBeGreaterThan(0)
  }, 60_000)

  test.skipIf(!usable)('a remote key signs, and one that does not fit its certificate gives no output', async () => {
    const local = await signerOf({ key: own.key })
    const remote: SignOptions = { algorithm: name, certificate: own.chain, sign: (message) => local.sign(message) }
    const { output } = await mark(jpeg, { ...options, sign: remote })
    expect((await signatureOf(output, [own.root])).signature).toMatchObject({ valid: true, bound: true, trusted: true })
    await expect(mark(jpeg, { ...options, sign: { ...remote, certificate: own.stranger } })).rejects.toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
    await expect(mark(jpeg, { ...options, sign: { key: own.key, certificate: own.stranger } })).rejects.toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })

  test.skipIf(!usable)('on the command line', async () => {
    const home = own.home
    writeFileSync(join(home, 'a.jpg'), jpeg)
    const file = join(home, 'signed.jpg')
    const made = await countermark(['mark', join(home, 'a.jpg'), '-o', file, '--provider-name', 'Example-Lab', '--metadata-only', '--sign-key', join(home, 'own.key'), '--sign-cert', join(home, 'own.pem'), '--json'])
    expect(made.code).toBe(0)
    const [said] = lines(await countermark(['verify', file, '--trust', join(home, 'root.pem'), '--json'])) as any[]
    expect(said.evidence.find((one: any) => one.kind === 'signature')).toMatchObject({ algorithm: name, valid: true, bound: true, trusted: true })
  })
})

describe('what other services write', () => {
  const point = `04${'11'.repeat(64)}`
  const security = (PubSD: object[], key = 'PubSD'): string => JSON.stringify({ SecurityData: { Type: 'TC260PG', Version: 1, [key]: PubSD } })
  const ask = async (ReservedCode1: string): Promise<SignatureEvidence | undefined> => (await examine({ ...recordOf('Example-Lab', '1'), ReservedCode1 }, async () => '', undefined))[0]

  test.skipIf(!hasSm2)('a label message under an SM2 key without KeyID, as SubjectPublicKeyInfo or as a point', async () => {
    const signer = await signerOf({ key: house(...KINDS[0]).key })
    const ds = { Type: 'DS', AlgID: '1.2.156.10197.1.501', TBSData: { Type: 'Md' }, Signature: hexOf(await signer.sign(utf8('"Label":"1","ContentProducer":"Example-Lab","ProduceID":"1"'))).toUpperCase() }
    for (const KeyValue of [hexOf(signer.key.spki).toUpperCase(), hexOf(signer.key.point)]) {
      const seen = await ask(security([ds, { Type: 'PubKey', AlgID: '1.2.156.10197.1.501', KeyValue }]))
      expect(seen).toMatchObject({ algorithm: 'SM2', valid: true })
      expect(seen?.bound).toBeUndefined()
    }
  })
  test('what is not known is not checked, and never called valid', async () => {
    const rsa = { Type: 'DS', AlgID: '1.2.840.113549.1.1.11', TBSData: { Type: 'Md' }, Signature: '00' }
    expect(await ask(security([rsa], 'PubSd'))).toMatchObject({ algorithm: '1.2.840.113549.1.1.11', problem: expect.stringContaining('not checked') })
    const other = { Type: 'DS', AlgID: '1.2.156.10197.1.501', TBSData: { Type: 'LabelMataData' }, Signature: '00' }
    for (const one of [security([rsa], 'PubSd'), security([other]), security([]), '{"SecurityData":{"Type":"OTHER"}}']) {
      const seen = await ask(one)
      expect([seen?.found, seen?.valid]).toEqual([true, undefined])
    }
    const md = { ...other, TBSData: { Type: 'Md' } }
    expect(await ask(security([md, { Type: 'PubKey', KeyValue: point }]))).toMatchObject({ valid: false })
    expect(await ask(security([md]))).toMatchObject({ problem: expect.stringContaining('public key') })
  })
  test.each(['', 'e3578014edd949debed102781a8c26f7', '3046022100ae', '{"SecurityData"', '[1,2]'])('an opaque value is no signature: %j', async (value) => {
    expect(await ask(value)).toBeUndefined()
  })
  test('a key is what it says', () => expect(sm2Key(bytesOfHex(point)!).spki).toHaveLength(91))
})

describe('keys that cannot be used say why', () => {
  test.each([
    ['no PEM', 'hello', 'ERR_PARAMETER'],
    ['another form', '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----', 'ERR_PARAMETER'],
    ['encrypted', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----', 'ERR_PARAMETER'],
    ['no DER', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'ERR_PARAMETER'],
  ])('%s', async (_, key, code) => expect(signerOf({ key })).rejects.toThrow(expect.objectContaining({ code })))
  test.skipIf(!hasOpenssl)('trust: a file may hold several, of any algorithm', () => {
    const rsa = execFileSync('openssl', ['genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], { encoding: 'utf8', stdio: 'pipe' })
    const open = (pem: string): string => execFileSync('openssl', ['pkey', '-pubout'], { input: pem, encoding: 'utf8' })
    const other = open(execFileSync('openssl', ['genpkey', '-algorithm', 'ED25519'], { encoding: 'utf8' }))
    expect(trustOf([open(rsa) + other]).keys.size).toBe(2)
    expect(() => trustOf([rsa])).toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
  test('trust is checked before a file is', async () => {
    await expect(verify(await photograph('png'), { trust: ['hello'] })).rejects.toThrow(expect.objectContaining({ code: 'ERR_PARAMETER' }))
  })
})
