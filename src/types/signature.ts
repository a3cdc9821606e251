// Signatures in results and calls.

/** What the signature in ReservedCode1 is worth (rule S1). */
export interface SignatureEvidence {
  kind: 'signature'
  /** True where ReservedCode1 or ReservedCode2 holds a SecurityData with a signature. */
  found: boolean
  algorithm?: SignatureAlgorithm | (string & {})
  /** Whether the signature holds for Label, ContentProducer and ProduceID; absent: not checked, `problem` says why. */
  valid?: boolean
  /** Whether the coded content is that which was signed; absent where no binding is there, or it could not be checked. */
  bound?: boolean
  /** Whether the key is one that the caller trusts; absent where the caller named none. */
  trusted?: boolean
  /** True where the form is Countermark's own, whose every part is known. */
  own?: boolean
  /** First 16 hexadecimal digits of SHA-256 of the public key (SubjectPublicKeyInfo). */
  keyId?: string
  /** `ReservedCode1`. */
  location?: string
  problem?: string
}

/** Algorithms of signatures. */
export type SignatureAlgorithm = 'SM2' | 'ECDSA-P256' | 'Ed25519'

/** A key that lies elsewhere, e.g. in a key management service. */
export interface RemoteSigner {
  algorithm: SignatureAlgorithm
  /** PEM of the certificate, or of the public key. */
  certificate: string
  /**
   * Signs the bytes (they are the message, not its hash). SM2 (user id 1234567812345678) and ECDSA: DER or 64 bytes r, s;
   * Ed25519: 64 bytes.
   */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** Who signs the label: a PKCS#8 PEM text with the certificate (or none: the public key is written), or a remote key. */
export type SignOptions = { key: string; certificate?: string } | RemoteSigner
