/**
 * A network while it is planned. It is made in three strokes: what the objects say (`Member`), what was and is
 * allocated (`addresses`, `interface`, `publicKey` of a `PlannedMember`), and from both the peers.
 */
import type {
  AddressIntent,
  DirectPeering,
  Endpoint,
  KeySource,
  NodeSpec,
  Prefix,
  Topology,
  WireGuardNetworkPlan,
} from '../model/index.ts'
import type { Where } from './problem-list.ts'

/** A node of a network, as written: everything parsed, nothing decided. */
export interface Member {
  readonly name: string
  readonly spec: NodeSpec
  readonly where: Where
  readonly endpoint: Endpoint | undefined
  readonly localEndpoint: Endpoint | undefined
  /** Written in the plan, in its order. */
  readonly addresses: readonly WrittenAddress[]
  /** The networks behind it. */
  readonly networks: readonly Prefix[]
  readonly publicKey: string | undefined
  readonly privateKey: KeySource
}

/** `bare`: without a length, which then is that of the CIDR it is in. */
export interface WrittenAddress {
  readonly intent: AddressIntent
  readonly bare: boolean
}

export interface Network {
  /** `NAMESPACE/NAME`. */
  readonly id: string
  readonly plan: WireGuardNetworkPlan
  readonly cidrs: readonly Prefix[]
  readonly topology: Topology
  readonly directPeering: DirectPeering
  /** Sorted by name. */
  readonly members: readonly Member[]
  readonly byName: ReadonlyMap<string, Member>
}

/** Its settings on one node, after every override. */
export interface InterfaceSettingsOf {
  readonly name: string | undefined
  readonly listenPort: number | undefined
  readonly mtuBytes: number
  readonly table: 'main' | 'off' | number
  readonly fwmark: number | undefined
}

export const DEFAULT_MTU = 1420
export const DEFAULT_PORT = 51820

/** Node over network over default; with Links no routes are made unless a table is named. */
export function settingsOf(network: Network, spec: NodeSpec): InterfaceSettingsOf {
  const common = network.plan.spec.interface
  const own = spec.interface ?? {}
  return {
    name: own.name ?? common.name,
    listenPort: spec.listenPort ?? own.listenPort ?? common.listenPort,
    mtuBytes: spec.mtu ?? own.mtu ?? common.mtu ?? DEFAULT_MTU,
    table: own.table ?? common.table ?? (network.topology === 'Links' ? 'off' : 'main'),
    fwmark: own.fwmark ?? common.fwmark,
  }
}

/** A member with everything decided. */
export interface PlannedMember {
  readonly name: string
  readonly member: Member
  readonly publicKey: string | undefined
  readonly settings: InterfaceSettingsOf
  readonly interfaceName: string
  readonly listenPort: number
  readonly addresses: readonly AddressIntent[]
  /** It has an address in every CIDR with the CIDR's own length, so that the kernel routes them all. */
  readonly coversCidrs: boolean
  /** Its addresses inside the CIDRs, as prefixes of full length. */
  readonly hosts: readonly string[]
  /** Its addresses outside of every CIDR. */
  readonly strays: readonly string[]
  /** The networks behind it. */
  readonly networks: readonly string[]
  /** Its place among the hubs or relays, if it is one; 0 is the primary. */
  readonly carrier: number | undefined
}
