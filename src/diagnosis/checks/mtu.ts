/**
 * Packets of full size. When small ones pass and large ones vanish, connections open and then hang: the classic black
 * hole, where a router drops what is too large and nobody hears of it.
 */
import { type PathCheck, type PathContext, probeAt } from '../context.ts'
import type { ProbeFacts } from '../facts.ts'
import { type Finding, findingsOf } from '../finding.ts'
import type { Trace } from '../trace.ts'

/** RFC 8200 §5. */
const IPV6_MINIMUM = 1280

export const mtu: PathCheck = (context) => {
  const { trace, facts } = context
  const probe = probeAt(facts.get(trace.from), trace.target)
  if (probe === undefined || probe.full === null) return undefined
  const { ok, unknown } = findingsOf('mtu', trace.from)
  if (probe.full.answered) return ok(`packets of ${probe.full.bytes} bytes pass`)
  if (probe.largestBytes === null) return unknown(`packets of ${probe.full.bytes} bytes got no answer`)
  return blackHole(context, probe, probe.full.bytes)
}

const blackHole = (context: PathContext, probe: ProbeFacts, fullBytes: number): Finding => {
  const { trace } = context
  const largest = probe.largestBytes ?? 0
  const where = narrowLeg(context)
  const { node, link, far } = where
  const { fails } = findingsOf('mtu', node)
  const fix = [
    `ip link set dev ${link} mtu ${largest}    # at ${node} and at ${far}`,
    `Set interface.mtu to ${largest} in the plan, or let routers send ICMP "fragmentation needed" through.`,
  ]
  const small =
    trace.family === 6 || largest < IPV6_MINIMUM
      ? [
          `IPv6 needs ${IPV6_MINIMUM}: below that the way between ${node} and ${far} itself has to be repaired.`,
        ]
      : []
  return fails({
    says: `packets of ${fullBytes} bytes vanish between ${node} and ${far}; the largest that passes has ${largest}`,
    because: 'small packets pass, so connections open, and hang as soon as they carry much',
    fix: largest < IPV6_MINIMUM ? [...fix, ...small] : fix,
  })
}

/** The first leg on which a packet of full size is not answered; of the whole path when each one is fine. */
const narrowLeg = ({ trace, facts }: PathContext): { node: string; link: string; far: string } => {
  for (const { near, far } of trace.legs) {
    const full = probeAt(facts.get(near.node), far.address)?.full
    if (full && !full.answered) return { node: near.node, link: near.interface.name, far: far.node }
  }
  return { node: trace.from, link: linkOf(trace), far: trace.to }
}

const linkOf = ({ legs }: Trace): string => legs[0]?.near.interface.name ?? 'wg0'
