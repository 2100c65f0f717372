/**
 * The port to whatever runs containers on this host: where the network namespace of one is now, and when to ask
 * again. open-containers.ts is the real one. A container is a name that outlives its processes; what a name stands
 * for is asked anew whenever it may have changed.
 */
import type { ContainerRef } from '../model/index.ts'

export interface Closeable {
  close(): void
}

/** Whoever knows says that there is none running of that name. */
export interface Absent {
  readonly kind: 'absent'
  readonly message: string
  readonly hint?: string
}

/** Whoever knows could not be asked, or what it said does not hold here: nothing is known. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly message: string
  readonly hint?: string
}

export interface Found {
  readonly kind: 'found'
  /** `/proc/PID/ns/net`, or where a namespace is pinned: `/run/netns/blue`. May be the host's own. */
  readonly path: string
  /** Differs after a restart: the runtime's id, the pid and when that process started. */
  readonly id: string
}

export type Resolved = Found | Absent | Unknown

export interface ContainerResolver {
  /** Does not reject: what went wrong is the answer. */
  resolve(ref: ContainerRef, options?: { readonly signal?: AbortSignal }): Promise<Resolved>
  /** Calls back whenever a container that was asked about may have started, ended or changed its name. */
  watch(onChange: (ref: ContainerRef) => void): Closeable
  close(): void
}
