/** What `warren plan` does. */
import type { NodeIntent } from '../../model/index.ts'
import type { PlanResult } from '../../plan/index.ts'
import { paintFor } from '../terminal/paint.ts'
import { someNodes } from '../terminal/some-of.ts'
import { formatStructured } from '../terminal/structured.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { formatLockChanges, lockChanges } from './lock-changes.ts'
import { intentOf, makePlan, type MadePlan } from './made-plan.ts'
import { formatNodePlan, formatPlanTable, keysMissingFor } from './plan-text.ts'
import { thisNode } from './this-node.ts'
import { writeLock } from './write-lock.ts'

export interface PlanOptions {
  readonly node?: string
  readonly live?: boolean
  readonly write?: boolean
  readonly lock?: string
  readonly output: 'table' | 'json' | 'yaml'
}

export async function runPlan(files: readonly string[], options: PlanOptions): Promise<void> {
  const made = await makePlan(files, options)
  if (options.live) {
    const { printSteps, stepsHere } = await import('./live.ts')
    printSteps(await stepsHere(made, options.node ?? thisNode()), options.output)
    remindOfKeys(made.result)
    return
  }
  standardOutput().write(await render(made.result, options))
  if (options.write) writeLock(made, made.result.allocations)
  else remindOfLock(made)
  remindOfKeys(made.result)
}

async function render(result: PlanResult, { node, output }: PlanOptions): Promise<string> {
  const paint = paintFor(standardOutput())
  if (node === undefined) {
    if (output === 'table') return formatPlanTable(result, paint)
    const { links, publicKeysMissing, problems } = result
    return formatStructured(
      { ...nodesOf([...result.intents.values()]), links, publicKeysMissing, problems },
      output,
    )
  }
  const intent = intentOf(result, node)
  if (output === 'table') return formatNodePlan(intent, result.links, paint)
  const publicKeysMissing = keysMissingFor(intent, result)
  return formatStructured({ ...nodesOf([intent]), publicKeysMissing }, output)
}

/** `nodes`: WireGuard interfaces. `netlinkInterfaces`: every other link, of nodes that have any. */
const nodesOf = (intents: readonly NodeIntent[]) => ({
  nodes: Object.fromEntries(intents.map(({ node, interfaces }) => [node, interfaces])),
  netlinkInterfaces: Object.fromEntries(
    intents.filter(({ links }) => links.length > 0).map(({ node, links }) => [node, links]),
  ),
})

function remindOfLock(made: MadePlan): void {
  const changes = lockChanges(made.allocations, made.result.allocations)
  if (changes.length === 0) return
  const shown = changes.length > 12 ? changes.slice(0, 10) : changes
  const rest = changes.length - shown.length
  standardError().write(
    `${made.lockFile} is to change; --write does it:\n${formatLockChanges(shown)}${rest > 0 ? `… and ${rest} more\n` : ''}`,
  )
}

function remindOfKeys({ publicKeysMissing }: PlanResult): void {
  if (publicKeysMissing.length === 0) return
  const nodes = someNodes(publicKeysMissing)
  standardError().write(`No key yet: ${nodes}. They get one from \`warren keys\` or \`warren generate\`.\n`)
}
