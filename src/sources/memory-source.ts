/** A source in memory, for tests: passes the same contract suite as the others. */
import { NO_ALLOCATIONS, parseAllocations, parseObjects } from '../model/index.ts'
import type { Closeable, Source, SourceSnapshot } from './source.ts'

export class MemorySource implements Source {
  readonly name = 'memory'
  #text: string
  #lock: string | undefined
  readonly #watchers = new Set<() => void>()

  constructor(text = '', lock?: string) {
    this.#text = text
    this.#lock = lock
  }

  write(text: string, lock?: string): void {
    this.#text = text
    this.#lock = lock
    for (const tell of this.#watchers) tell()
  }

  read(): Promise<SourceSnapshot> {
    const parsed = parseObjects(this.#text, { file: 'memory.yaml' })
    const lock =
      this.#lock === undefined
        ? { allocations: NO_ALLOCATIONS, problems: [] }
        : parseAllocations(this.#lock, { file: 'memory.lock.yaml' })
    return Promise.resolve({
      digest: `${this.#text}\0${this.#lock ?? ''}`,
      objects: parsed.objects,
      allocations: lock.allocations,
      problems: [...parsed.problems, ...lock.problems],
    })
  }

  watch(onChange: () => void): Closeable {
    this.#watchers.add(onChange)
    return { close: () => this.#watchers.delete(onChange) }
  }
}
