/** The text of a TunnelProxy file → its spec, and where each field stands in the text. */
import {
  type Problem,
  problemsOfIssues,
  readYaml,
  salvage,
  similarTo,
  type YamlDocument,
} from '../../model/index.ts'
import type { PlaceOf } from './findings.ts'
import type { ProxySpec } from './proxy-spec.ts'
import { tunnelProxy } from './schema.ts'

export interface FromFile {
  /** What is left when the wrong fields are out; undefined: nothing to look at further. */
  readonly spec: ProxySpec | undefined
  readonly name: string
  readonly placeOf: PlaceOf
  readonly problems: readonly Problem[]
}

const KIND = 'TunnelProxy'

export function specFromFile(text: string, file: string): FromFile {
  const { documents, problems } = readYaml(text, file)
  const [document, another] = documents
  const nothing = (...more: readonly Problem[]): FromFile => ({
    spec: undefined,
    name: '',
    placeOf: (path) => ({ path }),
    problems: [...problems, ...more],
  })
  if (document === undefined) return problems.length > 0 ? nothing() : nothing(noDocument(file))
  if (another !== undefined) return nothing(severalDocuments(file, another))
  const unknown = unknownKind(document, file)
  if (unknown !== undefined) return nothing(unknown)
  return parse(document, file)
}

function parse({ value, locate }: YamlDocument, file: string): FromFile {
  const name = nameOf(value) ?? file
  const title = `${KIND}/${name}`
  const placeOf: PlaceOf = (field) => ({ path: `${title} ${field}`, at: locate(fieldPath(field)) })
  const result = tunnelProxy.safeParse(value)
  if (result.success) return { spec: result.data.spec, name, placeOf, problems: [] }
  const { issues } = result.error
  const rest = tunnelProxy.safeParse(salvage(value, issues))
  const problems = problemsOfIssues(issues, { title, schema: tunnelProxy, value, locate }).map(pointToPage)
  return { spec: rest.success ? rest.data.spec : undefined, name, placeOf, problems }
}

/** The inverse of formatPath, for the plain names that this kind has. */
export function fieldPath(field: string): readonly (string | number)[] {
  return [...field.matchAll(/([A-Za-z]\w*)|\[(\d+)\]/g)].map(([, name, index]) =>
    name === undefined ? Number(index) : name,
  )
}

function pointToPage(problem: Problem): Problem {
  const hint = problem.hint?.replace('docs/reference/kinds.md', 'docs/reference/proxy.md')
  return hint === undefined ? problem : { ...problem, hint }
}

function nameOf(value: unknown): string | undefined {
  const { metadata } = value as { readonly metadata?: { readonly name?: unknown } | null }
  return typeof metadata?.name === 'string' ? metadata.name.slice(0, 63) : undefined
}

function unknownKind({ value, locate }: YamlDocument, file: string): Problem | undefined {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  const kind = isMap && 'kind' in value ? value.kind : undefined
  if (kind === KIND) return undefined
  const meant = typeof kind === 'string' ? similarTo(kind, [KIND]) : undefined
  return {
    code: 'UnknownKind',
    path: file,
    message: isMap ? `expected kind: ${KIND}` : 'the document is not an object',
    hint:
      meant === undefined
        ? `Start it with apiVersion: warren.dev/v1alpha1 and kind: ${KIND}.`
        : `Did you mean ${meant}?`,
    at: locate(kind === undefined ? [] : ['kind']),
  }
}

const noDocument = (file: string): Problem => ({
  code: 'NoObjects',
  path: file,
  message: 'no object in it',
  hint: `Start it with apiVersion: warren.dev/v1alpha1 and kind: ${KIND}.`,
})

const severalDocuments = (file: string, { locate }: YamlDocument): Problem => ({
  code: 'InvalidValue',
  path: file,
  message: `one ${KIND} per file`,
  hint: 'Put all routes under one `spec`.',
  at: locate([]),
})
