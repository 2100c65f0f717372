/**
 * Whether everyone meets. A node without an endpoint is behind NAT or a closed firewall: it can call, but cannot be
 * called, except by nodes of its own site on their LAN. Two such nodes need someone between them.
 */
import { canonicalPrefix } from '../model/index.ts'
import { linkEndpoint, linkInterface, type LinkSide } from './link-network.ts'
import { type Network, type PlannedMember, settingsOf } from './network.ts'
import { isPublic } from './peering.ts'
import type { PlannedNetwork } from './draft.ts'
import type { ProblemList } from './problem-list.ts'
import { defaultRoutesAmong, isMainTable } from './routes.ts'

/** More pairs than this are not listed. */
const MAX_PAIRS = 10

export function checkReach(planned: PlannedNetwork, problems: ProblemList): void {
  if (planned.network.topology === 'Links') return checkLinks(planned, problems)
  checkCarriers(planned, problems)
  checkDefaultRoutes(planned, problems)
  checkSites(planned, problems)
  if (planned.network.topology === 'Mesh' && !planned.members.some(({ carrier }) => carrier !== undefined)) {
    checkMesh(planned, problems)
  }
}

/** Every carrier is a peer of all, so it must meet all. */
function checkCarriers({ network, members, peering }: PlannedNetwork, problems: ProblemList): void {
  const field = network.topology === 'Mesh' ? 'relays' : 'hubs'
  const word = network.topology === 'Mesh' ? 'relay' : 'hub'
  for (const carrier of members.filter((one) => one.carrier !== undefined)) {
    const unreached = members.find((one) => one !== carrier && peering.relation(carrier, one) === 'none')
    if (unreached === undefined) continue
    const where = { object: network.plan, path: ['spec', field, carrier.carrier ?? 0] }
    const message = `the ${word} ${carrier.name} has no endpoint, and ${unreached.name} cannot reach it otherwise`
    const hint = `Give ${carrier.name} an endpoint, or choose another ${word}.`
    problems.add(where, { code: 'HubWithoutEndpoint', message, hint })
  }
}

function checkDefaultRoutes({ network, members, peering }: PlannedNetwork, problems: ProblemList): void {
  for (const one of members) {
    const via = one.member.spec.defaultRoute?.via
    const exit = via === undefined ? undefined : members.find(({ name }) => name === via)
    if (exit === undefined) continue
    const { object, path } = one.member.where
    const where = { object, path: [...path, 'defaultRoute', 'via'] }
    if (exit === one || peering.relation(one, exit) !== 'always') {
      const message = `the default route of ${one.name} needs a direct peer, and ${exit.name} is none`
      const hint = network.topology === 'Mesh' ? 'Name another node.' : 'Name a hub.'
      problems.add(where, { code: 'DefaultRouteNotDirect', message, hint })
    }
  }
}

/** A site is named so that its nodes meet on their LAN; for that, one of two must say where it is. */
function checkSites({ network, members }: PlannedNetwork, problems: ProblemList): void {
  if (network.topology !== 'HubAndSpoke' || network.directPeering === 'None') return
  const spokes = members.filter(({ carrier, member }) => carrier === undefined && member.spec.agent)
  for (const [site, mates] of Map.groupBy(spokes, ({ member }) => member.spec.site)) {
    const [first, second] = mates
    if (site === undefined || first === undefined || second === undefined) continue
    if (mates.some(({ member }) => member.localEndpoint !== undefined)) continue
    problems.add(first.member.where, {
      code: 'SiteWithoutLocalEndpoint',
      message: `${first.name} and ${second.name} share the site ${site}, and neither has a localEndpoint: they talk through the hub`,
      hint: 'Give one of them a localEndpoint, or leave the site out.',
      severity: 'warning',
    })
  }
}

function checkMesh({ network, members, peering }: PlannedNetwork, problems: ProblemList): void {
  const closed = members.filter((one) => !isPublic(one))
  let count = 0
  for (const [a, b] of pairsOf(closed)) {
    if (peering.relation(a, b) !== 'none') continue
    if (++count > MAX_PAIRS) {
      const message = `more pairs of the ${closed.length} nodes without endpoints can never meet`
      problems.add(
        { object: network.plan, path: ['spec', 'nodes'] },
        { code: 'NeverMeet', message, hint: 'Name a relay.' },
      )
      return
    }
    neverMeet(a, b, problems)
  }
}

function neverMeet(a: PlannedMember, b: PlannedMember, problems: ProblemList): void {
  problems.add(b.member.where, {
    code: 'NeverMeet',
    message: `${a.name} and ${b.name} can never meet: neither has an endpoint the other can reach`,
    hint: 'Give one an endpoint, name a relay, or give both the same site and one a localEndpoint.',
  })
}

function* pairsOf<T>(items: readonly T[]): Generator<readonly [T, T]> {
  for (const [index, a] of items.entries()) {
    for (let at = index + 1; at < items.length; at++) yield [a, items[at] as T]
  }
}

function checkLinks({ network, links }: PlannedNetwork, problems: ProblemList): void {
  const taken = new Map<string, string>()
  for (const [index, near] of links.entries()) {
    const far = links[near.plan.other]
    if (far === undefined) continue
    checkPort(near, links, problems)
    checkTable({ near, far, network, taken }, problems)
    if (near.plan.other < index) continue
    checkMainTable([near, far], network, problems)
    if (linkEndpoint(near.plan, far) !== undefined || linkEndpoint(far.plan, near) !== undefined) continue
    const [a, b] = [near.plan.member.name, far.plan.member.name]
    const message = `${a} and ${b} can never meet: neither has an endpoint the other can reach`
    problems.add(near.plan.where, { code: 'NeverMeet', message, hint: 'Give one an endpoint.' })
  }
  for (const { spec, where } of network.members) {
    if (spec.defaultRoute === undefined) continue
    const message = 'with topology Links a node has no default route'
    const hint = 'Use `table` of a WireGuardInterface, or another topology.'
    problems.add(
      { object: where.object, path: [...where.path, 'defaultRoute'] },
      { code: 'TopologyConflict', message, hint },
    )
  }
}

/** In main it would take the place of the host's own default route, which nobody asked for by naming a table. */
function checkMainTable(sides: readonly LinkSide[], network: Network, problems: ProblemList): void {
  const inMain = sides.filter(({ plan }) => isMainTable(settingsOf(network, plan.member.spec).table))
  const [first] = inMain
  if (first === undefined) return
  const { link, where } = first.plan
  const asked = defaultRoutesAmong(link.allowedIPs.map(canonicalPrefix))
  if (asked.length === 0) return
  const names = inMain.map(({ plan }) => plan.member.name).join(' and ')
  const message = `the default route of ${names} would go through this link: allowedIPs has ${asked.join(' and ')}, and the table is main`
  const hint = 'Write narrower allowedIPs, `table: off`, or the number of a table of its own.'
  problems.add(
    { object: where.object, path: [...where.path, 'allowedIPs'] },
    { code: 'DefaultRouteInMain', message, hint },
  )
}

interface TableCheck {
  readonly near: LinkSide
  readonly far: LinkSide
  readonly network: Network
  /** Node, table and destination → the link's interface there. */
  readonly taken: Map<string, string>
}

/** A table has one route to a destination: the kernel refuses the second link's. */
function checkTable({ near, far, network, taken }: TableCheck, problems: ProblemList): void {
  const { member, where } = near.plan
  if (settingsOf(network, member.spec).table === 'off') return
  const { name, routes } = linkInterface(near, far, { network, presharedKey: undefined })
  for (const { destination, table } of routes) {
    const key = `${member.name} ${table} ${destination}`
    const other = taken.get(key)
    taken.set(key, other ?? name)
    if (other === undefined) continue
    const message = `${destination} is at ${other} of ${member.name} too, and both make a route in the table ${table}`
    const hint = 'Write narrower allowedIPs, or `table: off` and routes of your own.'
    problems.add(
      { object: where.object, path: [...where.path, 'allowedIPs'] },
      { code: 'SamePrefix', message, hint },
    )
    return
  }
}

/** An endpoint with a port is one port, and a node with several links listens on several. */
function checkPort(near: LinkSide, links: readonly LinkSide[], problems: ProblemList): void {
  const { member, end } = near.plan
  if (member.endpoint?.port === undefined || end.endpoint !== undefined) return
  const own = links.filter(({ plan }) => plan.member === member && plan.end.endpoint === undefined)
  if (own.length < 2 || own[0] !== near) return
  const { object, path } = member.where
  const message = `${member.name} has ${own.length} links, and its endpoint names one port for all`
  const hint = 'Leave the port out: each link then has its own; or write an endpoint at each end.'
  problems.add({ object, path: [...path, 'endpoint'] }, { code: 'EndpointPortAmbiguous', message, hint })
}
