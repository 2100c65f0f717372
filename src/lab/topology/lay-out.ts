/**
 * Plan → topology, pure. A node with an endpoint is a public host; a node without one and without a site stands
 * behind its provider's closed firewall; nodes of one site share a home behind one NAT. Home routers and the
 * stranger have 198.51.100.0/24, servers 203.0.113.0/24 and 2001:db8:1::/64. Homes are IPv4 only outside the
 * tunnel, as many are.
 */
import type { LabEndpoint, LabNode } from './lab-node.ts'
import { LabRefusal } from './lab-refusal.ts'
import { hostIn, isIPv4, isIPv6, lanPrefixOf } from './prefix.ts'
import {
  type HostFirewall,
  type LabCable,
  type LabMachine,
  type LabTopology,
  type Nat,
  type NatBehaviour,
  USUAL_NAT,
} from './topology.ts'

export interface LayOutOptions {
  /** By site; `*` is for all the others. */
  readonly nats?: ReadonlyMap<string, NatBehaviour>
  /** Share of packets lost on the way into each host, 0 to 1. */
  readonly loss?: number
}

export const BACKBONE = 'backbone'
export const STRANGER = 'stranger'
const UNDERLAY = 'eth0'
const SERVERS = {
  v4: '203.0.113.0/24',
  gateway4: '203.0.113.1',
  v6: '2001:db8:1::',
  gateway6: '2001:db8:1::1',
}
const HOMES = {
  v4: '198.51.100.0/24',
  gateway4: '198.51.100.1',
  v6: '2001:db8:2::',
  gateway6: '2001:db8:2::1',
}
const STRANGER_NUMBER = 66
/** Hosts a documentation prefix has room for, beside gateways and the stranger. */
const MOST = 150

export function layOut(nodes: readonly LabNode[], options: LayOutOptions = {}): LabTopology {
  const homes = groupBySite(nodes)
  const servers = nodes.filter((node) => node.site === undefined)
  if (servers.length > MOST || homes.size > MOST) {
    throw new LabRefusal(`a lab holds ${MOST} public hosts and ${MOST} homes, this plan has more`)
  }
  const built = [
    ...[...homes].map(([site, members], index) => buildHome({ site, members, index, options })),
    { routers: [], hosts: servers.map((node, index) => buildServer(node, index, options)) },
  ]
  const order = new Map(nodes.map((node, index) => [node.name, index]))
  const routers = built.flatMap((part) => part.routers)
  const hosts = built
    .flatMap((part) => part.hosts)
    .toSorted((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0))
  const reachable = [...routers, ...hosts.filter((host) => host.site === undefined)]
  return {
    machines: [buildBackbone(reachable), ...routers, ...hosts, buildStranger()],
    names: nodes.flatMap((node) => namesOf(node, reachable)),
    publicAddresses: reachable.flatMap((machine) =>
      (machine.cables[0]?.addresses ?? []).map((text) => ({ machine: machine.name, address: bare(text) })),
    ),
  }
}

function groupBySite(nodes: readonly LabNode[]): Map<string, LabNode[]> {
  const sites = new Map<string, LabNode[]>()
  for (const node of nodes) {
    if (node.site !== undefined) sites.set(node.site, [...(sites.get(node.site) ?? []), node])
  }
  return sites
}

interface Home {
  readonly site: string
  readonly members: readonly LabNode[]
  readonly index: number
  readonly options: LayOutOptions
}

function buildHome(home: Home): { routers: LabMachine[]; hosts: LabMachine[] } {
  const prefix = lanOf(home)
  const outsideAddress = hostIn(HOMES.v4, 10 + home.index)
  const taken = new Set(home.members.flatMap((node) => node.localEndpoints.map((endpoint) => endpoint.host)))
  const hosts = home.members.map((node, index) =>
    buildResident(node, {
      prefix,
      router: home.site,
      address: lanAddressOf(node, prefix, index, taken),
      options: home.options,
    }),
  )
  const nat: Nat = {
    ...(home.options.nats?.get(home.site) ?? home.options.nats?.get('*') ?? USUAL_NAT),
    outside: 'wan',
    outsideAddress,
    inside: 'lan',
    forwards: home.members.flatMap((node, index) =>
      node.endpoints.map((endpoint) => ({
        port: endpoint.port,
        address: bare(hosts[index]?.cables[0]?.addresses[0] ?? ''),
        toPort: endpoint.listenPort,
      })),
    ),
  }
  const router: LabMachine = {
    name: routerName(home.site),
    role: 'router',
    site: home.site,
    bridges: [{ name: 'lan', addresses: [`${hostIn(prefix, 1)}/24`] }],
    cables: [cable('wan', BACKBONE, 'homes', [`${outsideAddress}/24`])],
    routes: [{ destination: '0.0.0.0/0', gateway: HOMES.gateway4 }],
    forwards: true,
    firewall: undefined,
    nat,
  }
  return { routers: [router], hosts }
}

/** The LAN that the plan's local endpoints stand in; one of our own otherwise, clear of what the plan uses. */
function lanOf({ site, members, index }: Home): string {
  const wanted = new Set(
    members.flatMap((node) =>
      node.localEndpoints.filter((e) => isIPv4(e.host)).map((e) => lanPrefixOf(e.host)),
    ),
  )
  if (wanted.size > 1) {
    throw new LabRefusal(
      `site ${site} has local endpoints in ${[...wanted].join(' and ')}; a lab gives a home one /24`,
    )
  }
  const [only] = wanted
  return only ?? `192.168.${101 + index}.0/24`
}

function lanAddressOf(node: LabNode, prefix: string, index: number, taken: ReadonlySet<string>): string {
  const [own] = node.localEndpoints
  if (own !== undefined) return own.host
  const free = Array.from({ length: 200 }, (_, k) => hostIn(prefix, 20 + index + k)).find(
    (a) => !taken.has(a),
  )
  return free ?? hostIn(prefix, 250)
}

interface Place {
  readonly prefix: string
  readonly router: string
  readonly address: string
  readonly options: LayOutOptions
}

function buildResident(node: LabNode, place: Place): LabMachine {
  return {
    name: node.name,
    role: 'host',
    site: node.site,
    bridges: behind(node),
    cables: [cable(UNDERLAY, routerName(place.router), 'lan', [`${place.address}/24`], place.options.loss)],
    routes: [{ destination: '0.0.0.0/0', gateway: hostIn(place.prefix, 1) }],
    forwards: node.networksBehind.length > 0,
    firewall: {
      underlay: UNDERLAY,
      // Its router decides who gets as far as this.
      openUdp: unique(node.listenPorts),
      redirects: [],
    },
    nat: undefined,
  }
}

function buildServer(node: LabNode, index: number, options: LayOutOptions): LabMachine {
  const literals = node.endpoints
    .map((endpoint) => endpoint.host)
    .filter((host) => isIPv4(host) || isIPv6(host))
  const extra = unique(literals).map((host) => `${host}/${isIPv6(host) ? 128 : 32}`)
  const own = [`${hostIn(SERVERS.v4, 10 + index)}/24`, `${SERVERS.v6}${(16 + index).toString(16)}/64`]
  return {
    name: node.name,
    role: 'host',
    site: undefined,
    bridges: behind(node),
    cables: [cable(UNDERLAY, BACKBONE, 'servers', [...own, ...extra], options.loss)],
    routes: [
      { destination: '0.0.0.0/0', gateway: SERVERS.gateway4 },
      { destination: '::/0', gateway: SERVERS.gateway6 },
    ],
    forwards: node.networksBehind.length > 0,
    firewall: serverFirewall(node.endpoints),
    nat: undefined,
  }
}

function serverFirewall(endpoints: readonly LabEndpoint[]): HostFirewall {
  return {
    underlay: UNDERLAY,
    openUdp: unique(endpoints.map((endpoint) => endpoint.listenPort)),
    redirects: endpoints
      .filter((endpoint) => endpoint.port !== endpoint.listenPort)
      .map((endpoint) => ({ from: endpoint.port, to: endpoint.listenPort })),
  }
}

/** A bridge without ports stands for the network behind a node: it answers at the network's first address. */
function behind(node: LabNode): LabMachine['bridges'] {
  return node.networksBehind
    .filter((prefix) => isIPv4(prefix.split('/')[0] ?? ''))
    .map((prefix, index) => ({
      name: `behind${index}`,
      addresses: [`${hostIn(prefix, 1)}/${prefix.split('/')[1]}`],
    }))
}

function buildBackbone(reachable: readonly LabMachine[]): LabMachine {
  const literals = reachable.flatMap((machine) => {
    const addresses = machine.cables[0]?.addresses ?? []
    return addresses
      .filter((text) => text.endsWith('/32') || text.endsWith('/128'))
      .map((text) => ({
        destination: text,
        gateway: bare(addresses.find((other) => isIPv6(other) === isIPv6(text)) ?? ''),
      }))
  })
  return {
    name: BACKBONE,
    role: 'backbone',
    site: undefined,
    bridges: [
      { name: 'servers', addresses: [`${SERVERS.gateway4}/24`, `${SERVERS.gateway6}/64`] },
      { name: 'homes', addresses: [`${HOMES.gateway4}/24`, `${HOMES.gateway6}/64`] },
    ],
    cables: [],
    routes: literals,
    forwards: true,
    firewall: undefined,
    nat: undefined,
  }
}

function buildStranger(): LabMachine {
  const addresses = [`${hostIn(HOMES.v4, STRANGER_NUMBER)}/24`, `${HOMES.v6}${STRANGER_NUMBER}/64`]
  return {
    name: STRANGER,
    role: 'stranger',
    site: undefined,
    bridges: [],
    cables: [cable(UNDERLAY, BACKBONE, 'homes', addresses)],
    routes: [
      { destination: '0.0.0.0/0', gateway: HOMES.gateway4 },
      { destination: '::/0', gateway: HOMES.gateway6 },
    ],
    forwards: false,
    firewall: undefined,
    nat: undefined,
  }
}

function namesOf(node: LabNode, reachable: readonly LabMachine[]): { name: string; address: string }[] {
  const at = reachable.find((m) =>
    node.site === undefined ? m.name === node.name : m.name === routerName(node.site),
  )
  const address = bare(at?.cables[0]?.addresses[0] ?? '')
  const names = node.endpoints
    .map((endpoint) => endpoint.host)
    .filter((host) => !isIPv4(host) && !isIPv6(host))
  return unique(names).map((name) => ({ name, address }))
}

// oxlint-disable-next-line eslint/max-params -- a cable has two ends, addresses and a quality
function cable(
  name: string,
  machine: string,
  bridge: string,
  addresses: readonly string[],
  loss = 0,
): LabCable {
  return { name, to: { machine, bridge }, addresses, loss }
}

export function routerName(site: string): string {
  return `router-${site}`
}

function bare(text: string): string {
  return text.split('/')[0] ?? ''
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
