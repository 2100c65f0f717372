/**
 * Who is whose peer in a mesh or around hubs, and what each may send. One rule for both: *carriers* (hubs; in a
 * mesh, relays) are peers of all, and the first of them, the primary, holds the network's CIDRs at everyone who is
 * not a carrier; whoever else is a direct peer holds its own addresses, which are longer prefixes and win.
 *
 *   always      nothing else carries it, or the plan promises that it is reachable
 *   shortcut    a direct path beside a carrier: both ends withdraw it when it is down (`while-alive`)
 *
 * Prefixes outside of the CIDRs (networks behind a node, stray addresses) stand at the node itself where it is an
 * `always` peer, else at the primary, and then a shortcut has the two halves of each. An address has no halves, so a
 * node with stray addresses has no shortcuts. A network behind a node of one's own site is on one's own LAN and is
 * left out.
 *
 * A thousand nodes have a million entries. What a viewer sees of another node depends on the viewer's class only
 * (carrier or not, reachable or not), except for a few special pairs; so the entries of a class are made once and
 * shared, and a viewer's list is a copy of pointers with its special entries put in.
 */
import {
  BITS,
  canonicalPrefix,
  comparePrefixes,
  type EndpointIntent,
  formatPrefix,
  halvesOf,
  type KeySource,
  parsePrefix,
  type PeerIntent,
} from '../model/index.ts'
import type { Network, PlannedMember } from './network.ts'
import { compare } from './problem-list.ts'

export type Relation = 'none' | 'always' | 'shortcut'

const LARGE_SITE = 32

export class Peering {
  readonly #network: Network
  readonly #cidrs: readonly string[]
  readonly #primary: PlannedMember | undefined
  readonly #hasCarriers: boolean
  readonly #presharedKeys: ReadonlyMap<string, ReadonlyMap<string, KeySource>>
  /** Those with a public key, sorted by it. */
  readonly #keyed: readonly PlannedMember[]
  readonly #indexOf: ReadonlyMap<string, number>
  readonly #carriers: readonly PlannedMember[]
  readonly #withExtras: readonly PlannedMember[]
  readonly #sites: ReadonlyMap<string, readonly PlannedMember[]>
  readonly #classes = new Map<string, ClassEntries>()

  constructor(
    network: Network,
    members: readonly PlannedMember[],
    presharedKeys: ReadonlyMap<string, ReadonlyMap<string, KeySource>>,
  ) {
    this.#network = network
    this.#cidrs = network.cidrs.map((_, index) => canonicalPrefix(network.plan.spec.cidrs[index] ?? ''))
    this.#presharedKeys = presharedKeys
    this.#keyed = members
      .filter((one) => one.publicKey !== undefined)
      .toSorted((a, b) => compare(a.publicKey ?? '', b.publicKey ?? ''))
    this.#indexOf = new Map(this.#keyed.map((one, index) => [one.name, index]))
    this.#carriers = members
      .filter((one) => one.carrier !== undefined)
      .toSorted((a, b) => (a.carrier ?? 0) - (b.carrier ?? 0))
    this.#primary = this.#carriers[0]
    this.#hasCarriers = this.#primary !== undefined
    this.#withExtras = this.#keyed.filter((one) => one.networks.length + one.strays.length > 0)
    this.#sites = groupBySite(members)
  }

  /** Symmetric. */
  relation(a: PlannedMember, b: PlannedMember): Relation {
    const isOpen = isPublic(a) || isPublic(b)
    const local = usesLan(a, b)
    if (!isOpen && !local) return 'none'
    if (a.carrier !== undefined || b.carrier !== undefined) return 'always'
    if (this.#network.topology === 'Mesh') {
      if (!local || !this.#hasCarriers) return 'always'
      return mayHaveShortcut(a) && mayHaveShortcut(b) ? 'shortcut' : isOpen ? 'always' : 'none'
    }
    if (!mayHaveShortcut(a) || !mayHaveShortcut(b)) return 'none'
    switch (this.#network.directPeering) {
      case 'None':
        return 'none'
      case 'SameSite':
        return local ? 'shortcut' : 'none'
      case 'WhereReachable':
        return 'shortcut'
    }
  }

  /** What `viewer` has for `other`; undefined when they are not direct peers or its key is not known yet. */
  entry(viewer: PlannedMember, other: PlannedMember): PeerIntent | undefined {
    const relation = this.relation(viewer, other)
    if (relation === 'none' || other.publicKey === undefined) return undefined
    const local = usesLan(viewer, other)
    const endpoint = endpointOf(other, local)
    const isLanCall = local && other.member.localEndpoint !== undefined
    const isHole = endpoint !== undefined && endpointOf(viewer, isLanCall) === undefined
    return {
      publicKey: other.publicKey,
      node: other.name,
      presharedKey: this.#presharedKeys.get(viewer.name)?.get(other.name),
      endpoint,
      allowedIPs: this.#allowed(viewer, other, relation),
      hosts: other.hosts,
      persistentKeepaliveSeconds:
        relation === 'shortcut' ? this.#keepalive(viewer) || 25 : isHole ? this.#keepalive(viewer) : 0,
      path: relation === 'shortcut' ? 'while-alive' : 'always',
    }
  }

  #keepalive(viewer: PlannedMember): number {
    return viewer.member.spec.persistentKeepalive ?? this.#network.plan.spec.persistentKeepalive
  }

  /** Sorted. Usually the other's own addresses and nothing else, and then one list for all who see it. */
  #allowed(viewer: PlannedMember, other: PlannedMember, relation: Relation): readonly string[] {
    const allowed: string[] = []
    allowed.push(...(relation === 'always' ? extrasFor(viewer, other) : this.#halvesFor(viewer, other)))
    const isWay = other === this.#primary && viewer.carrier === undefined
    if (isWay) {
      allowed.push(...this.#cidrs)
      for (const behind of this.#withExtras) {
        if (behind.name === viewer.name || behind === other) continue
        if (this.relation(viewer, behind) !== 'always') allowed.push(...extrasFor(viewer, behind))
      }
    }
    if (viewer.member.spec.defaultRoute?.via === other.name) allowed.push(...defaultRoutesOf(viewer))
    if (allowed.length === 0) return other.hosts
    // The primary's own addresses are inside the CIDRs that it holds.
    return sortedPrefixes(isWay ? allowed : [...other.hosts, ...allowed])
  }

  /**
   * Beside a carrier that has the whole network, a shortcut has its two halves: they win while they are there, so
   * that question and answer take the same way. A half that is another node's network is that node's.
   */
  #halvesFor(viewer: PlannedMember, other: PlannedMember): readonly string[] {
    if (other.networks.length === 0) return []
    return extrasFor(viewer, other)
      .flatMap((text) => {
        const prefix = parsePrefix(text)
        return prefix === undefined ? [] : halvesOf(prefix).map(formatPrefix)
      })
      .filter((half) => !this.#withExtras.some(({ networks }) => networks.includes(half)))
  }

  /** Sorted by public key. */
  peersOf(viewer: PlannedMember): readonly PeerIntent[] {
    const { entries, present } = this.#classOf(viewer)
    const changed = new Map<number, PeerIntent | undefined>()
    for (const special of this.#specialsOf(viewer)) {
      const index = this.#indexOf.get(special.name)
      if (index !== undefined) changed.set(index, this.entry(viewer, special))
    }
    const own = this.#indexOf.get(viewer.name)
    if (own !== undefined) changed.set(own, undefined)
    return present.length < entries.length / 2
      ? sparse(entries, present, changed)
      : dense(entries, present, changed)
  }

  /** What a nameless member of the viewer's class sees. */
  #classOf(viewer: PlannedMember): ClassEntries {
    const site = this.#isLarge(viewer) ? viewer.member.spec.site : undefined
    const key = [
      viewer.carrier !== undefined,
      isPublic(viewer),
      viewer.member.spec.agent,
      this.#keepalive(viewer),
      site,
      site !== undefined && viewer.member.localEndpoint !== undefined,
    ].join(' ')
    const known = this.#classes.get(key)
    if (known !== undefined) return known
    const spec = { ...viewer.member.spec, site, defaultRoute: undefined }
    const nameless: PlannedMember = { ...viewer, name: '', member: { ...viewer.member, name: '', spec } }
    const entries = this.#keyed.map((other) => this.entry(nameless, other))
    const present = [...entries.keys()].filter((index) => entries[index] !== undefined)
    const made = { entries, present }
    this.#classes.set(key, made)
    return made
  }

  #isLarge(viewer: PlannedMember): boolean {
    const { site } = viewer.member.spec
    return site !== undefined && (this.#sites.get(site)?.length ?? 0) > LARGE_SITE
  }

  /** The pairs that the class does not describe. */
  #specialsOf(viewer: PlannedMember): Iterable<PlannedMember> {
    const { site, defaultRoute } = viewer.member.spec
    const isPlain = site === undefined && defaultRoute === undefined && !this.#presharedKeys.has(viewer.name)
    if (isPlain) return this.#carriers
    const names = [
      ...(this.#presharedKeys.get(viewer.name)?.keys() ?? []),
      ...(defaultRoute ? [defaultRoute.via] : []),
    ]
    const named = names.flatMap((name) => this.#keyed[this.#indexOf.get(name) ?? -1] ?? [])
    const mates = site === undefined || this.#isLarge(viewer) ? [] : (this.#sites.get(site) ?? [])
    return new Set([...this.#carriers, ...named, ...mates])
  }

  /** Prefixes to which the viewer's interface must have a route, before its own on-link prefixes are taken off. */
  destinationsOf(viewer: PlannedMember): string[] {
    const extras = this.#withExtras.flatMap((other) =>
      other.name === viewer.name ? [] : destinationsFor(viewer, other),
    )
    return viewer.coversCidrs ? extras : [...this.#cidrs, ...extras]
  }

  /** All unordered pairs of direct peers, keys or not. */
  *pairs(members: readonly PlannedMember[]): Generator<readonly [PlannedMember, PlannedMember]> {
    for (const [index, a] of members.entries()) {
      for (let at = index + 1; at < members.length; at++) {
        const b = members[at]
        if (b !== undefined && this.relation(a, b) !== 'none') yield [a, b]
      }
    }
  }
}

interface ClassEntries {
  /** In the order of the keyed members. */
  readonly entries: readonly (PeerIntent | undefined)[]
  /** The indexes where there is one. */
  readonly present: readonly number[]
}

type Changed = ReadonlyMap<number, PeerIntent | undefined>

/** Most are there: a copy of all, without what is not. In a mesh of public nodes that is the viewer alone. */
function dense(
  entries: ClassEntries['entries'],
  present: readonly number[],
  changed: Changed,
): readonly PeerIntent[] {
  const [first] = changed
  if (
    present.length === entries.length &&
    changed.size === 1 &&
    first !== undefined &&
    first[1] === undefined
  ) {
    return entries.toSpliced(first[0], 1) as readonly PeerIntent[]
  }
  const peers = entries.slice()
  for (const [index, entry] of changed) peers[index] = entry
  return peers.filter((peer) => peer !== undefined)
}

/** Few are there, as around a hub: those alone. */
function sparse(
  entries: ClassEntries['entries'],
  present: readonly number[],
  changed: Changed,
): readonly PeerIntent[] {
  const indexes = new Set([...present, ...changed.keys()])
  return [...indexes]
    .toSorted((a, b) => a - b)
    .flatMap((index) => (changed.has(index) ? changed.get(index) : entries[index]) ?? [])
}

function groupBySite(members: readonly PlannedMember[]): ReadonlyMap<string, readonly PlannedMember[]> {
  const sites = Map.groupBy(members, (one) => one.member.spec.site ?? '')
  sites.delete('')
  return sites
}

export const isPublic = (one: PlannedMember): boolean => one.member.endpoint !== undefined

/** Only an agent can withdraw a path, and only what can be nested in the carrier's prefixes can be withdrawn. */
const mayHaveShortcut = ({ member, strays }: PlannedMember): boolean =>
  member.spec.agent &&
  strays.length === 0 &&
  member.networks.every(({ address, length }) => length < BITS[address.family])

const sameSite = (a: PlannedMember, b: PlannedMember): boolean =>
  a.member.spec.site !== undefined && a.member.spec.site === b.member.spec.site

/** Two agents of one site meet on their LAN. A phone roams: it is met in public or not at all. */
export function usesLan(a: PlannedMember, b: PlannedMember): boolean {
  if (!sameSite(a, b) || !a.member.spec.agent || !b.member.spec.agent) return false
  return a.member.localEndpoint !== undefined || b.member.localEndpoint !== undefined
}

/** Where others reach a member: on the LAN or in public. The port is its own where none is written. */
export function endpointOf(member: PlannedMember, local: boolean): EndpointIntent | undefined {
  const { endpoint, localEndpoint } = member.member
  const chosen = local ? (localEndpoint ?? endpoint) : endpoint
  return chosen === undefined ? undefined : { host: chosen.host, port: chosen.port ?? member.listenPort }
}

/** A carrier has them even of its own site: answers from there come to it through the tunnel. */
const extrasFor = (viewer: PlannedMember, other: PlannedMember): readonly string[] =>
  viewer.carrier === undefined ? destinationsFor(viewer, other) : [...other.strays, ...other.networks]

const destinationsFor = (viewer: PlannedMember, other: PlannedMember): readonly string[] =>
  sameSite(viewer, other) ? other.strays : [...other.strays, ...other.networks]

/** As wg-quick: the families that the interface has addresses of. */
export function defaultRoutesOf(member: PlannedMember): string[] {
  const families = new Set(member.addresses.map(({ local }) => (local.includes(':') ? '::/0' : '0.0.0.0/0')))
  return [...families].toSorted()
}

/** Family, number, length; each once. */
export function sortedPrefixes(texts: readonly string[]): readonly string[] {
  if (texts.length < 2) return texts
  return [...new Set(texts)]
    .flatMap((text) => {
      const prefix = parsePrefix(text)
      return prefix === undefined ? [] : [{ text, prefix }]
    })
    .toSorted((a, b) => comparePrefixes(a.prefix, b.prefix))
    .map(({ text }) => text)
}
