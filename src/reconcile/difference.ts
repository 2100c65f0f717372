/**
 * What goes into a diff and what comes out of it.
 */
import type { Backend, NodeIntent, ObservedHost, Step } from '../model/index.ts'
import type { MeasuredPaths } from './path-mtu.ts'
import type { PathState } from './direct-path.ts'

/** Links are named by `linkIdOf`, peers by `peerId`. */
export interface DiffInput {
  readonly intent: NodeIntent
  readonly observed: ObservedHost
  /** For links that have to be made. */
  readonly backend: Backend
  /** Replace links of ours that use the other backend. */
  readonly enforceBackend?: boolean
  /** Public half of each interface's resolved private key, by link; the plan's word where absent. */
  readonly publicKeys?: ReadonlyMap<string, string>
  /** Hex SHA-256 of the resolved preshared keys, by `peerId`. */
  readonly presharedKeyDigests?: ReadonlyMap<string, string>
  /** Endpoints to write now, by `peerId`: see endpoint.ts. */
  readonly endpoints?: ReadonlyMap<string, string>
  /** Direct paths, by `peerId`. A path that is not in here has not proven itself yet. */
  readonly paths?: ReadonlyMap<string, PathState>
  readonly ipv6Consent?: boolean
  /** What paths were measured to carry: see path-mtu.ts. */
  readonly pathMtus?: MeasuredPaths
  /** Peers that had a session a moment ago, by `peerId`: see `wakes` in peer-steps.ts. */
  readonly alive?: ReadonlySet<string>
  /** Links to leave as they are, wanted or not: what their objects ask is refused for now. */
  readonly leave?: ReadonlySet<string>
}

export interface Difference {
  readonly steps: readonly Step[]
  /** Links that the intent names, that differ, and that are not ours to change. */
  readonly conflicts: readonly LinkConflict[]
  /** What cannot be done for now, or not without more consent; the rest goes on. */
  readonly waiting: readonly Waiting[]
  /** Marks on links that are taken over as they are: nothing about the network changes. */
  readonly adoptions: readonly Step[]
}

export interface Waiting {
  /** `linkIdOf` the link that is held up. */
  readonly link: string
  readonly reason: WaitingReason
  readonly message: string
  readonly hint: string
}

export type WaitingReason =
  | 'ContainerMissing'
  | 'ContainerUnknown'
  /** The link below it is neither there nor about to be made, or is down while this one can only be up with it. */
  | 'ParentMissing'
  /** Ports, or a master, that are not there; the link itself is as wanted. */
  | 'PortMissing'
  | 'MasterMissing'
  /** A setting differs that the kernel cannot change, and `replacePolicy` is `Never`. */
  | 'ReplaceNeeded'

export interface LinkConflict {
  /** `linkIdOf` it. */
  readonly link: string
  readonly message: string
  readonly hint: string
  /** What would be done if it were ours. */
  readonly wouldBe: readonly Step[]
}
