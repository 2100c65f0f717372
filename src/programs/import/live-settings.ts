/**
 * The settings of the kernel's links and the fields that they are in an object, with the value that the kernel, or the
 * object, has where nothing is written.
 */
import type { LinkKind, LinkType } from '../../model/index.ts'

interface LiveField {
  readonly field: string
  readonly usual?: string | number | boolean
}

export interface LiveKind {
  readonly type: LinkType
  readonly fields: Readonly<Record<string, LiveField>>
  readonly ethernet?: true
}

const as = (field: string, usual?: LiveField['usual']): LiveField =>
  usual === undefined ? { field } : { field, usual }

const TUNNEL = {
  ...{ link: as('link'), local: as('local'), remote: as('remote'), ttl: as('ttl', 0), tos: as('tos', 0) },
}
const KEYS = { inputKey: as('inputKey'), outputKey: as('outputKey') }
const OVER_IPV4 = { ...TUNNEL, pathMtuDiscovery: as('pathMtuDiscovery', true) }
const OVER_IPV6 = { ...TUNNEL, encapLimit: as('encapLimit', 4) }

export const LIVE_SETTINGS: Readonly<Record<LinkKind, LiveKind>> = {
  dummy: { type: 'dummy', fields: {} },
  veth: { type: 'veth', fields: {} },
  bridge: {
    type: 'bridge',
    fields: {
      stp: as('stp', false),
      forwardDelay: as('forwardDelay', 15),
      helloTime: as('helloTime', 2),
      maxAge: as('maxAge', 20),
      ageingTime: as('ageingTime', 300),
      priority: as('priority', 32768),
      vlanFiltering: as('vlanFiltering', false),
      vlanProtocol: as('vlanProtocol', '802.1Q'),
      multicastSnooping: as('multicastSnooping', true),
      groupForwardMask: as('groupForwardMask', 0),
    },
  },
  vxlan: {
    type: 'vxlan',
    fields: {
      id: as('vni'),
      link: as('link'),
      local: as('local'),
      group: as('group'),
      port: as('port', 4789),
      sourcePortLow: as('sourcePortRange.start', 0),
      sourcePortHigh: as('sourcePortRange.end', 0),
      ttl: as('ttl', 0),
      tos: as('tos', 0),
      learning: as('learning', true),
      proxy: as('proxy', false),
      ageing: as('ageingSeconds', 300),
      limit: as('limit', 0),
      udpChecksum: as('udpChecksum', true),
      udpZeroChecksum6Tx: as('udpZeroChecksum6Tx', false),
      udpZeroChecksum6Rx: as('udpZeroChecksum6Rx', false),
      l2Miss: as('l2Miss', false),
      l3Miss: as('l3Miss', false),
    },
  },
  vlan: {
    type: 'vlan',
    fields: {
      link: as('link'),
      id: as('id'),
      protocol: as('protocol', '802.1Q'),
      reorderHeader: as('reorderHeader', true),
    },
  },
  vrf: { type: 'vrf', fields: { table: as('table') } },
  macvlan: { type: 'macvlan', fields: { link: as('link'), mode: as('mode', 'bridge') } },
  ipip: { type: 'ipip', fields: OVER_IPV4 },
  ip6tnl: { type: 'ipip', fields: OVER_IPV6 },
  gre: { type: 'gre', fields: { ...OVER_IPV4, ...KEYS } },
  gretap: { type: 'gre', fields: { ...OVER_IPV4, ...KEYS }, ethernet: true },
  ip6gre: { type: 'gre', fields: { ...OVER_IPV6, ...KEYS } },
  ip6gretap: { type: 'gre', fields: { ...OVER_IPV6, ...KEYS }, ethernet: true },
}
