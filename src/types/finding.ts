// What a rule says of a file.

/** A rule that speaks about this file. Numbers as in docs/rules.md (M metadata, S signature, I image, W watermark, C C2PA, P platform). */
export interface Finding {
  rule: string
  severity: 'error' | 'warning' | 'info'
  /** English; the command line translates it. */
  message: string
  /** Where the rule is written: `GB 45438-2025 6.1 c`, or `own rule`. */
  article?: string
  /** What to do about it; not for notes. */
  remedy?: string
}
