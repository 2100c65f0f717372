/** A node in the middle passes packets on only where its kernel is told to. */
import { type NodeCheck, type NodeContext, sysctl } from '../context.ts'
import { findingsOf } from '../finding.ts'
import type { LegEnd } from '../trace.ts'

export const forwarding: NodeCheck = (context) => {
  const { node, trace, facts } = context
  const own = facts.get(node)
  if (own === undefined || node === trace.from || node === trace.to) return undefined
  const { ok, fails } = findingsOf('forwarding', node)
  for (const { interface: one } of endsOf(context)) {
    const paths = switchesOf(one.name, trace.family)
    const values = paths.map((path) => sysctl(own, path))
    // Nothing known of it: an old kernel, or a container.
    if (values.every((value) => value === undefined) || values.includes(1)) continue
    const [first = ''] = paths.filter((_, i) => values[i] !== undefined)
    return fails({
      says: `${node} does not forward IPv${trace.family} packets that come in by ${one.name}`,
      because: `what ${trace.from} sends to ${trace.to} ends there`,
      fix: [`sysctl -w ${first.replaceAll('/', '.')}=1`, 'An agent does this by itself: warren node status'],
    })
  }
  return ok(`${node} forwards between its peers`)
}

const endsOf = ({ trace, node }: NodeContext): LegEnd[] =>
  trace.legs.flatMap(({ near, far }) => [near, far]).filter((end) => end.node === node)

/** IPv4 asks the link that a packet came in by. IPv6 asked one switch for all until Linux 6.17. */
const switchesOf = (link: string, family: 4 | 6): string[] =>
  family === 4
    ? [`net/ipv4/conf/${link}/forwarding`]
    : [`net/ipv6/conf/${link}/force_forwarding`, 'net/ipv6/conf/all/forwarding']
