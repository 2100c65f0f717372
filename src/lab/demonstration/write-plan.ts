/** The lab's own copy of a plan: keys that are made in a lab must not get into the user's lock. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  type Allocations,
  formatAllocations,
  formatObjects,
  type NodeAllocation,
  type WarrenObject,
} from '../../model/index.ts'

export interface PlanCopy {
  readonly folder: string
  /** Where the user's is. */
  readonly file: string
  readonly objects: readonly WarrenObject[]
  /** Addresses, ports and names stay as they are; public keys are left out. */
  readonly allocations?: Allocations
}

/** Returns the copy's path. */
export function writePlan({ folder, file, objects, allocations }: PlanCopy): string {
  const place = join(folder, 'plan')
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const copy = join(place, basename(file))
  writeFileSync(copy, formatObjects(objects), { mode: 0o600 })
  if (allocations !== undefined) {
    writeFileSync(lockOf(copy), formatAllocations(withoutKeys(allocations)), { mode: 0o600 })
  }
  return copy
}

export function lockOf(planFile: string): string {
  return `${planFile.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

function withoutKeys({ networks }: Allocations): Allocations {
  const bare = ({ addresses, interfaces }: NodeAllocation): NodeAllocation => ({ addresses, interfaces })
  const each = <T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
  return { networks: each(networks, ({ nodes }) => ({ nodes: each(nodes, bare) })) }
}
