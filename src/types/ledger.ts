// The words of the ledger as types: what was marked, in a chain of hashes (docs/ledger.md).

/** What a line of the ledger is about. `unreadable` is never written: it stands for an entry whose body somebody altered beyond reading. */
export type EntryKind = 'open' | 'policy' | 'mark' | 'propagate' | 'void' | 'tombstone' | 'unreadable'

/** One line of the ledger. Which fields are there follows from `kind`. */
export interface Entry {
  /** From 1, without gaps except for deleted entries, which a tombstone names. */
  number: number
  /** ISO 8601, UTC, milliseconds. */
  time: string
  kind: EntryKind
  /** Of `mark` and `propagate`: as in the result of the call. */
  status?: string
  /** The AIGC label's `Label`. */
  label?: string
  contentProducer?: string
  produceId?: string
  contentPropagator?: string
  propagateId?: string
  /** First 128 bits of the hash of ContentProducer and ProduceID: what a watermark carries is a prefix of it. */
  payload?: string
  /** MIME type. */
  type?: string
  policy?: string
  /** SHA-256 of the policy's canonical JSON; an entry of kind `policy` before this one holds it. */
  policyHash?: string
  /** Of `policy`: the policy itself. */
  document?: unknown
  /** `public`, or the 8-digit id of the watermark's key. */
  key?: string
  watermark?: { embedded: boolean; bits?: number; reason?: string; replaced?: string }
  explicit?: { drawn: boolean; text?: string[]; reason?: string }
  /** The agreement under which the visible label was left out (Labeling Measures Art. 9). */
  waiver?: { reference: string }
  /** Whom the content was given to, as the caller names them. Only where the caller gave it. */
  recipient?: string
  /** Not to be deleted before: ISO 8601. Of entries with a waiver, six calendar months and a day later. */
  retainUntil?: string
  system?: { name: string; version?: string }
  /** Whether the label was signed and a C2PA manifest written. */
  signed?: boolean
  c2pa?: boolean
  verdict?: string
  /** Rules that spoke about the output, with their severity. */
  findings?: { rule: string; severity: string }[]
  source?: Digest
  output?: Digest
  /** Of a plain text: the file beside it. */
  sidecar?: Digest
  /** What a job of many files calls this one: SHA-256 of its path in the source folder, 0x1F, the source's SHA-256. */
  task?: string
  /** Version of Countermark. */
  version?: string
  /** Of `void`: the entry whose output was not delivered after all, and why. */
  of?: number
  reason?: string
  /** Of `tombstone`: entries that were deleted, first to last; the hash before the first, and that of the last. */
  first?: number
  last?: number
  before?: string
  hash?: string
  /** Of `tombstone`: who answers for the deletion; as in a head. */
  algorithm?: string
  publicKey?: string
  signature?: string
}

/** What `mark` needs of a ledger. */
export interface LedgerWriter {
  readonly path: string
  append(draft: EntryDraft, policy?: unknown): Promise<StoredEntry>
}

/** What names bytes without giving them away. */
export interface Digest { sha256: string; bytes: number }

/** An entry before the ledger has given it number, time and predecessor. */
export type EntryDraft = Omit<Entry, 'number' | 'time'>

/** An entry with its canonical bytes, as they are hashed and stored, and its place in the chain. */
export interface StoredEntry {
  entry: Entry
  /** Canonical JSON (RFC 8785) of `entry`. */
  body: string
  /** SHA-256 of the hash before (32 bytes; zeros before the first) and the SHA-256 of `body` (32 bytes), hexadecimal. */
  hash: string
}

/** A signed statement: up to this entry the ledger is so. */
export interface LedgerHead {
  /** Hash of the ledger's first entry. */
  ledger: string
  number: number
  hash: string
  time: string
  algorithm: string
  /** SubjectPublicKeyInfo, DER, hexadecimal. */
  publicKey: string
  /** Hexadecimal; DER for SM2 and ECDSA, 64 bytes for Ed25519. */
  signature: string
}

/** What is wrong with a ledger. */
export interface LedgerProblem {
  /** `edited`: an entry does not give the hash of its place in the chain; `deleted`: entries are missing; `moved`: an entry stands at another's place; `broken`: a deletion does not fit the chain; `cut`: a signed head is newer than the ledger; `head`: a head does not fit or its signature does not hold; `unsigned`: a deletion that nobody signed. */
  what: 'edited' | 'deleted' | 'moved' | 'broken' | 'cut' | 'head' | 'unsigned'
  number: number
  message: string
}

/** What `check` says of a ledger. */
export interface LedgerCheck {
  ok: boolean
  /** Hash of the first entry. */
  ledger: string
  /** Entries that are there. */
  entries: number
  /** Entries that were deleted, and named by tombstones. */
  deleted: number
  last: { number: number; hash: string }
  /** Heads that hold; `upTo` is the newest entry that one of them covers. */
  heads: { valid: number; upTo: number }
  /** Keys that signed heads. `trusted`: absent where the caller named none. */
  signers: { keyId: string; algorithm: string; trusted?: boolean }[]
  /** At most 100. */
  problems: LedgerProblem[]
}

/** What `dossier` wrote. */
export interface Dossier {
  folder: string
  /** Whether the ledger is sound. */
  ok: boolean
  entries: number
  /** Entries of the ledger that were deleted: what has no entry may have been among them. */
  deleted: number
  files: string[]
  ledger: string
  heads: { valid: number; upTo: number }
}

/** What to look for. `payload`: 8 to 32 hexadecimal digits, a prefix. */
export type LedgerQuery = { produceId: string } | { payload: string } | { task: string }
