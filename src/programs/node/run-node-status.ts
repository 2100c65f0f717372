/** What `warren node status` does. That there is no agent is an answer too; `--check` makes it a failure. */
import type { AgentStatus } from '../../agent/index.ts'
import { CheckFailed } from '../exit.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { readAgentStatus } from './agent-status.ts'

export interface NodeStatusOptions {
  readonly runDir: string
  readonly check?: boolean
  readonly output: 'table' | 'json'
}

export async function runNodeStatus({ runDir, check, output }: NodeStatusOptions): Promise<void> {
  const status = await readAgentStatus(runDir)
  if (output === 'json') standardOutput().write(`${JSON.stringify(status ?? null, undefined, 2)}\n`)
  else standardOutput().write(status ? formatStatus(status) : 'No agent runs on this machine.\n')
  if (check && status?.phase !== 'Converged') throw new CheckFailed('')
}

function formatStatus(status: AgentStatus): string {
  const paint = paintFor(standardOutput())
  const phase = status.phase === 'Converged' ? paint.green(status.phase) : paint.yellow(status.phase)
  const rows = status.interfaces.map((one) => [
    one.name,
    one.backend ?? '',
    one.up ? 'up' : paint.red('down'),
    one.addresses.join(', '),
    String(one.listenPort),
    `${one.peers.filter((peer) => peer.lastHandshakeMs !== undefined).length}/${one.peers.length}`,
  ])
  const problems = status.problems.map((problem) => `${problem.path}: ${problem.message}\n`).join('')
  const table = formatTable(['INTERFACE', 'BACKEND', 'LINK', 'ADDRESSES', 'PORT', 'HANDSHAKES'], rows, paint)
  return `${paint.bold(status.node)}: ${phase}\n${problems}${rows.length > 0 ? table : ''}`
}
