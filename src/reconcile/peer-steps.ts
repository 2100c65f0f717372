/**
 * Peers of one interface, wanted against observed. Only peers that differ are mentioned: REPLACE_PEERS would
 * make the device drop every peer and its session first. A peer's allowed IPs are always replaced as a whole.
 */
import type {
  ObservedPeer,
  ObservedWireGuard,
  PeerChange,
  PeerIntent,
  WireGuardChange,
} from '../model/index.ts'
import type { DiffInput } from './difference.ts'
import type { WantedWireGuard } from './wanted.ts'

/** Names one peer of one interface (`linkIdOf`) in the maps of `DiffInput`. */
export const peerId = (link: string, publicKey: string): string => `${link} ${publicKey}`

/** Undefined when the device already is as wanted. */
export const wireguardChange = (
  wanted: WantedWireGuard,
  device: ObservedWireGuard | undefined,
  input: DiffInput,
): WireGuardChange | undefined => {
  const { id, intent } = wanted
  const key = input.publicKeys?.get(id) ?? intent.publicKey
  const change: WireGuardChange = {
    ...(device?.publicKey === undefined || (key !== undefined && device.publicKey !== key)
      ? { privateKey: intent.privateKey }
      : {}),
    ...(intent.listenPort !== undefined && device?.listenPort !== intent.listenPort
      ? { listenPort: intent.listenPort }
      : {}),
    ...((device?.fwmark ?? 0) === (intent.fwmark ?? 0) ? {} : { fwmark: intent.fwmark ?? 0 }),
    peers: peerChanges(wanted, device?.peers ?? [], input),
  }
  return Object.keys(change).length > 1 || change.peers.length > 0 ? change : undefined
}

/**
 * Removals first, then peers that lose prefixes, then the rest: a prefix that moves from one peer to another
 * is free before its new owner takes it, so no order of two updates can leave it with the wrong one.
 */
const peerChanges = (
  link: WantedWireGuard,
  observed: readonly ObservedPeer[],
  input: DiffInput,
): PeerChange[] => {
  const before = new Map(observed.map((p) => [p.publicKey, p]))
  const wanted = link.intent.peers.filter((p) => phaseOf(link, p, input) !== 'silent')
  const keep = new Set(wanted.map((p) => p.publicKey))
  const removals: PeerChange[] = []
  for (const peer of observed)
    if (!keep.has(peer.publicKey)) removals.push({ kind: 'remove', publicKey: peer.publicKey })
  const losing: PeerChange[] = []
  const rest: PeerChange[] = []
  for (const peer of wanted) {
    const old = before.get(peer.publicKey)
    const change = peerChange(link, peer, { old, input })
    if (change === undefined) continue
    const prefixes = new Set(change.allowedIPs ?? old?.allowedIPs ?? [])
    ;(old?.allowedIPs.some((p) => !prefixes.has(p)) ? losing : rest).push(change)
  }
  return [...removals, ...losing, ...rest]
}

const phaseOf = (link: WantedWireGuard, peer: PeerIntent, input: DiffInput) =>
  peer.path === 'always'
    ? 'installed'
    : (input.paths?.get(peerId(link.id, peer.publicKey))?.phase ?? 'probing')

type SetPeer = Extract<PeerChange, { kind: 'set' }>

const peerChange = (
  link: WantedWireGuard,
  peer: PeerIntent,
  { old, input }: { readonly old: ObservedPeer | undefined; readonly input: DiffInput },
): SetPeer | undefined => {
  const id = peerId(link.id, peer.publicKey)
  const allowedIPs = phaseOf(link, peer, input) === 'installed' ? peer.allowedIPs : []
  const digest =
    peer.presharedKey === undefined ? undefined : (input.presharedKeyDigests?.get(id) ?? 'unknown')
  const endpoint = input.endpoints?.get(id)
  const keepalive = peer.persistentKeepaliveSeconds || (wakes(link, { id, old, input }) ? 1 : 0)
  const change: SetPeer = {
    kind: 'set',
    publicKey: peer.publicKey,
    create: old === undefined,
    ...(old?.presharedKeyDigest === digest ? {} : { presharedKey: peer.presharedKey ?? 'none' }),
    ...(endpoint === undefined || endpoint === old?.endpoint ? {} : { endpoint }),
    ...(old !== undefined && sameSet(old.allowedIPs, allowedIPs) ? {} : { allowedIPs }),
    ...((old?.persistentKeepaliveSeconds ?? 0) === keepalive
      ? {}
      : { persistentKeepaliveSeconds: keepalive }),
  }
  return change.create || Object.keys(change).length > 3 ? change : undefined
}

/**
 * A peer that is made again, or whose interface comes up again, has lost its session, while the other end goes on
 * using it: what it sends is dropped until it gives up after 15 s. A keepalive makes this end shake hands at
 * once. The next round sees the keepalive as a difference and takes it away.
 */
const wakes = (
  { name, place }: WantedWireGuard,
  { id, old, input }: { id: string; old: ObservedPeer | undefined; input: DiffInput },
): boolean => {
  const isDown = place.links.get(name)?.up === false
  return input.alive?.has(id) === true && (old === undefined || isDown)
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean => {
  if (a.length !== b.length) return false
  if (a.every((value, i) => value === b[i])) return true
  const set = new Set(a)
  return b.every((value) => set.has(value))
}
