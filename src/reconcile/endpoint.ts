/**
 * When an endpoint is written to a peer. WireGuard peers roam: the device learns newer endpoints from
 * authenticated packets, and writing the plan's address again would cut such a connection. So an endpoint is
 * set when the peer is made, when the plan says something new, and when handshakes fail; never otherwise.
 */
import type { EndpointIntent, ObservedPeer } from '../model/index.ts'

/** REJECT_AFTER_TIME: after this a session is dead, and no handshake has replaced it. */
export const HANDSHAKE_STALE_MS = 180_000

export const endpointText = (e: EndpointIntent): string =>
  e.host.includes(':') ? `[${e.host}]:${e.port}` : `${e.host}:${e.port}`

export interface EndpointFacts {
  readonly wanted: EndpointIntent | undefined
  /** The wanted endpoint with its name resolved: `192.0.2.1:51820`. Undefined while it does not resolve. */
  readonly resolved: string | undefined
  readonly observed: ObservedPeer | undefined
  /** What the plan said when we last wrote an endpoint; undefined when we do not remember. */
  readonly written: string | undefined
  readonly fails: boolean
}

export const endpointToSet = (f: EndpointFacts): string | undefined => {
  if (f.wanted === undefined || f.resolved === undefined) return undefined
  if (f.observed === undefined || f.observed.endpoint === undefined) return f.resolved
  if (f.observed.endpoint === f.resolved) return undefined
  const planChanged = f.written !== undefined && f.written !== endpointText(f.wanted)
  return planChanged || f.fails ? f.resolved : undefined
}

/**
 * Handshakes fail when there is no live session although something was sent since the last look. A peer that
 * nobody talks to has no session either, and that is not a failure.
 */
export const handshakeFails = (
  peer: ObservedPeer,
  o: { readonly wallMs: number; readonly txBytesBefore: number | undefined },
): boolean => {
  const stale = peer.lastHandshakeMs === undefined || o.wallMs - peer.lastHandshakeMs > HANDSHAKE_STALE_MS
  return stale && (o.txBytesBefore === undefined || peer.txBytes !== o.txBytesBefore)
}
