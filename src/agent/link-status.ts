/** What the links of an intent have to show, as observed. No key is in any of it. */
import { altNameOf, netnsNameOf } from '../model/index.ts'
import type {
  AddressIntent,
  ContainerRef,
  LinkIntent,
  NodeIntent,
  ObjectRef,
  ObservedHost,
  ObservedLink,
  ObservedNamespace,
  ObservedPeer,
  VethPeerIntent,
  WireGuardIntent,
} from '../model/index.ts'
import type { PathState } from '../reconcile/index.ts'
import { peerId } from '../reconcile/index.ts'
import { idOf, namespacesOf } from './by-link.ts'
import type { Devices } from './by-link.ts'
import type { InterfaceStatus, LinkFacts, LinkStatus, PeerLinkStatus, PeerStatus } from './status.ts'

export const addressText = (a: AddressIntent): string =>
  a.peer === undefined ? `${a.local}/${a.prefixLength}` : `${a.local} peer ${a.peer}/${a.prefixLength}`

export const objectId = (owner: ObjectRef): string => `${owner.kind}/${owner.namespace}/${owner.name}`

export interface InterfacesInput {
  readonly intent: NodeIntent
  readonly observed: ObservedHost
  readonly devices: Devices
  readonly paths: ReadonlyMap<string, PathState>
  /** By `peerId`. */
  readonly pathMtus: ReadonlyMap<string, number>
}

export const interfaceStatuses = (o: InterfacesInput): InterfaceStatus[] => {
  const index = new Index(o.observed)
  return o.intent.interfaces.flatMap((wg) => {
    const facts = index.facts(wg)
    const device = o.devices.get(idOf(wg))
    if (facts === undefined) return []
    return [
      {
        ...facts,
        backend: device?.backend,
        publicKey: device?.publicKey,
        listenPort: device?.listenPort ?? 0,
        peers: (device?.peers ?? []).map(peerStatus(wg, o)),
      },
    ]
  })
}

const peerStatus = (
  wg: WireGuardIntent,
  { paths, pathMtus }: InterfacesInput,
): ((peer: ObservedPeer) => PeerStatus) => {
  const planned = new Map(wg.peers.map((p) => [p.publicKey, p]))
  return (peer) => ({
    publicKey: peer.publicKey,
    node: planned.get(peer.publicKey)?.node,
    endpoint: peer.endpoint,
    allowedIPs: peer.allowedIPs,
    lastHandshakeMs: peer.lastHandshakeMs,
    rxBytes: peer.rxBytes,
    txBytes: peer.txBytes,
    path:
      planned.get(peer.publicKey)?.path === 'while-alive'
        ? (paths.get(peerId(idOf(wg), peer.publicKey))?.phase ?? 'probing')
        : 'always',
    ...measuredOn(pathMtus.get(peerId(idOf(wg), peer.publicKey))),
  })
}

const measuredOn = (pathMtuBytes: number | undefined): { pathMtuBytes?: number } =>
  pathMtuBytes === undefined ? {} : { pathMtuBytes }

export const linkStatuses = (intent: NodeIntent, observed: ObservedHost): LinkStatus[] => {
  const index = new Index(observed)
  return intent.links.flatMap((link) => {
    const facts = index.facts(link)
    if (facts === undefined) return []
    const { settings } = index.link(link) ?? { settings: {} }
    const hasPorts = link.kind === 'bridge' || link.kind === 'vrf'
    return [
      {
        ...facts,
        settings,
        ports: hasPorts ? index.portsOf(link) : undefined,
        peer: link.peer === undefined ? undefined : index.peer(link.peer),
      },
    ]
  })
}

type Named = Pick<LinkIntent, 'name' | 'container'>

interface Indexed {
  readonly links: ReadonlyMap<string, ObservedLink>
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly ports: ReadonlyMap<string, readonly string[]>
}

/** An observation by names; with a thousand links, looking each up in a list would take a second. */
class Index {
  readonly #namespaces: ReadonlyMap<string, Indexed>

  constructor(observed: ObservedHost) {
    this.#namespaces = new Map(namespacesOf(observed).map(([name, there]) => [name, indexed(there)]))
  }

  #there(container: ContainerRef | undefined): Indexed | undefined {
    return this.#namespaces.get(netnsNameOf(container))
  }

  link({ name, container }: Named): ObservedLink | undefined {
    return this.#there(container)?.links.get(name)
  }

  #addresses({ name, container }: Named): readonly string[] {
    return this.#there(container)?.addresses.get(name) ?? []
  }

  portsOf({ name, container }: Named): readonly string[] {
    return this.#there(container)?.ports.get(name) ?? []
  }

  facts(wanted: Named & { readonly owner: ObjectRef }): LinkFacts | undefined {
    const link = this.link(wanted)
    if (link === undefined) return undefined
    return {
      name: link.name,
      container: wanted.container === undefined ? undefined : netnsNameOf(wanted.container),
      owner: objectId(wanted.owner),
      kind: link.kind,
      index: link.index,
      up: link.up,
      operState: link.operState,
      flags: link.flags,
      mtuBytes: link.mtuBytes,
      hardwareAddress: link.hardwareAddress,
      master: link.master,
      altNames: link.altNames.filter((name) => name !== altNameOf(link.name)),
      addresses: this.#addresses(wanted),
    }
  }

  peer(peer: VethPeerIntent): PeerLinkStatus {
    const link = this.link(peer)
    return {
      name: peer.name,
      container: peer.container === undefined ? undefined : netnsNameOf(peer.container),
      operState: link?.operState,
      flags: link?.flags ?? [],
      mtuBytes: link?.mtuBytes,
      addresses: this.#addresses(peer),
    }
  }
}

const indexed = (there: ObservedNamespace): Indexed => ({
  links: new Map(there.links.map((l) => [l.name, l])),
  addresses: grouped(there.addresses, (a) => [a.link, addressText(a)]),
  ports: grouped(there.links, (l) => [l.master, l.name]),
})

const grouped = <T>(
  items: readonly T[],
  pair: (item: T) => [key: string | undefined, value: string],
): Map<string, string[]> => {
  const groups = new Map<string, string[]>()
  for (const item of items) {
    const [key, value] = pair(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}
