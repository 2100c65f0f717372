/** Settings of VRF links: IFLA_VRF_* of <linux/if_link.h>. */
import { number, type SettingField } from './setting-field.ts'

const IFLA_VRF_TABLE = 1

export const VRF: readonly SettingField[] = [number('table', IFLA_VRF_TABLE, 'u32')]
