/**
 * The members of a network: its nodes, its groups of nodes written out, and the nodes that published a
 * WireGuardPeer. A field of the plan wins over the same field of a published peer.
 */
import {
  type FieldPath,
  formatAddress,
  type InterfaceAddress,
  NODE_SPEC,
  type NodeGroup,
  type NodeSpec,
  parseEndpoint,
  parseHostInPrefix,
  parsePrefix,
  placeOf,
  problemsOfIssues,
  titleOf,
  type WireGuardNetworkPlan,
  type WireGuardPeer,
} from '../model/index.ts'
import type { KeyFinder } from './keys.ts'
import type { Member, WrittenAddress } from './network.ts'
import { compare, type ProblemList, type Where } from './problem-list.ts'

const MAX_NODES = 65_536

interface Given {
  readonly plan: WireGuardNetworkPlan
  readonly peers: readonly WireGuardPeer[]
  readonly keys: KeyFinder
  readonly problems: ProblemList
}

interface Written {
  readonly spec: NodeSpec
  readonly where: Where
}

/** Sorted by name. */
export function membersOf(given: Given): readonly Member[] {
  const written = new Map<string, Written>()
  for (const node of writtenNodes(given)) {
    const earlier = written.get(node.spec.name)
    if (earlier === undefined) written.set(node.spec.name, node)
    else {
      const message = `the node ${node.spec.name} is there twice`
      given.problems.add(node.where, {
        code: 'DuplicateNode',
        message,
        hint: 'Give one of them another name.',
      })
    }
  }
  for (const peer of given.peers) {
    const node = written.get(peer.spec.node)
    checkPublished(peer, node, given.problems)
    written.set(peer.spec.node, withPeer(peer, node))
  }
  return [...written.values()]
    .toSorted((a, b) => compare(a.spec.name, b.spec.name))
    .map((node) => memberOf(node, given))
}

function writtenNodes({ plan, problems }: Given): Written[] {
  const { nodes, nodeGroups } = plan.spec
  const count = nodeGroups.reduce((sum, group) => sum + Math.max(0, group.to - group.from + 1), nodes.length)
  if (count > MAX_NODES) {
    const message = `the network has ${count} nodes; at most ${MAX_NODES} are planned`
    problems.add({ object: plan, path: ['spec', 'nodeGroups'] }, { code: 'TooManyNodes', message })
    return []
  }
  return [
    ...nodes.map((spec, index) => ({ spec, where: { object: plan, path: ['spec', 'nodes', index] } })),
    ...nodeGroups.flatMap((group, index) => groupNodes({ plan, group, index, problems })),
  ]
}

interface GroupAt {
  readonly plan: WireGuardNetworkPlan
  readonly group: NodeGroup
  readonly index: number
  readonly problems: ProblemList
}

/** Each number put into the patterns, and the result held to the schema of a node. */
function groupNodes({ plan, group, index, problems }: GroupAt): Written[] {
  const path: FieldPath = ['spec', 'nodeGroups', index]
  const where = { object: plan, path }
  const { names, from, to, ...common } = group
  if (to < from) {
    const message = `the last number, ${to}, is below the first, ${from}`
    problems.add({ object: plan, path: [...path, 'to'] }, { code: 'InvalidValue', message })
  }
  const nodes: Written[] = []
  for (let n = from; n <= to; n++) {
    const put = (text: string): string => text.replaceAll('{n}', String(n))
    const value = {
      ...common,
      name: put(names),
      addresses: common.addresses.map(put),
      ...(common.endpoint === undefined ? {} : { endpoint: put(common.endpoint) }),
      ...(common.localEndpoint === undefined ? {} : { localEndpoint: put(common.localEndpoint) }),
    }
    // The key of a group has been read already and is a secret now; the schema reads texts.
    const { privateKey, ...readable } = value
    const result = NODE_SPEC.safeParse(readable)
    if (result.success) {
      nodes.push({ spec: privateKey === undefined ? result.data : { ...result.data, privateKey }, where })
      continue
    }
    const title = `${titleOf(plan)} spec.nodeGroups[${index}] (n = ${n})`
    const locate = () => placeOf(plan, path) ?? { file: titleOf(plan), line: 1, column: 1 }
    for (const { path: at, ...mistake } of problemsOfIssues(result.error.issues, {
      title,
      schema: NODE_SPEC,
      value,
      locate,
    })) {
      problems.addAt(at, mistake)
    }
    return nodes
  }
  return nodes
}

/** A key that somebody else wrote is not replaced by what is published: that would be how to take a name over. */
function checkPublished(peer: WireGuardPeer, node: Written | undefined, problems: ProblemList): void {
  const known = node?.spec.publicKey
  if (known === undefined || known === peer.spec.publicKey) return
  const message = `${peer.spec.node} has another public key already`
  const hint = 'Keep one: that of the plan, or one WireGuardPeer per node.'
  problems.add({ object: peer, path: ['spec', 'publicKey'] }, { code: 'KeyConflict', message, hint })
}

function withPeer(peer: WireGuardPeer, node: Written | undefined): Written {
  const { network: _, node: name, ...published } = peer.spec
  if (node === undefined) {
    const spec: NodeSpec = { ...published, name, agent: true, overrideAddresses: false }
    return { spec, where: { object: peer, path: ['spec'] } }
  }
  const { spec } = node
  return {
    where: node.where,
    spec: {
      ...spec,
      publicKey: spec.publicKey ?? published.publicKey,
      endpoint: spec.endpoint ?? published.endpoint,
      localEndpoint: spec.localEndpoint ?? published.localEndpoint,
      site: spec.site ?? published.site,
      addresses: spec.addresses.length > 0 ? spec.addresses : published.addresses,
      allowedNetworks: spec.allowedNetworks.length > 0 ? spec.allowedNetworks : published.allowedNetworks,
    },
  }
}

function memberOf({ spec, where }: Written, { keys, plan }: Given): Member {
  const key = keys.find({ network: plan.metadata, node: spec.name, spec, where })
  return {
    name: spec.name,
    spec,
    where,
    endpoint: spec.endpoint === undefined ? undefined : parseEndpoint(spec.endpoint),
    localEndpoint: spec.localEndpoint === undefined ? undefined : parseEndpoint(spec.localEndpoint),
    addresses: spec.addresses.flatMap(writtenAddress),
    networks: spec.allowedNetworks.flatMap((text) => parsePrefix(text) ?? []),
    publicKey: key.publicKey,
    privateKey: key.privateKey,
  }
}

/** As ip(8) has it: with a peer, the length belongs to the peer. */
export function writtenAddress(written: InterfaceAddress): WrittenAddress[] {
  const { local, peer } = typeof written === 'string' ? { local: written } : { peer: undefined, ...written }
  const own = parseHostInPrefix(local)
  if (own === undefined) return []
  const localText = formatAddress(own.host)
  const other = peer === undefined ? undefined : parseHostInPrefix(peer)
  if (other === undefined) {
    return [{ intent: { local: localText, prefixLength: own.length }, bare: !local.includes('/') }]
  }
  const intent = { local: localText, prefixLength: other.length, peer: formatAddress(other.host) }
  return [{ intent, bare: false }]
}
