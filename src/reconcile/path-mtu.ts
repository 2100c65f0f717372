/**
 * What was measured of the paths to peers, put into an intent: the MTU of the interface where every peer needs less
 * than the plan says, and of routes where only some do. The plan's MTU is the most that is ever used.
 *
 *   wg0 1420 ─┬─ hub     measured 1420                        interface 1420
 *             └─ laptop  measured 1340, 10.0.0.7/32           + route 10.0.0.7/32 mtu 1340
 *
 *   wg0 1420 ─── hub     measured 1340, 10.0.0.0/24           interface 1340
 *
 * An interface with IPv6 never has less than 1280 (RFC 8200 §5; Linux takes IPv6 away below); routes of IPv4 may.
 * Where a path carries less than 1280, outer packets of IPv6 are fragmented, and the agent says so.
 */
import {
  contains,
  containsAddress,
  formatPrefix,
  halvesOf,
  linkIdOf,
  netnsNameOf,
  overheadOf,
  parseAddress,
  parsePrefix,
  prefixOf,
} from '../model/index.ts'
import type {
  AddressIntent,
  LinkIntent,
  NodeIntent,
  PeerIntent,
  RouteIntent,
  WireGuardIntent,
} from '../model/index.ts'
import { peerId } from './peer-steps.ts'

/** The smallest packet that every IPv6 link carries. */
export const IPV6_MIN_MTU = 1280
/** The smallest that an IPv4 path is asked to carry here; RFC 791 promises 68 and hosts take 576. */
export const IPV4_MIN_MTU = 576

/** IP, UDP and the header and tag of WireGuard's data message, around one inner packet. */
export const wireguardOverhead = (endpointFamily: 4 | 6): number => (endpointFamily === 4 ? 60 : 80)

/**
 * The least that an interface may be given. On a vxlan above it Linux has no IPv6 either under 1280, and a vxlan is
 * never larger than what is below it, less its own overhead.
 */
export const leastMtu = (wg: WireGuardIntent, links: readonly LinkIntent[] = []): number =>
  Math.max(
    carriesIpv6(wg) ? IPV6_MIN_MTU : IPV4_MIN_MTU,
    ...links.filter((link) => isUnder(wg, link)).map((link) => IPV6_MIN_MTU + (overheadOf(link) ?? 0)),
  )

const carriesIpv6 = (wg: WireGuardIntent): boolean =>
  wg.addresses.some((a) => a.local.includes(':')) ||
  wg.peers.some((p) => p.allowedIPs.some((prefix) => prefix.includes(':')))

export interface MeasuredPaths {
  /** The largest inner packet that arrives, by `peerId`; at peers that are not in here nothing is known. */
  readonly bytes: ReadonlyMap<string, number>
  /**
   * Interfaces, by `linkIdOf`, that have the plan's MTU while their paths are measured anew; their routes keep what
   * was known, so that nothing but the probes is larger.
   */
  readonly raised: ReadonlySet<string>
}

export const withPathMtus = (intent: NodeIntent, measured: MeasuredPaths): NodeIntent => {
  if (measured.bytes.size === 0) return intent
  const narrow = intent.interfaces.map((wg) => narrowPeers(wg, measured))
  if (narrow.every((n) => n.size === 0)) return intent
  return {
    ...intent,
    interfaces: intent.interfaces.map((wg, index) =>
      adapted(wg, narrow[index] ?? new Map(), { ...measured, links: intent.links }),
    ),
    links: intent.links.map((link) => {
      const at = intent.interfaces.findIndex((wg) => isUnder(wg, link))
      return at < 0 ? link : adaptedVxlan(link, narrow[at] ?? new Map())
    }),
  }
}

/** What peers need less than the plan's MTU, and how much less. */
const narrowPeers = (wg: WireGuardIntent, { bytes }: MeasuredPaths): Map<PeerIntent, number> => {
  const result = new Map<PeerIntent, number>()
  for (const peer of wg.peers) {
    const size = bytes.get(peerId(linkIdOf(wg.name, wg.container), peer.publicKey))
    if (size !== undefined && size < wg.mtuBytes) result.set(peer, Math.max(size, IPV4_MIN_MTU))
  }
  return result
}

const adapted = (
  wg: WireGuardIntent,
  narrow: ReadonlyMap<PeerIntent, number>,
  { raised, links }: MeasuredPaths & Pick<NodeIntent, 'links'>,
): WireGuardIntent => {
  if (narrow.size === 0) return wg
  const isRaised = raised.has(linkIdOf(wg.name, wg.container))
  const all = narrow.size === wg.peers.length && !isRaised
  const mtuBytes = all
    ? Math.min(wg.mtuBytes, Math.max(leastMtu(wg, links), ...narrow.values()))
    : wg.mtuBytes
  return { ...wg, mtuBytes, routes: withRouteMtus({ ...wg, mtuBytes }, narrow) }
}

/** IPv4 takes less than 1280 even where the interface, for its IPv6, cannot. */
const withRouteMtus = (
  wg: WireGuardIntent,
  narrow: ReadonlyMap<PeerIntent, number>,
): readonly RouteIntent[] => {
  const routes = new Map(wg.routes.map((r) => [`${r.destination} ${r.table}`, r]))
  for (const [peer, size] of narrow) {
    for (const destination of peer.allowedIPs) {
      const mtuBytes = destination.includes(':') ? Math.max(size, IPV6_MIN_MTU) : size
      if (mtuBytes >= wg.mtuBytes) continue
      const written = wg.routes.filter((r) => r.destination === destination)
      for (const route of written) routes.set(`${destination} ${route.table}`, { ...route, mtuBytes })
      if (written.length > 0) continue
      for (const own of moreSpecific(destination, wg.addresses))
        routes.set(`${own} ${MAIN}`, { destination: own, table: MAIN, mtuBytes })
    }
  }
  return [...routes.values()].toSorted((a, b) => compare(a.destination, b.destination) || a.table - b.table)
}

const MAIN = 254
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/**
 * What a route with an MTU of its own can be made for: a part of a network for which the kernel has made a route by
 * itself. The kernel's own cannot be changed, but its two halves win over it.
 */
const moreSpecific = (destination: string, addresses: readonly AddressIntent[]): readonly string[] => {
  const wanted = parsePrefix(destination)
  if (wanted === undefined) return []
  for (const { local, peer, prefixLength } of addresses) {
    const address = parseAddress(peer ?? local)
    if (address === undefined || address.family !== wanted.address.family) continue
    const network = prefixOf(address, prefixLength)
    if (!contains(network, wanted)) continue
    return wanted.length > network.length ? [destination] : halvesOf(wanted).map(formatPrefix)
  }
  return []
}

const isUnder = (wg: WireGuardIntent, link: LinkIntent): boolean =>
  link.kind === 'vxlan' &&
  link.mtuBytes === undefined &&
  link.settings['link'] === wg.name &&
  netnsNameOf(link.container) === netnsNameOf(wg.container)

/**
 * A vxlan on top: its frames go to one peer, or to several, and must fit the narrowest of those. It may carry IPv6
 * of which we know nothing, so it gets no less than that needs; the packets of the tunnel below then fragment.
 */
const adaptedVxlan = (link: LinkIntent, narrow: ReadonlyMap<PeerIntent, number>): LinkIntent => {
  const { group } = link.settings
  const one = [...narrow].filter(([peer]) => leadsTo(peer, String(group ?? '')))
  const sizes = (one.length > 0 ? one : [...narrow]).map(([, size]) => size)
  if (sizes.length === 0) return link
  const mtuBytes = Math.min(...sizes) - (overheadOf(link) ?? 0)
  return { ...link, mtuBytes: Math.max(mtuBytes, IPV6_MIN_MTU) }
}

const leadsTo = (peer: PeerIntent, address: string): boolean => {
  const host = parseAddress(address)
  if (host === undefined) return false
  return peer.allowedIPs.some((text) => {
    const prefix = parsePrefix(text)
    return prefix !== undefined && containsAddress(prefix, host)
  })
}
