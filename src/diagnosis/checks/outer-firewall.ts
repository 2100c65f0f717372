/**
 * Packet filters on the way of the encrypted datagrams, at both ends: what leaves the caller, what comes in at the
 * other end, and the answers, which belong to a connection that is known by then.
 */
import {
  deviceAt,
  endpointParts,
  isAlive,
  type LegCheck,
  type LegContext,
  lookupAt,
  peerAt,
} from '../context.ts'
import type { NodeFacts } from '../facts.ts'
import { type Finding, findingsOf } from '../finding.ts'
import { type Hook, judge } from '../firewall/judge.ts'
import type { Packet } from '../firewall/packet.ts'
import { openingFor, placeOf } from '../firewall/rule-text.ts'

export const outerFirewall: LegCheck = (context) => {
  const { near, far, facts } = context
  const peer = peerAt(facts.get(near.node), near)
  if (peer === undefined || peer.endpoint === null) return undefined
  const { ok, unknown } = findingsOf('firewall', near.node)
  if (isAlive(context, context)) return ok('no packet filter stops the datagrams')
  const way = datagram(context, peer.endpoint)
  const stops = passages(context, way).map((passage) => stop(passage))
  const certain = stops.find((one) => one?.ok === false)
  const doubtful = stops.find((one) => one?.ok === null)
  const unseen = [near.node, far.node].filter((node) => facts.get(node)?.firewall.ruleset === null)
  if (certain ?? doubtful) return certain ?? doubtful
  return unseen.length === 0
    ? ok(`no packet filter at ${near.node} or ${far.node} stops the datagrams`)
    : unknown(`the packet filters of ${unseen.join(' and ')} could not be read`)
}

interface Datagram {
  readonly source: string | undefined
  readonly sourcePort: number | undefined
  readonly destination: string
  readonly destinationPort: number
  readonly outputLink: string | undefined
  readonly inputLink: string | undefined
  /** The port that the other end listens on; another one where a router translates. */
  readonly listenPort: number
  readonly fwmark: number
}

const datagram = ({ near, far, facts }: LegContext, at: string): Datagram => {
  const [own, other] = [facts.get(near.node), facts.get(far.node)]
  const { address, port } = endpointParts(at)
  const device = deviceAt(own, near.interface.name)
  const fwmark = device?.fwmark ?? 0
  const way = lookupAt(own, address, fwmark)?.answer
  const source = way?.kind === 'way' ? (way.source ?? undefined) : undefined
  const direct = other?.addresses.some((one) => one.local === address) ?? false
  return {
    source: source !== undefined && direct ? source : undefined,
    sourcePort: direct ? device?.listenPort : undefined,
    destination: address,
    destinationPort: port,
    outputLink: way?.kind === 'way' ? (way.link ?? undefined) : undefined,
    inputLink: other?.addresses.find((one) => one.local === address)?.link,
    listenPort: deviceAt(other, far.interface.name)?.listenPort ?? port,
    fwmark,
  }
}

interface PassageAt {
  readonly facts: NodeFacts | undefined
  readonly node: string
  readonly hooks: readonly Hook[]
  readonly packet: Packet
  readonly what: string
}

const passages = ({ near, far, facts }: LegContext, way: Datagram): PassageAt[] => {
  const family = way.destination.includes(':') ? 6 : 4
  const [own, other] = [facts.get(near.node), facts.get(far.node)]
  const base = { family, protocol: 'udp' } as const
  const there = { source: way.source, destination: way.destination, sourcePort: way.sourcePort }
  const back = { source: undefined, destination: way.source, destinationPort: way.sourcePort }
  const what = `datagrams to ${far.node}`
  const answers = `answers to ${near.node}`
  return [
    {
      ...{ facts: own, node: near.node, hooks: ['output', 'postrouting'], what },
      packet: {
        ...{ ...base, ...there, destinationPort: way.destinationPort, state: 'new' },
        ...{ outputLink: way.outputLink, mark: way.fwmark },
      },
    },
    {
      ...{ facts: other, node: far.node, hooks: ['prerouting', 'input'], what: `datagrams of ${near.node}` },
      packet: {
        ...{ ...base, ...there, destinationPort: way.listenPort, state: 'new', inputLink: way.inputLink },
        // Behind a translation it arrives at an address that is not the one that was called.
        destination: way.inputLink === undefined ? undefined : way.destination,
      },
    },
    {
      ...{ facts: other, node: far.node, hooks: ['output', 'postrouting'], what: answers },
      packet: {
        ...{ ...base, ...back, sourcePort: way.listenPort, state: 'established' },
        outputLink: way.inputLink,
      },
    },
    {
      ...{ facts: own, node: near.node, hooks: ['prerouting', 'input'], what: `answers of ${far.node}` },
      packet: {
        ...{ ...base, source: way.destination, sourcePort: way.destinationPort, state: 'established' },
        ...{ destination: undefined, destinationPort: way.sourcePort, inputLink: way.outputLink },
      },
    },
  ]
}

const stop = ({ facts, node, hooks, packet, what }: PassageAt): Finding | undefined => {
  const ruleset = facts?.firewall.ruleset
  if (ruleset === null || ruleset === undefined) return undefined
  const { verdict, certain, by } = judge(ruleset, { hooks, packet })
  if (by === undefined) return undefined
  const { fails, unknown } = findingsOf('firewall', node)
  const opening = openingFor(by, packet)
  if (verdict === 'drop' && certain)
    return fails({
      says: `the packet filter of ${node} drops ${what}: ${placeOf(by, ruleset)}`,
      because: 'without them there is no handshake',
      fix: [opening],
    })
  return unknown(`the packet filter of ${node} may drop ${what}: ${placeOf(by, ruleset)}`, [opening])
}
