/**
 * What is wrong with a user's input, as a value. Problems are collected, never thrown: the user sees all of
 * them at once, each with the path of the field and a hint that says what to do. The same list is printed by
 * the CLI, returned by the API and written into status conditions.
 */
import type { ProblemCode } from './problem-codes.ts'

export interface Problem {
  /** Stable, documented in docs/reference/errors.md. */
  readonly code: ProblemCode
  /** Where: `WireGuardNetworkPlan/home spec.nodes[2].endpoint`, or a file name before anything is parsed. */
  readonly path: string
  readonly message: string
  /** What to do about it, as an imperative sentence. */
  readonly hint?: string
  /** Where in the text, when it is known. Lines and columns count from 1. */
  readonly at?: { readonly file: string; readonly line: number; readonly column: number }
  /** Errors stop everything; warnings are shown and change nothing. Error when absent. */
  readonly severity?: 'error' | 'warning'
}
