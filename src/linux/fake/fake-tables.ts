/**
 * Addresses, routes and rules of the fake: adding, deleting, and what the kernel does by itself: an address
 * brings the route to its prefix while the link is up; a link going down loses its routes and its IPv6 addresses
 * (net.ipv6.conf.*.keep_addr_on_down is 0), silently as far as IPv4 routes are concerned.
 */
import { formatPrefix, addressBytes } from '../ip-text.ts'
import type { Address, Family, Link, Route, Rule } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { encodeAddress, encodeRoute, encodeRule } from './encode.ts'
import type { FakeNamespace } from './fake-namespace.ts'
import { Refusal } from './refusal.ts'

const ESRCH = 3
const ENETUNREACH = 101
const ENETDOWN = 100
/** What IPv6 gives routes that name no metric, and the ones it makes itself. */
const IP6_RT_PRIO_USER = 1024
const IP6_RT_PRIO_ADDRCONF = 256

export const addressSize = (family: Family): number => (family === 'inet' ? 4 : 16)
const bits = (family: Family): number => addressSize(family) * 8
const names = (family: Family): string => (family === 'inet' ? 'ipv4' : 'ipv6')

export const addAddress = (namespace: FakeNamespace, address: Address): void => {
  const link = namespace.links.get(address.linkIndex)
  if (!link) throw new Refusal(uapi.ENODEV, `${names(address.family)}: Unable to find the interface`)
  if (address.prefixLength > bits(address.family)) {
    throw new Refusal(uapi.EINVAL, `${names(address.family)}: Invalid prefix length`)
  }
  if (namespace.addresses.some((other) => clashes(other, address))) {
    throw new Refusal(uapi.EEXIST, `${names(address.family)}: Address already assigned`)
  }
  const added = { ...address, flags: address.flags | uapi.IFA_F_PERMANENT }
  namespace.addresses = [...namespace.addresses, added]
  announceAddress(namespace, uapi.RTM_NEWADDR, added)
  if (link.up) addPrefixRoute(namespace, added)
}

const clashes = (a: Address, b: Address): boolean =>
  a.linkIndex === b.linkIndex &&
  a.local === b.local &&
  (a.family === 'inet6' || (a.prefixLength === b.prefixLength && a.peer === b.peer))

export const deleteAddress = (namespace: FakeNamespace, address: Address): void => {
  const found = namespace.addresses.find((other) => clashes(other, address))
  if (!found || found.prefixLength !== address.prefixLength) {
    throw new Refusal(uapi.EADDRNOTAVAIL, `${names(address.family)}: Address not found`)
  }
  dropAddress(namespace, found)
}

const dropAddress = (namespace: FakeNamespace, address: Address): void => {
  namespace.addresses = namespace.addresses.filter((other) => other !== address)
  announceAddress(namespace, uapi.RTM_DELADDR, address)
  const gone = prefixRoute(address)
  const stillWanted = namespace.addresses.some((other) => {
    const route = prefixRoute(other)
    return route && gone && sameRoute(route, gone)
  })
  if (gone && !stillWanted) dropRoutes(namespace, (route) => sameRoute(route, gone), 'announced')
}

const prefixRoute = (address: Address): Route | undefined => {
  const { family, prefixLength, linkIndex, peer, local } = address
  if (address.flags & uapi.IFA_F_NOPREFIXROUTE) return undefined
  if (family === 'inet' && prefixLength === 32 && peer === undefined) return undefined
  const destination = formatPrefix(addressBytes(peer ?? local), prefixLength)
  if (destination === undefined) return undefined
  return {
    family,
    destination,
    table: uapi.RT_TABLE_MAIN,
    linkIndex,
    gateway: undefined,
    preferredSource: family === 'inet' ? local : undefined,
    metric: family === 'inet' ? 0 : IP6_RT_PRIO_ADDRCONF,
    protocol: uapi.RTPROT_KERNEL,
    scope: family === 'inet' ? uapi.RT_SCOPE_LINK : uapi.RT_SCOPE_UNIVERSE,
    type: uapi.RTN_UNICAST,
  }
}

const addPrefixRoute = (namespace: FakeNamespace, address: Address): void => {
  const route = prefixRoute(address)
  if (!route || namespace.routes.some((other) => sameRoute(other, route))) return
  namespace.routes = [...namespace.routes, route]
  announceRoute(namespace, uapi.RTM_NEWROUTE, route)
}

const sameRoute = (a: Route, b: Route): boolean =>
  a.destination === b.destination &&
  a.table === b.table &&
  a.metric === b.metric &&
  a.linkIndex === b.linkIndex

/** Two routes the kernel does not hold side by side. */
const occupies = (a: Route, b: Route): boolean =>
  a.destination === b.destination && a.table === b.table && a.metric === b.metric

export const addRoute = (namespace: FakeNamespace, wanted: Route, replace: boolean): void => {
  const route = resolveRoute(namespace, wanted)
  const existing = namespace.routes.find((other) => occupies(other, route))
  if (existing && !replace) throw new Refusal(uapi.EEXIST)
  namespace.routes = [...namespace.routes.filter((other) => other !== existing), route]
  announceRoute(namespace, uapi.RTM_NEWROUTE, route)
}

const resolveRoute = (namespace: FakeNamespace, wanted: Route): Route => {
  const metric = wanted.metric === 0 && wanted.family === 'inet6' ? IP6_RT_PRIO_USER : wanted.metric
  const scope = wanted.family === 'inet6' ? uapi.RT_SCOPE_UNIVERSE : wanted.scope
  if (wanted.type !== uapi.RTN_UNICAST) {
    // IPv6 hangs what leads nowhere on the loopback link.
    return { ...wanted, metric, scope, linkIndex: wanted.family === 'inet6' ? 1 : undefined }
  }
  const linkIndex = wanted.linkIndex ?? linkTowards(namespace, wanted)
  const link = namespace.links.get(linkIndex)
  if (!link) throw new Refusal(uapi.ENODEV)
  if (!link.up) {
    throw new Refusal(
      ENETDOWN,
      wanted.family === 'inet' ? 'Device for nexthop is not up' : 'Nexthop device is not up',
    )
  }
  return { ...wanted, metric, scope, linkIndex }
}

/** The link whose prefix covers the gateway. */
const linkTowards = (namespace: FakeNamespace, { gateway, family }: Route): number => {
  const towards = namespace.routes.find((route) => {
    if (gateway === undefined || route.family !== family || route.gateway !== undefined) return false
    const length = Number(route.destination.split('/')[1])
    return formatPrefix(addressBytes(gateway), length) === route.destination
  })
  if (towards?.linkIndex === undefined) throw new Refusal(ENETUNREACH, 'Nexthop has invalid gateway')
  return towards.linkIndex
}

/** What the request leaves out matches anything. */
export interface RouteMatch {
  readonly destination: string
  readonly table: number
  readonly linkIndex?: number | undefined
  readonly gateway?: string | undefined
  readonly metric?: number | undefined
  readonly protocol?: number | undefined
  readonly type?: number | undefined
}

export const deleteRoute = (namespace: FakeNamespace, match: RouteMatch): void => {
  const found = namespace.routes.find((route) =>
    Object.entries(match).every(([key, value]) => value === undefined || route[key as keyof Route] === value),
  )
  if (!found) throw new Refusal(ESRCH)
  dropRoutes(namespace, (route) => route === found, 'announced')
}

const dropRoutes = (
  namespace: FakeNamespace,
  matches: (route: Route) => boolean,
  announced: 'announced' | 'silently',
): void => {
  const gone = namespace.routes.filter(matches)
  namespace.routes = namespace.routes.filter((route) => !matches(route))
  for (const route of gone) {
    if (announced === 'announced' || route.family === 'inet6')
      announceRoute(namespace, uapi.RTM_DELROUTE, route)
  }
}

export const addRule = (namespace: FakeNamespace, wanted: Rule): void => {
  const ofFamily = namespace.rules.filter((rule) => rule.family === wanted.family)
  const lowest = Math.min(...ofFamily.map((rule) => rule.priority).filter((priority) => priority > 0))
  const rule = wanted.priority === 0 ? { ...wanted, priority: lowest - 1 } : wanted
  if (wanted.priority !== 0 && ofFamily.some((other) => sameRule(other, rule))) {
    throw new Refusal(uapi.EEXIST)
  }
  namespace.rules = [...namespace.rules, rule].toSorted(
    (a, b) => a.family.localeCompare(b.family) || a.priority - b.priority,
  )
  announceRule(namespace, uapi.RTM_NEWRULE, rule)
}

/** Equal but for the owner, which the kernel does not compare. */
const sameRule = (a: Rule, b: Rule): boolean => RULE_KEYS.every((key) => a[key] === b[key])

const RULE_KEYS = [
  ...(['family', 'priority', 'table', 'action', 'fwmark', 'fwmask', 'invert'] as const),
  ...(['suppressPrefixLength', 'source', 'destination', 'inputLink', 'outputLink'] as const),
]

export const deleteRule = (namespace: FakeNamespace, match: Partial<Rule>): void => {
  const found = namespace.rules.find((rule) =>
    Object.entries(match).every(([key, value]) => rule[key as keyof Rule] === value),
  )
  if (!found) throw new Refusal(uapi.ENOENT)
  namespace.rules = namespace.rules.filter((rule) => rule !== found)
  announceRule(namespace, uapi.RTM_DELRULE, found)
}

export const linkWentUp = (namespace: FakeNamespace, link: Link): void => {
  for (const address of namespace.addresses)
    if (address.linkIndex === link.index) addPrefixRoute(namespace, address)
}

export const linkWentDown = (namespace: FakeNamespace, link: Link): void => {
  dropRoutes(namespace, (route) => route.linkIndex === link.index, 'silently')
  for (const address of namespace.addresses) {
    if (address.linkIndex === link.index && address.family === 'inet6') dropAddress(namespace, address)
  }
}

export const linkIsGone = (namespace: FakeNamespace, link: Link): void => {
  linkWentDown(namespace, link)
  for (const address of namespace.addresses)
    if (address.linkIndex === link.index) dropAddress(namespace, address)
}

const announceAddress = (namespace: FakeNamespace, type: number, address: Address): void => {
  const group = address.family === 'inet' ? uapi.RTNLGRP_IPV4_IFADDR : uapi.RTNLGRP_IPV6_IFADDR
  namespace.announce(group, type, (writer) => encodeAddress(writer, address))
}

const announceRoute = (namespace: FakeNamespace, type: number, route: Route): void => {
  const group = route.family === 'inet' ? uapi.RTNLGRP_IPV4_ROUTE : uapi.RTNLGRP_IPV6_ROUTE
  namespace.announce(group, type, (writer) => encodeRoute(writer, route))
}

const announceRule = (namespace: FakeNamespace, type: number, rule: Rule): void => {
  const group = rule.family === 'inet' ? uapi.RTNLGRP_IPV4_RULE : uapi.RTNLGRP_IPV6_RULE
  namespace.announce(group, type, (writer) => encodeRule(writer, rule))
}
