/** What the plan routes into the tunnel against what a node's own LAN uses, as far as somebody looked. */
import { formatPrefix, overlaps, parsePrefix, type Prefix } from '../model/index.ts'
import type { Draft, PlannedNetwork } from './draft.ts'
import type { LanObservation } from './plan-result.ts'
import type { ProblemList, Where } from './problem-list.ts'

export function checkLan(
  { networks }: Draft,
  observations: readonly LanObservation[],
  problems: ProblemList,
): void {
  for (const { node, networks: lans } of observations) {
    for (const planned of networks.filter(({ network }) => network.byName.has(node))) {
      for (const { prefix: text, link } of lans) {
        const lan = parsePrefix(text)
        const clash = lan === undefined || lan.length === 0 ? undefined : clashOf(planned, node, lan)
        if (clash === undefined) continue
        const message = `${formatPrefix(clash.prefix)} overlaps ${text}, which ${node} uses on its own link ${link}`
        const hint = 'Choose another CIDR: what is inside both would no longer reach the LAN.'
        problems.add(clash.where, { code: 'LanUsesCidr', message, hint })
      }
    }
  }
}

function clashOf(
  { network }: PlannedNetwork,
  node: string,
  lan: Prefix,
): { readonly prefix: Prefix; readonly where: Where } | undefined {
  for (const [index, prefix] of network.cidrs.entries()) {
    if (overlaps(prefix, lan))
      return { prefix, where: { object: network.plan, path: ['spec', 'cidrs', index] } }
  }
  const site = network.byName.get(node)?.spec.site
  for (const member of network.members) {
    if (member.name === node || (site !== undefined && member.spec.site === site)) continue
    const index = member.networks.findIndex((prefix) => overlaps(prefix, lan))
    const prefix = member.networks[index]
    const path = [...member.where.path, 'allowedNetworks', index]
    if (prefix !== undefined) return { prefix, where: { object: member.where.object, path } }
  }
  return undefined
}
