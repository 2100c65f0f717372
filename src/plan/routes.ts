/**
 * Routes and rules of an interface. The kernel makes the routes of the addresses' own prefixes; only what those
 * do not cover is planned. A default route is made as wg-quick(8) makes it: in a table of its own, which every
 * packet without our mark looks up unless the main table has something more specific.
 */
import {
  type AddressIntent,
  comparePrefixes,
  contains,
  parseAddress,
  parsePrefix,
  type Prefix,
  prefixOf,
  type RouteIntent,
  type RuleIntent,
} from '../model/index.ts'

export const MAIN_TABLE = 254
/** wg-quick's own choice for mark and table. */
export const DEFAULT_ROUTE_TABLE = 51820

/** By name or by number. */
export const isMainTable = (table: 'main' | 'off' | number): boolean =>
  table === 'main' || table === MAIN_TABLE

export const defaultRoutesAmong = (prefixes: readonly string[]): string[] =>
  prefixes.filter((text) => text.endsWith('/0'))

export interface RoutingRequest {
  readonly table: 'main' | 'off' | number
  readonly fwmark: number | undefined
  readonly addresses: readonly AddressIntent[]
  readonly destinations: readonly string[]
  /** `0.0.0.0/0`, `::/0` or none. */
  readonly defaultRoutes: readonly string[]
}

export interface Routing {
  readonly routes: readonly RouteIntent[]
  readonly rules: readonly RuleIntent[]
  readonly fwmark: number | undefined
}

export function routingOf(request: RoutingRequest): Routing {
  const { table, fwmark } = request
  if (table === 'off') return { routes: [], rules: [], fwmark }
  const number = table === 'main' ? MAIN_TABLE : table
  const routes = uncovered(request.destinations, request.addresses).map((destination) => ({
    destination,
    table: number,
  }))
  if (request.defaultRoutes.length === 0) return { routes, rules: [], fwmark }
  if (table !== 'main') {
    const all = [...request.defaultRoutes.map((destination) => ({ destination, table: number })), ...routes]
    return { routes: all, rules: [], fwmark }
  }
  const mark = fwmark ?? DEFAULT_ROUTE_TABLE
  const defaults = request.defaultRoutes.map((destination) => ({ destination, table: mark }))
  return {
    routes: [...defaults, ...routes],
    rules: request.defaultRoutes.flatMap((one) => rulesFor(one, mark)),
    fwmark: mark,
  }
}

/** The suppressing rule is asked first: the main table, but without its own default route. */
function rulesFor(destination: string, mark: number): RuleIntent[] {
  const family = destination.includes(':') ? 'inet6' : 'inet'
  return [
    { family, priority: 32764, table: MAIN_TABLE, suppressPrefixLength: 0 },
    { family, priority: 32765, table: mark, fwmark: mark, invert: true },
  ]
}

/** Sorted, each once, without what is on-link and without default routes. */
function uncovered(destinations: readonly string[], addresses: readonly AddressIntent[]): string[] {
  if (destinations.length === 0) return []
  const onLink = addresses.flatMap(onLinkPrefix)
  const wanted = [...new Set(destinations)].flatMap((text) => {
    const prefix = parsePrefix(text)
    return prefix === undefined ? [] : [{ text, prefix }]
  })
  return wanted
    .filter(({ prefix }) => prefix.length > 0 && !onLink.some((outer) => contains(outer, prefix)))
    .toSorted((a, b) => comparePrefixes(a.prefix, b.prefix))
    .map(({ text }) => text)
}

/** With a peer, the prefix is the peer's. */
function onLinkPrefix({ local, prefixLength, peer }: AddressIntent): Prefix[] {
  const address = parseAddress(peer ?? local)
  return address === undefined ? [] : [prefixOf(address, prefixLength)]
}
