/**
 * plan(): objects and what was allocated → what each node is to have. In four strokes: read the objects, allocate
 * addresses, allocate names and ports over all networks of a node, check the whole; then each node's intent is made
 * when it is asked for.
 */
import {
  type Allocations,
  type KindName,
  type LinkIntent,
  netnsNameOf,
  type NodeIntent,
  own,
  type WarrenObject,
  type WireGuardIntent,
  type WireGuardInterface,
} from '../model/index.ts'
import { allocateAddresses } from './allocate-addresses.ts'
import { allocateInterfaces, type GivenInterface, type InterfaceRequest } from './allocate-interfaces.ts'
import { allocationsOf } from './allocations-of.ts'
import { checkAll } from './check.ts'
import type { Draft, PlannedNetwork } from './draft.ts'
import { type InterfaceRequests, requestsOf } from './interface-requests.ts'
import { linkEndsOf } from './node-links/link-ends.ts'
import { nodeLinksOf } from './node-links/node-links.ts'
import { KeyFinder, type NodeKey } from './keys.ts'
import { LazyMap } from './lazy-map.ts'
import { linkInterface } from './link-network.ts'
import type { Network, PlannedMember } from './network.ts'
import { Peering } from './peering.ts'
import type { DirectLink, LanObservation, MissingKey, PlanResult } from './plan-result.ts'
import { presharedKeysOf } from './preshared-keys.ts'
import { compare, ProblemList } from './problem-list.ts'
import { networkId, readNetwork } from './read-network.ts'
import { exitsOf, plannedMember, sharedInterface } from './shared-network.ts'
import { writtenInterface } from './written-interface.ts'

/** Deterministic: equal for any order of the objects. Nothing is thrown for any objects that were parsed. */
export function plan(
  objects: readonly WarrenObject[],
  allocations: Allocations,
  observations: readonly LanObservation[] = [],
): PlanResult {
  const problems = new ProblemList()
  const draft = draftOf(objects, allocations, problems)
  checkAll(draft, observations, problems)
  const sorted = problems.sorted()
  const failed = sorted.some(({ severity }) => severity !== 'warning')
  return new LazyPlan(draft, { problems: sorted, before: failed ? allocations : undefined })
}

function draftOf(objects: readonly WarrenObject[], allocations: Allocations, problems: ProblemList): Draft {
  const sorted = withoutDuplicates(objects, problems)
  const keys = new KeyFinder(only(sorted, 'Secret'), allocations, problems)
  const peers = Map.groupBy(only(sorted, 'WireGuardPeer'), ({ metadata, spec }) =>
    networkId({ namespace: metadata.namespace, name: spec.network }),
  )
  const networks = only(sorted, 'WireGuardNetworkPlan').map((one) =>
    readNetwork({ plan: one, peers: peers.get(networkId(one.metadata)) ?? [], keys, problems }),
  )
  checkPeerNetworks(only(sorted, 'WireGuardPeer'), networks, problems)
  const written = only(sorted, 'WireGuardInterface').map((object) => ({
    object,
    key: writtenKey(object, keys),
  }))
  const requests = requestsOf(networks, only(sorted, 'WireGuardInterface'), problems)
  const given = allocateInterfaces(requests.all, allocations, problems)
  const linkObjects = only(sorted, 'NetlinkInterface')
  const wireguard = {
    networks: networks.map((network) =>
      plannedNetwork(network, { requests, given, allocations, problems, keys }),
    ),
    written: written.map((one) => ({ ...one, given: givenTo(requests.ofObject.get(one.object), given) })),
  }
  const nodeLinks = nodeLinksOf(linkObjects.flatMap(linkEndsOf), wireguard)
  return { ...wireguard, linkObjects, nodeLinks, keys }
}

interface Stage {
  readonly requests: InterfaceRequests
  readonly given: ReadonlyMap<InterfaceRequest, GivenInterface>
  readonly allocations: Allocations
  readonly problems: ProblemList
  readonly keys: KeyFinder
}

function plannedNetwork(network: Network, stage: Stage): PlannedNetwork {
  const { requests, given, problems, keys } = stage
  const before = new Map(Object.entries(own(stage.allocations.networks, network.id)?.nodes ?? {}))
  const presharedKeys = presharedKeysOf(network, keys)
  const links = (requests.ofLinks.get(network) ?? []).map(({ end, request }) => ({
    plan: end,
    given: givenTo(request, given),
  }))
  if (network.topology === 'Links') {
    const members = network.members.map((member) => linkMember(network, member))
    const peering = new Peering(network, [], presharedKeys)
    return { network, members, peering, links, presharedKeys, kept: new Map() }
  }
  const kept = allocateAddresses({ network, before, problems })
  const members = network.members.map((member) =>
    plannedMember(network, member, {
      addresses: kept.get(member.name) ?? { addresses: [], kept: [] },
      interface: givenTo(requests.ofMember.get(member), given),
    }),
  )
  const peering = new Peering(network, members, presharedKeys)
  return { network, members, peering, links, presharedKeys, kept }
}

const linkMember = (network: Network, member: Network['members'][number]): PlannedMember =>
  plannedMember(network, member, {
    addresses: { addresses: member.addresses.map(({ intent }) => intent), kept: [] },
    interface: { name: '', listenPort: 0 },
  })

const givenTo = (
  request: InterfaceRequest | undefined,
  given: ReadonlyMap<InterfaceRequest, GivenInterface>,
): GivenInterface => (request === undefined ? undefined : given.get(request)) ?? { name: '', listenPort: 0 }

function writtenKey(object: WireGuardInterface, keys: KeyFinder): NodeKey {
  const { metadata, spec } = object
  return keys.find({ network: metadata, node: spec.node, spec, where: { object, path: ['spec'] } })
}

type ObjectOf<K extends KindName> = Extract<WarrenObject, { readonly kind: K }>

const only = <K extends KindName>(objects: readonly WarrenObject[], kind: K): readonly ObjectOf<K>[] =>
  objects.filter((object): object is ObjectOf<K> => object.kind === kind)

/** Sorted by kind, namespace and name; of objects that repeat each other one is kept, and a problem says so. */
function withoutDuplicates(objects: readonly WarrenObject[], problems: ProblemList): readonly WarrenObject[] {
  const keyOf = ({ kind, metadata }: WarrenObject): string => `${kind} ${networkId(metadata)}`
  const groups = Map.groupBy(objects, keyOf)
  for (const [key, [, ...others]] of groups) {
    for (const object of others) {
      const message = `there are two of ${key}`
      problems.add(
        { object, path: [] },
        { code: 'DuplicateObject', message, hint: 'Remove one, or rename it.' },
      )
    }
  }
  return [...groups].toSorted(([a], [b]) => compare(a, b)).flatMap(([, [first]]) => first ?? [])
}

function checkPeerNetworks(
  peers: readonly ObjectOf<'WireGuardPeer'>[],
  networks: readonly Network[],
  problems: ProblemList,
): void {
  const known = new Set(networks.map(({ id }) => id))
  for (const object of peers) {
    const id = networkId({ namespace: object.metadata.namespace, name: object.spec.network })
    if (known.has(id)) continue
    const hint = 'Add the WireGuardNetworkPlan, or correct the name.'
    problems.add(
      { object, path: ['spec', 'network'] },
      { code: 'UnknownNetwork', message: `there is no network ${id}`, hint },
    )
  }
}

/** The result. Everything that grows with the square of the nodes is made when asked for. */
class LazyPlan implements PlanResult {
  readonly intents: ReadonlyMap<string, NodeIntent>
  readonly allocations: Allocations
  readonly problems: PlanResult['problems']
  readonly publicKeysMissing: readonly MissingKey[]
  readonly #draft: Draft
  #links: readonly DirectLink[] | undefined

  constructor(
    draft: Draft,
    { problems, before }: { problems: PlanResult['problems']; before: Allocations | undefined },
  ) {
    this.#draft = draft
    this.problems = problems
    this.allocations = before ?? allocationsOf(draft)
    this.publicKeysMissing = before === undefined ? missingKeys(draft) : []
    this.intents = before === undefined ? intentsOf(draft) : new Map()
  }

  get links(): readonly DirectLink[] {
    this.#links ??= this.intents.size === 0 ? [] : this.#draft.networks.flatMap(directLinks)
    return this.#links
  }
}

function intentsOf({ networks, written, nodeLinks, keys }: Draft): ReadonlyMap<string, NodeIntent> {
  const makers = new Map<string, (() => WireGuardIntent)[]>()
  const add = (node: string, make: () => WireGuardIntent): void => {
    const own = makers.get(node)
    if (own === undefined) makers.set(node, [make])
    else own.push(make)
  }
  for (const { network, members, peering, links, presharedKeys } of networks) {
    if (network.topology === 'Links') {
      for (const near of links) {
        const far = links[near.plan.other]
        if (far === undefined) continue
        const presharedKey =
          near.plan.link.presharedKeySecretRef === undefined
            ? presharedKeys.get(near.plan.member.name)?.get(far.plan.member.name)
            : keys.source(near.plan.link.presharedKeySecretRef, network.plan.metadata.namespace)
        add(near.plan.member.name, () => linkInterface(near, far, { network, presharedKey }))
      }
      for (const { name } of members) if (!makers.has(name)) makers.set(name, [])
      continue
    }
    const context = { network, peering, exits: exitsOf(network) }
    for (const member of members) add(member.name, () => sharedInterface(member, context))
  }
  for (const { object, given, key } of written) {
    add(object.spec.node, () => writtenInterface(object, { given, key, keys }))
  }
  const placed = new Map(nodeLinks.map(({ node, links }) => [node, links]))
  const nodes = [...new Set([...makers.keys(), ...placed.keys()])].toSorted(compare)
  return new LazyMap(nodes, (node) => ({
    node,
    interfaces: (makers.get(node) ?? []).map((make) => make()).toSorted(byPlace),
    links: (placed.get(node) ?? []).flatMap(({ end }) => end?.intent ?? []).toSorted(byPlace),
  }))
}

type Placed = Pick<LinkIntent, 'name' | 'container'>

const byPlace = (a: Placed, b: Placed): number =>
  compare(a.name, b.name) || compare(netnsNameOf(a.container), netnsNameOf(b.container))

function directLinks({ network, members, peering, links }: PlannedNetwork): DirectLink[] {
  if (network.topology !== 'Links') {
    return [...peering.pairs(members)].map(([a, b]) => ({ a: a.name, b: b.name, network: network.id }))
  }
  const pairs = links.map(
    (near) => [near.plan.member.name, links[near.plan.other]?.plan.member.name ?? ''] as const,
  )
  const unique = new Map(
    pairs.filter(([a, b]) => a < b).map(([a, b]) => [`${a} ${b}`, { a, b, network: network.id }]),
  )
  return [...unique.values()].toSorted((x, y) => compare(x.a, y.a) || compare(x.b, y.b))
}

function missingKeys({ networks }: Draft): readonly MissingKey[] {
  return networks.flatMap(({ network, members }) =>
    members.flatMap(({ name, publicKey, member }) =>
      publicKey === undefined ? [{ network: network.id, node: name, agent: member.spec.agent }] : [],
    ),
  )
}
