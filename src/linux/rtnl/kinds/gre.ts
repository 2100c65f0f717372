/**
 * Settings of gre and gretap (over IPv4), ip6gre and ip6gretap (over IPv6) links: IFLA_GRE_* of <linux/if_tunnel.h>.
 */
import { trafficClass } from './ip-tunnel.ts'
import { address, boolean, linkIndex, number, numberOf, type SettingField } from './setting-field.ts'

const IFLA_GRE_LINK = 1
const IFLA_GRE_IFLAGS = 2
const IFLA_GRE_OFLAGS = 3
const IFLA_GRE_IKEY = 4
const IFLA_GRE_OKEY = 5
const IFLA_GRE_LOCAL = 6
const IFLA_GRE_REMOTE = 7
const IFLA_GRE_TTL = 8
const IFLA_GRE_TOS = 9
const IFLA_GRE_PMTUDISC = 10
const IFLA_GRE_ENCAP_LIMIT = 11
const IFLA_GRE_FLOWINFO = 12
/** In IFLA_GRE_IFLAGS and IFLA_GRE_OFLAGS: packets carry a key. Without it the key's attribute means nothing. */
const GRE_KEY = 0x2000

const key = (name: string, flags: number, value: number): SettingField => ({
  settings: [name],
  attributes: [flags, value],
  encode: (writer, settings) => {
    writer.attributeU16BigEndian(flags, GRE_KEY)
    writer.attributeU32BigEndian(value, numberOf(settings, name))
  },
  // The kernel sends the flags first.
  decode: (attribute, into) => {
    if (attribute.type === flags) {
      if ((attribute.u16BigEndian() ?? 0) & GRE_KEY) into[name] = 0
    } else if (name in into) into[name] = attribute.u32BigEndian() ?? 0
  },
})

const ENDS: readonly SettingField[] = [
  linkIndex(IFLA_GRE_LINK),
  address('local', IFLA_GRE_LOCAL),
  address('remote', IFLA_GRE_REMOTE),
  key('inputKey', IFLA_GRE_IFLAGS, IFLA_GRE_IKEY),
  key('outputKey', IFLA_GRE_OFLAGS, IFLA_GRE_OKEY),
  number('ttl', IFLA_GRE_TTL, 'u8'),
]

export const GRE: readonly SettingField[] = [
  ...ENDS,
  number('tos', IFLA_GRE_TOS, 'u8'),
  boolean('pathMtuDiscovery', IFLA_GRE_PMTUDISC),
]

export const IP6GRE: readonly SettingField[] = [
  ...ENDS,
  trafficClass(IFLA_GRE_FLOWINFO),
  number('encapLimit', IFLA_GRE_ENCAP_LIMIT, 'u8'),
]
