/**
 * The MTU a link is to have. Given, it is that. Otherwise a link on top of another follows it, less what the
 * encapsulation takes, as the kernel does once when the link is made; everything else is left as it is.
 */
import type { LinkIntent, LinkSettings, WireGuardIntent } from '../model/index.ts'
import type { Place } from './place.ts'

const [IPV4, IPV6, UDP, ETHERNET] = [20, 40, 8, 14]

/** Bytes of every packet that are not the inner packet. */
export const overheadOf = ({ kind, settings }: LinkIntent): number | undefined => {
  const key = settings.outputKey === undefined ? 0 : 4
  // The destination options that carry the encapsulation limit (RFC 2473 §5.1).
  const limit = 8
  switch (kind) {
    case 'vlan':
    case 'macvlan':
      return 0
    case 'vxlan':
      return (isIpv6(settings.group) || isIpv6(settings.local) ? IPV6 : IPV4) + UDP + 8 + ETHERNET
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

/**
 * Undefined: to be left alone. Parents come first in a diff, so theirs is what they are about to have. `settings`:
 * those it is about to have, which differ from the wanted ones while it stands on another link than it should.
 */
export const linkMtu = (intent: LinkIntent, place: Place, settings: LinkSettings): number | undefined => {
  if (intent.mtuBytes !== undefined) return intent.mtuBytes
  const overhead = overheadOf(intent)
  const parent = place.links.get(String(settings.link ?? ''))
  if (overhead === undefined || parent === undefined || parent.mtuBytes <= overhead) return undefined
  return parent.mtuBytes - overhead
}

export const wireguardMtu = (intent: WireGuardIntent): number => intent.mtuBytes
