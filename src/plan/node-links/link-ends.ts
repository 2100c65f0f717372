/**
 * A NetlinkInterface → the links that it stands for: one, or the two ends of a veth, each with the place in the
 * object where it is written. What the fields say is brought into canonical form; what is wrong is found later.
 */
import {
  type AddressIntent,
  canonicalPrefix,
  type FieldPath,
  formatAddress,
  hashText,
  isLinkName,
  type LinkIntent,
  type LinkRoute,
  type NetlinkInterface,
  parseAddress,
  type RouteIntent,
} from '../../model/index.ts'
import { containerOf } from '../container.ts'
import { writtenAddress } from '../members.ts'
import { compare } from '../problem-list.ts'
import { MAIN_TABLE } from '../routes.ts'
import { forwardingOf, kindOf, linkSettings } from './link-settings.ts'

/** One link, and where in its object each of its fields is. */
export interface LinkEnd {
  readonly object: NetlinkInterface
  readonly node: string
  readonly intent: LinkIntent
  /** The map that speaks of this end: `spec`, or `spec.veth.peer`. */
  readonly path: FieldPath
  readonly pathOf: (field: EndField) => FieldPath
}

export type EndField =
  | 'interfaceName'
  | 'addresses'
  | 'routes'
  | 'mtu'
  | 'hardwareAddress'
  | 'master'
  | 'container'

type Fields = NonNullable<NetlinkInterface['spec']['veth']>['local']

export function linkEndsOf(object: NetlinkInterface): readonly LinkEnd[] {
  const { spec } = object
  if (spec.type !== 'veth') return [endOf(object, { path: ['spec'], over: {}, base: spec })]
  const { local = {}, peer = {} } = spec.veth ?? {}
  const common = { mtu: spec.mtu, container: spec.container }
  const near = endOf(object, { path: ['spec', 'veth', 'local'], over: local, base: spec })
  const far = endOf(object, {
    path: ['spec', 'veth', 'peer'],
    over: { interfaceName: peerNameOf(near.intent.name), ...peer },
    base: common,
  })
  const toNear = { name: near.intent.name, container: near.intent.container }
  const toFar = { name: far.intent.name, container: far.intent.container }
  return [
    { ...near, intent: { ...near.intent, peer: toFar } },
    { ...far, path: ['spec', 'veth', 'peer'], intent: { ...far.intent, peer: toNear } },
  ]
}

interface EndSource {
  /** Where `over` is written. */
  readonly path: FieldPath
  /** What this end says of itself. */
  readonly over: Fields
  /** What is said of both. */
  readonly base: Fields
}

function endOf(object: NetlinkInterface, { path, over, base }: EndSource): LinkEnd {
  const { spec, metadata } = object
  const name = over.interfaceName ?? base.interfaceName ?? (isLinkName(metadata.name) ? metadata.name : '')
  const hardwareAddress = over.hardwareAddress ?? base.hardwareAddress
  const intent: LinkIntent = {
    name,
    owner: { kind: 'NetlinkInterface', namespace: metadata.namespace, name: metadata.name },
    container: containerOf(over.container === undefined ? base : over),
    kind: kindOf(spec),
    settings: linkSettings(spec),
    up: spec.up,
    mtuBytes: over.mtu ?? base.mtu,
    hardwareAddress: hardwareAddress?.toLowerCase(),
    master: over.master ?? base.master,
    ports: spec.type === 'bridge' ? sortedNames(spec.bridge?.ports) : undefined,
    forwarding: spec.type === 'vxlan' ? forwardingOf(spec) : undefined,
    addresses: addressesOf(over.addresses ?? base.addresses),
    routes: routesOf(over.routes ?? base.routes),
    adopt: spec.adopt,
    replacePolicy: spec.replacePolicy,
  }
  return {
    object,
    node: spec.node,
    intent,
    path: ['spec'],
    pathOf: (field) => (over[field] === undefined ? ['spec', field] : [...path, field]),
  }
}

const peerNameOf = (name: string): string =>
  name.length + 5 <= 15 ? `${name}-peer` : `veth-${hashText(name, 10)}`

const sortedNames = (names: readonly string[] | undefined): readonly string[] | undefined =>
  names && [...new Set(names)].toSorted(compare)

/** In the order written, since the first of a prefix is the one that the kernel sends from. */
function addressesOf(written: Fields['addresses'] = []): readonly AddressIntent[] {
  const all = written.flatMap(writtenAddress).map(({ intent }) => intent)
  return [...new Map(all.map((one) => [addressKey(one), one])).values()]
}

export const addressKey = ({ local, prefixLength, peer }: AddressIntent): string =>
  `${local} ${peer ?? ''}/${prefixLength}`

/** Those to the link itself first: a gateway may be reached by one of them. */
function routesOf(written: readonly LinkRoute[] = []): readonly RouteIntent[] {
  const routes = written.map(routeOf)
  const unique = [...new Map(routes.map((route) => [JSON.stringify(route), route])).values()]
  return unique.toSorted(
    (a, b) =>
      Number(a.gateway !== undefined) - Number(b.gateway !== undefined) ||
      compare(JSON.stringify(a), JSON.stringify(b)),
  )
}

function routeOf({ to, via, table, metric, mtu }: LinkRoute): RouteIntent {
  const gateway = via === undefined ? undefined : parseAddress(via)
  return {
    destination: canonicalPrefix(to),
    table: table === 'main' ? MAIN_TABLE : table,
    ...(metric === undefined ? {} : { metric }),
    ...(gateway === undefined ? {} : { gateway: formatAddress(gateway) }),
    ...(mtu === undefined ? {} : { mtuBytes: mtu }),
  }
}
