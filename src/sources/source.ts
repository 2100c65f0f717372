/**
 * The port: objects in. `read()` gives a whole, consistent snapshot with every problem it has; `watch()` only
 * says that reading again is worth while. A source that cannot be read gives a snapshot with problems; it does
 * not throw, because what runs must not depend on what is written down at the moment.
 */
import type { Allocations, Problem, WarrenObject } from '../model/index.ts'

export interface SourceSnapshot {
  /** Equal digests mean equal content. */
  readonly digest: string
  readonly objects: readonly WarrenObject[]
  readonly allocations: Allocations
  readonly problems: readonly Problem[]
  /** What it is made of, by name; one that is missing next time has vanished. */
  readonly parts?: readonly string[]
}

export interface Closeable {
  close(): void
}

export interface Source {
  /** For people: `file:/etc/warren/plans`. */
  readonly name: string
  read(): Promise<SourceSnapshot>
  watch(onChange: () => void): Closeable
  /** Parts that an earlier process saw: they too are missed when they are not there. */
  expect?(parts: readonly string[]): void
}
