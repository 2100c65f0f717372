/** Settings of bridges: IFLA_BR_* of <linux/if_link.h>. Times are seconds; the kernel's are hundredths. */
import { boolean, centiseconds, number, type SettingField, word } from './setting-field.ts'
import { VLAN_PROTOCOLS } from './vlan.ts'

const IFLA_BR_FORWARD_DELAY = 1
const IFLA_BR_HELLO_TIME = 2
const IFLA_BR_MAX_AGE = 3
const IFLA_BR_AGEING_TIME = 4
const IFLA_BR_STP_STATE = 5
const IFLA_BR_PRIORITY = 6
const IFLA_BR_VLAN_FILTERING = 7
const IFLA_BR_VLAN_PROTOCOL = 8
const IFLA_BR_GROUP_FWD_MASK = 9
const IFLA_BR_MCAST_SNOOPING = 23

/** The kernel reads them in an order of its own, so the order here says nothing. */
export const BRIDGE: readonly SettingField[] = [
  centiseconds('forwardDelay', IFLA_BR_FORWARD_DELAY),
  centiseconds('helloTime', IFLA_BR_HELLO_TIME),
  centiseconds('maxAge', IFLA_BR_MAX_AGE),
  centiseconds('ageingTime', IFLA_BR_AGEING_TIME),
  boolean('stp', IFLA_BR_STP_STATE, 'u32'),
  number('priority', IFLA_BR_PRIORITY, 'u16'),
  boolean('vlanFiltering', IFLA_BR_VLAN_FILTERING),
  word('vlanProtocol', { attribute: IFLA_BR_VLAN_PROTOCOL, form: 'be16', words: VLAN_PROTOCOLS }),
  number('groupForwardMask', IFLA_BR_GROUP_FWD_MASK, 'u16'),
  boolean('multicastSnooping', IFLA_BR_MCAST_SNOOPING),
]
