/** WireGuardInterfaces by hand, and networks that share a node. */
import { canonicalPrefix, formatPrefix, isKeyText, overlaps, parseEndpoint } from '../model/index.ts'
import type { Draft, PlannedNetwork, WrittenDraft } from './draft.ts'
import type { ProblemList } from './problem-list.ts'

export function checkWritten({ networks, written, keys }: Draft, problems: ProblemList): void {
  for (const one of written) {
    checkPeers(one, problems)
    for (const [index, { presharedKeySecretRef: ref }] of one.object.spec.peers.entries()) {
      const where = { object: one.object, path: ['spec', 'peers', index, 'presharedKeySecretRef'] }
      if (ref !== undefined) keys.reference(ref, one.object.metadata.namespace, where)
    }
  }
  for (const [index, a] of networks.entries()) {
    for (const b of networks.slice(index + 1)) checkNeighbours(a, b, problems)
  }
  checkDefaultRoutes(networks, problems)
}

/** There is one table and one mark for it: a second one would take the place of the first. */
function checkDefaultRoutes(networks: readonly PlannedNetwork[], problems: ProblemList): void {
  const owners = new Map<string, string>()
  for (const { network, members } of networks) {
    for (const { name, member } of members.filter((one) => one.member.spec.defaultRoute !== undefined)) {
      const other = owners.get(name)
      if (other !== undefined) {
        const message = `${name} has a default route in ${other} and in ${network.id}`
        const { object, path } = member.where
        const where = { object, path: [...path, 'defaultRoute'] }
        problems.add(where, { code: 'SeveralDefaultRoutes', message, hint: 'Keep one of them.' })
      }
      owners.set(name, network.id)
    }
  }
}

function checkPeers({ object }: WrittenDraft, problems: ProblemList): void {
  const keys = new Set<string>()
  const prefixes = new Map<string, number>()
  const { spec } = object
  if (
    spec.mtu < 1280 &&
    spec.addresses.some((one) => (typeof one === 'string' ? one : one.local).includes(':'))
  ) {
    const message = `the interface has IPv6 and an MTU of ${spec.mtu}, below 1280`
    problems.add(
      { object, path: ['spec', 'mtu'] },
      { code: 'MtuTooSmall', message, hint: 'Use 1280 or more.' },
    )
  }
  for (const [index, { publicKey, allowedIPs, endpoint }] of spec.peers.entries()) {
    const path = ['spec', 'peers', index]
    if (keys.has(publicKey) && isKeyText(publicKey)) {
      const message = 'two peers have the same public key'
      problems.add(
        { object, path: [...path, 'publicKey'] },
        { code: 'DuplicateKey', message, hint: 'Merge them.' },
      )
    }
    keys.add(publicKey)
    if (endpoint !== undefined && parseEndpoint(endpoint)?.port === undefined) {
      const message = 'this endpoint needs a port'
      problems.add(
        { object, path: [...path, 'endpoint'] },
        { code: 'InvalidEndpoint', message, hint: 'Write host:port.' },
      )
    }
    for (const prefix of allowedIPs.map(canonicalPrefix)) {
      const other = prefixes.get(prefix)
      if (other !== undefined && other !== index) {
        const message = `${prefix} is at two peers: one interface cannot send it to both`
        const hint = 'Keep one, or split it: nested prefixes are fine.'
        problems.add({ object, path: [...path, 'allowedIPs'] }, { code: 'SamePrefix', message, hint })
      }
      prefixes.set(prefix, index)
    }
  }
}

function checkSharedNetworks(a: PlannedNetwork, b: PlannedNetwork, problems: ProblemList): void {
  const known = new Set(a.members.flatMap(({ networks }) => networks))
  if (known.size === 0) return
  for (const { member, networks } of b.members) {
    const index = networks.findIndex((prefix) => known.has(prefix))
    const shared = index < 0 ? undefined : b.members.find(({ name }) => a.network.byName.has(name))
    if (shared === undefined) continue
    const message = `${networks[index]} is in ${a.network.id} too, and ${shared.name} is in both`
    const where = { object: member.where.object, path: [...member.where.path, 'allowedNetworks', index] }
    problems.add(where, { code: 'SamePrefix', message, hint: 'Keep one: a node routes it to one interface.' })
  }
}

/** Two networks on one node need prefixes that keep apart; on different nodes they never notice each other. */
function checkNeighbours(a: PlannedNetwork, b: PlannedNetwork, problems: ProblemList): void {
  checkSharedNetworks(a, b, problems)
  for (const [index, cidr] of b.network.cidrs.entries()) {
    const other = a.network.cidrs.find((one) => overlaps(one, cidr))
    if (other === undefined) continue
    const shared = b.members.find(({ name }) => a.network.byName.has(name))
    if (shared === undefined) continue
    const message = `${formatPrefix(cidr)} overlaps ${formatPrefix(other)} of ${a.network.id}, and ${shared.name} is in both`
    const where = { object: b.network.plan, path: ['spec', 'cidrs', index] }
    problems.add(where, { code: 'OverlappingCidrs', message, hint: 'Use another CIDR in one of them.' })
  }
}
