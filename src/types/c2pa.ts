// The words of C2PA as types.

/** A C2PA manifest as it was validated. */
export interface C2paReading {
  /** Whether the signature holds and the content is that which was signed, whoever signed it. */
  valid: boolean
  /** Whether the signer's certificate leads to a trusted one. */
  trusted: boolean
  /** Codes of C2PA for what failed, e.g. `assertion.dataHash.mismatch`. */
  problems: string[]
  /** `c2pa.created`, `c2pa.opened`, ..., in their order. */
  actions: string[]
  /** DigitalSourceTypes of the actions, full URIs. */
  sourceTypes: string[]
  softBindings: { algorithm: string; value?: string }[]
  /** Whether a time-stamp of an authority is there and fits. */
  timeStamped: boolean
  generator?: string
  /** Name and organisation in the certificate. */
  signer?: string
  /** ISO 8601. */
  time?: string
}

/** Who signs the C2PA manifest: PEM key and certificate chain (the signer's own first), or a key that lies elsewhere. */
export type C2paOptions = { certificate: string; /** Address of a time-stamp authority (RFC 3161). */ tsa?: string } & (
  | { key: string }
  | {
    /** C2PA's names. */
    algorithm: 'es256' | 'es384' | 'es512' | 'ps256' | 'ps384' | 'ps512' | 'ed25519'
    /** Signs the bytes; ECDSA as r, s of full length. */
    sign(message: Uint8Array): Promise<Uint8Array>
  }
)
