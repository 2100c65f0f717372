/**
 * What a step does to the ways out of a host, as the kernel does it: what goes with a link, with its being up, with
 * an address. Only this namespace; what a step changes elsewhere changes no way from here. Pure: a new view.
 */
import type { PeerChange, RuleIntent, Step, WireGuardChange } from '../model/index.ts'
import {
  defaultMetric,
  isSame,
  withAddress,
  withConnected,
  withoutAddress,
} from './reachability-addresses.ts'
import type { RoutingView, ViewDevice, ViewLink, ViewPeer, ViewRoute, ViewRule } from './reachability-view.ts'
import { familyOf, linkNamed, ROUTE } from './reachability-view.ts'

/** `at`: which step of a list, so that a link that is made anew is told from the one before it. */
export const withStep = (view: RoutingView, step: Step, at: number): RoutingView => {
  if (step.in !== undefined && step.kind !== 'link-add') return view
  switch (step.kind) {
    case 'link-create': {
      const kind = step.backend === 'kernel' ? 'wireguard' : 'tun'
      const device = {
        link: step.link,
        publicKey: undefined,
        listenPort: 0,
        fwmark: step.fwmark ?? 0,
        peers: [],
      }
      return withDevice(withLink(view, newLink(step.link, kind, at)), device)
    }
    case 'link-add':
      return withAdded(view, step, at)
    case 'link-delete':
      return withoutLink(view, step.link)
    case 'link-set':
      return withLinkSet(view, step)
    case 'device-start':
      return withDevice(view, {
        link: step.link,
        publicKey: undefined,
        listenPort: 0,
        fwmark: step.fwmark ?? 0,
        peers: [],
      })
    case 'wireguard-set':
      return withWireGuardSet(view, step.link, { change: step.change, at })
    case 'address-add':
      return withAddress(view, { link: step.link, scope: 0, ...step.address })
    case 'address-delete':
      return withoutAddress(view, step.link, step.address)
    case 'route-add':
      return withRoute(view, {
        ...{ link: step.link, gateway: step.route.gateway, type: ROUTE.unicast },
        ...{ destination: step.route.destination, table: step.route.table },
        metric: step.route.metric ?? defaultMetric(step.route.destination),
      })
    case 'route-delete':
      return { ...view, routes: view.routes.filter((r) => !isMeant(r, step)) }
    case 'rule-add':
      return {
        ...view,
        rules: [...view.rules, { priority: nextPriority(view, step.rule.family), action: 1, ...step.rule }],
      }
    case 'rule-delete':
      return withoutRule(view, step.rule)
    case 'link-mark':
    case 'forwarding-add':
    case 'forwarding-delete':
    case 'sysctl-set':
      return view
  }
}

type Of<K extends Step['kind']> = Extract<Step, { kind: K }>

const newLink = (name: string, kind: string, made: number): ViewLink => ({
  index: -made - 1,
  name,
  kind,
  up: false,
  settings: {},
  made,
})

const withLink = (view: RoutingView, link: ViewLink): RoutingView => ({
  ...view,
  links: [...view.links.filter((l) => l.name !== link.name), link],
})

const withDevice = (view: RoutingView, device: ViewDevice): RoutingView => ({
  ...view,
  wireguard: [...view.wireguard.filter((d) => d.link !== device.link), device],
})

/** Of a veth, the end that is made here; both when both are. */
const withAdded = (view: RoutingView, step: Of<'link-add'>, at: number): RoutingView => {
  const here = step.in === undefined
  const end = {
    ...newLink(step.link, step.type, at),
    settings: step.settings,
    ...(step.peer && { peerIndex: -at - 1.5 }),
  }
  const both = here ? withLink(view, end) : view
  if (step.peer === undefined || step.peer.in !== undefined) return both
  return withLink(both, { ...newLink(step.peer.link, step.type, at), index: -at - 1.5, peerIndex: -at - 1 })
}

/** With its addresses and routes, and with whatever stands on it or is its other end. */
const withoutLink = (view: RoutingView, name: string): RoutingView => {
  const gone = linkNamed(view, name)
  if (gone === undefined) return view
  const isOn = (l: ViewLink): boolean =>
    l.settings['link'] === name || (gone.kind === 'veth' && l.index === gone.peerIndex)
  const rest: RoutingView = {
    ...view,
    links: view.links.filter((l) => l !== gone).map((l) => (l.master === name ? free(l) : l)),
    addresses: view.addresses.filter((a) => a.link !== name),
    routes: view.routes.filter((r) => r.link !== name),
    wireguard: view.wireguard.filter((d) => d.link !== name),
  }
  return rest.links.filter(isOn).reduce((left, l) => withoutLink(left, l.name), rest)
}

const free = (link: ViewLink): ViewLink => ({ ...link, master: undefined })

const withLinkSet = (view: RoutingView, step: Of<'link-set'>): RoutingView => {
  const before = linkNamed(view, step.link)
  if (before === undefined) return view
  const { master = before.master } = step
  const after: ViewLink = {
    ...free(before),
    ...(typeof master === 'string' && { master }),
    up: step.up ?? before.up,
    settings: { ...before.settings, ...step.settings },
  }
  const changed = { ...view, links: view.links.map((l) => (l === before ? after : l)) }
  const moved = after.master === before.master ? changed : withMoved(changed, after)
  if (after.up === before.up) return moved
  return after.up ? withConnected(moved, after.name) : withDown(moved, after.name)
}

/** In and out of a VRF everything about a link starts afresh in another table. A bridge takes its frames, which wayTo() knows. */
const withMoved = (view: RoutingView, { name, up }: ViewLink): RoutingView => {
  const afresh = { ...view, routes: view.routes.filter((r) => r.link !== name) }
  return up ? withConnected(afresh, name) : afresh
}

const withDown = (view: RoutingView, link: string): RoutingView => ({
  ...view,
  routes: view.routes.filter((r) => r.link !== link || isOwnAddress(r)),
  addresses: view.addresses.filter((a) => a.link !== link || familyOf(a.local) === 'inet'),
})

/** An address of IPv4 stays one of this host while its link is down. */
const isOwnAddress = ({ type, destination }: ViewRoute): boolean =>
  type === ROUTE.local && familyOf(destination) === 'inet'

/** RTM_NEWROUTE with NLM_F_REPLACE: destination, table and metric are what a route is known by. */
const withRoute = (view: RoutingView, route: ViewRoute): RoutingView => ({
  ...view,
  routes: [...view.routes.filter((r) => !isSame({ ...r, link: route.link }, route)), route],
})

const isMeant = (r: ViewRoute, { link, route }: Of<'route-add' | 'route-delete'>): boolean =>
  r.link === link &&
  r.destination === route.destination &&
  r.table === route.table &&
  (route.metric === undefined || r.metric === route.metric)

/** fib_default_rule_pref(): just before the second rule there is. */
const nextPriority = (view: RoutingView, family: ViewRule['family']): number => {
  const [, second] = view.rules.filter((r) => r.family === family).toSorted((a, b) => a.priority - b.priority)
  return Math.max(0, (second?.priority ?? 1) - 1)
}

const withoutRule = (view: RoutingView, rule: RuleIntent): RoutingView => {
  const meant = view.rules.find(
    (r) =>
      r.family === rule.family &&
      r.table === rule.table &&
      (rule.priority === undefined || r.priority === rule.priority) &&
      r.fwmark === rule.fwmark &&
      (r.invert ?? false) === (rule.invert ?? false) &&
      r.suppressPrefixLength === rule.suppressPrefixLength,
  )
  return { ...view, rules: view.rules.filter((r) => r !== meant) }
}

const withWireGuardSet = (
  view: RoutingView,
  link: string,
  { change, at }: { readonly change: WireGuardChange; readonly at: number },
): RoutingView => {
  const before = view.wireguard.find((d) => d.link === link)
  if (before === undefined) return view
  return withDevice(view, {
    ...before,
    publicKey: change.privateKey === undefined ? before.publicKey : `another one, ${at}`,
    listenPort: change.listenPort ?? before.listenPort,
    fwmark: change.fwmark ?? before.fwmark,
    peers: change.peers.reduce((peers, one) => withPeer(peers, one, at), before.peers),
  })
}

/** A prefix belongs to one peer at a time: who gets it takes it from the others. */
const withPeer = (peers: readonly ViewPeer[], change: PeerChange, at: number): readonly ViewPeer[] => {
  const others = peers.filter((p) => p.publicKey !== change.publicKey)
  if (change.kind === 'remove') return others
  const before = peers.find((p) => p.publicKey === change.publicKey)
  const allowedIPs = change.allowedIPs ?? before?.allowedIPs ?? []
  const taken = new Set(allowedIPs)
  const after: ViewPeer = {
    publicKey: change.publicKey,
    endpoint: change.endpoint ?? before?.endpoint,
    allowedIPs,
    presharedKeyDigest: digestAfter(change, before, at),
  }
  return [...others.map((p) => ({ ...p, allowedIPs: p.allowedIPs.filter((a) => !taken.has(a)) })), after]
}

const digestAfter = (
  { presharedKey }: Extract<PeerChange, { kind: 'set' }>,
  before: ViewPeer | undefined,
  at: number,
): string | undefined => {
  if (presharedKey === undefined) return before?.presharedKeyDigest
  return presharedKey === 'none' ? undefined : `another, ${at}`
}
