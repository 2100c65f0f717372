/**
 * What is left of an object when the fields that its schema refuses are taken out. It is never used, only looked
 * at: so that a typing mistake in one field does not hide what is wrong between the others until the next try.
 */
import type { z } from 'zod'
import type { FieldPath } from './source-of.ts'

/**
 * Without these, names that others use would be missing through no fault of the user's, or a link would stand where
 * another of its name is right.
 */
const TOO_MUCH_TO_LOSE: ReadonlySet<string> = new Set(
  'metadata spec nodes nodeGroups links peers interfaceName'.split(' '),
)

/** Undefined when nothing sensible is left. The value is plain data, as YAML and JSON give it; it is not changed. */
export function salvage(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const rest: unknown = structuredClone(value)
  return issues.flatMap(refusedFields).every((path) => takeOut(rest, path)) ? rest : undefined
}

const refusedFields = (issue: z.core.$ZodIssue): FieldPath[] => {
  const path = issue.path as FieldPath
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

/** The nearest named field goes: an item taken out of a list would move those behind it to other places. */
function takeOut(root: unknown, path: FieldPath): boolean {
  const last = path.findLastIndex((part) => typeof part === 'string')
  const field = path[last]
  if (typeof field !== 'string' || TOO_MUCH_TO_LOSE.has(field)) return false
  if (path.includes('container')) return false
  let at = root
  for (const part of path.slice(0, last)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return true
    at = (at as Readonly<Record<string | number, unknown>>)[part]
  }
  return typeof at !== 'object' || at === null || Reflect.deleteProperty(at, field)
}
