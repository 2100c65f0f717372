/** The routing table: the other end of the path leads into the tunnel, at every node and in both directions. */
import { type LegCheck, type LegContext, lookupAt } from '../context.ts'
import type { LookupAnswer, NodeFacts, RouteFacts } from '../facts.ts'
import { type Finding, findingsOf } from '../finding.ts'
import { longestMatch } from '../trace.ts'

const RTN_LOCAL = 2
const RTPROT_KERNEL = 2
const MAIN = 254

/** What this node needs a way to: packets go to the target, answers to the source. */
export const destinationOf = ({ trace, forth }: LegContext): string => (forth ? trace.target : trace.source)

export const route: LegCheck = (context) => {
  const { near, facts } = context
  const own = facts.get(near.node)
  const to = destinationOf(context)
  const answer = lookupAt(own, to)?.answer
  if (own === undefined || answer === undefined || near.interface.container !== undefined) return undefined
  const { ok } = findingsOf('route', near.node)
  if (answer.kind === 'way' && answer.link === near.interface.name)
    return ok(`${to} leads into ${near.interface.name}${tableText(answer.table)}`)
  if (isDiverted(context, answer)) return ok(`the tables lead ${to} into ${near.interface.name}`)
  return wrong(context, own, answer)
}

/** The right route is there, but a rule leads to another table before: that is for the rules to explain. */
export const isDiverted = (context: LegContext, answer: LookupAnswer): boolean => {
  const { near, facts } = context
  const right = routeInto(facts.get(near.node), near.interface.name, destinationOf(context))
  if (right === undefined) return false
  return answer.kind === 'refused' || (answer.table !== right.table && answer.table !== 255)
}

/** The best route of the tunnel that holds the address, of any table. */
const routeInto = (facts: NodeFacts | undefined, link: string, to: string): RouteFacts | undefined => {
  let best: { route: RouteFacts; length: number } | undefined
  for (const one of facts?.routes ?? []) {
    const length = one.link === link ? longestMatch([one.destination], to) : undefined
    if (length !== undefined && (best === undefined || length > best.length)) best = { route: one, length }
  }
  return best?.route
}

const wrong = (context: LegContext, own: NodeFacts, answer: LookupAnswer): Finding => {
  const { near } = context
  const { fails } = findingsOf('route', near.node)
  const to = destinationOf(context)
  const { name } = near.interface
  const prefix = prefixFor(context, to)
  const add = `ip route add ${prefix} dev ${name}`
  if (answer.kind === 'way' && answer.type === RTN_LOCAL)
    return fails({
      says: `${to} is an address of ${near.node} itself`,
      because: 'packets to it never leave the machine',
      fix: [`ip address show to ${to}`, `ip address delete ${to} dev ${answer.link ?? 'LINK'}`],
    })
  const competes = routeInto(own, name, to) !== undefined || isOwnNetwork(own, answer)
  if (answer.kind === 'way' && answer.link !== null && (competes || !isDefault(answer)))
    return fails(otherLink({ to, name, node: near.node, own }, answer, answer.link))
  return fails({
    says: `${near.node} has no route to ${to} through ${name} (${instead(answer)})`,
    because: 'packets do not get into the tunnel',
    fix: [add, 'An agent does this by itself: warren node status'],
  })
}

const instead = (answer: LookupAnswer): string => {
  if (answer.kind === 'refused') return answer.code
  if (answer.link === null) return `${answer.destination ?? 'a route'} refuses it`
  return `the default route takes it out by ${answer.link}`
}

const isDefault = (answer: LookupAnswer): boolean =>
  answer.kind === 'way' && (answer.destination ?? '/0').endsWith('/0')

const isOwnNetwork = (own: NodeFacts, answer: LookupAnswer): boolean =>
  answer.kind === 'way' &&
  answer.protocol === RTPROT_KERNEL &&
  own.addresses.some(
    ({ link, local }) =>
      link === answer.link && longestMatch([answer.destination ?? ''], local) !== undefined,
  )

interface Place {
  readonly to: string
  readonly name: string
  readonly node: string
  readonly own: NodeFacts
}

const otherLink = ({ to, name, node, own }: Place, answer: LookupAnswer, link: string) => {
  const way = answer.kind === 'way' ? answer : undefined
  const entry = way?.destination ?? 'the default route'
  const lan = own.addresses.find(
    (one) => one.link === link && longestMatch([way?.destination ?? ''], one.local),
  )
  if (way?.protocol === RTPROT_KERNEL && lan)
    return {
      says: `${to} is in ${entry}, the own network of ${link} at ${node}`,
      because: `the LAN and the plan use the same addresses, and the LAN wins: packets go out by ${link}`,
      fix: [
        'Give the plan a CIDR that no LAN uses: spec.cidrs.',
        `ip route add ${to} dev ${name}    # for now: this address only`,
      ],
    }
  return {
    says: `at ${node} ${to} goes out by ${link}, not by ${name}: the route ${entry}${tableText(way?.table ?? MAIN)} wins`,
    because: 'packets leave outside the tunnel, where nobody knows the address',
    fix: [`ip route delete ${entry} dev ${link}`, `ip route get ${to}`],
  }
}

export const tableText = (table: number): string => (table === MAIN ? '' : ` (table ${table})`)

/** As the plan has it: a route of its own, or what an address brings. */
const prefixFor = ({ near }: LegContext, to: string): string => {
  const { routes, addresses, peers } = near.interface
  const planned = routes.map((one) => one.destination).filter((one) => longestMatch([one], to) !== undefined)
  const own = addresses.map((one) => `${one.local}/${one.prefixLength}`)
  const allowed = peers.flatMap((one) => one.allowedIPs)
  const candidates = [...planned, ...own, ...allowed].filter((one) => longestMatch([one], to) !== undefined)
  return candidates[0] ?? to
}
