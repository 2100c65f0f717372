/**
 * Collects what is wrong, each with the name by which the user knows the field: a flag, a variable, or the path and
 * the line in a file.
 */
import type { Problem, ProblemCode } from '../../model/index.ts'

/** A field as `spec.http[0].to`. */
export interface Place {
  readonly path: string
  readonly at?: Problem['at']
}

export type PlaceOf = (field: string) => Place

export interface Finding {
  readonly code: ProblemCode
  readonly field: string
  readonly message: string
  readonly hint?: string
  readonly severity?: 'warning'
}

export class Findings {
  readonly problems: Problem[] = []
  readonly #placeOf: PlaceOf

  constructor(placeOf: PlaceOf) {
    this.#placeOf = placeOf
  }

  add({ field, ...problem }: Finding): void {
    const { path, at } = this.#placeOf(field)
    this.problems.push({ ...problem, path, ...(at === undefined ? {} : { at }) })
  }

  /** As the user knows the field. */
  nameOf(field: string): string {
    return this.#placeOf(field).path
  }

  /** Found elsewhere, places and all. */
  take(problems: readonly Problem[]): void {
    this.problems.push(...problems)
  }

  get hasErrors(): boolean {
    return this.problems.some(({ severity }) => severity !== 'warning')
  }
}
