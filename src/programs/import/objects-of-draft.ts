/**
 * What was found → objects: a NetlinkInterface for each link, one for both ends of a veth, a WireGuardInterface with
 * its Secret; all with `adopt`, since the links are there already. What the model refuses is left out and said.
 */
import { validateObject } from '../../model/index.ts'
import { type ImportedInterface, objectsOfConfig } from '../wg-quick/objects-of-config.ts'
import {
  type FoundLink,
  type FoundRoute,
  type ImportDraft,
  type LeftOut,
  withoutKeys,
} from './import-draft.ts'
import { routingTableOf } from './routing-table.ts'

export interface ImportedObjects {
  /** In the order of their names: WireGuardInterfaces first, as they were found. */
  readonly objects: readonly object[]
  readonly secrets: readonly Pick<ImportedInterface, 'name' | 'secret'>[]
  readonly leftOut: readonly LeftOut[]
}

type Written = Record<string, unknown>

export function objectsOf(draft: ImportDraft, node: string): ImportedObjects {
  const leftOut = [...draft.leftOut]
  const leave = (where: string, what: string): void => {
    leftOut.push({ where, what: withoutKeys(what) })
  }
  for (const { port, master } of draft.memberships) {
    const isSaid = draft.links.has(port) || draft.links.get(master)?.type === 'bridge'
    if (!isSaid) leave(master, `its port ${port}, which no object makes`)
  }
  const links = [...draft.links.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const wireguard = links
    .filter(({ type }) => type === 'wireguard')
    .flatMap((link) => wireGuardOf(link, { node, draft, leave }) ?? [])
  const others = links.flatMap((link): Written[] => {
    const made = link.type === 'wireguard' ? undefined : linkOf(link, { node, draft, leave })
    return made === undefined ? [] : [made]
  })
  const all = [...wireguard.map(({ object }) => object as Written), ...others]
  const objects = all.filter((object) => isAccepted(object, leave))
  return { objects, secrets: wireguard, leftOut }
}

type Leave = (where: string, what: string) => void

function isAccepted(object: Written, leave: Leave): boolean {
  const { problems } = validateObject(object, { file: 'import' })
  for (const { path, message } of problems) leave(path, `all of it: ${message}`)
  return problems.length === 0
}

const nameOf = (node: string, link: string): string =>
  `${node}-${link}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replace(/[^a-z0-9]+$/, '')

function linkOf(
  link: FoundLink,
  { node, draft, leave }: { node: string; draft: ImportDraft; leave: Leave },
): Written | undefined {
  const { name, type, block } = link
  const { peerElsewhere } = link
  const other = type === 'veth' ? (peerElsewhere?.end ?? draft.links.get(link.peer ?? '')) : undefined
  // The pair is one object, made at the end that comes first.
  if (other?.peer === name && other.name < name) return undefined
  const common = { node, interfaceName: name, type, ...endOf(link) }
  const metadata = { name: nameOf(node, name) }
  const head = { apiVersion: 'warren.dev/v1alpha1', kind: 'NetlinkInterface', metadata }
  const rest = { ...(link.up ? {} : { up: false }), adopt: true }
  if (type !== 'veth') {
    const ports = type === 'bridge' ? portsOf(name, draft) : undefined
    const whole = { ...block, ...(ports === undefined ? {} : { ports }) }
    const isEmpty = Object.keys(whole).length === 0 && (type === 'dummy' || type === 'bridge')
    return {
      ...head,
      spec: { ...common, ...masterOf(name, draft), ...rest, ...(isEmpty ? {} : { [type]: whole }) },
    }
  }
  if (link.peer === undefined) {
    leave(link.where, `${name}: the other end of the veth is not known`)
    return undefined
  }
  if (other !== undefined && other.up !== link.up) {
    leave(
      link.where,
      `${name} is ${link.up ? 'up' : 'down'} and ${other.name} is not: an object says it of both`,
    )
  }
  const peer = {
    interfaceName: link.peer,
    ...(other === undefined ? {} : endOf(other)),
    ...(peerElsewhere === undefined ? masterOf(link.peer, draft) : {}),
    ...(peerElsewhere === undefined ? {} : { container: { netns: peerElsewhere.namespace } }),
  }
  return { ...head, spec: { ...common, ...masterOf(name, draft), ...rest, veth: { peer } } }
}

const endOf = ({ mtu, hardwareAddress, addresses, routes }: FoundLink): Written => ({
  ...(mtu === undefined ? {} : { mtu }),
  ...(hardwareAddress === undefined ? {} : { hardwareAddress }),
  ...(addresses.length === 0 ? {} : { addresses: [...addresses] }),
  ...(routes.length === 0 ? {} : { routes: routes.map(routeOf) }),
})

const routeOf = ({ table, ...rest }: FoundRoute): Written => ({
  ...rest,
  ...(table === undefined || table === 254 ? {} : { table }),
})

const masterOf = (name: string, { memberships }: ImportDraft): { master?: string } => {
  const found = memberships.find(({ port }) => port === name)
  return found === undefined ? {} : { master: found.master }
}

/** Only where a port is none of ours: a list is exact, and ports of ours say their master themselves. */
function portsOf(bridge: string, { memberships, links }: ImportDraft): string[] | undefined {
  const ports = memberships.filter(({ master }) => master === bridge).map(({ port }) => port)
  return ports.every((port) => links.has(port)) ? undefined : ports.toSorted()
}

function wireGuardOf(
  link: FoundLink,
  { node, draft, leave }: { node: string; draft: ImportDraft; leave: Leave },
): ImportedInterface | undefined {
  if (link.wireguard === undefined) return undefined
  const { addresses, peers } = { addresses: link.addresses, peers: link.wireguard.peers }
  const plain = addresses.flatMap((one) => (typeof one === 'string' ? [one] : []))
  const pairs = addresses.flatMap((one) => (typeof one === 'string' ? [] : [one]))
  const { table, extra } = routingTableOf(
    link,
    plain,
    peers.flatMap(({ allowedIPs }) => allowedIPs),
  )
  for (const { to } of extra) leave(link.where, `${link.name}: the route to ${to}`)
  const { master } = masterOf(link.name, draft)
  const said: [boolean, string][] = [
    [master !== undefined, `port of ${master}`],
    [!link.up, 'it is down'],
    [link.hardwareAddress !== undefined, 'its hardware address'],
  ]
  for (const [is, what] of said) if (is) leave(link.where, `${link.name}: ${what}`)
  const section = {
    ...link.wireguard.interface,
    addresses: plain,
    ...(link.mtu === undefined ? {} : { mtuBytes: link.mtu }),
  }
  const imported = objectsOfConfig(
    { interface: section, peers },
    { node, interfaceName: link.name, table, pairs },
  )
  for (const what of imported.leftOut) leave(link.where, `${link.name}: ${what}`)
  return imported
}
