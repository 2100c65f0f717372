/** One peer's part of `configure` and `snapshot`. */
import type { AllowedIps } from './allowed-ips.ts'
import type { PeerConfigChange, PeerSnapshot } from './configuration.ts'
import { decodeKey, encodeKey, ZERO_KEY } from './formats/index.ts'
import type { Peer } from './peer.ts'

export function applyToPeer(
  peer: Peer,
  change: PeerConfigChange,
  allowedIPs: AllowedIps<Peer>,
  nowMs: number,
): void {
  if (change.presharedKey !== undefined) peer.handshake.presharedKey = keyBytes(change.presharedKey)
  const reachableNow = peer.endpoint === undefined && change.endpoint !== undefined
  if (change.endpoint !== undefined) peer.endpoint = change.endpoint
  if (change.replaceAllowedIPs) allowedIPs.removeAll(peer)
  for (const prefix of change.removedAllowedIPs ?? []) allowedIPs.remove(prefix, peer)
  for (const prefix of change.allowedIPs ?? []) {
    if (!allowedIPs.insert(prefix, peer)) throw new RangeError('not a prefix')
  }
  const seconds = change.persistentKeepaliveSeconds
  const turnedOn = seconds !== undefined && seconds > 0 && peer.timers.persistentKeepaliveMs === 0
  if (seconds !== undefined) peer.timers.setPersistentKeepalive(seconds * 1000, nowMs)
  // An endpoint that comes after the keepalive (a name resolved late) must not wait a whole interval for its first use.
  peer.wakeUp(nowMs, turnedOn || (reachableNow && peer.timers.persistentKeepaliveMs > 0))
}

export function snapshotOf(peer: Peer, allowedIPs: AllowedIps<Peer>): PeerSnapshot {
  const presharedKey = encodeKey(peer.handshake.presharedKey)
  return {
    publicKey: peer.publicKey,
    presharedKey: presharedKey === ZERO_KEY ? undefined : presharedKey,
    endpoint: peer.endpoint,
    allowedIPs: allowedIPs.prefixesOf(peer),
    persistentKeepaliveSeconds: peer.timers.persistentKeepaliveMs / 1000,
    lastHandshakeMs: peer.lastHandshakeMs,
    rxBytes: peer.rxBytes,
    txBytes: peer.txBytes,
  }
}

function keyBytes(text: string): Uint8Array {
  const bytes = decodeKey(text)
  if (!bytes) throw new RangeError('not a WireGuard key')
  return bytes
}
