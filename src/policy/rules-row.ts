// One row of the table of rules, and the sources that the rows name.
import type { Article, Finding } from '../types.js'

/** One rule. */
export interface Rule {
  /** Its number; the letter is its chapter: M metadata, S signature, T text, I image, V video, A audio, W watermark, C C2PA and agreement, L log, P platform, R the package itself. */
  rule: string
  /** What must be so. */
  says: string
  /** Heading of a finding, Chinese. */
  zh: string
  /** Where it is written; empty: our own rule. */
  articles: Article[]
  /** What the sources leave open, or how we read them. */
  note?: string
  /** False: the wording was not verified, so a breach is never an error. */
  verified?: false
  /** Severity of a breach where the policy requires the thing. */
  severity: Finding['severity']
  /** Only content of this kind. */
  modality?: 'text' | 'image' | 'audio' | 'video'
  /** Only files where this was found: a kind of evidence, or a format of metadata. */
  about?: 'aigc' | 'c2pa' | 'watermark' | 'signature' | 'label'
  /**
   * Who can see it: `file` anybody with the finished file; `maker` who marks it, while marking; `tests` our own tests;
   * `nobody` in this version: the answer is `cannot tell`.
   */
  seen: 'file' | 'maker' | 'tests' | 'nobody'
  /** What `mark` does. */
  marks: string
  /** What `verify` does. */
  verifies: string
  /** What to do about a breach. */
  remedy: { en: string; zh: string }
}

/** Measures for Labeling AI-Generated Synthetic Content, in force 2025-09-01. */
export const measures = (article: string): Article => ({ law: 'Labeling Measures', article })
/** The mandatory standard of labels. */
export const gb = (article: string): Article => ({ law: 'GB 45438-2025', article })
/** A practice guide of TC260. */
export const guide = (number: string, article: string): Article => ({ law: `TC260-PG-${number}`, article })
/** Code of Practice under the AI Act, 2026-06-10. */
export const code = (article: string): Article => ({ law: 'Code of Practice', article })
/** California, chapter 25. */
export const california = (article: string): Article => ({ law: 'B&P Code', article })
