/** What a plan decided, as it is remembered: for the nodes that the plan has, and for no others. */
import type { Allocations, NodeAllocation } from '../model/index.ts'
import type { Draft, PlannedNetwork } from './draft.ts'

export function allocationsOf({ networks }: Draft): Allocations {
  return {
    networks: Object.fromEntries(
      networks.map((planned) => {
        const nodes = planned.network.topology === 'Links' ? linkNodes(planned) : sharedNodes(planned)
        return [planned.network.id, { nodes: Object.fromEntries(nodes) }]
      }),
    ),
  }
}

function sharedNodes({ members, kept }: PlannedNetwork): (readonly [string, NodeAllocation])[] {
  return members.map(({ name, publicKey, interfaceName, listenPort }) => {
    const addresses = kept.get(name)?.kept ?? []
    return [name, withKey(publicKey, { addresses, interfaces: [{ name: interfaceName, listenPort }] })]
  })
}

function linkNodes({ members, links }: PlannedNetwork): (readonly [string, NodeAllocation])[] {
  const byNode = Map.groupBy(links, ({ plan }) => plan.member.name)
  return members.map(({ name, publicKey }) => {
    const interfaces = (byNode.get(name) ?? [])
      .map(({ plan, given }) => ({ link: plan.key, name: given.name, listenPort: given.listenPort }))
      .toSorted((a, b) => (a.link < b.link ? -1 : 1))
    return [name, withKey(publicKey, { addresses: [], interfaces })]
  })
}

const withKey = (publicKey: string | undefined, rest: Omit<NodeAllocation, 'publicKey'>): NodeAllocation =>
  publicKey === undefined ? rest : { addresses: rest.addresses, publicKey, interfaces: rest.interfaces }
