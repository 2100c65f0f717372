/** What a plan is, once made. */
import type { Allocations, NodeIntent, Problem } from '../model/index.ts'

export interface PlanResult {
  /**
   * By node, sorted. Computed when asked for, and the same object each time. Empty when any problem is an
   * error: a plan that is wrong somewhere changes nothing anywhere.
   */
  readonly intents: ReadonlyMap<string, NodeIntent>
  /** What is to be remembered. The same as was given when there are errors. */
  readonly allocations: Allocations
  readonly problems: readonly Problem[]
  /** Pairs that are direct peers, whether or not their keys are known yet; `a` < `b`. */
  readonly links: readonly DirectLink[]
  /** Nodes whose public key nobody knows yet: they get no peer entry at others. */
  readonly publicKeysMissing: readonly MissingKey[]
}

export interface DirectLink {
  readonly a: string
  readonly b: string
  /** `NAMESPACE/NAME`. */
  readonly network: string
}

export interface MissingKey {
  readonly network: string
  readonly node: string
  /** Whether an agent will make it there; otherwise `generate` does. */
  readonly agent: boolean
}

/** What a node's own LAN uses, as its agent saw it; Warren's own links are left out. */
export interface LanObservation {
  readonly node: string
  readonly networks: readonly { readonly prefix: string; readonly link: string }[]
}
