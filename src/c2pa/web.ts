// The bridge to @contentauth/c2pa-web: the page makes the library's object itself, since its worker and its module of 8 MB lie
// where the page puts them.
import type { ManifestReader, ManifestStore } from './reading.js'

/** The part of what `createC2pa` of @contentauth/c2pa-web gives that is used. */
export interface C2paWeb {
  reader: {
    fromBlob(format: string, blob: Blob, settings?: object): Promise<{ manifestStore(): Promise<unknown>; free(): Promise<void> } | null>
  }
}

/** How that library reads. */
export function webReader(sdk: C2paWeb): ManifestReader {
  return async (bytes, type, anchors) => {
    const settings = { verify: { verifyTrust: true }, ...(anchors === '' ? {} : { trust: { userAnchors: anchors } }) }
    const reader = await sdk.reader.fromBlob(type, new Blob([Uint8Array.from(bytes)], { type }), settings)
    if (reader === null) return undefined
    try {
      return (await reader.manifestStore()) as ManifestStore
    } finally {
      await reader.free()
    }
  }
}
