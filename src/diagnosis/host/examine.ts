/** Whether a host is fit: every check on what was read of it, the machine first, then its network, then its neighbours. */
import type { HostCheck, HostFacts, HostFinding } from './host-facts.ts'
import { capabilities, clock, linkKinds, nodeVersion, tun, wireguard } from './machine-checks.ts'
import {
  firewalld,
  forwardPolicy,
  networkd,
  networkManager,
  otherWireGuard,
  runtimes,
  ufw,
  wgQuick,
} from './neighbour-checks.ts'
import {
  addressesInUse,
  forwarding,
  ipv6,
  namesInUse,
  portsInUse,
  rpFilter,
  uplink,
} from './network-checks.ts'

const HOST_CHECKS: readonly HostCheck[] = [
  ...[nodeVersion, capabilities, wireguard, tun, linkKinds, clock],
  ...[uplink, ipv6, forwarding, rpFilter, addressesInUse, portsInUse, namesInUse],
  ...[networkd, networkManager, ufw, firewalld, forwardPolicy, wgQuick, otherWireGuard, runtimes],
]

export const examine = (facts: HostFacts): HostFinding[] =>
  HOST_CHECKS.flatMap((check) => {
    const finding = check(facts)
    return finding === undefined ? [] : [finding]
  })
