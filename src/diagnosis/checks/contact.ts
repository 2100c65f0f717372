/** Whether a node could be asked, and whether an agent looks after it. Neither stops packets by itself. */
import type { NodeCheck } from '../context.ts'
import { findingsOf } from '../finding.ts'

export const contact: NodeCheck = ({ node, facts, unreachable }) => {
  const { ok, unknown } = findingsOf('contact', node)
  const own = facts.get(node)
  if (own === undefined) {
    const reason = unreachable.get(node) ?? 'it was not asked'
    return unknown(`${node} could not be asked: ${reason}`, [
      `Look from ${node} itself, or reach it with --via.`,
    ])
  }
  if (own.agent === null)
    return unknown('no agent runs there: what is there stays, and nothing is repaired', [
      'systemctl start warren-agent',
    ])
  if (own.agent.node !== node)
    return unknown(`the agent there calls itself ${own.agent.node}`, [
      `Reach ${node} with --via, or give its agent --node ${node}.`,
    ])
  const [problem] = own.agent.problems
  if (problem !== undefined) return unknown(`its agent says: ${problem}`, ['warren node status'])
  return ok(`the agent is ${own.agent.phase}`)
}
