/**
 * What one host has: a snapshot of the kernel and of the WireGuard backends, in the same canonical text forms
 * as intents. Observation is I/O and happens in `agent`; this is its result, and the reconciler's other input.
 * No private or preshared key is in here: keys are compared by their public half or their digest.
 */

export type Backend = 'kernel' | 'userspace'

export interface ObservedHost {
  readonly links: readonly ObservedLink[]
  readonly addresses: readonly ObservedAddress[]
  readonly routes: readonly ObservedRoute[]
  readonly rules: readonly ObservedRule[]
  readonly wireguard: readonly ObservedWireGuard[]
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
}

export interface ObservedAddress {
  readonly link: string
  readonly local: string
  readonly prefixLength: number
  readonly peer?: string
  /** IFA_PROTO: 5.18 and newer; 0 where the kernel does not say. */
  readonly protocol: number
  readonly scope: number
}

export interface ObservedRoute {
  readonly destination: string
  readonly table: number
  readonly link: string | undefined
  readonly gateway: string | undefined
  readonly metric: number
  readonly protocol: number
  readonly type: number
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
