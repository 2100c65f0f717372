/**
 * What one host has: a snapshot of the kernel and of the WireGuard backends, in the same canonical text forms
 * as intents. Observation is I/O and happens in `agent`; this is its result, and the reconciler's other input.
 * No private or preshared key is in here: keys are compared by their public half or their digest.
 */

import type { LinkSettings, NetnsName } from './link-intent.ts'

export type Backend = 'kernel' | 'userspace'

/** The node's own network namespace, and the others that are wanted or hold something of ours. */
export interface ObservedHost extends ObservedNamespace {
  readonly containers: Readonly<Record<NetnsName, ObservedContainer>>
}

export type ObservedContainer =
  | ({ readonly kind: 'present' } & ObservedNamespace)
  /** Not there now: its links went with it. `message` says what was looked for and what came of it. */
  | { readonly kind: 'absent'; readonly message: string; readonly hint?: string }
  /** It may be there, but could not be asked or entered: nothing is known, so nothing is decided. */
  | { readonly kind: 'unknown'; readonly message: string; readonly hint?: string }

export interface ObservedNamespace {
  /** Equal where two names lead to one namespace: `pid:1` is the node's own. Undefined: nobody has compared. */
  readonly identity?: string
  readonly links: readonly ObservedLink[]
  readonly addresses: readonly ObservedAddress[]
  readonly routes: readonly ObservedRoute[]
  readonly rules: readonly ObservedRule[]
  readonly wireguard: readonly ObservedWireGuard[]
  /** Forwarding entries of vxlan links that are wanted or ours. */
  readonly forwarding: readonly ObservedForwarding[]
  /** Values of the sysctls that the intents mention, by path: `net/ipv4/conf/wg0/forwarding`. */
  readonly sysctls: Readonly<Record<string, string>>
}

export interface ObservedLink {
  readonly index: number
  readonly name: string
  /** IFLA_INFO_KIND: `wireguard`, `tun`, `veth`, …; empty for hardware. */
  readonly kind: string
  readonly up: boolean
  readonly mtuBytes: number
  readonly altNames: readonly string[]
  /** IF_OPER_*: `up`, `down`, `unknown`, `lowerlayerdown`, … */
  readonly operState: string
  /** IFF_* that are set, of UP, BROADCAST, POINTOPOINT, MULTICAST, RUNNING, LOOPBACK, NOARP. */
  readonly flags: readonly string[]
  readonly hardwareAddress?: string
  /** The bridge or VRF that it is a port of, by name. */
  readonly master?: string
  /** Index of a veth's other end, in whichever namespace that is. */
  readonly peerIndex?: number
  /** What its kind has to say (IFLA_INFO_DATA), as far as we know the kind; other links by name. */
  readonly settings: LinkSettings
}

/** One entry of a vxlan's forwarding database (`bridge fdb`). */
export interface ObservedForwarding {
  readonly link: string
  /** `00:00:00:00:00:00`: where unknown destinations and broadcasts go. */
  readonly hardwareAddress: string
  readonly destination: string
  /** Learned from traffic: not ours, and not to be removed. */
  readonly learned: boolean
}

export interface ObservedAddress {
  readonly link: string
  readonly local: string
  readonly prefixLength: number
  readonly peer?: string
  /** IFA_PROTO: 5.18 and newer; 0 where the kernel does not say. */
  readonly protocol: number
  readonly scope: number
  /** Not IFA_F_PERMANENT: made by router advertisement or DHCP, and expires. */
  readonly dynamic?: boolean
}

export interface ObservedRoute {
  readonly destination: string
  readonly table: number
  readonly link: string | undefined
  readonly gateway: string | undefined
  readonly metric: number
  readonly protocol: number
  readonly type: number
  /** RTAX_MTU; undefined: that of the link. */
  readonly mtuBytes?: number
}

export interface ObservedRule {
  readonly family: 'inet' | 'inet6'
  readonly priority: number
  readonly table: number
  readonly fwmark?: number
  readonly invert?: boolean
  readonly suppressPrefixLength?: number
  readonly protocol: number
}

export interface ObservedWireGuard {
  readonly link: string
  readonly backend: Backend
  /** Undefined while the device has no private key. */
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly ObservedPeer[]
}

export interface ObservedPeer {
  readonly publicKey: string
  /** Hex of SHA-256 over the key, or undefined when there is none. */
  readonly presharedKeyDigest: string | undefined
  /** `192.0.2.1:51820` or `[2001:db8::1]:51820`. */
  readonly endpoint: string | undefined
  readonly allowedIPs: readonly string[]
  readonly persistentKeepaliveSeconds: number
  /** Milliseconds since the epoch; undefined: never. */
  readonly lastHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
}
