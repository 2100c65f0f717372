/** A plan object → a network whose members are parsed and whose shape is known; mistakes of shape are listed. */
import {
  type DirectPeering,
  overlaps,
  parsePrefix,
  type Prefix,
  type Topology,
  type WireGuardNetworkPlan,
  type WireGuardPeer,
} from '../model/index.ts'
import type { KeyFinder } from './keys.ts'
import { unknownNode } from './links.ts'
import { membersOf } from './members.ts'
import type { Network } from './network.ts'
import type { ProblemList } from './problem-list.ts'

export interface NetworkInput {
  readonly plan: WireGuardNetworkPlan
  /** Published in this network. */
  readonly peers: readonly WireGuardPeer[]
  readonly keys: KeyFinder
  readonly problems: ProblemList
}

export const networkId = (metadata: { readonly namespace: string; readonly name: string }): string =>
  `${metadata.namespace}/${metadata.name}`

export function readNetwork(input: NetworkInput): Network {
  const { plan, problems } = input
  const members = membersOf(input)
  const topology = topologyOf(plan)
  const network: Network = {
    id: networkId(plan.metadata),
    plan,
    cidrs: plan.spec.cidrs.flatMap((text) => parsePrefix(text) ?? []),
    topology,
    directPeering: directPeeringOf(plan, topology),
    members,
    byName: new Map(members.map((member) => [member.name, member])),
  }
  checkShape(network, problems)
  checkNames(network, problems)
  checkCidrs(network, problems)
  return network
}

function topologyOf({ spec }: WireGuardNetworkPlan): Topology {
  if (spec.topology !== undefined) return spec.topology
  if (spec.hubs.length > 0) return 'HubAndSpoke'
  return spec.links.length > 0 ? 'Links' : 'Mesh'
}

function directPeeringOf({ spec }: WireGuardNetworkPlan, topology: Topology): DirectPeering {
  return spec.directPeering ?? (topology === 'HubAndSpoke' ? 'SameSite' : 'WhereReachable')
}

/** Fields that mean nothing in this topology are mistakes: whoever wrote them expects something of them. */
function checkShape(network: Network, problems: ProblemList): void {
  const { plan, topology } = network
  const { spec } = plan
  const refuse = (field: string, message: string, hint: string): void =>
    problems.add({ object: plan, path: ['spec', field] }, { code: 'TopologyConflict', message, hint })
  if (topology !== 'HubAndSpoke' && spec.hubs.length > 0) {
    refuse(
      'hubs',
      `a plan with topology ${topology} has no hubs`,
      'Use relays in a mesh, or topology HubAndSpoke.',
    )
  }
  if (topology === 'HubAndSpoke' && spec.hubs.length === 0) {
    refuse('hubs', 'topology HubAndSpoke needs a hub', 'Name a node that has an endpoint.')
  }
  if (topology !== 'Mesh' && spec.relays.length > 0) {
    refuse('relays', `a plan with topology ${topology} has no relays`, 'Use hubs, or topology Mesh.')
  }
  if (topology !== 'Links' && spec.links.length > 0) {
    refuse('links', `a plan with topology ${topology} has no links`, 'Use topology Links.')
  }
  if (topology === 'Links' && spec.cidrs.length > 0) {
    refuse(
      'cidrs',
      'with topology Links addresses are written, not allocated',
      'Write them at the ends of the links.',
    )
  }
  if (topology === 'Mesh' && network.directPeering !== 'WhereReachable') {
    refuse(
      'directPeering',
      'a mesh is always direct where it can be',
      'Leave it out, or use topology HubAndSpoke.',
    )
  }
  if (
    topology !== 'Links' &&
    spec.cidrs.length === 0 &&
    network.members.some((one) => one.addresses.length === 0)
  ) {
    const hint = 'Add for example 10.0.0.0/24, or write the addresses of every node.'
    problems.add(
      { object: plan, path: ['spec', 'cidrs'] },
      { code: 'NoCidr', message: 'there is no CIDR to allocate from', hint },
    )
  }
}

function checkNames(network: Network, problems: ProblemList): void {
  const { spec } = network.plan
  for (const field of ['hubs', 'relays'] as const) {
    for (const [index, name] of spec[field].entries()) {
      const where = { object: network.plan, path: ['spec', field, index] }
      if (!network.byName.has(name)) problems.add(where, unknownNode(name, network))
      else if (spec[field].indexOf(name) !== index) {
        problems.add(where, { code: 'DuplicateNode', message: `${name} is there twice`, hint: 'Remove one.' })
      }
    }
  }
  for (const [index, { nodes }] of spec.presharedKeys.entries()) {
    const path = ['spec', 'presharedKeys', index, 'nodes']
    if (nodes.length !== 2 || nodes[0] === nodes[1]) {
      const message = 'a preshared key is for exactly two nodes'
      problems.add({ object: network.plan, path }, { code: 'LinkEnds', message, hint: 'Name two nodes.' })
    }
    for (const [end, name] of nodes.entries()) {
      if (!network.byName.has(name)) {
        problems.add({ object: network.plan, path: [...path, end] }, unknownNode(name, network))
      }
    }
  }
  for (const { spec: node, where } of network.members) {
    if (node.defaultRoute === undefined || network.byName.has(node.defaultRoute.via)) continue
    const path = [...where.path, 'defaultRoute', 'via']
    problems.add({ object: where.object, path }, unknownNode(node.defaultRoute.via, network))
  }
}

function checkCidrs({ cidrs, plan }: Network, problems: ProblemList): void {
  for (const [index, cidr] of cidrs.entries()) {
    if (cidr.length === 0) {
      const message = `${plan.spec.cidrs[index]} is the whole internet`
      const hint =
        'Name the prefix of the tunnel; a default route is asked for at the nodes, with `defaultRoute`.'
      problems.add(
        { object: plan, path: ['spec', 'cidrs', index] },
        { code: 'DefaultRouteNotAsked', message, hint },
      )
    }
    const earlier = cidrs.slice(0, index).findIndex((other: Prefix) => overlaps(cidr, other))
    if (earlier < 0) continue
    const message = `${plan.spec.cidrs[index]} overlaps ${plan.spec.cidrs[earlier]}`
    problems.add(
      { object: plan, path: ['spec', 'cidrs', index] },
      { code: 'OverlappingCidrs', message, hint: 'Keep one of them.' },
    )
  }
}
