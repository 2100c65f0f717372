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
  /** Where the wanted endpoint is, best first: `192.0.2.1:51820`. Empty while its name does not resolve. */
  readonly candidates: readonly string[]
  readonly observed: ObservedPeer | undefined
  /** What we last wrote, and what the plan said then; undefined when we do not remember. */
  readonly written: { readonly planned: string; readonly address: string } | undefined
  /** No session although something is being sent. */
  readonly fails: boolean
}

export const endpointToSet = (f: EndpointFacts): string | undefined => {
  const [best] = f.candidates
  if (f.wanted === undefined || best === undefined) return undefined
  const current = f.observed?.endpoint
  if (current === undefined) return best
  if (f.fails) return otherThan(current, f.candidates)
  if (f.candidates.includes(current) || f.written === undefined) return undefined
  const planChanged = f.written.planned !== endpointText(f.wanted)
  // The name has moved: what we wrote is not one of its addresses any more.
  return planChanged || !f.candidates.includes(f.written.address) ? best : undefined
}

/** The candidate after the one that does not work; undefined when it is the only one. */
const otherThan = (current: string, candidates: readonly string[]): string | undefined => {
  const next = candidates[(candidates.indexOf(current) + 1) % candidates.length]
  return next === current ? undefined : next
}

export const sessionIsStale = (peer: ObservedPeer, wallMs: number): boolean =>
  peer.lastHandshakeMs === undefined || wallMs - peer.lastHandshakeMs > HANDSHAKE_STALE_MS
