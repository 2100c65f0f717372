/**
 * What the contract of containers is held against: one container that can be started and stopped, under a runtime
 * that is a fake on a unix socket or the real thing.
 */
import type { TestContext } from 'node:test'
import type { ContainersOptions } from '../../../src/containers/index.ts'
import type { ContainerRef } from '../../../src/model/index.ts'

export interface ContainerWorld {
  /** How the resolver reaches this runtime. */
  readonly options: ContainersOptions
  /** What the container of the test is called. */
  readonly ref: ContainerRef
  /** Something that this runtime never had. */
  readonly never: ContainerRef
  /** From nothing, or after `stop()`. */
  start(): Promise<void>
  stop(): Promise<void>
  /** `net:[4026532251]`, as the container's own processes see it. */
  network(): Promise<string>
  readonly pause?: () => Promise<void>
  /** To another name, and back. */
  readonly rename?: (there: boolean) => Promise<void>
  /** The runtime goes; the container stays where the runtime lets it. */
  stopRuntime(): Promise<void>
  readonly startRuntime?: () => Promise<void>
}

export interface ContainerWorldKind {
  readonly name: string
  readonly options: { readonly skip?: string }
  /** Whether it tells by itself what happens. */
  readonly hasEvents: boolean
  /** What it calls a container is for one life of it. */
  readonly startsOnce?: boolean
  readonly open: (t: TestContext) => Promise<ContainerWorld>
}
