/**
 * The port to the host that an agent manages: observe, apply, be woken. linux-host.ts is the real one;
 * fake-host.ts keeps links, addresses, routes and peers in memory and passes the same contract suite.
 */
import type { Backend, NodeIntent, ObservedHost, SecretText, Step, WireGuardIntent } from '../model/index.ts'
import type { Devices } from './by-link.ts'
import type { Closeable } from './clock.ts'
import type { PathProbe } from './path-mtu/index.ts'

/** Keys in memory for as long as one application of steps takes. */
export interface ResolvedKeys {
  /** By `linkIdOf`. */
  readonly privateKeys: ReadonlyMap<string, SecretText>
  /** By `peerId`. */
  readonly presharedKeys: ReadonlyMap<string, SecretText>
}

export interface StepFailure {
  readonly step: Step
  readonly message: string
}

export interface Host {
  /** What new interfaces are made of. */
  readonly backend: Backend
  /** Absent where paths cannot be measured. */
  readonly probe?: PathProbe
  /** Everything that this intent concerns, and everything of ours. */
  observe(wanted: NodeIntent): Promise<ObservedHost>
  /** Only the WireGuard half of these links, as cheaply as possible. */
  peek(wanted: readonly WireGuardIntent[]): Promise<Devices>
  /** In order. A refused step does not stop those of other interfaces. */
  apply(steps: readonly Step[], keys: ResolvedKeys): Promise<readonly StepFailure[]>
  /** Puts on disk what was learned about the host since the last time, when there is anything. */
  keep(): Promise<void>
  /** Says what happened whenever looking again is worth while. */
  watch(onEvent: (what: string) => void): Closeable
  close(): void
}
