/**
 * The topology Links: every link is an interface of its own at each of its two ends, with one peer. A link is
 * known at an end by the other node and a number, or by its own name; that is what keeps its port and its
 * interface name when other links come and go.
 */
import { type FieldPath, type LinkEnd, linkNameOf, type LinkSpec, similarTo } from '../model/index.ts'
import type { Member, Network } from './network.ts'
import type { ProblemList, Where } from './problem-list.ts'

/** One end of a link, seen from its node. */
export interface LinkEndPlan {
  readonly member: Member
  readonly end: LinkEnd
  readonly link: LinkSpec
  /** The link's key in the allocations. */
  readonly key: string
  readonly interfaceName: string
  readonly where: Where
  /** The place of the other end in the same list. */
  readonly other: number
}

/** Ends stand in pairs. */
export function linkEndsOf(network: Network, problems: ProblemList): readonly LinkEndPlan[] {
  const counts = new Map<string, number>()
  const ends: LinkEndPlan[] = []
  for (const [index, link] of network.plan.spec.links.entries()) {
    const path: FieldPath = ['spec', 'links', index]
    const pair = pairOf(link, { network, problems, path })
    if (pair === undefined) continue
    const [a, b] = pair
    const names = [a.member.name, b.member.name].toSorted().join(' ')
    const number = counts.get(names) ?? 0
    if (link.name === undefined) counts.set(names, number + 1)
    const where = { object: network.plan, path }
    const endOf = (own: KnownEnd, far: KnownEnd, other: number): LinkEndPlan => ({
      member: own.member,
      end: own.end,
      link,
      key: link.name ?? `${far.member.name}-${number}`,
      interfaceName: linkNameOf('wg', link.name ?? `${own.member.name}-${far.member.name}-${number}`),
      where,
      other,
    })
    ends.push(endOf(a, b, ends.length + 1))
    ends.push(endOf(b, a, ends.length - 1))
  }
  checkNames(network, problems)
  return ends
}

interface KnownEnd {
  readonly member: Member
  readonly end: LinkEnd
}

interface LinkAt {
  readonly network: Network
  readonly problems: ProblemList
  readonly path: FieldPath
}

function pairOf(
  link: LinkSpec,
  { network, problems, path }: LinkAt,
): readonly [KnownEnd, KnownEnd] | undefined {
  const endsPath = [...path, 'ends']
  if (link.ends.length !== 2) {
    const message = `a link has exactly two ends, this one has ${link.ends.length}`
    problems.add(
      { object: network.plan, path: endsPath },
      { code: 'LinkEnds', message, hint: 'Write one link per pair.' },
    )
  }
  const known = link.ends.flatMap((end, index) => {
    const member = network.byName.get(end.node)
    if (member !== undefined) return [{ member, end }]
    problems.add({ object: network.plan, path: [...endsPath, index, 'node'] }, unknownNode(end.node, network))
    return []
  })
  const [a, b] = known
  if (link.ends.length !== 2 || a === undefined || b === undefined) return undefined
  if (a.member !== b.member) return [a, b]
  const message = `both ends are ${a.member.name}`
  problems.add(
    { object: network.plan, path: endsPath },
    { code: 'LinkEnds', message, hint: 'Name two nodes.' },
  )
  return undefined
}

export function unknownNode(name: string, network: Network) {
  const meant = similarTo(name, [...network.byName.keys()])
  const hint = meant === undefined ? 'Add it to `nodes`, or correct the name.' : `Did you mean ${meant}?`
  return { code: 'UnknownNode', message: `there is no node ${name}`, hint } as const
}

function checkNames(network: Network, problems: ProblemList): void {
  const seen = new Set<string>()
  for (const [index, { name }] of network.plan.spec.links.entries()) {
    if (name === undefined) continue
    if (seen.has(name)) {
      const where = { object: network.plan, path: ['spec', 'links', index, 'name'] }
      problems.add(where, {
        code: 'DuplicateLink',
        message: `two links are named ${name}`,
        hint: 'Rename one.',
      })
    }
    seen.add(name)
  }
}
