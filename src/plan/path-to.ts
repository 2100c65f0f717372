/**
 * The way of a packet through a plan, by cryptokey routing (the WireGuard paper §2): at each node the peer with the
 * longest matching prefix gets it; the receiver drops it unless the sender is the peer to whom it would send the
 * answer; a node in the middle must forward. It answers whether two nodes reach each other before any of them runs.
 */
import {
  type Address,
  contains,
  containsAddress,
  hostPrefix,
  type NodeIntent,
  parseAddress,
  parsePrefix,
  type PeerIntent,
  type Prefix,
  type WireGuardIntent,
} from '../model/index.ts'

export interface PathQuestion {
  readonly from: string
  /** An address of the far end. */
  readonly to: string
  /** Whether the direct paths beside a carrier are alive. Default `up`. */
  readonly shortcuts?: 'up' | 'down'
}

export type Path =
  | { readonly kind: 'arrives'; readonly nodes: readonly string[] }
  | { readonly kind: 'lost'; readonly nodes: readonly string[]; readonly reason: LostReason }

export type LostReason = 'no-address' | 'no-peer' | 'wrong-source' | 'not-forwarded' | 'loop'

type Intents = ReadonlyMap<string, NodeIntent>

interface Hop {
  readonly interface: WireGuardIntent
  readonly peer: PeerIntent
}

const MAX_HOPS = 8

export function pathTo(intents: Intents, { from, to, shortcuts = 'up' }: PathQuestion): Path {
  const target = parseAddress(to)
  const nodes = [from]
  const lost = (reason: LostReason): Path => ({ kind: 'lost', nodes, reason })
  if (target === undefined) return lost('no-address')
  const isUp = (peer: PeerIntent): boolean => shortcuts === 'up' || peer.path === 'always'
  let at = intents.get(from)
  let source: Address | undefined
  while (at !== undefined && !owns(at, target)) {
    const hop = nextHop(at, target, isUp)
    if (hop?.peer.node === undefined) return lost('no-peer')
    source ??= sourceOn(hop.interface, target)
    if (source === undefined) return lost('no-address')
    const next = intents.get(hop.peer.node)
    if (next === undefined) return lost('no-peer')
    nodes.push(next.node)
    const entry = entryOf(next, hop.interface)
    if (entry === undefined || !accepts(entry, source, isUp)) return lost('wrong-source')
    if (!owns(next, target)) {
      if (leadsOut(next, entry.interface, { target, isUp })) return { kind: 'arrives', nodes }
      if (!(target.family === 4 ? entry.interface.forwards.inet : entry.interface.forwards.inet6)) {
        return lost('not-forwarded')
      }
    }
    if (nodes.length > MAX_HOPS) return lost('loop')
    at = next
  }
  return at === undefined ? lost('no-peer') : { kind: 'arrives', nodes }
}

const owns = ({ interfaces }: NodeIntent, target: Address): boolean =>
  interfaces.some(({ addresses }) =>
    addresses.some(({ local }) => {
      const own = parseAddress(local)
      return own?.family === target.family && own.value === target.value
    }),
  )

function nextHop(node: NodeIntent, target: Address, isUp: (peer: PeerIntent) => boolean): Hop | undefined {
  let best: { hop: Hop; length: number } | undefined
  for (const one of node.interfaces) {
    for (const peer of one.peers.filter(isUp)) {
      const length = longestMatch(peer, target)
      if (length !== undefined && (best === undefined || length > best.length)) {
        best = { hop: { interface: one, peer }, length }
      }
    }
  }
  return best?.hop
}

function longestMatch({ allowedIPs }: PeerIntent, target: Address): number | undefined {
  const lengths = allowedIPs
    .flatMap((text): Prefix[] => {
      const prefix = parsePrefix(text)
      return prefix === undefined ? [] : [prefix]
    })
    .filter((prefix) => containsAddress(prefix, target))
    .map(({ length }) => length)
  return lengths.length === 0 ? undefined : Math.max(...lengths)
}

/** The kernel would choose an address whose prefix holds the target; otherwise the first of the family. */
function sourceOn({ addresses }: WireGuardIntent, target: Address): Address | undefined {
  const own = addresses.flatMap(({ local, prefixLength }) => {
    const address = parseAddress(local)
    const prefix = parsePrefix(`${local}/${prefixLength}`)
    return address?.family === target.family && prefix !== undefined ? [{ address, prefix }] : []
  })
  return (own.find(({ prefix }) => contains(prefix, hostPrefix(target))) ?? own[0])?.address
}

/** The sender's own entry at the receiver. */
function entryOf(next: NodeIntent, sender: WireGuardIntent): Hop | undefined {
  for (const one of next.interfaces) {
    const peer = one.peers.find(({ publicKey }) => publicKey === sender.publicKey)
    if (peer !== undefined) return { interface: one, peer }
  }
  return undefined
}

function accepts(
  { interface: one, peer }: Hop,
  source: Address,
  isUp: (peer: PeerIntent) => boolean,
): boolean {
  const own = isUp(peer) ? longestMatch(peer, source) : undefined
  if (own === undefined) return false
  return one.peers.every(
    (other) => other === peer || !isUp(other) || (longestMatch(other, source) ?? -1) < own,
  )
}

/** No peer of the node has it, and the node forwards: it goes on to the networks behind the node. */
function leadsOut(
  node: NodeIntent,
  { forwards }: WireGuardIntent,
  { target, isUp }: { readonly target: Address; readonly isUp: (peer: PeerIntent) => boolean },
): boolean {
  return (target.family === 4 ? forwards.inet : forwards.inet6) && nextHop(node, target, isUp) === undefined
}
