/**
 * Cryptokey routing: at each end the longest prefix decides. What goes out must lead to the other end, and what comes
 * in is dropped unless its source leads back there.
 */
import { deviceAt, holderOf, type LegCheck } from '../context.ts'
import { findingsOf } from '../finding.ts'
import type { LegEnd } from '../trace.ts'

export const allowedIPs: LegCheck = ({ near, far, trace, facts, forth }) => {
  const [leads, sends] = forth ? [trace.target, trace.from] : [trace.source, trace.to]
  const device = deviceAt(facts.get(near.node), near.interface.name)
  if (device === undefined) return undefined
  const { ok, fails } = findingsOf('allowed-ips', near.node)
  const holder = holderOf(device, leads)
  if (holder === near.peer.publicKey) return ok(`${leads} belongs to ${far.node}`)
  const wanted = near.peer.allowedIPs.join(',')
  const who = holder === undefined ? 'nobody' : `the peer ${nameOf(near, holder)}`
  return fails({
    says: `at ${near.node} the allowed IPs give ${leads} to ${who}, not to ${far.node}`,
    because: forth
      ? `packets of ${sends} to ${leads} are not sent to ${far.node}, and its answers are dropped`
      : `packets that ${far.node} sends from ${leads} are dropped for having the wrong source`,
    fix: [
      `wg set ${near.interface.name} peer ${near.peer.publicKey} allowed-ips ${wanted}`,
      'An agent does this by itself: warren node status',
    ],
  })
}

const nameOf = ({ interface: { peers } }: LegEnd, key: string): string =>
  peers.find((one) => one.publicKey === key)?.node ?? `${key.slice(0, 8)}…`
