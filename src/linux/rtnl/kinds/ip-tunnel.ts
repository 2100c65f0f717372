/**
 * Settings of ipip and ip6tnl links: IFLA_IPTUN_* of <linux/if_tunnel.h>.
 *
 * IPv6 tunnels keep the traffic class inside the flow information, and add a destination option that bounds how
 * deeply tunnels may be nested (RFC 2473 §4.1.1), unless told not to.
 */
import { address, boolean, linkIndex, number, numberOf, type SettingField } from './setting-field.ts'

const IFLA_IPTUN_LINK = 1
const IFLA_IPTUN_LOCAL = 2
const IFLA_IPTUN_REMOTE = 3
const IFLA_IPTUN_TTL = 4
const IFLA_IPTUN_TOS = 5
const IFLA_IPTUN_ENCAP_LIMIT = 6
const IFLA_IPTUN_FLOWINFO = 7
const IFLA_IPTUN_PMTUDISC = 10

const ENDS: readonly SettingField[] = [
  linkIndex(IFLA_IPTUN_LINK),
  address('local', IFLA_IPTUN_LOCAL),
  address('remote', IFLA_IPTUN_REMOTE),
  number('ttl', IFLA_IPTUN_TTL, 'u8'),
]

export const IPIP: readonly SettingField[] = [
  ...ENDS,
  number('tos', IFLA_IPTUN_TOS, 'u8'),
  boolean('pathMtuDiscovery', IFLA_IPTUN_PMTUDISC),
]

/** IPv6 flow information: 12 bits of version and traffic class, 20 of flow label. */
export const trafficClass = (attribute: number): SettingField => ({
  settings: ['tos'],
  attributes: [attribute],
  encode: (writer, settings) =>
    void writer.attributeU32BigEndian(attribute, (numberOf(settings, 'tos') << 20) >>> 0),
  decode: (cursor, into) => {
    const information = cursor.u32BigEndian()
    if (information !== undefined) into['tos'] = (information >>> 20) & 0xff
  },
})

export const IP6TNL: readonly SettingField[] = [
  ...ENDS,
  trafficClass(IFLA_IPTUN_FLOWINFO),
  number('encapLimit', IFLA_IPTUN_ENCAP_LIMIT, 'u8'),
]
