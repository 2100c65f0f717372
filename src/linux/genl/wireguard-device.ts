/**
 * A WireGuard interface as the kernel's generic netlink family shows and takes it (<linux/wireguard.h>). Keys
 * are 32 raw bytes here; whoever prints them decides what may be printed.
 */

export interface WgDevice {
  readonly index: number
  readonly name: string
  /** Undefined while none is set. */
  readonly privateKey: Uint8Array | undefined
  readonly publicKey: Uint8Array | undefined
  readonly listenPort: number
  /** 0: off. */
  readonly fwmark: number
  readonly peers: readonly WgPeer[]
}

export interface WgPeer {
  readonly publicKey: Uint8Array
  /** Undefined when all zero, which is how the kernel says "none". */
  readonly presharedKey: Uint8Array | undefined
  readonly endpoint: WgEndpoint | undefined
  readonly persistentKeepaliveSeconds: number
  /** Milliseconds since the epoch; undefined: never. */
  readonly lastHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
  /** Masked prefixes in the kernel's order. */
  readonly allowedIPs: readonly string[]
}

export interface WgEndpoint {
  /** RFC 5952 text. */
  readonly address: string
  readonly port: number
  /** IPv6 link-local only. */
  readonly scopeId?: number
}

/** Only what is present changes. */
export interface WgDeviceChange {
  /** 32 zero bytes take the key away. */
  readonly privateKey?: Uint8Array
  readonly listenPort?: number
  readonly fwmark?: number
  /** Drops every peer, and its session, first. */
  readonly replacePeers?: boolean
  readonly peers?: readonly WgPeerChange[]
}

export interface WgPeerChange {
  readonly publicKey: Uint8Array
  readonly remove?: boolean
  /** Change it only if it is there: WGPEER_F_UPDATE_ONLY. */
  readonly updateOnly?: boolean
  /** 32 zero bytes take the key away. */
  readonly presharedKey?: Uint8Array
  readonly endpoint?: WgEndpoint
  readonly persistentKeepaliveSeconds?: number
  /** `allowedIPs` is the whole list, not an addition. */
  readonly replaceAllowedIPs?: boolean
  readonly allowedIPs?: readonly string[]
}
