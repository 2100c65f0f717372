/**
 * All that decides how packets of this host leave, from rtnetlink: every link, address, route and rule, ours or not.
 * Only looked at when a plan changes: a host may have a hundred thousand routes.
 */
import { RouteNetlink } from '../../linux/index.ts'
import type { Link, Route, Rule, Syscalls } from '../../linux/index.ts'
import type { RoutingView, ViewLink, ViewRoute, ViewRule } from '../../reconcile/index.ts'

export type Routing = Omit<RoutingView, 'wireguard'>

export const observeRouting = (sys: Syscalls): Routing => {
  const netlink = RouteNetlink.open(sys)
  try {
    const links = netlink.links()
    const names = new Map(links.map((l) => [l.index, l.name]))
    return {
      links: links.map((l) => linkOf(l, names)),
      addresses: netlink.addresses().map(({ linkIndex, local, prefixLength, peer, scope }) => ({
        ...{ link: names.get(linkIndex) ?? '', local, prefixLength, scope },
        ...(peer === undefined ? {} : { peer }),
      })),
      routes: netlink.routes().map((r) => routeOf(r, names)),
      rules: netlink.rules().map(ruleOf),
    }
  } finally {
    netlink.close()
  }
}

type Names = ReadonlyMap<number, string>

const linkOf = ({ index, name, kind, up, master, peerIndex, settings }: Link, names: Names): ViewLink => ({
  ...{ index, name, kind, up, settings: named(settings, names) },
  ...(master === undefined ? {} : { master: names.get(master) ?? String(master) }),
  ...(peerIndex === undefined ? {} : { peerIndex }),
})

const named = (settings: Link['settings'], names: Names): Link['settings'] => {
  const link = settings['link']
  return typeof link === 'number' ? { ...settings, link: names.get(link) ?? String(link) } : settings
}

const routeOf = (r: Route, names: Names): ViewRoute => ({
  destination: r.destination,
  table: r.table,
  link: r.linkIndex === undefined ? undefined : names.get(r.linkIndex),
  gateway: r.gateway,
  metric: r.metric,
  type: r.type,
  ...(r.preferredSource === undefined ? {} : { preferredSource: r.preferredSource }),
})

const ruleOf = (rule: Rule): ViewRule => rule
