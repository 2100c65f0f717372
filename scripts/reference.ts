/**
 * Writes docs/reference/kinds.md, errors.md and proxy.md from the schemas and the tables of problem codes and metrics.
 *
 *   node scripts/reference.ts           writes them
 *   node scripts/reference.ts --check   exits 1 if they are not what it would write
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { KINDS, PROBLEM_CODES, PROBLEMS } from '../src/model/index.ts'
import { type Metric, METRICS } from '../src/proxy/operations/metrics.ts'
import { tunnelProxy } from '../src/proxy/config/schema.ts'

/** JSON Schema, as far as our kinds use it. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: string
  readonly default?: string | number | boolean | object
  readonly minimum?: number
  readonly maximum?: number
  readonly additionalProperties?: Schema | false
}

const ABOUT: Readonly<Record<keyof typeof KINDS, string>> = {
  WireGuardNetworkPlan: 'A network: which machines exist and how they are to be connected.',
  WireGuardPeer:
    'What one node publishes about itself in one network. Where the plan lists the node too, the plan wins.',
  WireGuardInterface: 'One interface on one node, with its peers written out.',
  NetlinkInterface:
    'One link of any other kind on one node, or both ends of a veth, with addresses and routes. [Guide](../guides/interfaces.md).',
  Secret: 'Keys that the user brings, as Kubernetes has it. `stringData` wins over `data`.',
}

/** Every page by its path. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/kinds.md', kindsPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/proxy.md', proxyPage()],
  ])
}

function kindsPage(): string {
  const sections = (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => {
    const schema = z.toJSONSchema(KINDS[kind], { io: 'input', unrepresentable: 'any' }) as Schema
    const apiVersion = schema.properties?.['apiVersion']?.const ?? ''
    const top =
      kind === 'Secret' ? { properties: without(schema, ['apiVersion', 'kind', 'metadata']) } : undefined
    const rows = top === undefined ? rowsOf(schema.properties?.['spec'] ?? {}, 'spec') : rowsOf(top, '')
    const table = ['| field | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
    return `## ${kind}\n\n\`apiVersion: ${apiVersion}\`. ${ABOUT[kind]}\n\n${table}\n`
  })
  return `${GENERATED}
# Kinds

Objects are Kubernetes objects: \`apiVersion\`, \`kind\`, \`metadata\` (\`name\`, and \`namespace\`, which is \`default\`
when left out), \`spec\`. Several may stand in one file, with \`---\` between them, and over several files. A field that
its kind does not have is refused. \`[]\` stands for every item of a list; what has no default may be left out unless
it is marked *required*. What they make together is told in [0003](../decisions/0003-planning.md); what can be wrong with
them, in [errors.md](errors.md).

${sections.join('\n')}`
}

function without(schema: Schema, names: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !names.includes(name)))
}

function rowsOf(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const full = path === '' ? name : `${path}.${name}`
    const isRequired = schema.required?.includes(name) === true && field.default === undefined
    const cells = [
      `\`${full}\``,
      typeOf(field),
      isRequired ? '*required*' : defaultOf(field),
      field.description ?? '',
    ]
    return [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`, ...innerRows(field, full)]
  })
}

function innerRows(field: Schema, path: string): string[] {
  if (field.type === 'object') return rowsOf(field, path)
  if (field.type === 'array' && field.items !== undefined) {
    const shapes = [field.items, ...(field.items.anyOf ?? [])].filter((item) => item.type === 'object')
    return shapes.flatMap((item) => rowsOf(item, `${path}[]`))
  }
  return []
}

function typeOf(field: Schema): string {
  if (field.const !== undefined) return `\`${field.const}\``
  if (field.enum !== undefined) return field.enum.map((word) => `\`${String(word)}\``).join(' or ')
  if (field.anyOf !== undefined) return field.anyOf.map(typeOf).join(' or ')
  if (field.type === 'array') return `list of ${typeOf(field.items ?? {})}`
  if (field.type === 'integer') return `number ${field.minimum ?? ''} to ${field.maximum ?? ''}`
  if (field.type === 'number') return `fraction ${field.minimum ?? ''} to ${field.maximum ?? ''}`
  if (field.type === 'object') return field.properties === undefined ? 'map of strings' : 'map'
  return field.type ?? 'anything'
}

function defaultOf({ default: value }: Schema): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : `\`${value.join(', ')}\``
  if (typeof value === 'object') return 'empty'
  return `\`${String(value)}\``
}

function errorsPage(): string {
  const rows = PROBLEM_CODES.toSorted().map((code) => {
    const { means, remedy } = PROBLEMS[code]
    return `## ${code}\n\n${means}\n\n${remedy}\n`
  })
  return `${GENERATED}
# Problems

What is wrong with an input is listed, all of it at once, each with its place, its path and a hint; nothing is changed
then, and the exit code is 2. Each problem has a code; here is what the codes mean and what to do. The fields that they
speak of are in [kinds.md](kinds.md).

${rows.join('\n')}`
}

function proxyPage(): string {
  const schema = z.toJSONSchema(tunnelProxy, { io: 'input', unrepresentable: 'any' }) as Schema
  const fields = rowsOf(schema.properties?.['spec'] ?? {}, 'spec')
  const metrics = Object.entries<Metric>(METRICS).map(
    ([name, { type, labels, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return `${GENERATED}
# The proxy

What \`warren proxy --file\` reads, and what its \`/metrics\` tells. How to use it is in
[the guide](../guides/userspace-proxy.md), its flags are in [cli.md](cli.md), what can be wrong in [errors.md](errors.md).

## TunnelProxy

\`apiVersion: warren.dev/v1alpha1\`, \`metadata.name\`, \`spec\`; one per file. A field that is not listed here is refused.
Names of files are relative to the file. \`[]\` stands for every item of a list; what has no default may be left out unless
it is marked *required*.

| field | type | default | meaning |
|---|---|---|---|
${fields.join('\n')}

## Metrics

\`/metrics\` of \`--operations\`, in the text format of Prometheus. \`route\` is where a route listens, \`kind\` one of \`http\`,
\`tcp\`, \`udp\`, \`publish\` and \`socks\`, \`peer\` a public key.

| metric | type | labels | meaning |
|---|---|---|---|
${metrics.join('\n')}
`
}

const GENERATED = '<!-- Written by scripts/reference.ts. -->'

if (import.meta.main) {
  process.chdir(new URL('..', import.meta.url).pathname)
  const stale = [...referencePages()].filter(([path, text]) => !isWritten(path, text))
  if (process.argv.includes('--check')) {
    for (const [path] of stale) console.error(`${path} is stale: run node scripts/reference.ts`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else for (const [path, text] of stale) writeFileSync(path, text)
}

function isWritten(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}
