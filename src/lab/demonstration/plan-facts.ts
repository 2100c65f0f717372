/**
 * What the plan promises, read from the intents and nothing else: which addresses each node has in the tunnel and
 * which of them every other node is to reach, following the allowed IPs from hop to hop as packets will.
 */
import {
  type Allocations,
  containsAddress,
  parseAddress,
  parsePrefix,
  type NodeIntent,
  type WarrenObject,
} from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { type LabNode } from '../topology/lab-node.ts'
import { labNodesOf } from '../topology/lab-nodes.ts'

export interface Pair {
  readonly from: string
  readonly to: string
  /** Of `to`. */
  readonly address: string
}

export interface PlanFacts {
  readonly nodes: readonly LabNode[]
  /** Bare addresses inside the tunnel, by node; without link-local ones, which mean nothing beyond their link. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Names of the tunnel's interfaces, by node. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>
  /** Ordered pairs of nodes, once per address of the second, that the plan connects. */
  readonly expected: readonly Pair[]
  /** Pairs of nodes that talk without a relay between them. */
  readonly links: readonly { readonly a: string; readonly b: string }[]
  /** Nodes whose direct pairs leave the relay out: neither is the other's relay. */
  readonly neighbours: readonly { readonly a: string; readonly b: string }[]
  /** `A B`: A's peer B shakes hands without being asked, because one of the two keeps the path alive. */
  readonly lively: ReadonlySet<string>
  /** Hubs and relays: they carry what others say to each other. */
  readonly relays: ReadonlySet<string>
}

const MOST_HOPS = 8

export function planFacts(objects: readonly WarrenObject[], allocations: Allocations): PlanFacts {
  const result = plan(objects, allocations)
  const intents = [...result.intents.values()]
  const addresses = new Map(intents.map((i) => [i.node, tunnelAddresses(i)]))
  const relays = relaysOf(objects)
  return {
    nodes: labNodesOf(objects, result.allocations),
    addresses,
    interfaces: new Map(intents.map((i) => [i.node, i.interfaces.map((w) => w.name)])),
    expected: expectedPairs(intents, addresses),
    links: result.links,
    neighbours: result.links.filter(({ a, b }) => relays.size > 0 && !relays.has(a) && !relays.has(b)),
    lively: livelyPairs(intents),
    relays,
  }
}

function tunnelAddresses({ interfaces }: NodeIntent): string[] {
  const all = interfaces.flatMap((wanted) => wanted.addresses.map((address) => address.local))
  return all.filter((address) => !/^fe[89ab]/i.test(address))
}

function relaysOf(objects: readonly WarrenObject[]): Set<string> {
  const plans = objects.filter((object) => object.kind === 'WireGuardNetworkPlan')
  return new Set(plans.flatMap(({ spec }) => [...spec.hubs, ...spec.relays]))
}

function livelyPairs(intents: readonly NodeIntent[]): Set<string> {
  const pairs = intents.flatMap(({ node, interfaces }) =>
    interfaces
      .flatMap((wanted) => wanted.peers)
      .filter((peer) => peer.persistentKeepaliveSeconds > 0)
      .flatMap((peer) => [`${node} ${peer.node}`, `${peer.node} ${node}`]),
  )
  return new Set(pairs)
}

function expectedPairs(
  intents: readonly NodeIntent[],
  addresses: ReadonlyMap<string, readonly string[]>,
): Pair[] {
  const byNode = new Map(intents.map((intent) => [intent.node, intent]))
  const pairs = intents.flatMap(({ node: from }) =>
    [...addresses].flatMap(([to, own]) => own.map((address): Pair => ({ from, to, address }))),
  )
  return pairs.filter(({ from, to, address }) => from !== to && arrives(byNode, { from, to, address }))
}

function arrives(byNode: ReadonlyMap<string, NodeIntent>, { from, to, address }: Pair): boolean {
  let at = from
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const next = nextHop(byNode.get(at), address)
    if (next === undefined) return false
    if (next === to) return true
    at = next
  }
  return false
}

/** The peer whose allowed IPs hold the address most narrowly. */
function nextHop(intent: NodeIntent | undefined, address: string): string | undefined {
  const parsed = parseAddress(address)
  if (intent === undefined || parsed === undefined) return undefined
  let best: { node: string | undefined; length: number } | undefined
  for (const peer of intent.interfaces.flatMap((wanted) => wanted.peers)) {
    for (const text of peer.allowedIPs) {
      const prefix = parsePrefix(text)
      const inside = prefix !== undefined && containsAddress(prefix, parsed)
      if (inside && prefix.length > (best?.length ?? -1)) best = { node: peer.node, length: prefix.length }
    }
  }
  return best?.node
}
