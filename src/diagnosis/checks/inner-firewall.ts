/**
 * Packet filters on what goes through the tunnel: leaving the first node, forwarded in the middle, coming in at the
 * last, and the same for the answers. The packet is an echo request, which is what is sent to find out.
 */
import type { NodeCheck, NodeContext } from '../context.ts'
import { type Finding, findingsOf } from '../finding.ts'
import { type Hook, judge, type Judgement } from '../firewall/judge.ts'
import type { Packet } from '../firewall/packet.ts'
import { openingFor, placeOf } from '../firewall/rule-text.ts'

export const innerFirewall: NodeCheck = (context) => {
  const { node, facts } = context
  const own = facts.get(node)
  if (own === undefined) return undefined
  const { ok, fails, unknown } = findingsOf('nftables', node)
  const { ruleset, unseen } = own.firewall
  if (ruleset === null) return unknown(`the packet filter could not be read: ${unseen.join(', ')}`)
  let doubt: Finding | undefined
  for (const { hooks, packet } of passagesAt(context)) {
    const judgement = judge(ruleset, { hooks, packet })
    if (judgement.by === undefined) continue
    const says = `${wordFor(judgement, node)} ${what(packet)}: ${placeOf(judgement.by, ruleset)}`
    const fix = [openingFor(judgement.by, packet)]
    if (judgement.verdict === 'drop' && judgement.certain)
      return fails({ says, because: 'it arrives through the tunnel and ends there', fix })
    doubt ??= unknown(says, fix)
  }
  if (doubt) return doubt
  return unseen.length > 0
    ? unknown(`nftables lets it through; not looked at: ${unseen.join(', ')}`)
    : ok('nftables lets it through')
}

const wordFor = ({ verdict, certain }: Judgement, node: string): string =>
  verdict === 'drop' && certain
    ? `the packet filter of ${node} drops`
    : `the packet filter of ${node} may drop`

const what = ({ source, destination, inputLink, outputLink }: Packet): string => {
  const by = [
    ...(inputLink === undefined ? [] : [`in by ${inputLink}`]),
    ...(outputLink === undefined ? [] : [`out by ${outputLink}`]),
  ]
  return `packets from ${source ?? '?'} to ${destination ?? '?'} (${by.join(', ')})`
}

const passagesAt = ({ trace, node }: NodeContext): { hooks: Hook[]; packet: Packet }[] => {
  const { source, target, family, from, to, legs } = trace
  const inward = legs.find(({ far }) => far.node === node)?.far.interface.name
  const outward = legs.find(({ near }) => near.node === node)?.near.interface.name
  const there = { family, protocol: 'icmp', source, destination: target, state: 'new' } as const
  const back = { ...there, source: target, destination: source, state: 'established' } as const
  const leaving = (packet: Packet, outputLink: string | undefined) => ({
    hooks: ['output', 'postrouting'] as Hook[],
    packet: { ...packet, outputLink },
  })
  const arriving = (packet: Packet, inputLink: string | undefined) => ({
    hooks: ['prerouting', 'input'] as Hook[],
    packet: { ...packet, inputLink },
  })
  if (node === from) return [leaving(there, outward), arriving(back, outward)]
  if (node === to) return [arriving(there, inward), leaving(back, inward)]
  const through = (packet: Packet, inputLink: string | undefined, outputLink: string | undefined) => [
    { hooks: ['prerouting'] as Hook[], packet: { ...packet, inputLink } },
    { hooks: ['forward'] as Hook[], packet: { ...packet, inputLink, outputLink } },
    { hooks: ['postrouting'] as Hook[], packet: { ...packet, outputLink } },
  ]
  return [...through(there, inward, outward), ...through(back, outward, inward)]
}
