/** Where to call the other end: one of the two must know, and a name must resolve. */
import { isAlive, type LegCheck, type LegContext, peerAt } from '../context.ts'
import { findingsOf } from '../finding.ts'

export const endpoint: LegCheck = (context) => {
  const { near, far, facts } = context
  const peer = peerAt(facts.get(near.node), near)
  if (peer === undefined) return undefined
  const { ok, fails } = findingsOf('endpoint', near.node)
  const seen = peer.endpoint
  if (isAlive(context, context)) return ok(`${far.node} is at ${seen ?? 'an unknown place'}`)
  const planned = near.peer.endpoint
  const named = planned && facts.get(near.node)?.resolved.find((one) => one.host === planned.host)
  if (planned && named && named.addresses.length === 0)
    return fails({
      says: `the endpoint ${planned.host} of ${far.node} does not resolve (${named.problem ?? 'no address'})`,
      because: `${near.node} does not know where to call ${far.node}`,
      fix: [`getent ahosts ${planned.host}`, 'Correct the name in DNS, or write an address in the plan.'],
    })
  if (seen !== null) return ok(`${far.node} is at ${seen}`)
  if (planned)
    return fails({
      says: `${near.node} has not set the endpoint ${planned.host}:${planned.port} of ${far.node} yet`,
      because: `it does not know where to call ${far.node}`,
      fix: ['warren node status'],
    })
  return canBeCalled(context) ? ok(`${far.node} has to call first`) : fails(neverMeet(context))
}

/** The other end calls: that is enough for both. */
const canBeCalled = ({ near, far, facts }: LegContext): boolean => {
  const back = peerAt(facts.get(far.node), far)
  return far.peer.endpoint !== undefined || (back?.endpoint ?? null) !== null || !facts.has(near.node)
}

const neverMeet = ({ near, far }: LegContext) => ({
  says: `neither ${near.node} nor ${far.node} knows where the other is`,
  because: 'both wait to be called: behind NAT, somebody with an endpoint has to stand between them',
  fix: [`Give ${near.node} or ${far.node} an endpoint in the plan, or name a hub or a relay.`],
})
