/** Settings of VLAN links: IFLA_VLAN_* of <linux/if_link.h>. `link` is IFLA_LINK, outside of IFLA_INFO_DATA. */
import { number, type SettingField, word } from './setting-field.ts'

const IFLA_VLAN_ID = 1
const IFLA_VLAN_FLAGS = 2
const IFLA_VLAN_PROTOCOL = 5
const VLAN_FLAG_REORDER_HDR = 0x1

/** ETH_P_8021Q and ETH_P_8021AD. */
export const VLAN_PROTOCOLS = { '802.1Q': 0x8100, '802.1ad': 0x88a8 } as const

export const VLAN: readonly SettingField[] = [
  number('id', IFLA_VLAN_ID, 'u16'),
  word('protocol', { attribute: IFLA_VLAN_PROTOCOL, form: 'be16', words: VLAN_PROTOCOLS }),
  {
    settings: ['reorderHeader'],
    attributes: [IFLA_VLAN_FLAGS],
    // struct ifla_vlan_flags { flags u32, mask u32 }.
    encode: (writer, { reorderHeader }) => {
      const value = new Uint8Array(8)
      if (reorderHeader === true) value[0] = VLAN_FLAG_REORDER_HDR
      value[4] = VLAN_FLAG_REORDER_HDR
      writer.attributeBytes(IFLA_VLAN_FLAGS, value)
    },
    decode: (attribute, into) => {
      const flags = attribute.u32()
      if (flags !== undefined) into['reorderHeader'] = (flags & VLAN_FLAG_REORDER_HDR) !== 0
    },
  },
]
