/**
 * What a schema refuses → Problems: one per field, with a hint, the place in the text, and never the value
 * itself, since it could be a key.
 */
import { z } from 'zod'
import type { IssueParams } from './kinds/fields.ts'
import type { Problem } from './problem.ts'
import type { ProblemCode } from './problem-codes.ts'
import { similarTo } from './similar.ts'
import { type FieldPath, formatPath, type Locate } from './source-of.ts'

type Issue = z.core.$ZodIssue

interface Context {
  readonly title: string
  readonly schema: z.ZodType
  readonly value: unknown
  readonly locate: Locate
}

export function problemsOfIssues(issues: readonly Issue[], context: Context): Problem[] {
  return issues
    .flatMap((issue) => problemsOf(issue, issue.path as FieldPath, context))
    .toSorted((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0))
}

function problemsOf(issue: Issue, path: FieldPath, context: Context): Problem[] {
  const problem = (code: ProblemCode, message: string, hint?: string): Problem => ({
    code,
    path: `${context.title} ${formatPath(path)}`.trim(),
    message,
    ...(hint === undefined ? {} : { hint }),
    at: context.locate(path),
  })
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(key, path, context))
    case 'custom': {
      const { code, hint } = (issue.params ?? {}) as Partial<IssueParams>
      return [problem(code ?? 'InvalidValue', issue.message, hint)]
    }
    case 'invalid_union':
      return unionProblems(issue, path, context) ?? [problem('WrongType', issue.message)]
    case 'invalid_type': {
      const given = typeName(valueAt(context.value, path))
      const expected = TYPE_WORDS[issue.expected] ?? issue.expected
      if (given === NOTHING) return [problem('MissingField', `missing: expected ${expected}`)]
      const isScalar = given === 'a number' || given === 'a boolean'
      const inQuotes = issue.expected === 'string' && isScalar ? 'Put it in quotes.' : undefined
      return [
        problem('WrongType', `expected ${expected}, got ${given}`, inQuotes ?? fieldsHint(path, context)),
      ]
    }
    case 'invalid_value': {
      const words = issue.values.map(String)
      const given = valueAt(context.value, path)
      if (given === undefined) return [problem('MissingField', `missing: expected ${words.join(' or ')}`)]
      const meant = typeof given === 'string' ? similarTo(given, words) : undefined
      const hint = meant === undefined ? undefined : `Did you mean ${meant}?`
      return [problem('InvalidValue', `expected ${words.join(' or ')}`, hint)]
    }
    case 'too_big':
    case 'too_small':
      return [problem('InvalidValue', outOfBounds(issue))]
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
      return [problem('InvalidValue', issue.message.replace(/^Invalid input: |^Invalid string: /, ''))]
  }
}

/** A number's bound in words; of lengths the schema's own words are clear. */
function outOfBounds(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): string {
  if (issue.origin !== 'number' && issue.origin !== 'int') return issue.message
  return issue.code === 'too_big'
    ? `expected a number of ${issue.maximum} or less`
    : `expected a number of ${issue.minimum} or more`
}

/** Where a map belongs, what may stand in it. */
function fieldsHint(path: FieldPath, { schema }: Context): string | undefined {
  const names = keysAt(schema, path)
  return names.length === 0 || names.length > MOST_NAMES ? undefined : `The fields here: ${names.join(', ')}.`
}

/** Longer lists are better looked up. */
const MOST_NAMES = 12

function unknownField(key: string, path: FieldPath, context: Context): Problem {
  const full = [...path, key]
  const meant = similarTo(key, keysAt(context.schema, path))
  return {
    code: 'UnknownField',
    path: `${context.title} ${formatPath(full)}`,
    message: `unknown field ${JSON.stringify(key)}`,
    hint:
      meant === undefined
        ? (fieldsHint(path, context) ?? 'Remove it; docs/reference/kinds.md lists the fields.')
        : `Did you mean ${meant}?`,
    at: context.locate(full),
  }
}

/** The problems of the branch that was meant: the one whose own type fits. */
function unionProblems(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: FieldPath,
  context: Context,
): Problem[] | undefined {
  const meant = issue.errors.find((branch) => {
    const [first] = branch
    return (
      first !== undefined &&
      !(first.path.length === 0 && ['invalid_type', 'invalid_value'].includes(first.code))
    )
  })
  return meant?.flatMap((inner) => problemsOf(inner, [...path, ...(inner.path as FieldPath)], context))
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value
  for (const part of path) at = (at as Readonly<Record<string | number, unknown>> | undefined | null)?.[part]
  return at
}

const NOTHING = 'nothing'

function typeName(value: unknown): string {
  if (value === undefined) return NOTHING
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return Number.isInteger(value) ? 'a number' : typeof value === 'number' ? 'a fraction' : `a ${typeof value}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a map',
  record: 'a map',
  string: 'a string',
}

/** The fields that the schema has at a path, through optional, default and union. */
function keysAt(schema: z.core.$ZodType, path: FieldPath): string[] {
  let at: readonly z.core.$ZodType[] = [schema]
  for (const part of path) at = at.flatMap((inner) => childrenOf(inner, part))
  return at
    .flatMap((inner) => unwrap(inner))
    .flatMap((inner) => (inner instanceof z.ZodObject ? Object.keys(inner.shape) : []))
}

function childrenOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType[] {
  return unwrap(schema).flatMap((inner) => {
    if (inner instanceof z.ZodObject) {
      const child = (inner.shape as Readonly<Record<string, z.core.$ZodType>>)[part]
      return child === undefined ? [] : [child]
    }
    if (inner instanceof z.ZodArray) return [inner.element]
    return inner instanceof z.ZodRecord ? [inner.valueType] : []
  })
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const wrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
  if (wrapped) return unwrap(schema.def.innerType)
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in)
  return schema instanceof z.ZodUnion ? schema.options.flatMap(unwrap) : [schema]
}
