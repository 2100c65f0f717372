/**
 * The cross-platform userspace API's text (https://www.wireguard.com/xplatform/): what is written to and read
 * from `/run/wireguard/IFACE.sock`. This file has its values and their rendering; `uapi-parse.ts` reads them.
 *
 * A request is `get=1` or `set=1`, lines `key=value`, and an empty line; a response ends in `errno=N` and an
 * empty line. Keys are hexadecimal on the wire and 44 characters of base64 in these values, as everywhere else
 * here. Lines come in one fixed order, so that the text of equal values is equal.
 */
import { keyToHex, ZERO_KEY } from './key-text.ts'

export interface UapiChange {
  /** All zeros takes the key away. */
  readonly privateKey?: string
  readonly listenPort?: number
  /** 0 clears it. */
  readonly fwmark?: number
  readonly replacePeers?: boolean
  readonly peers: readonly UapiPeerChange[]
}

export interface UapiPeerChange {
  readonly publicKey: string
  readonly remove?: boolean
  /** Change it only if it is there. */
  readonly updateOnly?: boolean
  /** All zeros takes the key away. */
  readonly presharedKey?: string
  /** `192.0.2.1:51820` or `[2001:db8::1]:51820`: the UAPI takes no names. */
  readonly endpoint?: string
  readonly persistentKeepaliveSeconds?: number
  readonly replaceAllowedIPs?: boolean
  readonly allowedIPs: readonly string[]
  /** `allowed_ip=-PREFIX`: only newer implementations know it. */
  readonly removedAllowedIPs?: readonly string[]
}

export interface UapiDevice {
  /** Undefined: the device has none. */
  readonly privateKey: string | undefined
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly UapiPeer[]
}

export interface UapiPeer {
  readonly publicKey: string
  readonly presharedKey: string | undefined
  readonly endpoint: string | undefined
  readonly allowedIPs: readonly string[]
  readonly persistentKeepaliveSeconds: number
  /** Both 0: never. */
  readonly lastHandshakeSeconds: number
  readonly lastHandshakeNanoseconds: number
  readonly rxBytes: number
  readonly txBytes: number
  readonly protocolVersion: number
}

export type UapiRequest = { readonly kind: 'get' } | { readonly kind: 'set'; readonly change: UapiChange }

export const UAPI_GET = 'get=1\n\n'

/** `set=1` … with its closing empty line. */
export function formatUapiSet(change: UapiChange): string {
  const lines = ['set=1']
  if (change.privateKey !== undefined) lines.push(`private_key=${keyToHex(change.privateKey)}`)
  if (change.listenPort !== undefined) lines.push(`listen_port=${change.listenPort}`)
  if (change.fwmark !== undefined) lines.push(`fwmark=${change.fwmark}`)
  if (change.replacePeers) lines.push('replace_peers=true')
  for (const peer of change.peers) pushPeerChange(lines, peer)
  return `${lines.join('\n')}\n\n`
}

function pushPeerChange(lines: string[], peer: UapiPeerChange): void {
  lines.push(`public_key=${keyToHex(peer.publicKey)}`)
  if (peer.remove) lines.push('remove=true')
  if (peer.updateOnly) lines.push('update_only=true')
  if (peer.presharedKey !== undefined) lines.push(`preshared_key=${keyToHex(peer.presharedKey)}`)
  if (peer.endpoint !== undefined) lines.push(`endpoint=${peer.endpoint}`)
  if (peer.persistentKeepaliveSeconds !== undefined) {
    lines.push(`persistent_keepalive_interval=${peer.persistentKeepaliveSeconds}`)
  }
  if (peer.replaceAllowedIPs) lines.push('replace_allowed_ips=true')
  for (const prefix of peer.removedAllowedIPs ?? []) lines.push(`allowed_ip=-${prefix}`)
  for (const prefix of peer.allowedIPs) lines.push(`allowed_ip=${prefix}`)
}

/** The answer to `get=1`, in the order of wireguard-go: what is unset is left out, but a preshared key is zeros. */
export function formatUapiGet(device: UapiDevice): string {
  const lines: string[] = []
  if (device.privateKey !== undefined) lines.push(`private_key=${keyToHex(device.privateKey)}`)
  if (device.listenPort !== 0) lines.push(`listen_port=${device.listenPort}`)
  if (device.fwmark !== 0) lines.push(`fwmark=${device.fwmark}`)
  for (const peer of device.peers) {
    lines.push(
      `public_key=${keyToHex(peer.publicKey)}`,
      `preshared_key=${keyToHex(peer.presharedKey ?? ZERO_KEY)}`,
      `protocol_version=${peer.protocolVersion}`,
    )
    if (peer.endpoint !== undefined) lines.push(`endpoint=${peer.endpoint}`)
    lines.push(
      `last_handshake_time_sec=${peer.lastHandshakeSeconds}`,
      `last_handshake_time_nsec=${peer.lastHandshakeNanoseconds}`,
      `tx_bytes=${peer.txBytes}`,
      `rx_bytes=${peer.rxBytes}`,
      `persistent_keepalive_interval=${peer.persistentKeepaliveSeconds}`,
    )
    for (const prefix of peer.allowedIPs) lines.push(`allowed_ip=${prefix}`)
  }
  return `${lines.map((line) => `${line}\n`).join('')}${formatUapiErrno(0)}`
}

/** `errno=0` for success; wireguard-go answers with negative numbers, so do we. */
export function formatUapiErrno(errno: number): string {
  return `errno=${errno === 0 ? 0 : -Math.abs(errno)}\n\n`
}
