/** What `warren node status` does. That there is no agent is an answer too; `--check` makes it a failure. */
import type { AgentStatus } from '../../agent/index.ts'
import { CheckFailed } from '../exit.ts'
import { type Paint, paintFor } from '../terminal/paint.ts'
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
  const problems = status.problems.map((problem) => `${problem.path}: ${problem.message}\n`).join('')
  const tables = [formatInterfaces(status, paint), formatLinks(status, paint)].filter((table) => table !== '')
  return `${paint.bold(status.node)}: ${phase}\n${waitingText(status, paint)}${problems}${tables.join('\n')}`
}

/** A change that is in force for now, and what to do about it; or why the last one is not. */
function waitingText({ conditions, pending }: AgentStatus, paint: Paint): string {
  const condition = conditions.find((one) => one.type === 'Confirmed' && !one.status)
  if (condition === undefined) return ''
  const hint = pending === undefined ? '' : '  keep it with: warren confirm\n'
  return `${paint.yellow(condition.reason === 'Pending' ? 'pending' : 'taken back')}: ${condition.message}\n${hint}`
}

function formatInterfaces({ interfaces }: AgentStatus, paint: Paint): string {
  const rows = interfaces.map((one) => [
    nameOf(one),
    one.backend ?? '',
    one.up ? 'up' : paint.red('down'),
    one.addresses.join(', '),
    String(one.listenPort),
    `${one.peers.filter((peer) => peer.lastHandshakeMs !== undefined).length}/${one.peers.length}`,
  ])
  if (rows.length === 0) return ''
  return formatTable(['INTERFACE', 'BACKEND', 'LINK', 'ADDRESSES', 'PORT', 'HANDSHAKES'], rows, paint)
}

/** Of an agent from before there were any, there are none. */
function formatLinks(status: AgentStatus, paint: Paint): string {
  const links: AgentStatus['links'] | undefined = status.links
  const rows = (links ?? []).map((one) => [
    nameOf(one),
    one.kind,
    one.up ? one.operState : paint.red('down'),
    String(one.mtuBytes),
    one.addresses.join(', '),
    belongings(one),
  ])
  if (rows.length === 0) return ''
  return formatTable(['LINK', 'KIND', 'STATE', 'MTU', 'ADDRESSES', 'WITH'], rows, paint)
}

const nameOf = (one: { readonly name: string; readonly container?: string | undefined }): string =>
  one.container === undefined ? one.name : `${one.name} in ${one.container}`

function belongings(one: AgentStatus['links'][number]): string {
  const parts = [
    one.master === undefined ? '' : `port of ${one.master}`,
    one.ports === undefined || one.ports.length === 0 ? '' : `ports ${one.ports.join(', ')}`,
    one.peer === undefined ? '' : `peer ${nameOf(one.peer)}`,
  ]
  return parts.filter((part) => part !== '').join('; ')
}
