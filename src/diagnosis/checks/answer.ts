/** The proof: an echo request through the whole path, and its answer. */
import { type PathCheck, probeAt } from '../context.ts'
import { findingsOf } from '../finding.ts'

export const answer: PathCheck = ({ trace, facts }) => {
  const { from, to, source, target } = trace
  const there = probeAt(facts.get(from), target)
  const back = probeAt(facts.get(to), source)
  const { ok, fails, unknown } = findingsOf('answer', there === undefined && back ? to : from)
  const probe = there ?? back
  const [asker, other, address] = there === undefined ? [to, from, source] : [from, to, target]
  if (probe === undefined) return unknown('nobody could send anything to find out')
  if (probe.answeredMs !== null) return ok(`${other} answers ${asker} in ${probe.answeredMs.toFixed(1)} ms`)
  if (probe.refused !== null)
    return fails({
      says: `${asker} could not send anything to ${address} (${probe.refused})`,
      because: 'its own kernel refuses it',
      fix: [`ping -c 3 ${address}`, `ip route get ${address}`],
    })
  return fails({
    says: `${other} does not answer ${asker}, and nothing that was looked at explains it`,
    because: 'something that cannot be seen from here drops the packets or their answers',
    fix: [
      `tcpdump -ni any icmp or icmp6    # on every node of the path: the first that does not see it is the place`,
    ],
  })
}
