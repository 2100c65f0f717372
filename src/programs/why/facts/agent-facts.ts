/** What of the agent's status says whether it looks after this machine. */
import type { AgentStatus } from '../../../agent/index.ts'
import type { AgentFacts } from '../../../diagnosis/index.ts'

export function agentFacts(status: AgentStatus | undefined): AgentFacts | null {
  if (status === undefined) return null
  return {
    node: status.node,
    phase: status.phase,
    problems: status.problems
      .filter((problem) => problem.severity !== 'warning')
      .map((problem) => `${problem.path}: ${problem.message}`),
    interfaces: status.interfaces.map((one) => one.name),
  }
}
