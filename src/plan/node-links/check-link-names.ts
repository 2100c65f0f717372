/** One name, one link, in every namespace of a node; WireGuard interfaces included. */
import type { NodeLinks, PlacedLink } from './node-links.ts'
import type { ProblemList } from '../problem-list.ts'

export function checkLinkNames({ node, links }: NodeLinks, problems: ProblemList): void {
  const named = links.filter(({ name }) => name !== '')
  for (const [first, ...others] of Map.groupBy(named, ({ id }) => id).values()) {
    for (const link of others) {
      // WireGuard interfaces among themselves are told by allocateInterfaces.
      if (first === undefined || (first.end === undefined && link.end === undefined)) continue
      report(link.end === undefined ? first : link, { node, isPair: isPair(first, link) }, problems)
    }
  }
}

const isPair = (a: PlacedLink, b: PlacedLink): boolean => a.end?.object === b.end?.object

function report(
  { id, name, where }: PlacedLink,
  { node, isPair: isVeth }: { readonly node: string; readonly isPair: boolean },
  problems: ProblemList,
): void {
  if (isVeth) {
    const message = `both ends of the veth are ${id}`
    const hint = 'Give the peer another name, or put it into a container.'
    problems.add(where, { code: 'VethEnds', message, hint })
    return
  }
  const message = `${node} would have two links named ${id}`
  problems.add(where, { code: 'InterfaceNameClash', message, hint: `Name one of them other than ${name}.` })
}
