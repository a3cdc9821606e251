// Objects in S3-compatible storage, by the AWS client: the few calls that the job makes.
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

/** A client of the region, address and credentials that stand in the environment (AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, ...). */
export function clientOf() {
  // Without S3_VIRTUAL_HOSTS the bucket stands in the path, which storage under one host name needs.
  return new S3Client({ forcePathStyle: process.env.S3_VIRTUAL_HOSTS === undefined, maxAttempts: 5 })
}

/** One bucket. */
export class Bucket {
  constructor(client, name) {
    this.client = client
    this.name = name
  }

  /** Every object in the order of keys, page by page: `{ key, etag, size }`. */
  async *list(prefix = '', after = undefined) {
    for (let token, start = after; ;) {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, ContinuationToken: token, StartAfter: token === undefined ? start : undefined }))
      for (const { Key, ETag, Size } of page.Contents ?? []) yield { key: Key, etag: ETag.replaceAll('"', ''), size: Size }
      if (!page.IsTruncated) return
      token = page.NextContinuationToken
    }
  }

  /** Metadata and etag of an object, or undefined where there is none. */
  async head(key) {
    try {
      const { Metadata = {}, ETag = '' } = await this.client.send(new HeadObjectCommand({ Bucket: this.name, Key: key }))
      return { metadata: Metadata, etag: ETag.replaceAll('"', '') }
    } catch (thrown) {
      if (thrown.$metadata?.httpStatusCode === 404) return undefined
      throw thrown
    }
  }

  /** The bytes of an object; undefined where it is gone, or is not the one of this etag any more. */
  async bytes(key, etag) {
    const body = await this.#open(key, etag)
    return body === undefined ? undefined : Buffer.from(await body.transformToByteArray())
  }

  /** The same into a file; false instead of undefined. */
  async toFile(key, etag, path) {
    const body = await this.#open(key, etag)
    if (body === undefined) return false
    await pipeline(body, createWriteStream(path))
    return true
  }

  async #open(key, etag) {
    try {
      return (await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key, ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }) }))).Body
    } catch (thrown) {
      if ([404, 412].includes(thrown.$metadata?.httpStatusCode)) return undefined
      throw thrown
    }
  }

  /** JSON lines of an object, or undefined where there is none. */
  async lines(key) {
    const bytes = await this.bytes(key)
    return bytes?.toString('utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
  }

  /** Writes an object, whole or not at all, in parts where it is large. `body`: bytes, a text, or a stream. */
  async put(key, body, { type, metadata } = {}) {
    await new Upload({ client: this.client, params: { Bucket: this.name, Key: key, Body: body, ContentType: type, Metadata: metadata } }).done()
  }
}
