/** What rtnetlink shows, in the words of the model: links by name instead of index, and only what can matter. */
import { IFA_F_PERMANENT, linkFlagNames } from '../linux/index.ts'
import type { Address, Forwarding, Link, Route, RouteNetlink, Rule } from '../linux/index.ts'
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type {
  ObservedAddress,
  ObservedForwarding,
  ObservedLink,
  ObservedNamespace,
  ObservedRoute,
  ObservedRule,
} from '../model/index.ts'
import { isMarked } from '../reconcile/index.ts'

export type ObservedRoutes = Pick<
  ObservedNamespace,
  'links' | 'addresses' | 'routes' | 'rules' | 'forwarding'
> & {
  /** Of links that are wanted or ours. */
  readonly indexes: Set<number>
}

export interface ObserveRoutesOptions {
  /** Undefined: everything. */
  readonly wanted: ReadonlySet<string> | undefined
  /** Where routes are wanted. Undefined: everywhere. */
  readonly tables: ReadonlySet<number> | undefined
  /** Whether anybody wants to know of forwarding entries: asking for them is the dearest of all questions. */
  readonly forwarding: boolean
  /** A link that is ours though nobody had the time to mark it. */
  isBirth(name: string): boolean
}

export const observeRoutes = (netlink: RouteNetlink, o: ObserveRoutesOptions): ObservedRoutes => {
  const found = netlink.links().map((l) => (o.isBirth(l.name) ? marked(l) : l))
  const names = new Map(found.map((l) => [l.index, l.name]))
  const concerns = (l: Link): boolean => o.wanted === undefined || o.wanted.has(l.name) || isMarked(l)
  const indexes = new Set(found.filter(concerns).map((l) => l.index))
  const isOnThem = (index: number | undefined): boolean => index !== undefined && indexes.has(index)
  return {
    indexes,
    links: found.map((l) => linkOf(l, names)),
    addresses: netlink
      .addresses()
      .filter((a) => isOnThem(a.linkIndex))
      .map((a) => addressOf(a, names)),
    routes: routesOf(netlink, o.tables)
      .filter((r) => r.protocol === WARREN_PROTOCOL || isOnThem(r.linkIndex))
      .map((r) => routeOf(r, names)),
    rules: netlink.rules().filter(isPlain).map(ruleOf),
    forwarding: o.forwarding ? forwardingOn(netlink, { names, isOnThem }) : [],
  }
}

/** Ours wherever they are, and anybody's in these tables. The kernel's own, of each address three, stay with it. */
const routesOf = (netlink: RouteNetlink, tables: ReadonlySet<number> | undefined): Route[] =>
  tables === undefined
    ? netlink.routes()
    : [
        ...netlink.routes({ protocol: WARREN_PROTOCOL }),
        ...[...tables].flatMap((table) =>
          netlink.routes({ table }).filter((r) => r.protocol !== WARREN_PROTOCOL),
        ),
      ]

const marked = (l: Link): Link =>
  l.altNames.includes(altNameOf(l.name)) ? l : { ...l, altNames: [...l.altNames, altNameOf(l.name)] }

type Names = ReadonlyMap<number, string>

const linkOf = (l: Link, names: Names): ObservedLink => ({
  index: l.index,
  name: l.name,
  kind: l.kind,
  up: l.up,
  mtuBytes: l.mtuBytes,
  altNames: l.altNames,
  operState: l.operState,
  flags: linkFlagNames(l.flags),
  settings: settingsOf(l, names),
  ...(l.hardwareAddress === undefined ? {} : { hardwareAddress: l.hardwareAddress }),
  ...(l.master === undefined ? {} : { master: names.get(l.master) ?? String(l.master) }),
  ...(l.kind !== 'veth' || l.peerIndex === undefined ? {} : { peerIndex: l.peerIndex }),
})

/** Other links by name: numbers change when they are made anew. */
const settingsOf = ({ settings }: Link, names: Names): ObservedLink['settings'] => {
  const { link } = settings
  return typeof link === 'number' ? { ...settings, link: names.get(link) ?? String(link) } : settings
}

/** One question for all links: with a thousand of them a question each would take longer than everything else. */
const forwardingOn = (
  netlink: RouteNetlink,
  { names, isOnThem }: { readonly names: Names; isOnThem: (index: number) => boolean },
): ObservedForwarding[] =>
  netlink
    .forwarding()
    .filter((f) => isOnThem(f.linkIndex))
    .map((f) => forwardingOf(f, names.get(f.linkIndex) ?? ''))

const forwardingOf = (f: Forwarding, link: string): ObservedForwarding => ({
  link,
  hardwareAddress: f.hardwareAddress,
  destination: f.destination,
  learned: f.learned,
})

const addressOf = (a: Address, names: Names): ObservedAddress => ({
  link: names.get(a.linkIndex) ?? '',
  local: a.local,
  prefixLength: a.prefixLength,
  ...(a.peer === undefined ? {} : { peer: a.peer }),
  protocol: a.protocol,
  scope: a.scope,
  ...((a.flags & IFA_F_PERMANENT) === 0 ? { dynamic: true } : {}),
})

const routeOf = (r: Route, names: Names): ObservedRoute => ({
  destination: r.destination,
  table: r.table,
  link: r.linkIndex === undefined ? undefined : names.get(r.linkIndex),
  gateway: r.gateway,
  metric: r.metric,
  protocol: r.protocol,
  type: r.type,
  ...(r.mtuBytes === undefined ? {} : { mtuBytes: r.mtuBytes }),
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
