/**
 * What a link takes of the MTU of the one that it lies on: the bytes of its outer headers, as the kernel reckons
 * them when it makes the link (vxlan_config_apply, ip_tunnel_bind_dev, ip6_tnl_link_config).
 */
import type { LinkIntent } from '../../model/index.ts'

/** Undefined for kinds that do not lie on another link. */
export function overheadOf({ kind, settings }: Pick<LinkIntent, 'kind' | 'settings'>): number | undefined {
  switch (kind) {
    case 'vlan':
    case 'macvlan':
      return 0
    case 'vxlan':
      // Inner Ethernet 14, VXLAN 8, UDP 8, outer IP 20 or 40.
      return isV6(settings) ? 70 : 50
    case 'ipip':
      return 20
    case 'ip6tnl':
      // The destination option of RFC 2473 takes 8.
      return 48
    case 'gre':
      return 24 + keyBytes(settings)
    case 'gretap':
      return 38 + keyBytes(settings)
    case 'ip6gre':
      return 52 + keyBytes(settings)
    case 'ip6gretap':
      return 66 + keyBytes(settings)
    case 'dummy':
    case 'bridge':
    case 'veth':
    case 'vrf':
      return undefined
  }
}

const keyBytes = (settings: LinkIntent['settings']): number => (settings['outputKey'] === undefined ? 0 : 4)

const isV6 = ({ local, group }: LinkIntent['settings']): boolean => String(group ?? local ?? '').includes(':')
