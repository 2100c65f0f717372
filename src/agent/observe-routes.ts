/** What rtnetlink shows, in the words of the model: links by name instead of index, and only what can matter. */
import type { Address, Link, Route, RouteNetlink, Rule } from '../linux/index.ts'
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type {
  ObservedAddress,
  ObservedHost,
  ObservedLink,
  ObservedRoute,
  ObservedRule,
} from '../model/index.ts'

export type ObservedRoutes = Pick<ObservedHost, 'links' | 'addresses' | 'routes' | 'rules'> & {
  /** Of links that are wanted or ours. */
  readonly indexes: Set<number>
}

/** `wanted` undefined: everything. */
export const observeRoutes = (
  netlink: RouteNetlink,
  wanted: ReadonlySet<string> | undefined,
): ObservedRoutes => {
  const found = netlink.links()
  const names = new Map(found.map((l) => [l.index, l.name]))
  const concerns = (l: Link): boolean =>
    wanted === undefined || wanted.has(l.name) || l.altNames.includes(altNameOf(l.name))
  const indexes = new Set(found.filter(concerns).map((l) => l.index))
  const isOnThem = (index: number | undefined): boolean => index !== undefined && indexes.has(index)
  return {
    indexes,
    links: found.map(linkOf),
    addresses: netlink
      .addresses()
      .filter((a) => isOnThem(a.linkIndex))
      .map((a) => addressOf(a, names)),
    routes: netlink
      .routes()
      .filter((r) => r.protocol === WARREN_PROTOCOL || isOnThem(r.linkIndex))
      .map((r) => routeOf(r, names)),
    rules: netlink.rules().filter(isPlain).map(ruleOf),
  }
}

type Names = ReadonlyMap<number, string>

const linkOf = ({ index, name, kind, up, mtuBytes, altNames }: Link): ObservedLink => ({
  index,
  name,
  kind,
  up,
  mtuBytes,
  altNames,
  operState: 'unknown',
  flags: [],
  settings: {},
})

const addressOf = (a: Address, names: Names): ObservedAddress => ({
  link: names.get(a.linkIndex) ?? '',
  local: a.local,
  prefixLength: a.prefixLength,
  ...(a.peer === undefined ? {} : { peer: a.peer }),
  protocol: a.protocol,
  scope: a.scope,
})

const routeOf = (r: Route, names: Names): ObservedRoute => ({
  destination: r.destination,
  table: r.table,
  link: r.linkIndex === undefined ? undefined : names.get(r.linkIndex),
  gateway: r.gateway,
  metric: r.metric,
  protocol: r.protocol,
  type: r.type,
})

/** Rules with an action or selectors that we never write are not ours and cannot stand in for ours. */
const isPlain = (r: Rule): boolean =>
  r.action === 1 &&
  r.source === undefined &&
  r.destination === undefined &&
  r.inputLink === undefined &&
  r.outputLink === undefined

const ruleOf = (r: Rule): ObservedRule => ({
  family: r.family,
  priority: r.priority,
  table: r.table,
  ...(r.fwmark === undefined ? {} : { fwmark: r.fwmark }),
  ...(r.invert === true ? { invert: true } : {}),
  ...(r.suppressPrefixLength === undefined ? {} : { suppressPrefixLength: r.suppressPrefixLength }),
  protocol: r.protocol,
})
