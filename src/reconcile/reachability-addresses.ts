/**
 * Addresses, and the routes that come and go with them, as fib_add_ifaddr(), fib_del_ifaddr() and their IPv6 twins do
 * it. Part of reachability-steps.ts.
 */
import { BITS, formatPrefix, parseAddress, prefixOf } from '../model/index.ts'
import type { AddressIntent } from '../model/index.ts'
import type { RoutingView, ViewAddress, ViewRoute } from './reachability-view.ts'
import { familyOf, linkNamed, LOCAL_TABLE, MAIN_TABLE, ROUTE } from './reachability-view.ts'

/** The routes that the addresses' own prefixes give as soon as their link is up. */
export const withConnected = (view: RoutingView, link: string): RoutingView =>
  view.addresses.filter((a) => a.link === link).reduce(withPrefixRoute, view)

/** An address of IPv4 is one of this host at once, its prefix a route as soon as the link is up. */
export const withAddress = (view: RoutingView, address: ViewAddress): RoutingView => {
  const added = { ...view, addresses: [...view.addresses, address] }
  if (linkNamed(view, address.link)?.up === true) return withPrefixRoute(added, address)
  return familyOf(address.local) === 'inet' ? withRoutes(added, [ownRoute(address)]) : added
}

const withPrefixRoute = (view: RoutingView, a: ViewAddress): RoutingView =>
  withRoutes(view, [ownRoute(a), ...prefixRoutes(view, a)])

const withRoutes = (view: RoutingView, routes: readonly ViewRoute[]): RoutingView => ({
  ...view,
  routes: [...view.routes, ...routes.filter((r) => !view.routes.some((known) => isSame(known, r)))],
})

const ownRoute = ({ local, link }: ViewAddress): ViewRoute => ({
  ...{ destination: `${local}/${bitsOf(local)}`, table: LOCAL_TABLE, link },
  ...{ gateway: undefined, metric: 0, type: ROUTE.local },
})

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
export const withoutAddress = (
  view: RoutingView,
  link: string,
  { local, ...rest }: AddressIntent,
): RoutingView => {
  const gone = view.addresses.find(
    (a) =>
      a.link === link && a.local === local && a.prefixLength === rest.prefixLength && a.peer === rest.peer,
  )
  if (gone === undefined) return view
  const network = networkOf(gone)
  const leaving = [gone, ...secondaries(view, gone)]
  const left = view.addresses.filter((a) => !leaving.includes(a))
  const isLost = (text: string | undefined): boolean =>
    leaving.some((a) => a.local === text) && !left.some((a) => a.local === text)
  const isGiven = left.some((a) => a.link === link && networkOf(a) === network)
  const isLast =
    familyOf(local) === 'inet' && !left.some((a) => a.link === link && familyOf(a.local) === 'inet')
  const goes = (r: ViewRoute): boolean => {
    // fib_disable_ip(): with the last address of IPv4 a link loses all of its routes.
    if (isLast && r.link === link && familyOf(r.destination) === 'inet') return true
    if (r.type === ROUTE.local) return isLost(r.destination.split('/')[0])
    if (r.link === link && r.gateway === undefined && r.destination === network && isConnected(r))
      return !isGiven
    return familyOf(local) === 'inet' && isLost(r.preferredSource)
  }
  return { ...view, addresses: left, routes: view.routes.filter((r) => !goes(r)) }
}

/**
 * The first address of a prefix takes the later ones along, unless promote_secondaries is set, which is not looked at:
 * they could go.
 */
const secondaries = (view: RoutingView, gone: ViewAddress): ViewAddress[] => {
  if (familyOf(gone.local) !== 'inet') return []
  const alike = view.addresses.filter(
    (a) => a.link === gone.link && a.prefixLength === gone.prefixLength && networkOf(a) === networkOf(gone),
  )
  return alike[0] === gone ? alike.slice(1) : []
}

/** As the kernel makes them for addresses; one with another metric is somebody's own. */
const isConnected = (r: ViewRoute): boolean => r.metric === (familyOf(r.destination) === 'inet' ? 0 : 256)

/** IP6_RT_PRIO_USER. */
export const defaultMetric = (destination: string): number => (familyOf(destination) === 'inet' ? 0 : 1024)

export const isSame = (a: ViewRoute, b: ViewRoute): boolean =>
  a.destination === b.destination && a.table === b.table && a.metric === b.metric && a.link === b.link
