// The bridge to @contentauth/c2pa-node, an optional package: reads and validates a manifest, signs one. Nothing is fetched
// over the network but the time-stamp that the caller asks for.
import { CountermarkError, messageOf } from '../errors.js'
import type { C2paOptions } from '../types.js'
import type { ManifestReader, ManifestStore } from './reading.js'

const PACKAGE = '@contentauth/c2pa-node'

/** The part of the package that is used; its own documentation describes the members. */
export interface C2paModule {
  Reader: { fromAsset(asset: Asset, settings?: object): Promise<{ json(): ManifestStore } | null> }
  Builder: { withJson(definition: object, settings?: object): C2paBuilder }
  LocalSigner: { newSigner(certificate: Buffer, key: Buffer, algorithm: string, tsa?: string): unknown }
}

/** A manifest on its way. */
export interface C2paBuilder {
  setIntent(intent: unknown): void
  addAction(json: string): void
  addAssertion(label: string, assertion: unknown): void
  addIngredient(json: string, asset?: Asset): Promise<void>
  sign(signer: unknown, input: Asset, output: { buffer: Buffer | null }): unknown
  signConfigAsync(sign: (data: Buffer) => Promise<Buffer>, config: object, input: Asset, output: { buffer: Buffer | null }): Promise<unknown>
}

interface Asset { buffer: Buffer; mimeType: string }
let loaded: Promise<C2paModule> | undefined

/** The package. ERR_MISSING, with how to get it, where it is not there or does not load. */
export function c2paModule(): Promise<C2paModule> {
  // A variable: neither the compiler nor a bundler is to look for a package that may be absent.
  const name = PACKAGE
  loaded ??= (import(/* @vite-ignore */ /* webpackIgnore: true */ name) as Promise<C2paModule>).catch((cause: unknown) => {
    loaded = undefined
    throw new CountermarkError('ERR_MISSING', `C2PA needs the optional package ${PACKAGE}, which could not be loaded: ${messageOf(cause)}`, {
      remedy: `Install it: npm install ${PACKAGE}. Where its install script may not run, dist/index.node must lie in the package.`, cause,
    })
  })
  return loaded
}

/** How the package reads: nothing is fetched. */
export function nodeReader(given?: Pick<C2paModule, 'Reader'>): ManifestReader {
  return async (bytes, type, anchors) => {
    const { Reader } = given ?? (await c2paModule())
    const settings = {
      verify: { remote_manifest_fetch: false, ocsp_fetch: false, verify_trust: true },
      ...(anchors === '' ? {} : { trust: { user_anchors: anchors } }),
    }
    return (await Reader.fromAsset({ buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), mimeType: type }, settings))?.json()
  }
}

/** What a manifest shall say. */
export interface ManifestPlan {
  /** Version of the core, for the claim generator. */
  version: string
  /** Full URI. */
  digitalSourceType: string
  system?: { name: string; version?: string }
  /** The source, where it has a manifest or another producer's label: it becomes the parent. */
  parent?: Uint8Array
  /** The watermark that the samples carry, hexadecimal. */
  watermark?: string
}

/** Name of our watermark as a soft binding. It is our own and not in the public list of C2PA yet. */
export const SOFT_BINDING = 'org.countermark.image.1'

/**
 * The file with a signed manifest, whatever manifest was in it before replaced (a parent keeps its own inside). ERR_PARAMETER
 * where the key, the certificate or the time-stamp authority cannot be used.
 */
export async function signManifest(bytes: Uint8Array, type: string, plan: ManifestPlan, options: C2paOptions, given?: C2paModule): Promise<Uint8Array> {
  const { Builder, LocalSigner } = given ?? (await c2paModule())
  const asset = (content: Uint8Array): Asset => ({ buffer: Buffer.from(content.buffer, content.byteOffset, content.byteLength), mimeType: type })
  const definition = { claim_generator_info: [{ name: 'Countermark', version: plan.version }], format: type, assertions: [] }
  const output: { buffer: Buffer | null } = { buffer: null }
  try {
    // No thumbnail: it would show the picture again, and cost a quarter of a megabyte.
    const builder = Builder.withJson(definition, { builder: { thumbnail: { enabled: false } }, verify: { remote_manifest_fetch: false, ocsp_fetch: false } })
    await describe(builder, plan, asset)
    if ('sign' in options) {
      const config = { alg: options.algorithm, certs: [Buffer.from(options.certificate)], reserveSize: 20_000, directCoseHandling: false, ...(options.tsa === undefined ? {} : { tsaUrl: options.tsa }) }
      await builder.signConfigAsync(async (data) => Buffer.from(await options.sign(data)), config, asset(bytes), output)
    } else {
      const signer = LocalSigner.newSigner(Buffer.from(options.certificate), Buffer.from(options.key), await algorithmOf(options.key), options.tsa)
      builder.sign(signer, asset(bytes), output)
    }
  } catch (thrown) {
    if (thrown instanceof CountermarkError) throw thrown
    throw new CountermarkError('ERR_PARAMETER', `The C2PA manifest could not be signed: ${messageOf(thrown)}`, {
      remedy: 'Give a key with its certificate chain, the signer\'s own first; C2PA takes no self-signed certificates, and the signer\'s needs the key usage digitalSignature.', cause: thrown,
    })
  }
  if (output.buffer === null) throw new CountermarkError('ERR_INTERNAL', 'The C2PA package gave no file.')
  return output.buffer
}

async function describe(builder: C2paBuilder, { digitalSourceType, system, parent, watermark }: ManifestPlan, asset: (content: Uint8Array) => Asset): Promise<void> {
  if (parent === undefined) {
    builder.addAction(JSON.stringify({
      action: 'c2pa.created', digitalSourceType, when: new Date().toISOString(),
      ...(system === undefined ? {} : { softwareAgent: { name: system.name, ...(system.version === undefined ? {} : { version: system.version }) } }),
    }))
  } else {
    await builder.addIngredient(JSON.stringify({ relationship: 'parentOf', title: 'source' }), asset(parent))
    // The package adds c2pa.opened for the parent itself.
    builder.setIntent('edit')
  }
  if (watermark === undefined) return
  builder.addAction(JSON.stringify({ action: 'c2pa.watermarked' }))
  builder.addAssertion('c2pa.soft-binding', { alg: SOFT_BINDING, blocks: [{ scope: {}, value: watermark }] })
}

/** The name that C2PA gives to the algorithm of a key (C2PA 2.2, 13.2). */
async function algorithmOf(pem: string): Promise<string> {
  const { createPrivateKey } = await import('node:crypto')
  let key
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new CountermarkError('ERR_PARAMETER', 'The C2PA key is not a private key in PEM.', { cause })
  }
  const curves: { [curve: string]: string } = { prime256v1: 'es256', secp384r1: 'es384', secp521r1: 'es512' }
  const kinds: { [kind: string]: string } = { ed25519: 'ed25519', rsa: 'ps256', 'rsa-pss': 'ps256' }
  const name = key.asymmetricKeyType === 'ec' ? curves[key.asymmetricKeyDetails?.namedCurve ?? ''] : kinds[key.asymmetricKeyType ?? '']
  if (name === undefined) throw new CountermarkError('ERR_UNSUPPORTED', 'C2PA does not sign with this kind of key.', { remedy: 'Use ECDSA (P-256, P-384, P-521), Ed25519 or RSA.' })
  return name
}
