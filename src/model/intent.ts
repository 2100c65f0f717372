/**
 * What one node is to have: the planner's result and the reconciler's input. No secret is in here; a key is
 * named by where it comes from, and only the agent of that node resolves it.
 *
 * Text forms are canonical everywhere: addresses as RFC 5952 text without a zone, prefixes masked
 * (`10.0.0.0/24`), keys as 44 characters of base64, lists sorted, so that equal intents are deeply equal.
 */

import type { LinkIntent } from './link-intent.ts'

export interface ObjectRef {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Where a key comes from. `node`: made once by the node itself, and it never leaves it. */
export type KeySource =
  | { readonly kind: 'node' }
  | { readonly kind: 'inline'; readonly value: SecretText }
  | { readonly kind: 'secret'; readonly namespace: string; readonly name: string; readonly key: string }

/** A secret in memory. It prints, inspects and serialises as `[redacted]`; `reveal()` is for the one place that uses it. */
export interface SecretText {
  reveal(): string
  toString(): '[redacted]'
  toJSON(): '[redacted]'
}

export interface NodeIntent {
  readonly node: string
  /** WireGuard interfaces, sorted by name, then by place. */
  readonly interfaces: readonly WireGuardIntent[]
  /** Every other link, sorted by name, then by place. */
  readonly links: readonly LinkIntent[]
}

export interface WireGuardIntent {
  /** The link's name: 1 to 15 bytes. */
  readonly name: string
  /** The object that wants it. */
  readonly owner: ObjectRef
  readonly privateKey: KeySource
  /** The public key that the plan pins for this node; undefined while nobody knows it yet. */
  readonly publicKey: string | undefined
  /** Undefined: the kernel picks one. */
  readonly listenPort: number | undefined
  readonly fwmark: number | undefined
  readonly mtuBytes: number
  readonly addresses: readonly AddressIntent[]
  /** Sorted by public key. */
  readonly peers: readonly PeerIntent[]
  /** Sorted by destination. Only routes that the addresses' own prefixes do not give. */
  readonly routes: readonly RouteIntent[]
  readonly rules: readonly RuleIntent[]
  /** This node relays between the peers of this interface. */
  readonly forwards: { readonly inet: boolean; readonly inet6: boolean }
  /** The node at the other end, when the interface is one end of a link. */
  readonly linkPeer?: string
  /** An interface of this name that is not ours may be taken over. */
  readonly adopt?: true
  /** Where the interface is to live, when not in the host's namespace. */
  readonly container: ContainerRef | undefined
}

/** How a network namespace other than the node's own is named. Each is resolved anew whenever it may have changed. */
export type ContainerRef =
  | { readonly kind: 'docker' | 'podman'; readonly name: string }
  /** `namespace`: containerd's own, `default` or `k8s.io` or `moby`. */
  | { readonly kind: 'containerd'; readonly id: string; readonly namespace: string }
  | { readonly kind: 'cri'; readonly id: string }
  /** A pod on this node, by what Kubernetes calls it. */
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'pid'; readonly pid: number }
  /** An absolute path; a name of `ip netns` is `/run/netns/NAME`. */
  | { readonly kind: 'netns'; readonly path: string }

export interface AddressIntent {
  readonly local: string
  readonly prefixLength: number
  /** Point-to-point: the other end's address; `prefixLength` then belongs to the peer, as with ip(8). */
  readonly peer?: string
}

export interface PeerIntent {
  readonly publicKey: string
  /** The node behind it, for people. */
  readonly node: string | undefined
  readonly presharedKey: KeySource | undefined
  readonly endpoint: EndpointIntent | undefined
  /** Prefixes, sorted. */
  readonly allowedIPs: readonly string[]
  /** The peer's own addresses in the tunnel, as prefixes of full length; absent where nobody knows them. */
  readonly hosts?: readonly string[]
  /** 0: off. */
  readonly persistentKeepaliveSeconds: number
  /**
   * `always`: the allowed IPs stay whatever happens. `while-alive`: a direct path beside a relayed one; both
   * ends withdraw the allowed IPs while the path is down, so that the relay's wider prefix takes over.
   */
  readonly path: 'always' | 'while-alive'
}

export interface EndpointIntent {
  /** An address or a DNS name. IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export interface RouteIntent {
  readonly destination: string
  /** The kernel's table number; 254 is main. */
  readonly table: number
  readonly metric?: number
  readonly gateway?: string
  /** RTAX_MTU: packets of this route are no larger, whatever its link could carry. */
  readonly mtuBytes?: number
}

/** A policy rule, as wg-quick makes them for a default route through the tunnel. */
export interface RuleIntent {
  readonly family: 'inet' | 'inet6'
  readonly priority?: number
  readonly table: number
  readonly fwmark?: number
  /** `not fwmark N`. */
  readonly invert?: boolean
  readonly suppressPrefixLength?: number
}
