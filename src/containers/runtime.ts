/**
 * What a runtime has to say, whichever it is: which process a container is, and that something happened. The rest
 * (is that process one of this host, is it still the same) is the kernel's to say and is asked in one place.
 */
import type { ContainerRef } from '../model/index.ts'
import type { Absent, Closeable, Unknown } from './resolver.ts'

export type Located =
  /** Its first process, numbered as the runtime sees processes. */
  | { readonly kind: 'process'; readonly pid: number; readonly containerId: string }
  /** No process to ask for, but a namespace that is pinned somewhere. */
  | { readonly kind: 'pinned'; readonly path: string; readonly containerId: string }
  | Absent
  | Unknown

/** Which containers something happened to. */
export interface RuntimeEvent {
  readonly ids: readonly string[]
  readonly names: readonly string[]
}

export interface RuntimeWatch {
  /** The events are coming; whatever happened before is not among them. */
  onOpen(): void
  onEvent(event: RuntimeEvent): void
  onEnd(): void
}

export interface Runtime {
  locate(ref: ContainerRef, signal: AbortSignal): Promise<Located>
  /** Until closed, and through every restart of the runtime. Undefined: this one has no events. */
  follow(watch: RuntimeWatch): Closeable | undefined
  close(): void
}
