/** The preshared key of a pair of nodes, by either of them. */
import type { KeySource } from '../model/index.ts'
import type { KeyFinder } from './keys.ts'
import type { Network } from './network.ts'

export type PresharedKeys = ReadonlyMap<string, ReadonlyMap<string, KeySource>>

export function presharedKeysOf(network: Network, keys: KeyFinder): PresharedKeys {
  const { plan } = network
  const byNode = new Map<string, Map<string, KeySource>>()
  const put = (from: string, to: string, source: KeySource): void => {
    byNode.set(from, (byNode.get(from) ?? new Map<string, KeySource>()).set(to, source))
  }
  for (const [index, { nodes, secretRef }] of plan.spec.presharedKeys.entries()) {
    const where = { object: plan, path: ['spec', 'presharedKeys', index, 'secretRef'] }
    const source = keys.reference(secretRef, plan.metadata.namespace, where)
    const [a, b] = nodes
    if (a === undefined || b === undefined) continue
    put(a, b, source)
    put(b, a, source)
  }
  for (const [index, { presharedKeySecretRef: ref }] of plan.spec.links.entries()) {
    const where = { object: plan, path: ['spec', 'links', index, 'presharedKeySecretRef'] }
    if (ref !== undefined) keys.reference(ref, plan.metadata.namespace, where)
  }
  return byNode
}
