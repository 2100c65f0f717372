/**
 * The way of packets to one address, as facts: `needs` has to hold for as long as the address is to be reached as
 * it is now, `gives` is everything that holds. A change keeps the way when what it needed before is still given.
 *
 *   10.0.0.9 ──▶ wg0 ──▶ its peer, whose allowed IPs cover it ──▶ the peer's endpoint ──▶ eth0 ──▶ the gateway
 *
 * A tunnel's packets go a way of their own, so its needs are among these; a tunnel that would carry its own
 * packets carries nothing. `text` is for people.
 */
import { containsAddress, parseAddress, parseEndpoint, parsePrefix } from '../model/index.ts'
import type { Found, Flow } from './reachability-lookup.ts'
import { lookUp } from './reachability-lookup.ts'
import type { RoutingView, ViewDevice, ViewLink, ViewPeer, ViewRoute } from './reachability-view.ts'
import { familyOf, linkNamed, ROUTE } from './reachability-view.ts'

export interface Way {
  /** False: packets to it get nowhere, or are for this host itself. */
  readonly leads: boolean
  readonly text: string
  readonly needs: readonly string[]
  readonly gives: ReadonlySet<string>
}

interface Path {
  readonly text: string
  readonly needs: readonly string[]
}

/** Why nothing leads there. */
class NoWay extends Error {}

/** With `from`, an address of ours that a session has: its answers have to come from it. */
export const wayTo = (view: RoutingView, flow: Flow): Way => {
  const gives = new Set(factsOf(view))
  try {
    const { text, needs } = pathOf(view, flow, new Set())
    return { leads: true, text, needs, gives: new Set([...gives, ...needs]) }
  } catch (error) {
    if (!(error instanceof NoWay)) throw error
    return { leads: false, text: error.message, needs: [], gives }
  }
}

/** What holds whether or not anything needs it. */
const factsOf = (view: RoutingView): string[] => [
  ...view.addresses.filter((a) => linkNamed(view, a.link)?.up === true).map((a) => hasAddress(a.local)),
  ...view.links.flatMap((l) => (l.master === undefined || !l.up ? [] : [isPort(l, l.master)])),
]

const hasAddress = (address: string): string => `${address} is an address of this host`
const identityOf = (link: ViewLink): string => (link.made === undefined ? '' : ` (made anew, ${link.made})`)
const isPort = (port: ViewLink, master: string): string =>
  `${port.name}${identityOf(port)} is a port of ${master}`

const pathOf = (view: RoutingView, flow: Flow, tunnels: ReadonlySet<string>): Path => {
  const route = routeOf(lookUp(view, flow), flow.to)
  if (route.link === undefined) return { text: `by ${route.destination}`, needs: [leavesBy(route)] }
  const link = linkNamed(view, route.link)
  if (link === undefined || !link.up) throw new NoWay(`${route.link} is down`)
  if (tunnels.has(link.name)) throw new NoWay(`${link.name} would carry its own packets to ${flow.to}`)
  if (flow.from !== undefined && !view.addresses.some((a) => a.local === flow.from))
    throw new NoWay(`${flow.from} is no address of this host`)
  const source = flow.from ?? sourceOf(view, route, flow.to)
  if (source === undefined) throw new NoWay(`no address to send from to ${flow.to}`)
  const below = belowOf(view, link, { to: flow.to, tunnels })
  const via = route.gateway === undefined ? '' : ` by ${route.gateway}`
  return {
    text: `through ${link.name}${link.made === undefined ? '' : ' made anew'}${via}${below.text}`,
    needs: [leavesBy(route), hasAddress(source), ...gatewayNeeds(view, route), ...below.needs],
  }
}

const routeOf = (found: Found, to: string): ViewRoute => {
  if (found.kind === 'none') throw new NoWay(`no route leads to ${to}`)
  if (found.kind === 'refused') throw new NoWay(`a rule or route says ${found.how}`)
  if (found.route.type === ROUTE.local) throw new NoWay(`${to} is an address of this host`)
  return found.route
}

const leavesBy = ({ link, gateway, destination }: ViewRoute): string =>
  link === undefined ? `leaves by ${destination}` : `leaves by ${link} ${gateway ?? ''}`

/** A gateway that no prefix covers was made with `onlink`; what covers it now has to go on covering it. */
const gatewayNeeds = (view: RoutingView, { gateway, link }: ViewRoute): string[] => {
  const address = parseAddress(gateway ?? '')
  const covered = view.addresses.some((a) => {
    const prefix = parsePrefix(`${a.peer ?? a.local}/${a.prefixLength}`)
    return (
      a.link === link && prefix !== undefined && address !== undefined && containsAddress(prefix, address)
    )
  })
  return covered ? [`${gateway} is on ${link}`] : []
}

/** What the kernel would put in as the source: the route's word, the link's own address, or any that goes out. */
const sourceOf = (view: RoutingView, route: ViewRoute, to: string): string | undefined => {
  if (route.preferredSource !== undefined) return route.preferredSource
  const usable = view.addresses.filter(
    (a) => familyOf(a.local) === familyOf(to) && linkNamed(view, a.link)?.up === true,
  )
  const onLink = usable.filter((a) => a.link === route.link)
  const nextHop = parseAddress(route.gateway ?? to)
  const near = onLink.find((a) => {
    const prefix = parsePrefix(`${a.peer ?? a.local}/${a.prefixLength}`)
    return prefix !== undefined && nextHop !== undefined && containsAddress(prefix, nextHop)
  })
  return (near ?? onLink.find((a) => a.scope === 0) ?? onLink[0] ?? usable.find((a) => a.scope === 0))?.local
}

interface Below {
  /** Undefined: of a link that only carries frames. */
  readonly to: string | undefined
  /** Tunnels that the packet is in already. */
  readonly tunnels: ReadonlySet<string>
}

const NOTHING_BELOW: Path = { text: '', needs: [] }

/** The link itself, and what it stands on. */
const belowOf = (view: RoutingView, link: ViewLink, o: Below): Path => {
  const master = linkNamed(view, link.master)
  if (link.master !== undefined && master?.kind !== 'vrf')
    throw new NoWay(`${link.name} is a port of ${link.master}`)
  const taker = o.to === undefined ? undefined : view.links.find((l) => takesAllOf(link, l))
  if (taker !== undefined) throw new NoWay(`${taker.name} takes every frame of ${link.name}`)
  const ports = view.links.filter((l) => l.master === link.name && l.up && link.kind !== 'vrf')
  const device = view.wireguard.find((d) => d.link === link.name)
  const parts = [
    parentOf(view, link, o),
    remoteOf(view, link, o),
    ...(device === undefined || o.to === undefined ? [] : [peerOf(view, device, { ...o, to: o.to })]),
  ]
  return {
    text: parts.map((p) => p.text).join(''),
    needs: [
      `${link.name} is the link it was${identityOf(link)}, ${settingsText(link)}`,
      ...ports.map((p) => isPort(p, link.name)),
      ...parts.flatMap((p) => p.needs),
    ],
  }
}

/** A macvlan of the mode passthru, up or down; what lies on the same link for itself, a VLAN, keeps its frames. */
const takesAllOf = (link: ViewLink, { kind, settings }: ViewLink): boolean =>
  kind === 'macvlan' && settings['mode'] === 'passthru' && settings['link'] === link.name

/** Settings without which the other end no longer understands or finds us. Timers and limits are none of them. */
const VITAL = [
  'id',
  'link',
  'local',
  'remote',
  'group',
  'port',
  'protocol',
  'mode',
  'table',
  'inputKey',
] as const
const MORE_VITAL = ['outputKey', 'vlanFiltering', 'vlanProtocol', 'external'] as const

const settingsText = ({ settings }: ViewLink): string =>
  [...VITAL, ...MORE_VITAL]
    .flatMap((key) => (key in settings ? [`${key} ${String(settings[key])}`] : []))
    .join(' ')

/** Of a vlan, a macvlan, a vxlan: the link it is on. */
const parentOf = (view: RoutingView, link: ViewLink, { tunnels }: Below): Path => {
  const name = link.settings['link']
  if (typeof name !== 'string') return NOTHING_BELOW
  const parent = linkNamed(view, name)
  if (parent === undefined || !parent.up) throw new NoWay(`${name}, which ${link.name} is on, is down`)
  return { text: '', needs: belowOf(view, parent, { to: undefined, tunnels }).needs }
}

/** Of a vxlan, a gre, an ipip with one other end: how its own packets get there. */
const remoteOf = (view: RoutingView, link: ViewLink, o: Below): Path => {
  const remote = link.settings['remote'] ?? link.settings['group']
  const address = typeof remote === 'string' ? parseAddress(remote) : undefined
  if (typeof remote !== 'string' || address === undefined || isMulticast(remote)) return NOTHING_BELOW
  return outside(view, { to: remote }, { ...o, link: link.name })
}

const isMulticast = (text: string): boolean =>
  ['224.0.0.0/4', 'ff00::/8'].some((range) => {
    const [prefix, address] = [parsePrefix(range), parseAddress(text)]
    return prefix !== undefined && address !== undefined && containsAddress(prefix, address)
  })

/** Who gets it inside a WireGuard interface, and how the datagrams get to that peer. */
const peerOf = (view: RoutingView, device: ViewDevice, o: Below & { readonly to: string }): Path => {
  const peer = peerFor(device, o.to)
  if (peer === undefined) throw new NoWay(`no peer of ${device.link} takes packets to ${o.to}`)
  const endpoint = parseEndpoint(peer.endpoint ?? '')
  if (endpoint === undefined)
    throw new NoWay(`nobody knows where the peer ${shortKey(peer)} of ${device.link} is`)
  const outer = outside(view, { to: endpoint.host, mark: device.fwmark }, { ...o, link: device.link })
  return {
    text: `, peer ${shortKey(peer)} at ${peer.endpoint}`,
    needs: [
      `${device.link} has the key ${device.publicKey} and port ${device.listenPort}`,
      `${device.link} has the peer ${peer.publicKey} at ${peer.endpoint} with ${peer.presharedKeyDigest ?? 'no'} preshared key`,
      ...outer.needs,
    ],
  }
}

const shortKey = (peer: ViewPeer): string => `${peer.publicKey.slice(0, 8)}…`

/** Cryptokey routing: the longest allowed prefix. */
const peerFor = (device: ViewDevice, to: string): ViewPeer | undefined => {
  const address = parseAddress(to)
  let best: { readonly peer: ViewPeer; readonly length: number } | undefined
  for (const peer of device.peers)
    for (const text of peer.allowedIPs) {
      const prefix = parsePrefix(text)
      if (prefix === undefined || address === undefined || !containsAddress(prefix, address)) continue
      if (best === undefined || prefix.length > best.length) best = { peer, length: prefix.length }
    }
  return best?.peer
}

/** A tunnel's own packets. What they need is said of the tunnel, so that it is not taken for the inner way. */
const outside = (view: RoutingView, flow: Flow, o: Below & { readonly link: string }): Path => {
  const { needs } = pathOf(view, flow, new Set([...o.tunnels, o.link]))
  return {
    text: '',
    needs: needs.map((need) => (need.startsWith('leaves by') ? `outside ${o.link}: ${need}` : need)),
  }
}
