/**
 * What one sets on a device and what it tells: the words of the cross-platform userspace interface
 * (wireguard.com/xplatform, `set=1` and `get=1`) as data. formats/ turns the text into these and back.
 *
 * Public keys are base64 text, secrets are 32 bytes, prefixes are text such as `10.0.0.0/24`.
 */
import type { Endpoint } from './endpoint.ts'

export interface DeviceChange {
  /** 32 zero bytes take the key away. */
  readonly privateKey?: Uint8Array
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
  /** 32 zero bytes: none. */
  readonly presharedKey?: Uint8Array
  readonly endpoint?: Endpoint
  /** 0: off. */
  readonly persistentKeepaliveSeconds?: number
  readonly replaceAllowedIPs?: boolean
  readonly addAllowedIPs?: readonly string[]
  readonly removeAllowedIPs?: readonly string[]
}

export interface DeviceSnapshot {
  readonly privateKey: Uint8Array | undefined
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly PeerSnapshot[]
}

export interface PeerSnapshot {
  readonly publicKey: string
  readonly presharedKey: Uint8Array | undefined
  readonly endpoint: Endpoint | undefined
  readonly allowedIPs: readonly string[]
  readonly persistentKeepaliveSeconds: number
  /** Milliseconds since the epoch; undefined: never. */
  readonly lastHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
}
