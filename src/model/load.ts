/**
 * Text → objects. YAML with several documents; every problem of the text is returned with its line and column,
 * and nothing is thrown: a file comes from a stranger until it has been read.
 */
import type { Allocations } from './allocations.ts'
import { NO_ALLOCATIONS } from './allocations.ts'
import type { WarrenObject } from './kinds/index.ts'
import type { Problem } from './problem.ts'

export interface ParsedObjects {
  readonly objects: readonly WarrenObject[]
  readonly problems: readonly Problem[]
}

export function parseObjects(_text: string, _options: { readonly file: string }): ParsedObjects {
  return { objects: [], problems: [] }
}

export function parseAllocations(
  _text: string,
  _options: { readonly file: string },
): { readonly allocations: Allocations; readonly problems: readonly Problem[] } {
  return { allocations: NO_ALLOCATIONS, problems: [] }
}
