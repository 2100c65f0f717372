/** plan(): the one entry. */
import type { Allocations, WarrenObject } from '../model/index.ts'
import type { LanObservation, PlanResult } from './plan-result.ts'

export function plan(
  _objects: readonly WarrenObject[],
  allocations: Allocations,
  _observations: readonly LanObservation[] = [],
): PlanResult {
  return { intents: new Map(), allocations, problems: [], links: [], publicKeysMissing: [] }
}
