/** Mesh and HubAndSpoke: one interface per member, and what it is to have. */
import type { KeySource, Prefix, WireGuardIntent } from '../model/index.ts'
import { containsAddress, formatPrefix, hostPrefix, parseAddress } from '../model/index.ts'
import type { AllocatedAddresses } from './allocate-addresses.ts'
import type { GivenInterface } from './allocate-interfaces.ts'
import { containerOf } from './container.ts'
import type { Member, Network, PlannedMember } from './network.ts'
import { settingsOf } from './network.ts'
import { defaultRoutesOf, type Peering, sortedPrefixes } from './peering.ts'
import { routingOf } from './routes.ts'

export interface Decided {
  readonly addresses: AllocatedAddresses
  readonly interface: GivenInterface
}

export function plannedMember(network: Network, member: Member, decided: Decided): PlannedMember {
  const { hubs, relays } = network.plan.spec
  const carrier = (network.topology === 'Mesh' ? relays : hubs).indexOf(member.name)
  const prefixes = decided.addresses.addresses.flatMap(({ local }) => {
    const address = parseAddress(local)
    return address === undefined ? [] : [{ address, text: formatPrefix(hostPrefix(address)) }]
  })
  const isInside = ({ address }: (typeof prefixes)[number]): boolean =>
    network.cidrs.some((cidr: Prefix) => containsAddress(cidr, address))
  return {
    name: member.name,
    member,
    publicKey: member.publicKey,
    settings: settingsOf(network, member.spec),
    interfaceName: decided.interface.name,
    listenPort: decided.interface.listenPort,
    addresses: decided.addresses.addresses,
    hosts: sortedPrefixes(prefixes.filter(isInside).map(({ text }) => text)),
    strays: prefixes.filter((one) => !isInside(one)).map(({ text }) => text),
    networks: member.networks.map(formatPrefix),
    carrier: carrier < 0 ? undefined : carrier,
  }
}

/** Nodes that others send their default route to. */
export const exitsOf = (network: Network): ReadonlySet<string> =>
  new Set(network.members.flatMap(({ spec }) => spec.defaultRoute?.via ?? []))

export interface SharedContext {
  readonly network: Network
  readonly peering: Peering
  readonly exits: ReadonlySet<string>
}

export function sharedInterface(planned: PlannedMember, context: SharedContext): WireGuardIntent {
  const { member, settings } = planned
  const { metadata } = context.network.plan
  const routing = routingOf({
    table: settings.table,
    fwmark: settings.fwmark,
    addresses: planned.addresses,
    destinations: context.peering.destinationsOf(planned),
    defaultRoutes: member.spec.defaultRoute === undefined ? [] : defaultRoutesOf(planned),
  })
  return {
    name: planned.interfaceName,
    owner: { kind: 'WireGuardNetworkPlan', namespace: metadata.namespace, name: metadata.name },
    privateKey: member.privateKey,
    publicKey: planned.publicKey,
    listenPort: planned.listenPort,
    fwmark: routing.fwmark,
    mtuBytes: settings.mtuBytes,
    addresses: planned.addresses,
    peers: context.peering.peersOf(planned),
    routes: routing.routes,
    rules: routing.rules,
    forwards: forwardsOf(planned, context),
    container: containerOf(member.spec),
  }
}

/** Carriers between their peers, others between the tunnel and the networks behind them. */
function forwardsOf(planned: PlannedMember, { network, exits }: SharedContext): WireGuardIntent['forwards'] {
  const carriesAll = planned.carrier !== undefined || exits.has(planned.name)
  const carried = carriesAll
    ? [...network.cidrs, ...network.members.flatMap(({ networks }) => networks)]
    : planned.member.networks
  const families = new Set(carried.map(({ address }) => address.family))
  return { inet: families.has(4), inet6: families.has(6) }
}

export type PresharedKeys = ReadonlyMap<string, ReadonlyMap<string, KeySource>>
