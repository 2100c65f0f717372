/**
 * All links of the nodes that have NetlinkInterfaces, whoever wants them, each in its namespace: what the checks look
 * at, and where links find the MTU of what they lie on.
 *
 *        node a ┬ its own namespace ── br0 ── v1     v1 is a port of br0
 *               └ docker:web ── wg0 ── vx1           vx1 lies on wg0, and its MTU follows from it
 */
import {
  type AddressIntent,
  type ContainerRef,
  linkIdOf,
  type LinkKind,
  overheadOf,
} from '../../model/index.ts'
import { containerOf } from '../container.ts'
import type { Draft } from '../draft.ts'
import { linkAddresses } from '../link-network.ts'
import { writtenAddress } from '../members.ts'
import { settingsOf } from '../network.ts'
import { compare, type Where } from '../problem-list.ts'
import type { LinkEnd } from './link-ends.ts'

export interface PlacedLink {
  readonly id: string
  readonly name: string
  readonly container: ContainerRef | undefined
  readonly kind: LinkKind | 'wireguard'
  /** Where its name is written. */
  readonly where: Where
  /** Undefined: the kernel's choice. */
  readonly mtuBytes: number | undefined
  readonly addresses: readonly AddressIntent[]
  /** Undefined for WireGuard. */
  readonly end: LinkEnd | undefined
}

export interface NodeLinks {
  readonly node: string
  /** NetlinkInterfaces in the order of the objects, then WireGuard. */
  readonly links: readonly PlacedLink[]
  /** Of links that share a name, the first. */
  readonly byId: ReadonlyMap<string, PlacedLink>
}

export function nodeLinksOf(
  ends: readonly LinkEnd[],
  draft: Pick<Draft, 'networks' | 'written'>,
): readonly NodeLinks[] {
  if (ends.length === 0) return []
  const own = Map.groupBy(ends, ({ node }) => node)
  const wireguard = Map.groupBy(wireGuardOn(new Set(own.keys()), draft), ({ node }) => node)
  return [...own]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([node, all]) => {
      const links = [...all.map(placedEnd), ...(wireguard.get(node) ?? [])]
      const byId = new Map(links.toReversed().map((link) => [link.id, link]))
      const followed = links.map((link) => withMtu(link, mtuOf(link, { byId, seen: new Set() })))
      return { node, links: followed, byId: new Map(followed.toReversed().map((link) => [link.id, link])) }
    })
}

function placedEnd(end: LinkEnd): PlacedLink {
  const { name, container, kind, mtuBytes, addresses } = end.intent
  const where = { object: end.object, path: end.pathOf('interfaceName') }
  return { id: linkIdOf(name, container), name, container, kind, where, mtuBytes, addresses, end }
}

interface MtuSearch {
  readonly byId: ReadonlyMap<string, PlacedLink>
  readonly seen: Set<string>
}

/** The kernel stacks links eight high (MAX_NEST_DEV). */
const MAX_DEPTH = 8

/** As written, or what is left of the MTU of the link below. */
function mtuOf(link: PlacedLink, search: MtuSearch): number | undefined {
  if (link.mtuBytes !== undefined || link.end === undefined) return link.mtuBytes
  if (search.seen.has(link.id) || search.seen.size >= MAX_DEPTH) return undefined
  search.seen.add(link.id)
  const overhead = overheadOf(link.end.intent)
  const below = parentOf(link, search.byId)
  const mtuBytes = below === undefined ? undefined : mtuOf(below, search)
  return mtuBytes === undefined || overhead === undefined ? undefined : Math.max(68, mtuBytes - overhead)
}

const withMtu = (link: PlacedLink, mtuBytes: number | undefined): PlacedLink =>
  link.end === undefined || mtuBytes === link.mtuBytes ? link : { ...link, mtuBytes }

/** The link that it lies on, when somebody declares that. */
export function parentOf(
  { container, end }: PlacedLink,
  byId: ReadonlyMap<string, PlacedLink>,
): PlacedLink | undefined {
  const name = end?.intent.settings['link']
  return typeof name === 'string' ? byId.get(linkIdOf(name, container)) : undefined
}

interface WireGuardLink extends PlacedLink {
  readonly node: string
}

interface WireGuardFacts {
  readonly node: string
  readonly name: string
  readonly container: ContainerRef | undefined
  readonly where: Where
  readonly mtuBytes: number
  readonly addresses: readonly AddressIntent[]
}

function wireGuardOn(nodes: ReadonlySet<string>, { networks, written }: Pick<Draft, 'networks' | 'written'>) {
  const shared = networks.flatMap(({ network, members }) =>
    (network.topology === 'Links' ? [] : members)
      .filter(({ name }) => nodes.has(name))
      .map(({ name, interfaceName, settings, addresses, member }) => ({
        ...{ node: name, name: interfaceName, mtuBytes: settings.mtuBytes, addresses },
        ...{ where: member.where, container: containerOf(member.spec) },
      })),
  )
  const ofLinks = networks.flatMap(({ network, links }) =>
    links
      .filter(({ plan }) => nodes.has(plan.member.name))
      .map(({ plan, given }) => ({
        ...{ node: plan.member.name, name: given.name, where: plan.where },
        mtuBytes: plan.link.mtu ?? settingsOf(network, plan.member.spec).mtuBytes,
        ...{ addresses: linkAddresses(plan), container: containerOf(plan.member.spec) },
      })),
  )
  const byHand = written
    .filter(({ object }) => nodes.has(object.spec.node))
    .map(({ object }) => ({
      ...{ node: object.spec.node, name: object.spec.interfaceName, mtuBytes: object.spec.mtu },
      addresses: object.spec.addresses.flatMap(writtenAddress).map(({ intent }) => intent),
      where: { object, path: ['spec', 'interfaceName'] },
      container: containerOf(object.spec),
    }))
  return [...shared, ...ofLinks, ...byHand].map(wireGuardLink)
}

const wireGuardLink = (facts: WireGuardFacts): WireGuardLink => ({
  ...facts,
  id: linkIdOf(facts.name, facts.container),
  kind: 'wireguard',
  end: undefined,
})
