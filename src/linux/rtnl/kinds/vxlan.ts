/** Settings of VXLAN links: IFLA_VXLAN_* of <linux/if_link.h>. */
import { address, boolean, linkIndex, number, numberOf, type SettingField } from './setting-field.ts'

const IFLA_VXLAN_ID = 1
const IFLA_VXLAN_GROUP = 2
const IFLA_VXLAN_LINK = 3
const IFLA_VXLAN_LOCAL = 4
const IFLA_VXLAN_TTL = 5
const IFLA_VXLAN_TOS = 6
const IFLA_VXLAN_LEARNING = 7
const IFLA_VXLAN_AGEING = 8
const IFLA_VXLAN_LIMIT = 9
const IFLA_VXLAN_PORT_RANGE = 10
const IFLA_VXLAN_PROXY = 11
const IFLA_VXLAN_L2MISS = 13
const IFLA_VXLAN_L3MISS = 14
const IFLA_VXLAN_PORT = 15
const IFLA_VXLAN_GROUP6 = 16
const IFLA_VXLAN_LOCAL6 = 17
const IFLA_VXLAN_UDP_CSUM = 18
const IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19
const IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20
const IFLA_VXLAN_COLLECT_METADATA = 25

/**
 * Seconds after which a learned entry is forgotten; 0: never. The kernel takes 0 for its default of 300 seconds, so what
 * is sent for never is its largest number, which comes to seven weeks or more, depending on CONFIG_HZ.
 */
const NEVER = 0xffffffff
const ageing: SettingField = {
  settings: ['ageing'],
  attributes: [IFLA_VXLAN_AGEING],
  encode: (writer, settings) =>
    void writer.attributeU32(IFLA_VXLAN_AGEING, numberOf(settings, 'ageing') || NEVER),
  decode: (attribute, into) => {
    const seconds = attribute.u32()
    if (seconds !== undefined) into['ageing'] = seconds === NEVER ? 0 : seconds
  },
}

export const VXLAN: readonly SettingField[] = [
  number('id', IFLA_VXLAN_ID, 'u32'),
  linkIndex(IFLA_VXLAN_LINK),
  address('local', IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6),
  // A multicast group or one remote: what the kernel calls the default destination.
  address('group', IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6),
  number('port', IFLA_VXLAN_PORT, 'be16'),
  {
    settings: ['sourcePortLow', 'sourcePortHigh'],
    attributes: [IFLA_VXLAN_PORT_RANGE],
    // struct ifla_vxlan_port_range { low be16, high be16 }.
    encode: (writer, settings) => {
      const value = new DataView(new ArrayBuffer(4))
      value.setUint16(0, numberOf(settings, 'sourcePortLow'))
      value.setUint16(2, numberOf(settings, 'sourcePortHigh'))
      writer.attributeBytes(IFLA_VXLAN_PORT_RANGE, new Uint8Array(value.buffer))
    },
    decode: (attribute, into) => {
      const both = attribute.u32BigEndian()
      if (both === undefined) return
      into['sourcePortLow'] = both >>> 16
      into['sourcePortHigh'] = both & 0xffff
    },
  },
  number('ttl', IFLA_VXLAN_TTL, 'u8'),
  number('tos', IFLA_VXLAN_TOS, 'u8'),
  boolean('learning', IFLA_VXLAN_LEARNING),
  boolean('proxy', IFLA_VXLAN_PROXY),
  ageing,
  number('limit', IFLA_VXLAN_LIMIT, 'u32'),
  boolean('udpChecksum', IFLA_VXLAN_UDP_CSUM),
  boolean('udpZeroChecksum6Tx', IFLA_VXLAN_UDP_ZERO_CSUM6_TX),
  boolean('udpZeroChecksum6Rx', IFLA_VXLAN_UDP_ZERO_CSUM6_RX),
  boolean('l2Miss', IFLA_VXLAN_L2MISS),
  boolean('l3Miss', IFLA_VXLAN_L3MISS),
  boolean('external', IFLA_VXLAN_COLLECT_METADATA),
]
