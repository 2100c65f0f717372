/** Mesh and HubAndSpoke: one interface per member, and what it is to have. */
import {
  type Address,
  type AddressIntent,
  BITS,
  compareAddresses,
  containsAddress,
  formatPrefix,
  parseAddress,
  type Prefix,
  type WireGuardIntent,
} from '../model/index.ts'
import type { AllocatedAddresses } from './allocate-addresses.ts'
import type { GivenInterface } from './allocate-interfaces.ts'
import { containerOf } from './container.ts'
import type { Member, Network, PlannedMember } from './network.ts'
import { settingsOf } from './network.ts'
import { defaultRoutesOf, type Peering } from './peering.ts'
import { routingOf } from './routes.ts'

export interface Decided {
  readonly addresses: AllocatedAddresses
  readonly interface: GivenInterface
}

export function plannedMember(network: Network, member: Member, decided: Decided): PlannedMember {
  const { hubs, relays } = network.plan.spec
  const carrier = (network.topology === 'Mesh' ? relays : hubs).indexOf(member.name)
  const { addresses } = decided.addresses
  return {
    name: member.name,
    member,
    publicKey: member.publicKey,
    settings: settingsOf(network, member.spec),
    interfaceName: decided.interface.name,
    listenPort: decided.interface.listenPort,
    addresses,
    ...hostsOf(addresses, network.cidrs),
    networks: member.networks.map(formatPrefix),
    carrier: carrier < 0 ? undefined : carrier,
  }
}

/** The addresses as prefixes of full length: those inside the CIDRs, sorted, and the others. */
function hostsOf(
  addresses: readonly AddressIntent[],
  cidrs: readonly Prefix[],
): Pick<PlannedMember, 'hosts' | 'strays' | 'coversCidrs'> {
  const inside: { readonly address: Address; readonly text: string }[] = []
  const strays: string[] = []
  const covered = new Set<Prefix>()
  for (const { local, prefixLength, peer } of addresses) {
    const address = parseAddress(local)
    if (address === undefined) continue
    const text = `${local}/${BITS[address.family]}`
    const cidr = cidrs.find((one) => containsAddress(one, address))
    if (cidr === undefined) strays.push(text)
    else inside.push({ address, text })
    if (peer === undefined && cidr?.length === prefixLength) covered.add(cidr)
  }
  const hosts = inside.toSorted((a, b) => compareAddresses(a.address, b.address)).map(({ text }) => text)
  return { hosts, strays, coversCidrs: covered.size === cidrs.length }
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
