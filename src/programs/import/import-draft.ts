/**
 * What was found on the way from somebody's files, or from a running host, to objects: links by name, and a list of
 * everything that an object has no word for. Whoever reads a format fills this; `objectsOf` makes objects of it.
 */
import type { LinkType } from '../../model/index.ts'
import type { WgConfig } from '../../protocols/wireguard/formats/index.ts'

type Value = string | number | boolean

export interface FoundRoute {
  readonly to: string
  readonly via?: string
  readonly table?: number
  readonly metric?: number
  readonly mtu?: number
}

export type FoundAddress = string | { readonly local: string; readonly peer: string }

/** A link in the making. */
export interface FoundLink {
  readonly name: string
  readonly type: LinkType | 'wireguard'
  /** Where it was found. */
  readonly where: string
  readonly block: Record<string, unknown>
  /** Of a veth: its other end. */
  peer?: string
  /** That end, when it is in another network namespace, which has a name. */
  peerElsewhere?: { readonly namespace: string; readonly end: FoundLink }
  up: boolean
  mtu?: number
  hardwareAddress?: string
  readonly addresses: FoundAddress[]
  readonly routes: FoundRoute[]
  /** Of WireGuard. */
  wireguard?: WgConfig
  /** Of WireGuard, when it is said where the routes to the allowed IPs are. */
  routingTable?: 'main' | 'off' | number
}

export const newLink = (link: Pick<FoundLink, 'name' | 'type' | 'where'>): FoundLink => ({
  ...link,
  ...{ block: {}, up: true, addresses: [], routes: [] },
})

/** Something that is there and is not in the objects. Values are not repeated: one may be a key. */
export interface LeftOut {
  readonly where: string
  readonly what: string
}

export class ImportDraft {
  readonly links = new Map<string, FoundLink>()
  /** Who is to be a port of whom. */
  readonly memberships: { readonly port: string; readonly master: string }[] = []
  readonly leftOut: LeftOut[] = []

  add(link: Pick<FoundLink, 'name' | 'type' | 'where'>): FoundLink | undefined {
    if (this.links.has(link.name)) {
      this.leave(link.where, `${link.name}, a second time`)
      return undefined
    }
    const found = newLink(link)
    this.links.set(link.name, found)
    return found
  }

  leave(where: string, what: string): void {
    this.leftOut.push({ where, what: withoutKeys(what) })
  }

  /** A port of a master, whether the port is one of ours or not. */
  enslave(port: string, master: string): void {
    this.memberships.push({ port, master })
  }
}

/** What stands where a word was expected may be half a key. */
export const withoutKeys = (text: string): string => text.replaceAll(/[\w+/=]{25,}/g, '…')

/** Puts a value where a dot says: `sourcePortRange.start`. */
export function put(block: Record<string, unknown>, path: string, value: Value): void {
  const [first = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    block[first] = value
    return
  }
  const inner = (block[first] ??= {}) as Record<string, unknown>
  put(inner, rest.join('.'), value)
}
