/**
 * Everything that a proxy is told, wherever it stands, → one ProxyConfig or all that is wrong. Called at the start and
 * again for each reload; reads files and opens nothing.
 *
 *   flags ─┬─▶ spec ─▶ resolve.ts ─▶ ProxyConfig
 *   .env  ─┤    ▲
 *   env   ─┘    └── or the file of --file, with the flags about operations over it
 */
import { dirname, resolve } from 'node:path'
import { type Problem, problemsOfIssues, salvage } from '../../model/index.ts'
import { readEnvironment } from './dot-env.ts'
import { Findings, type PlaceOf } from './findings.ts'
import { specFromFile } from './from-file.ts'
import {
  operationsFromOptions,
  type OperationsOptions,
  type ProxyOptions,
  specFromOptions,
} from './from-options.ts'
import type { ProxyConfig } from './proxy-config.ts'
import { readFile, type ReadFile } from './read-file.ts'
import { resolveSpec } from './resolve.ts'
import { type TunnelProxySpec, tunnelProxySpec } from './schema.ts'

export interface ConfigSources {
  readonly options: ProxyOptions
  readonly operations: OperationsOptions
  /** A TunnelProxy; the environment then says nothing. */
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where `.env` is looked for. */
  readonly folder: string
  readonly read?: ReadFile
}

export interface LoadedConfig {
  /** Undefined when a problem is an error. */
  readonly config: ProxyConfig | undefined
  readonly problems: readonly Problem[]
}

/** Of what is told by flags alone. */
const NAME_OF_OPTIONS = 'proxy'

export async function loadProxyConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const given =
    sources.file === undefined ? await fromOptions(sources) : await fromFile(sources, sources.file)
  const findings = new Findings(given.placeOf)
  findings.take(given.problems)
  const { spec, name, folder, files } = given
  if (spec === undefined) return { config: undefined, problems: findings.problems }
  const config = await resolveSpec(spec, { name, findings, folder, read: sources.read ?? readFile })
  const complete = findings.hasErrors ? undefined : { ...config, files: [...files, ...config.files] }
  return { config: complete, problems: findings.problems.filter(isNews) }
}

interface Given {
  readonly spec: TunnelProxySpec | undefined
  readonly name: string
  readonly placeOf: PlaceOf
  readonly problems: readonly Problem[]
  readonly folder: string
  readonly files: readonly string[]
}

async function fromOptions(sources: ConfigSources): Promise<Given> {
  const path = resolve(sources.folder, '.env')
  const read = await (sources.read ?? readFile)(path)
  const environment = readEnvironment({
    process: sources.environment,
    dotEnv: read.kind === 'text' ? read.text : undefined,
  })
  const from = specFromOptions(sources.options, environment)
  const over = operationsFromOptions(sources.operations)
  const origins = new Map([...from.origins, ...over.origins])
  const placeOf: PlaceOf = (field) => ({ path: nearest(origins, field) })
  const problems = [...from.problems]
  if (read.kind !== 'text' && read.kind !== 'absent')
    problems.push({
      code: 'UnreadableFile',
      path: '.env',
      message: 'cannot be read, and is left out',
      severity: 'warning',
    })
  const value = { ...from.value, ...over.value }
  const parsed = tunnelProxySpec.safeParse(value)
  if (!parsed.success) problems.push(...issuesOf(parsed.error.issues, value, placeOf))
  const spec = parsed.data ?? tunnelProxySpec.safeParse(salvage(value, parsed.error.issues)).data
  return {
    spec,
    name: NAME_OF_OPTIONS,
    placeOf,
    problems,
    folder: sources.folder,
    files: [path],
  }
}

async function fromFile(sources: ConfigSources, file: string): Promise<Given> {
  const path = resolve(sources.folder, file)
  const conflicts = besideFile(sources.options)
  const rest = { spec: undefined, name: '', placeOf: (field: string) => ({ path: field }) }
  const place = { folder: dirname(path), files: [path] }
  const read = await (sources.read ?? readFile)(path)
  if (read.kind !== 'text') {
    const message =
      read.kind === 'absent'
        ? 'there is no such file'
        : read.kind === 'too-large'
          ? 'larger than 1 MiB'
          : `cannot read it: ${read.why}`
    const code = read.kind === 'too-large' ? 'FileTooLarge' : 'UnreadableFile'
    return { ...rest, ...place, problems: [...conflicts, { code, path: file, message }] }
  }
  const from = specFromFile(read.text, file)
  const problems = [...conflicts, ...from.problems]
  const over = operationsFromOptions(sources.operations)
  const placeOf: PlaceOf = (field) =>
    isOver(over.value, field) ? { path: over.origins.get(field) ?? field } : from.placeOf(field)
  if (from.spec === undefined) return { ...rest, ...place, problems }
  const operations = { ...from.spec.operations, ...(over.value['operations'] as object) }
  const spec = { ...from.spec, ...over.value, operations }
  return { spec, name: from.name, placeOf, problems, ...place }
}

function besideFile(options: ProxyOptions): Problem[] {
  const names: readonly (keyof ProxyOptions)[] = [
    ...(['config', 'to', 'listen', 'route', 'tcp', 'udp', 'publish', 'socks'] as const),
    ...(['host', 'tlsCert', 'tlsKey', 'targetCa'] as const),
  ]
  return names
    .filter((name) => options[name] !== undefined && options[name].length > 0)
    .map((name) => ({
      code: 'FieldConflict',
      path: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      message: 'goes without --file',
      hint: 'Write it into the file.',
    }))
}

const isOver = (value: Readonly<Record<string, unknown>>, field: string): boolean => {
  const name = field.replace('spec.', '').split('.')
  const [top = '', inner = ''] = name
  const found = value[top]
  return top === 'operations'
    ? typeof found === 'object' && found !== null && Object.hasOwn(found, inner)
    : found !== undefined
}

/** The name of the field, or of the nearest thing around it that has one. */
function nearest(origins: ReadonlyMap<string, string>, field: string): string {
  for (let path = field; path !== ''; path = path.replace(/(?:^|\.)\w+$|\[\d+\]$/, '')) {
    const origin = origins.get(path)
    if (origin !== undefined) return origin
  }
  return field
}

/** Flags are texts, so that little can be wrong with their shape: an empty one, or one that is too long. */
function issuesOf(
  issues: Parameters<typeof problemsOfIssues>[0],
  value: unknown,
  placeOf: PlaceOf,
): Problem[] {
  const nowhere = () => ({ file: '', line: 1, column: 1 })
  const context = { title: '', schema: tunnelProxySpec, value, locate: nowhere }
  return problemsOfIssues(issues, context).map(({ code, path, message, hint }) => ({
    ...{ code, message, path: placeOf(`spec.${path}`).path },
    ...(hint === undefined ? {} : { hint }),
  }))
}

/** One mistake may be found in each place that repeats it: `--host` for every route. */
function isNews(problem: Problem, index: number, all: readonly Problem[]): boolean {
  const same = (other: Problem) =>
    other.code === problem.code &&
    other.path === problem.path &&
    other.message === problem.message &&
    other.at?.line === problem.at?.line
  return all.findIndex(same) === index
}
