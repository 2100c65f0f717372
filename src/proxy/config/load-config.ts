/**
 * Everything that a proxy is told, wherever it stands, → one ProxyConfig or all that is wrong. Called at the start and
 * again for each reload; reads files and opens nothing.
 *
 *   flags ─┬─▶ spec ─▶ resolve.ts ─▶ ProxyConfig
 *   .env  ─┤    ▲
 *   env   ─┘    └── or the file of --file, with the flags about operations over it
 */
import { resolve } from 'node:path'
import type { Problem } from '../../model/index.ts'
import { readEnvironment } from './dot-env.ts'
import { Findings, type PlaceOf } from './findings.ts'
import { operationsFromOptions, specFromOptions } from './from-options.ts'
import type { ConfigSources, Given } from './given.ts'
import type { ProxyConfig } from './proxy-config.ts'
import { DEFAULT_DRAIN_SECONDS } from './proxy-spec.ts'
import { readFile } from './read-file.ts'
import { resolveSpec } from './resolve.ts'

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

/** The schema and what it stands on are a tenth of the memory of a proxy. */
async function fromFile(sources: ConfigSources, file: string): Promise<Given> {
  const { givenByFile } = await import('./given-by-file.ts')
  return givenByFile(sources, file)
}

async function fromOptions({ folder, options, operations, ...rest }: ConfigSources): Promise<Given> {
  const path = resolve(folder, '.env')
  const read = await (rest.read ?? readFile)(path)
  const dotEnv = read.kind === 'text' ? read.text : undefined
  const environment = readEnvironment({ process: rest.environment, dotEnv })
  const { lists, origins, problems } = specFromOptions(options, environment)
  const over = operationsFromOptions(operations)
  const names = new Map([...origins, ...over.origins])
  const placeOf: PlaceOf = (field) => ({ path: nearest(names, field) })
  const unread: Problem = {
    ...{ code: 'UnreadableFile', path: '.env', message: 'cannot be read, and is left out' },
    severity: 'warning',
  }
  return {
    spec: {
      ...lists,
      operations: over.operations,
      drainSeconds: over.drainSeconds ?? DEFAULT_DRAIN_SECONDS,
    },
    ...{ name: NAME_OF_OPTIONS, placeOf, folder, files: [path] },
    problems: read.kind === 'text' || read.kind === 'absent' ? problems : [...problems, unread],
  }
}

/** The name of the field, or of the nearest thing around it that has one. */
function nearest(origins: ReadonlyMap<string, string>, field: string): string {
  for (let path = field; path !== ''; path = path.replace(/(?:^|\.)\w+$|\[\d+\]$/, '')) {
    const origin = origins.get(path)
    if (origin !== undefined) return origin
  }
  return field
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
