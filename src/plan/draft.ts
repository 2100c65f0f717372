/** A plan half made: everything decided, no intent made yet. What `plan` builds, and the checks look at. */
import type { NetlinkInterface, WireGuardInterface } from '../model/index.ts'
import type { AllocatedAddresses } from './allocate-addresses.ts'
import type { GivenInterface } from './allocate-interfaces.ts'
import type { KeyFinder, NodeKey } from './keys.ts'
import type { NodeLinks } from './node-links/node-links.ts'
import type { LinkSide } from './link-network.ts'
import type { Network, PlannedMember } from './network.ts'
import type { Peering } from './peering.ts'
import type { PresharedKeys } from './preshared-keys.ts'

export interface Draft {
  readonly networks: readonly PlannedNetwork[]
  readonly written: readonly WrittenDraft[]
  readonly linkObjects: readonly NetlinkInterface[]
  /** Of nodes that have NetlinkInterfaces. */
  readonly nodeLinks: readonly NodeLinks[]
  readonly keys: KeyFinder
}

export interface PlannedNetwork {
  readonly network: Network
  /** Sorted by name. */
  readonly members: readonly PlannedMember[]
  readonly peering: Peering
  readonly links: readonly LinkSide[]
  readonly presharedKeys: PresharedKeys
  readonly kept: ReadonlyMap<string, AllocatedAddresses>
}

export interface WrittenDraft {
  readonly object: WireGuardInterface
  readonly key: NodeKey
  readonly given: GivenInterface
}
