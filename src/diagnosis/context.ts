/** What a check is given, and what several checks ask about it. Every check is `(context) => Finding | undefined`. */
import type { DeviceFacts, LinkFacts, LookupFacts, NodeFacts, PeerFacts, ProbeFacts } from './facts.ts'
import { HANDSHAKE_STALE_MS } from '../reconcile/index.ts'
import type { Finding } from './finding.ts'
import { type Leg, type LegEnd, longestMatch, type Trace } from './trace.ts'

export interface PathContext {
  readonly trace: Trace
  readonly facts: ReadonlyMap<string, NodeFacts>
  /** Nodes that could not be asked, and why. */
  readonly unreachable: ReadonlyMap<string, string>
}

export interface NodeContext extends PathContext {
  readonly node: string
}

/** One direction of a leg. `forth`: with the packet; the other way its answer comes. */
export interface LegContext extends PathContext {
  readonly near: LegEnd
  readonly far: LegEnd
  readonly forth: boolean
}

export type NodeCheck = (context: NodeContext) => Finding | undefined
export type LegCheck = (context: LegContext) => Finding | undefined
export type PathCheck = (context: PathContext) => Finding | undefined

export const linkAt = (facts: NodeFacts | undefined, name: string): LinkFacts | undefined =>
  facts?.links.find((link) => link.name === name)

export const deviceAt = (facts: NodeFacts | undefined, name: string): DeviceFacts | undefined =>
  facts?.wireguard.find((device) => device.link === name)

/** The other end of a leg, as the device of this end has it. */
export const peerAt = (facts: NodeFacts | undefined, end: LegEnd): PeerFacts | undefined =>
  deviceAt(facts, end.interface.name)?.peers.find((peer) => peer.publicKey === end.peer.publicKey)

export const probeAt = (facts: NodeFacts | undefined, to: string): ProbeFacts | undefined =>
  facts?.probes.find((probe) => probe.to === to)

export const answered = (facts: NodeFacts | undefined, to: string): boolean =>
  (probeAt(facts, to)?.answeredMs ?? null) !== null

/** Where this node would send a packet of its own. */
export const lookupAt = (facts: NodeFacts | undefined, to: string, mark = 0): LookupFacts | undefined =>
  facts?.lookups.find((one) => one.to === to && one.from === null && one.mark === mark)

export const arrivalAt = (
  facts: NodeFacts | undefined,
  wanted: { readonly link: string; readonly from: string; readonly to: string },
): LookupFacts | undefined =>
  facts?.lookups.find(
    (one) => one.to === wanted.to && one.from === wanted.from && one.inputLink === wanted.link,
  )

export const sysctl = (facts: NodeFacts | undefined, path: string): number | undefined => {
  const text = facts?.sysctls[path]
  return text === undefined ? undefined : Number(text)
}

/** The public key of the peer that a device would send this to, and from which alone it takes it. */
export const holderOf = (device: DeviceFacts | undefined, address: string): string | undefined => {
  let best: { key: string; length: number } | undefined
  for (const { publicKey, allowedIPs } of device?.peers ?? []) {
    const length = longestMatch(allowedIPs, address)
    if (length !== undefined && (best === undefined || length > best.length))
      best = { key: publicKey, length }
  }
  return best?.key
}

interface Direction {
  readonly from: LegEnd
  readonly to: LegEnd
}

/** Packets of `from` came out of the tunnel at `to` while the probes were under way, or must have. */
export const delivered = ({ facts }: PathContext, { from, to }: Direction): boolean => {
  const [sender, receiver] = [facts.get(from.node), facts.get(to.node)]
  if (answered(sender, to.address) || answered(receiver, from.address)) return true
  const peer = peerAt(receiver, to)
  return receiver !== undefined && peer !== undefined && peer.rxGrewBytes > 0 && hasSession(receiver, peer)
}

/** Without one, what was heard were calls only, which are heard even when the answer to them is not understood. */
const hasSession = ({ nowMs }: NodeFacts, { lastHandshakeMs }: PeerFacts): boolean =>
  lastHandshakeMs !== null && nowMs - lastHandshakeMs < HANDSHAKE_STALE_MS

/** Whether probes got as far as the tunnel, and would be taken out of it: otherwise their absence says nothing of it. */
const isTried = ({ facts }: PathContext, { from, to }: Direction): boolean => {
  const [sender, receiver] = [facts.get(from.node), facts.get(to.node)]
  const way = lookupAt(sender, to.address)?.answer
  if (sender === undefined || way?.kind !== 'way' || way.link !== from.interface.name) return false
  if (holderOf(deviceAt(sender, from.interface.name), to.address) !== from.peer.publicKey) return false
  const device = deviceAt(receiver, to.interface.name)
  return device === undefined || holderOf(device, from.address) === to.peer.publicKey
}

/** Both ends hear each other as far as they tried to; what goes wrong then goes wrong inside. */
export const isAlive = (context: PathContext, { near, far }: Leg): boolean => {
  const directions: readonly Direction[] = [
    { from: near, to: far },
    { from: far, to: near },
  ]
  const tried = directions.filter((one) => isTried(context, one))
  if (tried.length === 0) return directions.every(({ from }) => isUntouched(context, from))
  return tried.every((one) => {
    // Of a node that was not asked we know only whether it is heard.
    const heard = context.facts.has(one.to.node) ? one : { from: one.to, to: one.from }
    return delivered(context, heard)
  })
}

/** Nothing was sent through it, so nothing can be said against it, as long as the device itself is right. */
const isUntouched = ({ facts }: PathContext, end: LegEnd): boolean => {
  const own = facts.get(end.node)
  return own === undefined || (peerAt(own, end)?.publicKey !== undefined && holdsPlannedKey(own, end))
}

const holdsPlannedKey = (facts: NodeFacts, end: LegEnd): boolean =>
  deviceAt(facts, end.interface.name)?.publicKey === (end.interface.publicKey ?? null)

/** Whether a probe of the whole path was answered; undefined when nobody could send one. */
export const reaches = ({ facts, trace }: PathContext): boolean | undefined => {
  const there = probeAt(facts.get(trace.from), trace.target)
  const back = probeAt(facts.get(trace.to), trace.source)
  if (there === undefined && back === undefined) return undefined
  return there === undefined ? (back?.answeredMs ?? null) !== null : there.answeredMs !== null
}

/** `wg0`, where the leg leads; `10.8.0.0/24` … */
export const endpointParts = (text: string): { readonly address: string; readonly port: number } => {
  const colon = text.lastIndexOf(':')
  return { address: text.slice(0, colon).replaceAll(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}
