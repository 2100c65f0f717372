/**
 * Who is a port of whom, and who lies on whom. A link has one master; what lies on a link is above it, and so is a
 * bridge above its ports: going up never comes back to where it began, or the kernel says ELOOP.
 */
import { linkIdOf } from '../../model/index.ts'
import type { ProblemList, Where } from '../problem-list.ts'
import { type NodeLinks, parentOf, type PlacedLink } from './node-links.ts'

/** A port, and where that is said. */
interface Membership {
  readonly port: string
  readonly master: PlacedLink | undefined
  readonly masterId: string
  readonly masterName: string
  readonly where: Where
}

/** Those without Ethernet: the kernel takes them into a VRF, but not into a bridge. */
const NOT_BRIDGEABLE: ReadonlySet<string> = new Set('wireguard ipip ip6tnl gre ip6gre vrf bridge'.split(' '))

export function checkMasters(node: NodeLinks, problems: ProblemList): void {
  const memberships = node.links.flatMap((link) => membershipsOf(link, node))
  for (const [, own] of Map.groupBy(memberships, ({ port }) => port)) {
    const [first] = own
    for (const other of own) {
      if (first === undefined || other.masterId === first.masterId) continue
      const message = `${other.port} is to be a port of ${first.masterName} and of ${other.masterName}`
      const hint = 'A link has one master; keep one.'
      problems.add(other.where, { code: 'SeveralMasters', message, hint })
    }
  }
  for (const one of memberships) checkKinds(one, node, problems)
  checkCycles(node, memberships, problems)
}

function membershipsOf({ id, name, container, end }: PlacedLink, { byId }: NodeLinks): Membership[] {
  if (end === undefined) return []
  const { object, intent } = end
  const ports = (intent.ports ?? []).map((port) => ({
    ...{ port: linkIdOf(port, container), master: byId.get(id), masterId: id, masterName: name },
    where: { object, path: ['spec', 'bridge', 'ports', object.spec.bridge?.ports?.indexOf(port) ?? 0] },
  }))
  if (intent.master === undefined) return ports
  const masterId = linkIdOf(intent.master, container)
  const where = { object, path: end.pathOf('master') }
  return [...ports, { port: id, master: byId.get(masterId), masterId, masterName: intent.master, where }]
}

/** Links that nobody declares may be anything. */
function checkKinds({ port, master, where }: Membership, { byId }: NodeLinks, problems: ProblemList): void {
  if (master === undefined) return
  const hint = 'A master is a bridge or a vrf; ports of a bridge carry Ethernet.'
  if (master.kind !== 'bridge' && master.kind !== 'vrf') {
    const message = `${master.name} is a ${master.kind} and has no ports`
    problems.add(where, { code: 'CannotBePort', message, hint })
    return
  }
  const kind = byId.get(port)?.kind
  if (kind === undefined || port === master.id) return
  if (master.kind === 'bridge' ? !NOT_BRIDGEABLE.has(kind) : kind !== 'vrf') return
  const message = `${port} is a ${kind} and cannot be a port of the ${master.kind} ${master.name}`
  problems.add(where, { code: 'CannotBePort', message, hint })
}

interface Below {
  readonly id: string
  readonly where: Where
}

function checkCycles(node: NodeLinks, memberships: readonly Membership[], problems: ProblemList): void {
  const below = new Map<string, Below[]>()
  const add = (id: string, one: Below): void => {
    below.set(id, [...(below.get(id) ?? []), one])
  }
  for (const { masterId, port, where } of memberships) add(masterId, { id: port, where })
  for (const link of node.links) {
    const parent = parentOf(link, node.byId)
    if (parent === undefined || link.end === undefined) continue
    add(link.id, { id: parent.id, where: { object: link.end.object, path: linkPath(link) } })
  }
  const done = new Set<string>()
  for (const { id } of node.links) if (!done.has(id)) walk(id, { below, done, problems })
}

const linkPath = ({ end }: PlacedLink) => ['spec', end?.object.spec.type ?? '', 'link']

interface Walk {
  readonly below: ReadonlyMap<string, readonly Below[]>
  readonly done: Set<string>
  readonly problems: ProblemList
}

/** Depth first, without recursion: a stranger's chain may be long. The step that closes a circle is reported, once. */
function walk(start: string, { below, done, problems }: Walk): void {
  const trail = [start]
  const waiting = [[...(below.get(start) ?? [])]]
  while (trail.length > 0) {
    const next = waiting.at(-1)?.pop()
    if (next === undefined) {
      done.add(trail.pop() ?? '')
      waiting.pop()
    } else if (trail.includes(next.id)) {
      const circle = [...trail.slice(trail.indexOf(next.id)), next.id].join(' above ')
      const hint = 'Take one of them out of the circle.'
      problems.add(next.where, { code: 'LinkCycle', message: `links in a circle: ${circle}`, hint })
    } else if (!done.has(next.id)) {
      trail.push(next.id)
      waiting.push([...(below.get(next.id) ?? [])])
    }
  }
}
