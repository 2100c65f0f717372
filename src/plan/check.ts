/** Everything that can be wrong with a plan as a whole. */
import { checkKeys } from './check-keys.ts'
import { checkLan } from './check-lan.ts'
import { checkMtu } from './check-mtu.ts'
import { checkPrefixes } from './check-prefixes.ts'
import { checkReach } from './check-reach.ts'
import { checkWritten } from './check-written.ts'
import { checkNodeLinks } from './node-links/check-node-links.ts'
import type { Draft } from './draft.ts'
import type { LanObservation } from './plan-result.ts'
import type { ProblemList } from './problem-list.ts'

export function checkAll(draft: Draft, observations: readonly LanObservation[], problems: ProblemList): void {
  for (const planned of draft.networks) {
    checkKeys(planned, problems)
    checkMtu(planned, problems)
    checkReach(planned, problems)
    checkPrefixes(planned, problems)
  }
  checkWritten(draft, problems)
  checkNodeLinks(draft, problems)
  checkLan(draft, observations, problems)
}
