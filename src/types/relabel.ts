// The words of relabelling as types.
import type { Finding } from './finding.js'

/** What became of one file. `skipped`: not of a kind that can be marked, or not a file; nothing was written. */
export interface RelabelLine {
  /** Path in the source folder, as the folder was named. */
  file: string
  /** Path of the output, where there is one. */
  output?: string
  status: 'done' | 'kept' | 'skipped' | 'failed'
  /** Why it was skipped or failed. */
  reason?: string
  /** The error's code, where it failed or was skipped for one. */
  code?: string
  /** What to do about that, where it is known. */
  remedy?: string
  produceId?: string
  payload?: string
  verdict?: string
  /** The rules that speak, as in the result of `mark`: why it is not compliant, or what was lost; absent where none does. */
  findings?: Finding[]
  /** MIME type, where it was marked. */
  type?: string
}

/** What became of one file of a job that a queue deals out; the fields are those of the report's lines. */
export interface RelabelItem<Output = unknown> extends Omit<RelabelLine, 'file' | 'output'> {
  /** The marked file, where it is done or kept. */
  output?: Output
}

/** How far a job is. */
export interface RelabelProgress {
  /** Files that are through, in this run and before. */
  files: number
  /** Files in the source folder, as far as they are counted; `counted` says whether all are. */
  total: number
  counted: boolean
  /** Bytes of the files that this run is through with, and that it has before it as far as counted. */
  bytes: number
  bytesLeft: number
  /** What became of the last one. */
  line?: RelabelLine
}

/** What a job did. */
export interface RelabelResult {
  /** False where it was stopped by its signal: `resume` goes on. */
  complete: boolean
  /** Of the whole job, earlier runs included. */
  files: number
  done: number
  kept: number
  skipped: number
  failed: number
  /** Of those done: not compliant under the policy. */
  nonCompliant: number
  /** Files that an earlier run was through with. */
  before: number
  /** JSON lines, and the summary in HTML. */
  report?: string
  summary?: string
  /** Milliseconds. */
  ms: number
}
