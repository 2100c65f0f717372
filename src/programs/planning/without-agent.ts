/** Nodes that run no agent, such as phones: nobody asks them for a key, and nothing is pushed to them. Pure. */
import type { WarrenObject } from '../../model/index.ts'

export function nodesWithoutAgent(objects: readonly WarrenObject[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const object of objects) {
    if (object.kind !== 'WireGuardNetworkPlan') continue
    for (const node of object.spec.nodes) if (!node.agent) names.add(node.name)
    for (const group of object.spec.nodeGroups) {
      if (group.agent) continue
      for (let n = group.from; n <= group.to; n += 1) names.add(group.names.replaceAll('{n}', String(n)))
    }
  }
  return names
}
