/**
 * Nodes that the lock knows and the plan does not name any more. They get a plan that asks for nothing, so that
 * their agents take the network away; without it they would keep calling a hub that has forgotten them. By force: that
 * they are reached through that very network is no reason to keep it.
 */
import { type Allocations, formatAllocations, NO_ALLOCATIONS } from '../../model/index.ts'
import type { PlanResult } from '../../plan/index.ts'
import { formatBundle } from '../node/bundle.ts'
import { inParallel, type Outcome } from './in-parallel.ts'
import { NodeCommandFailed, runOnNode, type Via } from './via.ts'

/** Only in networks that are still planned: a lock may speak of others. */
export function leavingNodes(before: Allocations, result: PlanResult): string[] {
  const names = new Set<string>()
  for (const [network, { nodes }] of Object.entries(before.networks)) {
    if (result.allocations.networks[network] === undefined) continue
    for (const node of Object.keys(nodes)) if (!result.intents.has(node)) names.add(node)
  }
  return [...names]
}

export interface DismissOptions {
  readonly via: Via
  /** What the plan is called on the nodes. */
  readonly name: string
  readonly limit: number
}

export function dismiss(
  nodes: readonly string[],
  { via, name, limit }: DismissOptions,
): Promise<Outcome<string>[]> {
  return inParallel(nodes, {
    limit,
    isExpected: (error) => error instanceof NodeCommandFailed,
    run: (node) => {
      // An empty file would be taken for one that is being written.
      const objects = `# ${node} is in this network no more.\n`
      const input = formatBundle({ objects, allocations: formatAllocations(NO_ALLOCATIONS) })
      return runOnNode(node, via, { args: ['node', 'put', name, '--force'], input })
    },
  })
}
