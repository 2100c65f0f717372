/** Links: one interface per end of a link, with one peer. */
import {
  type AddressIntent,
  canonicalPrefix,
  type EndpointIntent,
  type KeySource,
  type WireGuardIntent,
} from '../model/index.ts'
import type { GivenInterface } from './allocate-interfaces.ts'
import { containerOf } from './container.ts'
import type { LinkEndPlan } from './links.ts'
import { writtenAddress } from './members.ts'
import { type Network, settingsOf } from './network.ts'
import { sortedPrefixes } from './peering.ts'
import { defaultRoutesAmong, isMainTable, routingOf } from './routes.ts'
import { parseEndpoint } from '../model/index.ts'

export interface LinkSide {
  readonly plan: LinkEndPlan
  readonly given: GivenInterface
}

export interface LinkContext {
  readonly network: Network
  readonly presharedKey: KeySource | undefined
}

export function linkInterface(
  near: LinkSide,
  far: LinkSide,
  { network, presharedKey }: LinkContext,
): WireGuardIntent {
  const { member, link } = near.plan
  const { metadata } = network.plan
  const settings = settingsOf(network, member.spec)
  const addresses = linkAddresses(near.plan)
  const allowedIPs = sortedPrefixes(link.allowedIPs.map(canonicalPrefix))
  const { table, fwmark } = settings
  // In main they were refused: see checkReach.
  const defaultRoutes = isMainTable(table) ? [] : defaultRoutesAmong(allowedIPs)
  const routing = routingOf({ table, fwmark, addresses, destinations: allowedIPs, defaultRoutes })
  const endpoint = linkEndpoint(near.plan, far)
  const isHole = endpoint !== undefined && linkEndpoint(far.plan, near) === undefined
  const keepalive =
    link.persistentKeepalive ?? member.spec.persistentKeepalive ?? network.plan.spec.persistentKeepalive
  const { publicKey } = far.plan.member
  const peer =
    publicKey === undefined
      ? undefined
      : {
          publicKey,
          node: far.plan.member.name,
          presharedKey,
          endpoint,
          allowedIPs,
          persistentKeepaliveSeconds: isHole ? keepalive : 0,
          path: 'always' as const,
        }
  return {
    name: near.given.name,
    owner: { kind: 'WireGuardNetworkPlan', namespace: metadata.namespace, name: metadata.name },
    privateKey: member.privateKey,
    publicKey: member.publicKey,
    listenPort: near.given.listenPort,
    fwmark: routing.fwmark,
    mtuBytes: link.mtu ?? settings.mtuBytes,
    addresses,
    peers: peer === undefined ? [] : [peer],
    routes: routing.routes,
    rules: routing.rules,
    forwards: { inet: false, inet6: false },
    linkPeer: far.plan.member.name,
    container: containerOf(member.spec),
  }
}

/** The node's addresses are on every interface of it; the link's come after them or replace them. */
export function linkAddresses({ member, end }: LinkEndPlan): readonly AddressIntent[] {
  const common = end.overrideAddresses ? [] : member.addresses
  const own = end.addresses.flatMap(writtenAddress)
  const byText = new Map(
    [...common, ...own].map(({ intent }) => [`${intent.local} ${intent.peer ?? ''}`, intent]),
  )
  return [...byText.values()]
}

/** Where `near` reaches `far`: the link's own endpoint, or on the LAN of both, or in public. */
export function linkEndpoint(near: LinkEndPlan, far: LinkSide): EndpointIntent | undefined {
  const { member, end } = far.plan
  const written = end.endpoint === undefined ? undefined : parseEndpoint(end.endpoint)
  const chosen =
    written ?? (isLan(near, far.plan) ? (member.localEndpoint ?? member.endpoint) : member.endpoint)
  return chosen === undefined ? undefined : { host: chosen.host, port: chosen.port ?? far.given.listenPort }
}

function isLan(a: LinkEndPlan, b: LinkEndPlan): boolean {
  const [one, other] = [a.member, b.member]
  if (one.spec.site === undefined || one.spec.site !== other.spec.site) return false
  return one.localEndpoint !== undefined || other.localEndpoint !== undefined
}
