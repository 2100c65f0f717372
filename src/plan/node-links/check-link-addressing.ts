/** Addresses and routes of a node's links against each other. */
import {
  type AddressIntent,
  containsAddress,
  linkIdOf,
  netnsNameOf,
  parseAddress,
  parsePrefix,
  type Prefix,
  prefixOf,
} from '../../model/index.ts'
import type { ProblemList } from '../problem-list.ts'
import { isV6 } from './check-blocks.ts'
import type { LinkEnd } from './link-ends.ts'
import type { NodeLinks, PlacedLink } from './node-links.ts'

export function checkLinkAddressing(node: NodeLinks, problems: ProblemList): void {
  checkSame(node, problems)
  for (const { end } of node.links) {
    if (end === undefined) continue
    checkPeers(end, problems)
    checkRoutes(end, problems)
  }
  checkSameRoutes(node, problems)
}

const LINK_LOCAL = ['fe80::/10'].flatMap((text) => parsePrefix(text) ?? [])

/** Link-local addresses, and those of point-to-point links, may be on several links at once. */
function checkSame({ node, links, byId }: NodeLinks, problems: ProblemList): void {
  const owners = new Map<string, PlacedLink>()
  for (const link of links) {
    for (const one of link.addresses) {
      const address = parseAddress(one.local)
      const isShared = LINK_LOCAL.some((prefix) => address !== undefined && containsAddress(prefix, address))
      if (one.peer !== undefined || isShared) continue
      const key = `${one.local} ${realmOf(link, byId)}`
      const other = owners.get(key)
      owners.set(key, other ?? link)
      if (other === undefined || other === link || (other.end ?? link.end) === undefined) continue
      const { name, end } = link.end === undefined ? other : link
      if (end === undefined) continue
      const message = `${node} would have the address ${one.local} on ${other.name} and on ${link.name}`
      const where = { object: end.object, path: end.pathOf('addresses') }
      problems.add(where, { code: 'DuplicateAddress', message, hint: `Give ${name} one of its own.` })
    }
  }
}

/** Where an address must be the only one: a namespace, or a VRF in it. */
function realmOf({ id, container, end }: PlacedLink, byId: NodeLinks['byId']): string {
  const master =
    end?.intent.master === undefined ? undefined : byId.get(linkIdOf(end.intent.master, container))
  const vrf = end?.intent.kind === 'vrf' ? id : master?.kind === 'vrf' ? master.id : ''
  return `${netnsNameOf(container)} ${vrf}`
}

function checkPeers({ object, intent, pathOf }: LinkEnd, problems: ProblemList): void {
  for (const { local, peer } of intent.addresses) {
    if (peer === undefined || isV6(peer) === isV6(local)) continue
    const message = `${local} and its peer ${peer} are of different families`
    const where = { object, path: pathOf('addresses') }
    problems.add(where, { code: 'MixedFamilies', message, hint: 'Use two addresses of one family.' })
  }
}

function checkRoutes({ object, intent, pathOf }: LinkEnd, problems: ProblemList): void {
  const where = { object, path: pathOf('routes') }
  const onLink = [...intent.addresses.flatMap(prefixesOf), ...LINK_LOCAL]
  const direct = intent.routes
    .filter(({ gateway }) => gateway === undefined)
    .flatMap(({ destination }) => parsePrefix(destination) ?? [])
  for (const { destination, gateway } of intent.routes) {
    const address = gateway === undefined ? undefined : parseAddress(gateway)
    if (gateway === undefined || address === undefined) continue
    if (isV6(gateway) !== isV6(destination)) {
      const message = `the gateway ${gateway} is of another family than ${destination}`
      problems.add(where, { code: 'MixedFamilies', message, hint: 'Use two of one family.' })
    } else if (![...onLink, ...direct].some((prefix) => containsAddress(prefix, address))) {
      const message = `${gateway}, the gateway to ${destination}, is in no prefix of ${intent.name}`
      const hint = 'Add an address of its prefix, or a route to it without `via`.'
      problems.add(where, { code: 'GatewayNotOnLink', message, hint, severity: 'warning' })
    }
  }
}

/** With a peer, the prefix is the peer's. */
function prefixesOf({ local, prefixLength, peer }: AddressIntent): Prefix[] {
  const address = parseAddress(peer ?? local)
  return address === undefined ? [] : [prefixOf(address, prefixLength)]
}

/** IP6_RT_PRIO_USER: what IPv6 takes for no metric. */
const DEFAULT_METRIC_V6 = 1024

function checkSameRoutes({ links }: NodeLinks, problems: ProblemList): void {
  const owners = new Map<string, LinkEnd>()
  for (const { end } of links) {
    for (const { destination, table, metric } of end?.intent.routes ?? []) {
      if (end === undefined) continue
      const rank = metric ?? (isV6(destination) ? DEFAULT_METRIC_V6 : 0)
      const key = [netnsNameOf(end.intent.container), destination, table, rank].join(' ')
      const other = owners.get(key)
      owners.set(key, other ?? end)
      if (other === undefined) continue
      const message = `${destination} goes to ${other.intent.name} and to ${end.intent.name}, in one table with one metric`
      const hint = 'Keep one, or give them different metrics.'
      problems.add({ object: end.object, path: end.pathOf('routes') }, { code: 'SamePrefix', message, hint })
    }
  }
}
