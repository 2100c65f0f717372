/** Collects mistakes while planning goes on, so that the user sees all of them at once. */
import {
  type FieldPath,
  formatPath,
  placeOf,
  type Problem,
  type ProblemCode,
  titleOf,
} from '../model/index.ts'

/** The object and the field that a problem is about. */
export interface Where {
  readonly object: {
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
  }
  readonly path: FieldPath
}

export interface Mistake {
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string
  readonly severity?: 'error' | 'warning'
}

export class ProblemList {
  readonly #problems: Problem[] = []

  add(where: Where, mistake: Mistake): void {
    const at = placeOf(where.object, where.path)
    const path = `${titleOf(where.object)} ${formatPath(where.path)}`.trim()
    this.#problems.push({ ...mistake, path, ...(at === undefined ? {} : { at }) })
  }

  /** A problem whose place is not a field of an object. */
  addAt(path: string, mistake: Mistake): void {
    this.#problems.push({ ...mistake, path })
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0
  }

  /** In the order of the text where it is known; the same for any order of the input. */
  sorted(): readonly Problem[] {
    return this.#problems.toSorted(
      (a, b) =>
        compare(a.at?.file ?? '', b.at?.file ?? '') ||
        (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
        (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
        compare(a.path, b.path) ||
        compare(a.code, b.code) ||
        compare(a.message, b.message),
    )
  }
}

/** By code unit, the same in every locale. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
