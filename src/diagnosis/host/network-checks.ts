/** The network as it is: switches of the kernel, the uplink, and what a plan would collide with. */
import { overlaps, parsePrefix } from '../../model/index.ts'
import { type HostCheck, type HostFacts, hostFindings } from './host-facts.ts'

/** What the outer IP and UDP headers and WireGuard's own take, with IPv6 outside. */
const OVERHEAD_BYTES = 80
const USUAL_MTU = 1500

const value = ({ sysctls }: HostFacts, path: string): string | undefined => sysctls[path]

export const rpFilter: HostCheck = (facts) => {
  const { ok, warn } = hostFindings('rp_filter')
  const strict = ['all', ...facts.links.map((link) => link.name)].filter(
    (name) => value(facts, `net/ipv4/conf/${name}/rp_filter`) === '1',
  )
  const all = value(facts, 'net/ipv4/conf/all/rp_filter')
  if (strict.length === 0 || all === '2') return ok(all === '2' ? 'loose' : 'off')
  return warn(
    `strict on ${strict.join(', ')}: packets are dropped that come in by another link than answers leave by`,
    'sysctl -w net.ipv4.conf.all.rp_filter=2',
  )
}

export const forwarding: HostCheck = (facts) => {
  const { ok, warn } = hostFindings('forwarding')
  const [v4, v6] = [value(facts, 'net/ipv4/ip_forward'), value(facts, 'net/ipv6/conf/all/forwarding')]
  const words = `IPv4 ${v4 === '1' ? 'on' : 'off'}, IPv6 ${v6 === '1' ? 'on' : 'off'}`
  const hasSwitch = value(facts, 'net/ipv6/conf/all/force_forwarding') !== undefined
  if (facts.plan?.forwards.inet6 === true && v6 !== '1' && !hasSwitch)
    return warn(
      `${words}: to relay IPv6 on this kernel the whole machine has to become a router`,
      'Say allowIPv6Forwarding: true in /etc/warren/agent.yaml',
    )
  return ok(`${words}; an agent turns it on for its own interfaces where they relay`)
}

export const ipv6: HostCheck = (facts) => {
  const { ok, warn } = hostFindings('ipv6')
  const path = 'net/ipv6/conf/all/disable_ipv6'
  if (value(facts, path) === '0') return ok('on')
  const wanted = facts.plan?.cidrs.some((one) => one.includes(':')) ?? false
  const says = value(facts, path) === undefined ? 'not in this kernel' : 'switched off'
  return wanted
    ? warn(`${says}, and the plan has IPv6 addresses`, 'sysctl -w net.ipv6.conf.all.disable_ipv6=0')
    : ok(says)
}

export const uplink: HostCheck = ({ uplink: name, links, plan }) => {
  const { ok, warn } = hostFindings('uplink')
  const link = links.find((one) => one.name === name)
  if (link === undefined) return warn('there is no default route: nobody outside can be called')
  const widest = Math.max(0, ...(plan?.interfaces.map((one) => one.mtuBytes) ?? [USUAL_MTU - OVERHEAD_BYTES]))
  const room = link.mtuBytes - OVERHEAD_BYTES
  return widest > room
    ? warn(
        `${link.name} carries ${link.mtuBytes} bytes, so tunnels through it carry ${room}, not ${widest}`,
        `Set interface.mtu to ${room} in the plan.`,
      )
    : ok(`${link.name}, mtu ${link.mtuBytes}`)
}

export const addressesInUse: HostCheck = ({ plan, addresses, routes, ours }) => {
  if (plan === null) return undefined
  const { ok, fail } = hostFindings('addresses')
  const cidrs = plan.cidrs.flatMap((text) => parsePrefix(text) ?? [])
  const isTaken = (text: string): boolean => {
    const prefix = parsePrefix(text)
    return prefix !== undefined && prefix.length > 0 && cidrs.some((one) => overlaps(one, prefix))
  }
  const used = [
    ...addresses.map(({ link, local, prefixLength }) => ({ link, text: `${local}/${prefixLength}` })),
    ...routes.map(({ link, destination }) => ({ link, text: destination })),
  ].filter(({ link, text }) => !ours.includes(link) && isTaken(text))
  const [first] = used
  return first === undefined
    ? ok(`${plan.cidrs.join(', ')} ${plan.cidrs.length === 1 ? 'is' : 'are'} free here`)
    : fail(
        `${plan.cidrs.join(', ')} of the plan overlaps ${first.text} of ${first.link}`,
        'Give the plan a CIDR that nobody here uses: spec.cidrs.',
      )
}

export const portsInUse: HostCheck = ({ plan, udpPorts, ownPorts, otherWireGuard }) => {
  if (plan === null) return undefined
  const { ok, fail } = hostFindings('ports')
  const wanted = plan.interfaces.flatMap(({ listenPort }) => listenPort ?? [])
  const taken = wanted.find((port) => udpPorts.includes(port) && !ownPorts.includes(port))
  if (taken === undefined)
    return ok(wanted.length === 0 ? 'the plan needs none here' : `UDP ${wanted.join(', ')} free`)
  const who = otherWireGuard.find((one) => one.listenPort === taken)
  return fail(
    `UDP ${taken} is taken${who === undefined ? '' : ` by ${who.link}`}`,
    who === undefined ? `ss -lunp sport = :${taken}` : `wg-quick down ${who.link}`,
    'Or give the node another listenPort in the plan.',
  )
}

export const namesInUse: HostCheck = ({ plan, links, ours }) => {
  if (plan === null) return undefined
  const { ok, fail } = hostFindings('interfaces')
  const taken = plan.interfaces.find(
    ({ name }) => links.some((link) => link.name === name) && !ours.includes(name),
  )
  if (taken === undefined) return ok(plan.interfaces.map((one) => one.name).join(', ') || 'none here')
  return fail(
    `there is a link ${taken.name} already, and it is not Warren's`,
    `ip link property add dev ${taken.name} altname warren-${taken.name}    # to hand it over`,
    'Or give the plan another interface.name.',
  )
}
