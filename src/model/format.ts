/**
 * Objects and allocations → text that parses back to the same. `formatObjects` writes secrets out, because a
 * node needs its own; pass it only what that node may see (`objectsForNode` in plan).
 */
import { stringify } from 'yaml'
import type { Allocations, NodeAllocation } from './allocations.ts'
import { isSecretText } from './secret-text.ts'
import type { WarrenObject } from './kinds/index.ts'

export function formatObjects(objects: readonly WarrenObject[]): string {
  return objects.map((object) => stringify(revealed(object), { lineWidth: 0 })).join('---\n')
}

/** Sorted, so that equal allocations are equal text. */
export function formatAllocations(allocations: Allocations): string {
  const networks = sorted(allocations.networks, (network) => ({
    nodes: sorted(network.nodes, inOneOrder),
  }))
  const header = '# Kept by Warren: what was allocated. Commit it; `warren plan --write` changes it.\n'
  return (
    header + stringify({ apiVersion: 'warren.dev/v1alpha1', kind: 'Allocations', networks }, { lineWidth: 0 })
  )
}

function sorted<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  const entries = Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)]))
}

function revealed(value: unknown): unknown {
  if (isSecretText(value)) return value.reveal()
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]))
}

/** However the value came about, its fields stand in the order of the type. */
function inOneOrder({ addresses, publicKey, interfaces }: NodeAllocation): NodeAllocation {
  return {
    addresses,
    ...(publicKey === undefined ? {} : { publicKey }),
    interfaces: interfaces.map(({ link, name, listenPort }) =>
      link === undefined ? { name, listenPort } : { link, name, listenPort },
    ),
  }
}
