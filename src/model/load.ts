/**
 * Text → objects. YAML with several documents; every problem of the text is returned with its line and column,
 * and nothing is thrown: a file comes from a stranger until it has been read.
 */
import { KINDS, type KindName, type WarrenObject } from './kinds/index.ts'
import type { Problem } from './problem.ts'
import { problemsOfIssues } from './problems-of-issues.ts'
import { salvage } from './salvage.ts'
import { similarTo } from './similar.ts'
import { type Locate, rememberSource } from './source-of.ts'
import { atMost, readYaml } from './yaml-documents.ts'

export interface ParsedObjects {
  /** Those that are right. Use them only when `problems` is empty: the others may belong with them. */
  readonly objects: readonly WarrenObject[]
  readonly problems: readonly Problem[]
  /** What is left of the others without the fields that are wrong: to look for more problems in, not to use. */
  readonly damaged: readonly WarrenObject[]
}

/** All documents of one file. Documents that repeat each other are found by `plan`, which sees all files. */
export function parseObjects(text: string, { file }: { readonly file: string }): ParsedObjects {
  const { documents, problems } = readYaml(text, file)
  const parsed = documents.map(({ value, locate }) => validateObject(value, { file, locate }))
  return {
    objects: parsed.flatMap((one) => one.objects),
    problems: atMost([...problems, ...parsed.flatMap((one) => one.problems)], file),
    damaged: parsed.flatMap((one) => one.damaged),
  }
}

export interface ValueOrigin {
  /** Named in the path of a problem while the object has no name. */
  readonly file: string
  readonly locate?: Locate
}

/** One value, as an API would hand it over. */
export function validateObject(value: unknown, origin: ValueOrigin): ParsedObjects {
  const locate = origin.locate ?? (() => ({ file: origin.file, line: 1, column: 1 }))
  const kind = kindOf(value)
  if (kind === undefined) {
    return { objects: [], problems: [unknownKind(value, origin.file, locate)], damaged: [] }
  }
  const schema = KINDS[kind]
  const result = schema.safeParse(value)
  if (result.success) {
    if (origin.locate !== undefined) rememberSource(result.data, locate)
    return { objects: [result.data], problems: [], damaged: [] }
  }
  const { issues } = result.error
  const title = `${kind}/${nameOf(value) ?? origin.file}`
  const rest = schema.safeParse(salvage(value, issues))
  if (rest.success) rememberSource(rest.data, locate)
  return {
    objects: [],
    problems: problemsOfIssues(issues, { title, schema, value, locate }),
    damaged: rest.success ? [rest.data] : [],
  }
}

function kindOf(value: unknown): KindName | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  return typeof value.kind === 'string' && Object.hasOwn(KINDS, value.kind)
    ? (value.kind as KindName)
    : undefined
}

function nameOf(value: unknown): string | undefined {
  const { metadata } = value as { metadata?: { name?: unknown } | null }
  return typeof metadata?.name === 'string' ? metadata.name.slice(0, 253) : undefined
}

/** Words that people write for kinds. Whatever else stands there, a key perhaps, is not repeated. */
const NAME_LIKE = /^[A-Za-z][A-Za-z0-9]{0,39}$/

function unknownKind(value: unknown, file: string, locate: Locate): Problem {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  const given = isMap && 'kind' in value ? value.kind : undefined
  const names = Object.keys(KINDS)
  const problem = (message: string, hint: string): Problem => ({
    code: 'UnknownKind',
    path: file,
    message,
    hint,
    at: locate(given === undefined ? [] : ['kind']),
  })
  if (!isMap)
    return problem('the document is not an object', `Start it with apiVersion and kind: ${names.join(', ')}.`)
  if (typeof given !== 'string') return problem('the document has no kind', `Add one of ${names.join(', ')}.`)
  if (given === 'Allocations') {
    return problem(
      'a lock file stands where objects are expected',
      'Name it like its plan, ending in .lock.yaml.',
    )
  }
  const meant = similarTo(given, names)
  return problem(
    NAME_LIKE.test(given) ? `unknown kind ${given}` : 'unknown kind',
    meant === undefined ? `Use one of ${names.join(', ')}.` : `Did you mean ${meant}?`,
  )
}
