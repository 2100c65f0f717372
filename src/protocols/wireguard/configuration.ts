/**
 * What one sets on a device and what it tells: the words of the cross-platform userspace interface
 * (wireguard.com/xplatform, `set=1` and `get=1`) as data. formats/ turns its text into nearly these.
 *
 * Keys are 44 characters of base64, prefixes text such as `10.0.0.0/24`, all of it already validated:
 * what is malformed here is a bug and throws.
 */
import type { Endpoint } from './endpoint.ts'

export interface DeviceChange {
  /** All zeros takes the key away. */
  readonly privateKey?: string
  /** Kept for `snapshot()` only; the socket is the caller's. */
  readonly listenPort?: number
  /** 0: none. Kept for `snapshot()` only. */
  readonly fwmark?: number
  readonly replacePeers?: boolean
  readonly peers?: readonly PeerConfigChange[]
}

export interface PeerConfigChange {
  readonly publicKey: string
  readonly remove?: boolean
  /** Does nothing when the peer is not there. */
  readonly updateOnly?: boolean
  /** All zeros takes the key away. */
  readonly presharedKey?: string
  readonly endpoint?: Endpoint
  /** 0: off. */
  readonly persistentKeepaliveSeconds?: number
  readonly replaceAllowedIPs?: boolean
  readonly allowedIPs?: readonly string[]
  readonly removedAllowedIPs?: readonly string[]
}

export interface DeviceSnapshot {
  readonly privateKey: string | undefined
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly PeerSnapshot[]
}

export interface PeerSnapshot {
  readonly publicKey: string
  readonly presharedKey: string | undefined
  readonly endpoint: Endpoint | undefined
  readonly allowedIPs: readonly string[]
  readonly persistentKeepaliveSeconds: number
  /** Milliseconds since the epoch; undefined: never. */
  readonly lastHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
}
