/**
 * What systemd.netdev(5) says of each kind of link, as a table: the section, and for each key the field of ours and how
 * its value reads. Keys that are not in here are listed as left out.
 */
import type { LinkType } from '../../model/index.ts'
import {
  address,
  end,
  flag,
  key,
  oneOf,
  seconds,
  table,
  type Take,
  vlanProtocol,
  whole,
  wholeSeconds,
} from './values.ts'

/** The field, where a dot goes down one map, and how the value reads. */
export type Fields = Readonly<Record<string, readonly [string, Take]>>

export interface NetdevKind {
  readonly type: LinkType
  readonly section?: string
  readonly fields: Fields
  /** What networkd does where nothing is written, when that is not what we do. */
  readonly defaults?: Readonly<Record<string, string | number | boolean>>
}

const BRIDGE: Fields = {
  HelloTimeSec: ['helloTime', seconds],
  MaxAgeSec: ['maxAge', seconds],
  ForwardDelaySec: ['forwardDelay', seconds],
  AgeingTimeSec: ['ageingTime', seconds],
  Priority: ['priority', whole],
  GroupForwardMask: ['groupForwardMask', whole],
  MulticastSnooping: ['multicastSnooping', flag],
  VLANFiltering: ['vlanFiltering', flag],
  VLANProtocol: ['vlanProtocol', vlanProtocol],
  STP: ['stp', flag],
}

const VXLAN: Fields = {
  VNI: ['vni', whole],
  Id: ['vni', whole],
  Remote: ['remote', address],
  Group: ['group', address],
  Local: ['local', address],
  TTL: ['ttl', whole],
  TOS: ['tos', whole],
  MacLearning: ['learning', flag],
  FDBAgeingSec: ['ageingSeconds', wholeSeconds],
  MaximumFDBEntries: ['limit', whole],
  ReduceARPProxy: ['proxy', flag],
  L2MissNotification: ['l2Miss', flag],
  L3MissNotification: ['l3Miss', flag],
  UDPChecksum: ['udpChecksum', flag],
  UDP6ZeroChecksumTx: ['udpZeroChecksum6Tx', flag],
  UDP6ZeroChecksumRx: ['udpZeroChecksum6Rx', flag],
  DestinationPort: ['port', whole],
}

const TUNNEL: Fields = {
  Local: ['local', end],
  Remote: ['remote', end],
  TTL: ['ttl', whole],
  TOS: ['tos', whole],
  DiscoverPathMTU: ['pathMtuDiscovery', flag],
}

const TUNNEL6: Fields = {
  Local: ['local', end],
  Remote: ['remote', end],
  TTL: ['ttl', whole],
  EncapsulationLimit: ['encapLimit', whole],
}

const KEYS: Fields = { Key: ['key', key], InputKey: ['inputKey', key], OutputKey: ['outputKey', key] }

const MACVLAN_MODES = oneOf({ private: 'private', vepa: 'vepa', bridge: 'bridge', passthru: 'passthru' })

/** By `Kind=`. */
export const NETDEVS: Readonly<Record<string, NetdevKind>> = {
  dummy: { type: 'dummy', fields: {} },
  bridge: { type: 'bridge', section: 'Bridge', fields: BRIDGE },
  // The kernel's port where none is written is the one from before there was a number for it.
  vxlan: { type: 'vxlan', section: 'VXLAN', fields: VXLAN, defaults: { port: 8472, udpChecksum: false } },
  veth: { type: 'veth', section: 'Peer', fields: {} },
  vlan: {
    type: 'vlan',
    section: 'VLAN',
    fields: {
      Id: ['id', whole],
      Protocol: ['protocol', vlanProtocol],
      ReorderHeader: ['reorderHeader', flag],
    },
  },
  vrf: { type: 'vrf', section: 'VRF', fields: { Table: ['table', table], TableId: ['table', table] } },
  macvlan: {
    type: 'macvlan',
    section: 'MACVLAN',
    fields: { Mode: ['mode', MACVLAN_MODES] },
    defaults: { mode: 'vepa' },
  },
  ipip: { type: 'ipip', section: 'Tunnel', fields: TUNNEL },
  ip6tnl: { type: 'ipip', section: 'Tunnel', fields: TUNNEL6 },
  gre: { type: 'gre', section: 'Tunnel', fields: { ...TUNNEL, ...KEYS } },
  gretap: { type: 'gre', section: 'Tunnel', fields: { ...TUNNEL, ...KEYS }, defaults: { ethernet: true } },
  ip6gre: { type: 'gre', section: 'Tunnel', fields: { ...TUNNEL6, ...KEYS } },
  ip6gretap: {
    type: 'gre',
    section: 'Tunnel',
    fields: { ...TUNNEL6, ...KEYS },
    defaults: { ethernet: true },
  },
}
