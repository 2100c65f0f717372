/** Settings of macvlan links: IFLA_MACVLAN_* of <linux/if_link.h>. `link` is IFLA_LINK, outside of IFLA_INFO_DATA. */
import { type SettingField, word } from './setting-field.ts'

const IFLA_MACVLAN_MODE = 1
/** `enum macvlan_mode`. */
const MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 } as const

export const MACVLAN: readonly SettingField[] = [
  word('mode', { attribute: IFLA_MACVLAN_MODE, form: 'u32', words: MODES }),
]
