/**
 * The kinds of links that netlink makes (IFLA_INFO_KIND), and for each: its settings, where `settings.link` goes, and
 * what must be sent along.
 */
import { BRIDGE } from './bridge.ts'
import { GRE, IP6GRE } from './gre.ts'
import { IP6TNL, IPIP } from './ip-tunnel.ts'
import { MACVLAN } from './macvlan.ts'
import type { LinkSettings, SettingField } from './setting-field.ts'
import { VLAN } from './vlan.ts'
import { VRF } from './vrf.ts'
import { VXLAN } from './vxlan.ts'

export interface LinkKindTable {
  readonly fields: readonly SettingField[]
  /** `settings.link` is IFLA_LINK: the link below, given once at creation and for good. */
  readonly stacked?: boolean
  /**
   * A change resets every setting that it does not mention to the kernel's zero, so it has to mention all of them
   * (ip_tunnel_changelink(), ip6_tnl_changelink() and their kin start from an empty `struct ip_tunnel_parm`).
   */
  readonly changesWhole?: boolean
  /** Sent at creation unless said otherwise, as ip(8) does it: the kernel's own zeros are of little use. */
  readonly defaults?: LinkSettings
  /** What the kernel means where it says nothing. */
  readonly unsaid?: LinkSettings
}

/** RFC 2473 §6.6 and what ip(8) sends: DEFAULT_TNL_HOP_LIMIT, IPV6_DEFAULT_TNL_ENCAP_LIMIT. */
const IPV6_TUNNEL = { ttl: 64, encapLimit: 4 } as const

const TABLES = {
  bridge: { fields: BRIDGE },
  dummy: { fields: [] },
  gre: { fields: GRE, changesWhole: true },
  gretap: { fields: GRE, changesWhole: true },
  ifb: { fields: [] },
  ip6gre: { fields: IP6GRE, changesWhole: true, defaults: IPV6_TUNNEL },
  ip6gretap: { fields: IP6GRE, changesWhole: true, defaults: IPV6_TUNNEL },
  ip6tnl: { fields: IP6TNL, changesWhole: true, defaults: IPV6_TUNNEL },
  ipip: { fields: IPIP, changesWhole: true },
  macvlan: { fields: MACVLAN, stacked: true },
  veth: { fields: [] },
  vlan: { fields: VLAN, stacked: true, unsaid: { reorderHeader: false } },
  vrf: { fields: VRF },
  vxlan: { fields: VXLAN },
  wireguard: { fields: [] },
} as const satisfies Record<string, LinkKindTable>

export type LinkKind = keyof typeof TABLES

const NOTHING: LinkKindTable = { fields: [] }
const BY_NAME: ReadonlyMap<string, LinkKindTable> = new Map(Object.entries(TABLES))

/** Of a kind that we do not know: a table without settings. */
export const linkKindTable = (kind: string): LinkKindTable => BY_NAME.get(kind) ?? NOTHING
