/**
 * Links of a whole host, namespaces and all, by the one text that names each: `linkIdOf`, or `linkIdIn` where the
 * namespace is known by its name only.
 */
import { linkIdOf, netnsNameOf } from '../model/index.ts'
import type {
  ContainerRef,
  LinkIntent,
  NetnsName,
  NodeIntent,
  ObservedHost,
  ObservedNamespace,
  ObservedWireGuard,
  WireGuardIntent,
} from '../model/index.ts'

/** WireGuard devices, by link. */
export type Devices = ReadonlyMap<string, ObservedWireGuard>

export const idOf = (link: { readonly name: string; readonly container: ContainerRef | undefined }): string =>
  linkIdOf(link.name, link.container)

export const linkIdIn = (name: string, netns: NetnsName): string => (netns === '' ? name : `${name}@${netns}`)

/** The name of a link may hold an `@` but no colon; what a namespace is called has a colon, and no `@` before it. */
export const splitId = (id: string): [name: string, netns: NetnsName] => {
  const colon = id.indexOf(':')
  const at = colon < 0 ? -1 : id.lastIndexOf('@', colon)
  return at < 0 ? [id, ''] : [id.slice(0, at), id.slice(at + 1)]
}

/** The node's own, and those of containers that are there. */
export const namespacesOf = (observed: ObservedHost): [NetnsName, ObservedNamespace][] => [
  ['', observed],
  ...Object.entries(observed.containers).flatMap(([name, container]): [NetnsName, ObservedNamespace][] =>
    container.kind === 'present' ? [[name, container]] : [],
  ),
]

export const devicesOf = (observed: ObservedHost): Devices =>
  new Map(
    namespacesOf(observed).flatMap(([netns, { wireguard }]) =>
      wireguard.map((device) => [linkIdIn(device.link, netns), device] as const),
    ),
  )

/** What is wanted in one namespace. */
export interface WantedThere {
  readonly container: ContainerRef | undefined
  readonly interfaces: readonly WireGuardIntent[]
  readonly links: readonly LinkIntent[]
}

export const NOTHING_WANTED: WantedThere = { container: undefined, interfaces: [], links: [] }

/** The node's own namespace is always among them. */
export const byNamespace = (intent: NodeIntent): Map<NetnsName, WantedThere> => {
  const found = new Map<NetnsName, { container: ContainerRef | undefined } & Mutable>()
  const there = (container: ContainerRef | undefined) => {
    const name = netnsNameOf(container)
    const known = found.get(name) ?? { container, interfaces: [], links: [] }
    found.set(name, known)
    return known
  }
  there(undefined)
  for (const wg of intent.interfaces) there(wg.container).interfaces.push(wg)
  for (const link of intent.links) there(link.container).links.push(link)
  return found
}

interface Mutable {
  readonly interfaces: WireGuardIntent[]
  readonly links: LinkIntent[]
}
