/**
 * What was asked about and what was answered: the memory between a question and the change that makes it worth asking
 * again. No I/O.
 */
import { netnsNameOf } from '../model/index.ts'
import type { ContainerRef } from '../model/index.ts'
import type { Resolved } from './resolver.ts'
import type { Located, RuntimeEvent } from './runtime.ts'

export interface Asked {
  readonly ref: ContainerRef
  /** The last answer, until its end was told. */
  answer: Resolved | undefined
  /** What the runtime said last of one that was found. */
  located: Located | undefined
  /** Nothing was heard since that could have changed it: no need to ask. */
  current: boolean
  /** Counts what was heard. */
  heard: number
}

export class AskedContainers {
  readonly #asked = new Map<string, Asked>()

  all(): Asked[] {
    return [...this.#asked.values()]
  }

  of(ref: ContainerRef): Asked {
    const key = netnsNameOf(ref)
    const before = this.#asked.get(key)
    if (before !== undefined) return before
    const asked: Asked = { ref, answer: undefined, located: undefined, current: false, heard: 0 }
    this.#asked.set(key, asked)
    return asked
  }

  /** Those of these kinds that the event may be about. Undefined: anything may have happened. */
  concernedBy(kinds: readonly ContainerRef['kind'][], event?: RuntimeEvent): Asked[] {
    return this.all().filter(
      (asked) => kinds.includes(asked.ref.kind) && (event === undefined || mayConcern(asked, event)),
    )
  }
}

/** What a runtime said before something happened is not taken for current any more. */
export const outdate = (asked: Asked): void => {
  asked.heard++
  asked.current = false
}

/** Rather once too often: what has a new name is known by its id only, and a name may be the beginning of an id. */
const mayConcern = ({ ref, answer }: Asked, { ids, names }: RuntimeEvent): boolean => {
  if (answer?.kind === 'found' && ids.some((id) => answer.id.startsWith(id))) return true
  switch (ref.kind) {
    case 'docker':
    case 'podman':
      return names.includes(ref.name) || ids.some((id) => id.startsWith(ref.name))
    case 'containerd':
    case 'cri':
      return ids.some((id) => id.startsWith(ref.id))
    case 'pod':
      return answer?.kind !== 'found'
    case 'pid':
    case 'netns':
      return false
  }
}
