/** IPv6 needs 1280 bytes on every link (RFC 8200 §5); below, the kernel takes IPv6 off the interface. */
import { linkAddresses } from './link-network.ts'
import type { PlannedNetwork } from './draft.ts'
import type { ProblemList } from './problem-list.ts'

const MIN_MTU_IPV6 = 1280

export function checkMtu({ network, members, links }: PlannedNetwork, problems: ProblemList): void {
  const hint = 'Use 1280 or more, or no IPv6 addresses.'
  for (const { settings, addresses, member, name } of network.topology === 'Links' ? [] : members) {
    if (settings.mtuBytes >= MIN_MTU_IPV6 || !addresses.some(({ local }) => local.includes(':'))) continue
    const message = `${name} has IPv6 and an MTU of ${settings.mtuBytes}, below 1280`
    problems.add(member.where, { code: 'MtuTooSmall', message, hint })
  }
  for (const { plan } of links) {
    const mtuBytes =
      plan.link.mtu ?? members.find(({ name }) => name === plan.member.name)?.settings.mtuBytes ?? 0
    if (mtuBytes >= MIN_MTU_IPV6 || !linkAddresses(plan).some(({ local }) => local.includes(':'))) continue
    const message = `${plan.member.name} has IPv6 and an MTU of ${mtuBytes}, below 1280`
    problems.add(plan.where, { code: 'MtuTooSmall', message, hint })
  }
}
