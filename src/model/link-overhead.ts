/**
 * What a link takes of the MTU of the one that it lies on: the bytes of its outer headers, as the kernel reckons
 * them when it makes the link (vxlan_config_apply, ip_tunnel_bind_dev, ip6_tnl_link_config).
 */
import type { LinkIntent } from './link-intent.ts'

const [IPV4, IPV6, UDP, ETHERNET] = [20, 40, 8, 14]

/** Undefined for kinds that do not lie on another link. */
export const overheadOf = ({ kind, settings }: Pick<LinkIntent, 'kind' | 'settings'>): number | undefined => {
  const key = settings['outputKey'] === undefined ? 0 : 4
  // The destination options that carry the encapsulation limit (RFC 2473 §5.1).
  const limit = 8
  switch (kind) {
    case 'vlan':
    case 'macvlan':
      return 0
    case 'vxlan':
      return (isIpv6(settings['group']) || isIpv6(settings['local']) ? IPV6 : IPV4) + UDP + 8 + ETHERNET
    case 'ipip':
      return IPV4
    case 'gre':
      return IPV4 + 4 + key
    case 'gretap':
      return IPV4 + 4 + key + ETHERNET
    case 'ip6tnl':
      return IPV6 + limit
    case 'ip6gre':
      return IPV6 + 4 + key + limit
    case 'ip6gretap':
      return IPV6 + 4 + key + limit + ETHERNET
    case 'bridge':
    case 'dummy':
    case 'veth':
    case 'vrf':
      return undefined
  }
}

const isIpv6 = (address: unknown): boolean => typeof address === 'string' && address.includes(':')
