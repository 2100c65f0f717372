/** A plan against this machine as it runs: what an agent would do here now, as commands one could type. */
import { join } from 'node:path'

import { observeHost, planSteps } from '../../agent/index.ts'
import { linkIdOf } from '../../model/index.ts'
import type { KeySource, NodeIntent, Step } from '../../model/index.ts'
import { lanObservationOf, plan } from '../../plan/index.ts'
import { type Difference, render } from '../../reconcile/index.ts'
import { BadInput, MissingHere } from '../exit.ts'
import { hasErrors } from '../files/inputs.ts'
import { keyFileName } from '../files/key-file-name.ts'
import { env } from '../options.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { intentOf, type MadePlan, warn } from './made-plan.ts'
import { notesOn } from './notes.ts'

export interface LiveSteps extends Difference {
  readonly intent: NodeIntent
}

const stateDir = (): string => env('WARREN_STATE_DIR', '/var/lib/warren')

export async function stepsHere(made: MadePlan, node: string): Promise<LiveSteps> {
  const { objects, result } = made
  const intent = intentOf(result, node)
  try {
    await checkLan(made, node)
    const options = { stateDir: stateDir(), boundsPath: env('WARREN_CONFIG', '/etc/warren/agent.yaml') }
    const { problems, ...difference } = await planSteps({ intent, objects }, options)
    if (hasErrors(problems)) throw new BadInput(problems)
    warn(problems)
    return { ...difference, intent }
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'EPERM' && code !== 'EACCES') throw error
    throw new MissingHere('looking at WireGuard interfaces needs CAP_NET_ADMIN; run this as root')
  }
}

/** Here the LAN can be seen, so a plan that takes its addresses away is refused. */
async function checkLan({ objects, allocations }: MadePlan, node: string): Promise<void> {
  const seen = lanObservationOf(node, await observeHost({ stateDir: stateDir() }))
  const { problems } = plan(objects, allocations, [seen])
  if (hasErrors(problems)) throw new BadInput(problems)
}

/** True when there is nothing to do. */
export function printSteps(
  { steps, conflicts, waiting, adoptions, intent }: LiveSteps,
  output: 'table' | 'json' | 'yaml',
): boolean {
  const text = (some: readonly Step[]): string[] =>
    some.flatMap((step) => render(step, { keyFile: keyFileFor(step, intent) }).split('\n'))
  const commands = text(steps)
  if (output === 'table') standardOutput().write(commands.map((command) => `${command}\n`).join(''))
  else
    standardOutput().write(
      `${JSON.stringify({ changes: steps.length, commands, conflicts, waiting, adoptions: text(adoptions) }, undefined, 2)}\n`,
    )
  for (const { message, hint, wouldBe } of conflicts) {
    const refused = text(wouldBe).map((command) => `  not done: ${command}\n`)
    standardError().write(`${message}\n${refused.join('')}  ${hint}\n`)
  }
  for (const note of notesOn({ waiting, adoptions })) standardError().write(`${note}\n`)
  const same = steps.length === 0 && conflicts.length === 0
  if (same) standardError().write('Nothing to do.\n')
  return same
}

/** wg(8) takes keys from files: the node's own is where the agent keeps it, one that was brought has to be put in one. */
function keyFileFor(step: Step, intent: NodeIntent): (source: KeySource) => string {
  const id = 'link' in step ? linkIdOf(step.link, step.in) : ''
  const wanted = intent.interfaces.find((one) => linkIdOf(one.name, one.container) === id)
  return (source) => {
    switch (source.kind) {
      case 'node':
        return wanted ? join(stateDir(), 'keys', keyFileName(wanted.owner)) : './node.key'
      case 'inline':
        return './inline.key'
      case 'secret':
        return `./${source.name}.${source.key}.key`
    }
  }
}
