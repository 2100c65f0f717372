/**
 * Which of two ways packets take: a direct path beside a relayed one is in use while both ends have its allowed IPs
 * installed, and withdrawn by both when it does not work.
 */
import { peerAt } from './context.ts'
import type { NodeFacts } from './facts.ts'
import { longestMatch, type Trace } from './trace.ts'

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
    const [there, back] = [peerAt(facts.get(near.node), near), peerAt(facts.get(far.node), far)]
    const leads = there === undefined || longestMatch(there.allowedIPs, direct.target) !== undefined
    const returns = back === undefined || longestMatch(back.allowedIPs, direct.source) !== undefined
    return !leads || !returns
  })
  return withdrawn ? relayed : direct
}
