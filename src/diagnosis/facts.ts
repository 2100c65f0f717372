/**
 * What one node reports about itself when it is asked why packets do not arrive: a JSON value, without any key but
 * public ones. `null` is "there is none", so that nothing gets lost on the way through JSON.
 *
 * What goes out with a question decides what comes back: only the interfaces, peers and addresses on the path.
 */

export const FACTS_VERSION = 1

export interface FactQuestions {
  /** Addresses inside the tunnels: where each would go, and which peer would get it. */
  readonly addresses: readonly string[]
  /** WireGuard interfaces that are to be there. */
  readonly interfaces: readonly string[]
  /** Public keys of the neighbours. */
  readonly peers: readonly string[]
  /** Names or addresses of endpoints: resolved, and where each address would go. */
  readonly hosts: readonly string[]
  /** As if a packet had come in on a link: would it be taken, and where would it go? */
  readonly arrivals: readonly Arrival[]
  /** Addresses inside the tunnels to send echo requests to. */
  readonly probes: readonly string[]
  /** How long a probe may take. */
  readonly patienceMs: number
  /** Two ends that call each other at the same moment both fail, and try again only after 5 s (paper §6.4). */
  readonly delayMs: number
}

export interface Arrival {
  readonly link: string
  readonly from: string
  readonly to: string
}

export interface NodeFacts {
  readonly version: typeof FACTS_VERSION
  readonly nowMs: number
  /** Null: nothing here says. */
  readonly clockSynchronised: boolean | null
  readonly agent: AgentFacts | null
  readonly links: readonly LinkFacts[]
  readonly addresses: readonly AddressFacts[]
  /** Of the interfaces that were asked for. */
  readonly routes: readonly RouteFacts[]
  readonly rules: readonly RuleFacts[]
  readonly wireguard: readonly DeviceFacts[]
  readonly lookups: readonly LookupFacts[]
  readonly resolved: readonly ResolvedFacts[]
  /** `net/ipv4/conf/all/rp_filter` → `1`. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly firewall: FirewallFacts
  /** Ports that a UDP socket is bound to. */
  readonly udpPorts: readonly number[]
  readonly probes: readonly ProbeFacts[]
}

export interface AgentFacts {
  readonly node: string
  /** `Converged`, `Converging`, `Failed`. */
  readonly phase: string
  /** What it complains about, in its words. */
  readonly problems: readonly string[]
  readonly interfaces: readonly string[]
}

export interface LinkFacts {
  readonly name: string
  readonly index: number
  /** IFLA_INFO_KIND; empty for hardware. */
  readonly kind: string
  readonly up: boolean
  readonly mtuBytes: number
}

export interface AddressFacts {
  readonly link: string
  readonly local: string
  readonly prefixLength: number
}

export interface RouteFacts {
  readonly destination: string
  readonly table: number
  readonly link: string | null
  readonly mtuBytes: number | null
}

export interface RuleFacts {
  readonly family: 'inet' | 'inet6'
  readonly priority: number
  readonly table: number
  /** As `ip rule` prints it: `from all to 10.0.0.0/24 lookup 77`. */
  readonly text: string
  /** Null: none. */
  readonly from: string | null
  readonly to: string | null
  readonly fwmark: number | null
  readonly inputLink: string | null
}

export interface DeviceFacts {
  readonly link: string
  readonly backend: string
  readonly publicKey: string | null
  readonly listenPort: number
  readonly fwmark: number
  /** Those that were asked for, and those whose allowed IPs hold an address that was asked for. */
  readonly peers: readonly PeerFacts[]
}

export interface PeerFacts {
  readonly publicKey: string
  /** The beginning of a digest, to compare both ends by; null without a preshared key. */
  readonly presharedKeyDigest: string | null
  readonly endpoint: string | null
  readonly allowedIPs: readonly string[]
  readonly lastHandshakeMs: number | null
  readonly rxBytes: number
  readonly txBytes: number
  /** While the probes were under way. */
  readonly rxGrewBytes: number
  readonly txGrewBytes: number
}

export interface LookupFacts {
  readonly to: string
  /** Null: as this node itself would send it. */
  readonly from: string | null
  readonly inputLink: string | null
  readonly mark: number
  readonly answer: LookupAnswer
}

export type LookupAnswer =
  | {
      readonly kind: 'way'
      /** RTN_*: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit. */
      readonly type: number
      readonly link: string | null
      readonly gateway: string | null
      readonly source: string | null
      readonly mtuBytes: number | null
      readonly table: number
      /** The entry that won. */
      readonly destination: string | null
      readonly protocol: number
    }
  | { readonly kind: 'refused'; readonly code: string }

export interface ResolvedFacts {
  readonly host: string
  readonly addresses: readonly string[]
  /** Why there are none. */
  readonly problem: string | null
}

export interface FirewallFacts {
  /** Null: could not be read. */
  readonly ruleset: RulesetFacts | null
  /** What is there and was not looked at. */
  readonly unseen: readonly string[]
}

export interface RulesetFacts {
  readonly chains: readonly ChainFacts[]
  readonly sets: readonly SetFacts[]
}

export interface ChainFacts {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: string
  /** NF_INET_*: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  readonly hook?: number
  readonly priority?: number
  readonly policy?: 'accept' | 'drop'
  readonly rules: readonly { readonly handle: number; readonly expressions: readonly ExpressionFacts[] }[]
}

export interface SetFacts {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly ranges: boolean
  readonly elements: readonly {
    readonly key: string
    readonly ends?: true
    readonly verdict?: VerdictFacts
  }[]
}

export type VerdictFacts =
  | { readonly kind: 'accept' | 'drop' | 'queue' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

/** `from`, `into`: bytes from the start of the registers. Values are hexadecimal. */
export type ExpressionFacts =
  | { readonly op: 'meta' | 'ct'; readonly key: number; readonly into: number }
  | {
      readonly op: 'payload'
      /** 0 link, 1 network, 2 transport. */
      readonly base: number
      readonly offset: number
      readonly length: number
      readonly into: number
    }
  | {
      readonly op: 'cmp'
      readonly from: number
      readonly how: '==' | '!=' | '<' | '<=' | '>' | '>='
      readonly value: string
    }
  | {
      readonly op: 'range'
      readonly from: number
      readonly inside: boolean
      readonly low: string
      readonly high: string
    }
  | {
      readonly op: 'bitwise'
      readonly from: number
      readonly into: number
      readonly mask: string
      readonly xor: string
    }
  | {
      readonly op: 'lookup'
      readonly from: number
      readonly set: string
      readonly inverted: boolean
      readonly verdicts: boolean
    }
  | { readonly op: 'load'; readonly into: number; readonly value: string }
  | { readonly op: 'verdict'; readonly verdict: VerdictFacts }
  | { readonly op: 'reject' }
  | { readonly op: 'other'; readonly name: string }

export interface ProbeFacts {
  readonly to: string
  /** Why nothing could be sent: an errno's name. */
  readonly refused: string | null
  /** Null: nobody answered. */
  readonly answeredMs: number | null
  /** The size that the route promises, sent unfragmented; null when the small one got no answer. */
  readonly full: { readonly bytes: number; readonly answered: boolean } | null
  /** The largest packet that was answered, when the full one was not. */
  readonly largestBytes: number | null
}
