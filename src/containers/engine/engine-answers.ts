/**
 * What the Docker Engine API answers (docs.docker.com/reference/api/engine, container inspect and events), as far as
 * it is needed, from docker and from podman's service. Everything is checked: an answer that is not of this form is
 * undefined and never an exception.
 */
import type { RuntimeEvent } from '../runtime.ts'

export interface Inspected {
  readonly id: string
  readonly name: string
  readonly running: boolean
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead`, … */
  readonly status: string
  /** 0: none. */
  readonly pid: number
}

export const readInspected = (json: unknown): Inspected | undefined => {
  const [id, name, state] = [field(json, 'Id'), field(json, 'Name'), field(json, 'State')]
  const [running, status, pid] = [field(state, 'Running'), field(state, 'Status'), field(state, 'Pid')]
  if (typeof id !== 'string' || !/^[0-9a-f]{12,128}$/.test(id) || typeof running !== 'boolean')
    return undefined
  if (typeof name !== 'string') return undefined
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 0) return undefined
  return {
    id,
    name: withoutSlash(name),
    running,
    pid,
    status: typeof status === 'string' ? status : 'not running',
  }
}

/** `{"message": "No such container: web"}` */
export const readMessage = (json: unknown): string | undefined => {
  const message = field(json, 'message')
  return typeof message === 'string' ? message : undefined
}

/** What changes which process a name stands for. podman says `died` and `remove` for `die` and `destroy`. */
const ACTIONS = [
  'start',
  'die',
  'died',
  'stop',
  'rename',
  'destroy',
  'remove',
  'unpause',
  'restart',
  'cleanup',
]

/** Undefined: of no interest. Names include the one before a renaming. */
export const readEvent = (json: unknown): RuntimeEvent | undefined => {
  if (field(json, 'Type') !== 'container') return undefined
  const action = field(json, 'Action') ?? field(json, 'status')
  if (typeof action !== 'string' || !ACTIONS.includes(action)) return undefined
  const actor = field(json, 'Actor')
  const attributes = field(actor, 'Attributes')
  return {
    ids: texts(field(actor, 'ID'), field(json, 'id')),
    // The old name has a slash in front of it.
    names: texts(field(attributes, 'name'), field(attributes, 'oldName')).map((name) =>
      name.replace(/^\//, ''),
    ),
  }
}

/** Names of docker are paths where they come from its own tables: `/web`. */
const withoutSlash = (name: string): string => name.replace(/^\//, '')

const texts = (...values: readonly unknown[]): string[] =>
  values.filter((value): value is string => typeof value === 'string' && value !== '')

const field = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Readonly<Record<string, unknown>>)[name]
    : undefined
