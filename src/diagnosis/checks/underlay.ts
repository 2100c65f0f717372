/**
 * The way of the encrypted datagrams outside: a route to the endpoint that is not the tunnel itself, a socket there
 * that listens, and no reverse-path filter that drops what comes in by another link than answers would leave by.
 */
import {
  deviceAt,
  endpointParts,
  isAlive,
  type LegCheck,
  type LegContext,
  lookupAt,
  peerAt,
  sysctl,
} from '../context.ts'
import { type Finding, findingsOf } from '../finding.ts'
import type { LookupAnswer, NodeFacts } from '../facts.ts'

/** RTN_UNICAST, RTN_LOCAL. */
const USABLE = new Set([1, 2])

export const underlay: LegCheck = (context) => {
  const { near, facts } = context
  const peer = peerAt(facts.get(near.node), near)
  if (peer === undefined || peer.endpoint === null) return undefined
  const { ok } = findingsOf('underlay', near.node)
  if (isAlive(context, context)) return ok(`datagrams reach ${peer.endpoint}`)
  return (
    route(context, peer.endpoint) ?? listening(context, peer.endpoint) ?? reversePath(context, peer.endpoint)
  )
}

const route = ({ near, far, facts }: LegContext, at: string): Finding | undefined => {
  const own = facts.get(near.node)
  const { address } = endpointParts(at)
  const mark = deviceAt(own, near.interface.name)?.fwmark ?? 0
  const answer = lookupAt(own, address, mark)?.answer
  if (answer === undefined) return undefined
  const { fails } = findingsOf('underlay', near.node)
  if (answer.kind === 'refused' || !USABLE.has(answer.type))
    return fails({
      says: `${near.node} has no route to ${address}, where ${far.node} is (${refusal(answer)})`,
      because: 'the encrypted datagrams cannot leave',
      fix: [`ip route get ${address}`, `ip route add ${address} via GATEWAY`],
    })
  const tunnel = own?.wireguard.find((device) => device.link === answer.link)
  if (tunnel === undefined) return undefined
  return fails({
    says: `the route to ${address} leads into the tunnel ${tunnel.link} itself`,
    because: 'a datagram that carries the tunnel would have to go through it first',
    fix: [
      `ip route add ${address}/${address.includes(':') ? 128 : 32} via GATEWAY`,
      `Leave ${address} out of the allowed networks of the plan.`,
    ],
  })
}

const refusal = (answer: LookupAnswer): string =>
  answer.kind === 'refused' ? answer.code : (ROUTE_TYPES[answer.type] ?? `route type ${answer.type}`)

const ROUTE_TYPES: Readonly<Record<number, string>> = {
  ...{ 6: 'blackhole', 7: 'unreachable', 8: 'prohibit', 9: 'throw' },
}

/** Only where nothing translates on the way: then the port that is called is the one to listen on. */
const listening = ({ near, far, facts }: LegContext, at: string): Finding | undefined => {
  const other = facts.get(far.node)
  const device = deviceAt(other, far.interface.name)
  const { address, port } = endpointParts(at)
  if (other === undefined || device === undefined || !owns(other, address)) return undefined
  const { fails } = findingsOf('underlay', far.node)
  if (device.listenPort !== port)
    return fails({
      says: `${near.node} calls port ${port}, but ${far.interface.name} listens on ${device.listenPort}`,
      because: 'nobody answers on that port',
      fix: ["warren push PLAN --via 'ssh root@{node}'"],
    })
  if (other.udpPorts.includes(port)) return undefined
  return fails({
    says: `no UDP socket is bound to port ${port}`,
    because: `what ${near.node} sends there is refused`,
    fix: [`ss -lunp sport = :${port}`, 'systemctl restart warren-agent'],
  })
}

const owns = (facts: NodeFacts, address: string): boolean =>
  facts.addresses.some((one) => one.local === address)

/** IPv4 only: IPv6 has no such filter but nftables'. */
const reversePath = (context: LegContext, at: string): Finding | undefined => {
  const { near, far, facts } = context
  const other = facts.get(far.node)
  const { address } = endpointParts(at)
  const arriving = other?.addresses.find((one) => one.local === address)?.link
  const caller = lookupAt(facts.get(near.node), address)?.answer
  const source = caller?.kind === 'way' ? caller.source : null
  if (other === undefined || arriving === undefined || source === null || address.includes(':'))
    return undefined
  const back = other.lookups.find((one) => one.to === source && one.from === null)?.answer
  if (back === undefined || strictness(other, arriving) !== 1) return undefined
  if (back.kind === 'way' && back.link === arriving) return undefined
  const leaves = back.kind === 'way' ? `leave by ${back.link ?? 'no link'}` : `have no route (${back.code})`
  return findingsOf('rp-filter', far.node).fails({
    says: `datagrams from ${source} come in by ${arriving}, but answers ${leaves}, and rp_filter of ${arriving} is strict`,
    because: 'the kernel drops them for coming the wrong way, before WireGuard sees them',
    fix: [`sysctl -w net.ipv4.conf.${arriving}.rp_filter=2`, 'sysctl -w net.ipv4.conf.all.rp_filter=2'],
  })
}

/** The stricter of the two counts (ip-sysctl): 0 off, 1 strict, 2 loose; loose wins over strict as the larger. */
export const strictness = (facts: NodeFacts, link: string): number =>
  Math.max(
    sysctl(facts, 'net/ipv4/conf/all/rp_filter') ?? 0,
    sysctl(facts, `net/ipv4/conf/${link}/rp_filter`) ?? 0,
  )
