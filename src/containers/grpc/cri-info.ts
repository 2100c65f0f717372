/**
 * The `info` of a verbose CRI answer. containerd and CRI-O both have `pid` in it, and the runtime's specification
 * with the namespace's path, which is what remains of a sandbox whose own process does not run.
 */
import type { Located } from '../runtime.ts'

export interface CriInfo {
  /** JSON; undefined: the runtime gave none. */
  readonly info: string | undefined
  readonly containerId: string
  readonly what: string
}

export const readCriInfo = ({ info, containerId, what }: CriInfo): Located => {
  const json = parse(info ?? '')
  const pid = at(json, 'pid')
  if (typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0)
    return { kind: 'process', pid, containerId }
  const path = networkPath(at(at(at(json, 'runtimeSpec'), 'linux'), 'namespaces'))
  if (path !== undefined) return { kind: 'pinned', path, containerId }
  return {
    kind: 'unknown',
    message: `Cannot find ${what}: the runtime does not say which process it is`,
    hint: 'name the container by `docker`, `pid` or `netns` instead',
  }
}

const networkPath = (namespaces: unknown): string | undefined => {
  if (!Array.isArray(namespaces)) return undefined
  const network: unknown = namespaces.find((each: unknown) => at(each, 'type') === 'network')
  const path = at(network, 'path')
  return typeof path === 'string' && path.startsWith('/') ? path : undefined
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // Other runtimes may put anything there.
  }
}

const at = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Readonly<Record<string, unknown>>)[name]
    : undefined
