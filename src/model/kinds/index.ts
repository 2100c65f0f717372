/** The kinds: one schema each, which gives the type, the defaults, the validation and the reference page. */
import { type NetlinkInterface, netlinkInterface } from './netlink-interface.ts'
import { secret, type Secret } from './secret.ts'
import { type WireGuardInterface, wireGuardInterface } from './wireguard-interface.ts'
import { type WireGuardNetworkPlan, wireGuardNetworkPlan } from './wireguard-network-plan.ts'
import { type WireGuardPeer, wireGuardPeer } from './wireguard-peer.ts'

export type WarrenObject =
  | WireGuardNetworkPlan
  | WireGuardInterface
  | WireGuardPeer
  | NetlinkInterface
  | Secret

/** By `kind`. */
export const KINDS = {
  WireGuardNetworkPlan: wireGuardNetworkPlan,
  WireGuardPeer: wireGuardPeer,
  WireGuardInterface: wireGuardInterface,
  NetlinkInterface: netlinkInterface,
  Secret: secret,
} as const

export type KindName = keyof typeof KINDS

export { nodeSpec as NODE_SPEC } from './wireguard-network-plan.ts'

export { isLinkName } from './fields.ts'
export { LINK_TYPES } from './netlink-interface.ts'
export type { LinkRoute, LinkType, NetlinkInterface, NetlinkInterfaceSpec } from './netlink-interface.ts'
export type { Secret } from './secret.ts'
export type { InterfacePeer, WireGuardInterface } from './wireguard-interface.ts'
export type { WireGuardPeer } from './wireguard-peer.ts'
export type {
  Container,
  DirectPeering,
  InterfaceAddress,
  InterfaceSettings,
  LinkEnd,
  LinkSpec,
  NetworkPlanSpec,
  NodeGroup,
  NodeSpec,
  SecretRef,
  Topology,
  WireGuardNetworkPlan,
} from './wireguard-network-plan.ts'
