/**
 * Which of two ways packets take: a direct path beside a relayed one is in use while both ends have its allowed IPs
 * installed, and withdrawn by both when it does not work.
 */
import { peerAt } from './context.ts'
import type { NodeFacts } from './facts.ts'
import { type LegEnd, longestMatch, type Trace } from './trace.ts'

export interface TraceChoice {
  readonly direct: Trace
  readonly relayed: Trace
}

export const chooseTrace = (
  { direct, relayed }: TraceChoice,
  facts: ReadonlyMap<string, NodeFacts>,
): Trace => {
  const withdrawn = direct.legs.some(({ near, far }) => {
    if (near.peer.path === 'always') return false
    return !isInstalled(near, direct.target) || !isInstalled(far, direct.source)
  })
  return withdrawn ? relayed : direct

  /** Of a node that was not asked nothing is known to be withdrawn; an agent takes away the whole peer after a while. */
  function isInstalled(end: LegEnd, address: string): boolean {
    const own = facts.get(end.node)
    if (own === undefined) return true
    return longestMatch(peerAt(own, end)?.allowedIPs ?? [], address) !== undefined
  }
}
