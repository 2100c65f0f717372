/** What `warren diff` does. */
import { CheckFailed } from '../exit.ts'
import type { LockOption } from '../files/inputs.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { formatLockChanges, lockChanges } from './lock-changes.ts'
import { makePlan } from './made-plan.ts'
import { thisNode } from './this-node.ts'

export interface DiffOptions extends LockOption {
  readonly live?: boolean
  readonly node?: string
  readonly output: 'text' | 'json'
}

export async function runDiff(files: readonly string[], options: DiffOptions): Promise<void> {
  const made = await makePlan(files, options)
  if (options.live) {
    const { printSteps, stepsHere } = await import('./live.ts')
    const steps = await stepsHere(made, options.node ?? thisNode())
    if (!printSteps(steps, options.output === 'json' ? 'json' : 'table')) throw new CheckFailed('')
    return
  }
  const changes = lockChanges(made.allocations, made.result.allocations)
  if (options.output === 'json') standardOutput().write(`${JSON.stringify(changes, undefined, 2)}\n`)
  else standardOutput().write(formatLockChanges(changes))
  if (changes.length > 0) throw new CheckFailed('')
  standardError().write(`${made.lockFile} is up to date.\n`)
}
