/** Everything that can be wrong with NetlinkInterfaces, alone and together. */
import type { Draft } from '../draft.ts'
import type { ProblemList } from '../problem-list.ts'
import { checkBlocks } from './check-blocks.ts'
import { checkContainers } from './check-containers.ts'
import { checkIdentities } from './check-identities.ts'
import { checkLinkAddressing } from './check-link-addressing.ts'
import { checkLinkMtus } from './check-link-mtus.ts'
import { checkLinkNames } from './check-link-names.ts'
import { checkMasters } from './check-masters.ts'

export function checkNodeLinks(draft: Draft, problems: ProblemList): void {
  checkContainers(draft, problems)
  for (const object of draft.linkObjects) checkBlocks(object, problems)
  for (const node of draft.nodeLinks) {
    checkLinkNames(node, problems)
    checkMasters(node, problems)
    checkIdentities(node, problems)
    checkLinkMtus(node, problems)
    checkLinkAddressing(node, problems)
  }
}
