/**
 * Addresses, and the routes that come and go with them, as fib_add_ifaddr(), fib_del_ifaddr() and their IPv6 twins do
 * it. Part of reachability-steps.ts.
 */
import { BITS, formatPrefix, parseAddress, prefixOf } from '../model/index.ts'
import type { RoutingView, ViewAddress, ViewRoute } from './reachability-view.ts'
import { familyOf, linkNamed, LOCAL_TABLE, MAIN_TABLE, ROUTE } from './reachability-view.ts'

/** The routes that the addresses' own prefixes give as soon as their link is up. */
export const withConnected = (view: RoutingView, link: string): RoutingView =>
  view.addresses.filter((a) => a.link === link).reduce(withPrefixRoute, view)

export const withAddress = (view: RoutingView, address: ViewAddress): RoutingView => {
  const added = { ...view, addresses: [...view.addresses, address] }
  return linkNamed(view, address.link)?.up === true ? withPrefixRoute(added, address) : added
}

const withPrefixRoute = (view: RoutingView, a: ViewAddress): RoutingView => {
  const family = familyOf(a.local)
  const own: ViewRoute = {
    ...{ destination: a.local + (family === 'inet' ? '/32' : '/128'), table: LOCAL_TABLE, link: a.link },
    ...{ gateway: undefined, metric: 0, type: ROUTE.local },
  }
  const routes = [own, ...prefixRoutes(view, a)].filter((r) => !view.routes.some((known) => isSame(known, r)))
  return { ...view, routes: [...view.routes, ...routes] }
}

/** A prefix of one address is a route only where it is the other end's. */
const prefixRoutes = (view: RoutingView, a: ViewAddress): ViewRoute[] => {
  const destination = networkOf(a)
  if (destination === undefined || (a.peer === undefined && a.prefixLength === bitsOf(a.local))) return []
  const inet = familyOf(a.local) === 'inet'
  return [
    {
      ...{ destination, link: a.link, gateway: undefined, type: ROUTE.unicast, table: tableOf(view, a.link) },
      metric: inet ? 0 : 256,
      ...(inet && { preferredSource: a.local }),
    },
  ]
}

const bitsOf = (text: string): number => BITS[text.includes(':') ? 6 : 4]

const networkOf = (a: ViewAddress): string | undefined => {
  const address = parseAddress(a.peer ?? a.local)
  return address && formatPrefix(prefixOf(address, a.prefixLength))
}

const tableOf = (view: RoutingView, link: string): number => {
  const table = linkNamed(view, linkNamed(view, link)?.master)?.settings['table']
  return typeof table === 'number' ? table : MAIN_TABLE
}

/** With the prefix's route when no other address gives it, and IPv4 routes that had it as their source. */
export const withoutAddress = (view: RoutingView, link: string, local: string): RoutingView => {
  const gone = view.addresses.find((a) => a.link === link && a.local === local)
  if (gone === undefined) return view
  const left = view.addresses.filter((a) => a !== gone)
  const network = networkOf(gone)
  const isGiven = left.some((a) => a.link === link && networkOf(a) === network)
  const goes = (r: ViewRoute): boolean => {
    if (r.type === ROUTE.local)
      return r.destination.split('/')[0] === local && !left.some((a) => a.local === local)
    if (r.link === link && r.gateway === undefined && r.destination === network && isConnected(r))
      return !isGiven
    return r.preferredSource === local && familyOf(local) === 'inet' && !left.some((a) => a.local === local)
  }
  return { ...view, addresses: left, routes: view.routes.filter((r) => !goes(r)) }
}

/** As the kernel makes them for addresses; one with another metric is somebody's own. */
const isConnected = (r: ViewRoute): boolean => r.metric === (familyOf(r.destination) === 'inet' ? 0 : 256)

/** IP6_RT_PRIO_USER. */
export const defaultMetric = (destination: string): number => (familyOf(destination) === 'inet' ? 0 : 1024)

export const isSame = (a: ViewRoute, b: ViewRoute): boolean =>
  a.destination === b.destination && a.table === b.table && a.metric === b.metric && a.link === b.link
