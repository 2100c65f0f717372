/** What one check found at one node, in words for a person and with the commands that would put it right. */

export interface Finding {
  /** Which check: `endpoint`, `handshake`, `route`, … */
  readonly check: CheckName
  /** Where: the node at which it goes wrong, or would. */
  readonly node: string
  /** Null: it could not be looked at, or is odd without being in the way. */
  readonly ok: boolean | null
  /** What is the case. */
  readonly says: string
  /** Why that stops packets; empty when it does not. */
  readonly because: string
  /** Commands to type, or what to change in the plan. */
  readonly fix: readonly string[]
}

/** In the order in which a packet meets them. */
export const CHECKS = [
  'intent',
  'contact',
  'interface',
  'keys',
  'endpoint',
  'underlay',
  'firewall',
  'clock',
  'handshake',
  'allowed-ips',
  'route',
  'rule',
  'rp-filter',
  'forwarding',
  'nftables',
  'mtu',
  'answer',
] as const
export type CheckName = (typeof CHECKS)[number]

export interface FailureWords {
  readonly says: string
  readonly because: string
  readonly fix?: readonly string[]
}

export interface Findings {
  readonly ok: (says: string) => Finding
  readonly fails: (words: FailureWords) => Finding
  readonly unknown: (says: string, fix?: readonly string[]) => Finding
}

export const findingsOf = (check: CheckName, node: string): Findings => ({
  ok: (says) => ({ check, node, ok: true, says, because: '', fix: [] }),
  fails: ({ says, because, fix = [] }) => ({ check, node, ok: false, says, because, fix }),
  unknown: (says, fix = []) => ({ check, node, ok: null, says, because: '', fix }),
})
