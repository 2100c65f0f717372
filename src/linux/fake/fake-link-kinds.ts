/**
 * What each kind of link does in the fake, as the kernels 6.1 to 6.18 were seen to do it: what a new one shows, what it
 * refuses, and which settings it changes.
 */
import { linkKindTable, type Link, type LinkSettings } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { Refusal } from './refusal.ts'

export interface FakeLinkKind {
  readonly hardwareType: number
  readonly flags: number
  /** Of one that is not over another link. */
  readonly mtuBytes: number
  /** What it takes from the MTU of `settings.link`; undefined where the MTU does not follow it. */
  readonly overheadBytes?: (settings: LinkSettings) => number
  /** What it shows where the request says nothing. */
  readonly shows: LinkSettings
  /** Settings that cannot change, with the kernel's words, if it has any; or it pays no attention: IGNORED. */
  readonly fixed?: Readonly<Record<string, string | undefined>>
  /** Refuses what the kernel refuses of a new one. */
  readonly check?: (wanted: LinkSettings, others: readonly Link[]) => void
  readonly checkChange?: (from: LinkSettings, wanted: LinkSettings) => void
  /** Goes with the link below: when that is deleted, or also when it leaves the namespace. */
  readonly goesWith?: 'deleted' | 'deleted or moved'
  /** Stays in its namespace. */
  readonly rooted?: true
}

const ETHERNET = {
  hardwareType: uapi.ARPHRD_ETHER,
  flags: uapi.IFF_BROADCAST | uapi.IFF_MULTICAST,
  mtuBytes: 1500,
}
const IGNORED = 'ignored'
const PLAIN: FakeLinkKind = { ...ETHERNET, shows: {} }

const refuse = (condition: boolean, errno: number, text?: string): void => {
  if (condition) throw new Refusal(errno, text)
}
const family = (address: LinkSettings[string] | undefined): string =>
  typeof address === 'string' && address.includes(':') ? 'inet6' : 'inet'

const BRIDGE: FakeLinkKind = {
  ...PLAIN,
  rooted: true,
  shows: {
    ...{ forwardDelay: 15, helloTime: 2, maxAge: 20, ageingTime: 300, stp: false, priority: 32768 },
    ...{ vlanFiltering: false, vlanProtocol: '802.1Q', groupForwardMask: 0, multicastSnooping: true },
  },
}

const sameVxlan = (a: LinkSettings, b: LinkSettings): boolean =>
  a['id'] === b['id'] &&
  (a['port'] ?? VXLAN.shows['port']) === b['port'] &&
  family(a['group']) === family(b['group'])

const VXLAN: FakeLinkKind = {
  ...PLAIN,
  goesWith: 'deleted or moved',
  overheadBytes: ({ group, local }) => (family(group) === 'inet6' || family(local) === 'inet6' ? 70 : 50),
  shows: {
    ...{
      id: 0,
      port: 8472,
      sourcePortLow: 0,
      sourcePortHigh: 0,
      ttl: 0,
      tos: 0,
      learning: true,
      proxy: false,
    },
    ...{ ageing: 300, limit: 0, udpChecksum: true, udpZeroChecksum6Tx: false, udpZeroChecksum6Rx: false },
    ...{ l2Miss: false, l3Miss: false, external: false },
  },
  fixed: {
    id: 'Cannot change VNI',
    port: 'Cannot change port',
    sourcePortLow: 'Cannot change port range',
    sourcePortHigh: 'Cannot change port range',
    limit: 'Cannot change limit',
    proxy: 'vxlan: cannot change PROXY flag',
    udpChecksum: 'Cannot change UDP_CSUM flag',
    udpZeroChecksum6Tx: 'vxlan: cannot change UDP_ZERO_CSUM6_TX flag',
    udpZeroChecksum6Rx: 'vxlan: cannot change UDP_ZERO_CSUM6_RX flag',
    l2Miss: 'vxlan: cannot change L2MISS flag',
    l3Miss: 'vxlan: cannot change L3MISS flag',
    external: 'vxlan: cannot change COLLECT_METADATA flag',
  },
  check: (wanted, others) => {
    refuse(
      Object.keys(wanted).length === 0,
      uapi.EINVAL,
      'Required attributes not provided to perform the operation',
    )
    refuse(
      others.some(({ settings }) => sameVxlan(wanted, settings)),
      uapi.EEXIST,
      'A VXLAN device with the specified VNI already exists',
    )
  },
  checkChange: (from, wanted) => {
    const differs = (key: string): boolean => key in wanted && family(wanted[key]) !== family(from[key])
    refuse(differs('group'), uapi.EOPNOTSUPP, 'New group address family does not match old group')
    refuse(differs('local'), uapi.EOPNOTSUPP, 'New local address family does not match old')
  },
}

const VLAN: FakeLinkKind = {
  ...PLAIN,
  goesWith: 'deleted',
  overheadBytes: () => 0,
  shows: { protocol: '802.1Q', reorderHeader: true },
  fixed: { id: IGNORED, protocol: IGNORED },
  check: (wanted, others) => {
    refuse(!('link' in wanted), uapi.EINVAL, '8021q: link not specified')
    refuse(!('id' in wanted), uapi.EINVAL, '8021q: VLAN id not specified')
    const taken = others.some(({ settings }) =>
      ['id', 'link', 'protocol'].every((key) => (wanted[key] ?? VLAN.shows[key]) === settings[key]),
    )
    refuse(taken, uapi.EEXIST, '8021q: VLAN device already exists')
  },
}

const MACVLAN: FakeLinkKind = {
  ...PLAIN,
  goesWith: 'deleted',
  overheadBytes: () => 0,
  shows: { mode: 'vepa' },
  check: (wanted) => refuse(!('link' in wanted), uapi.EINVAL),
  checkChange: ({ mode: from }, { mode: to = from }) =>
    refuse(from !== to && (from === 'passthru' || to === 'passthru'), uapi.EINVAL),
}

const VRF: FakeLinkKind = {
  ...PLAIN,
  flags: uapi.IFF_NOARP,
  mtuBytes: 65575,
  rooted: true,
  shows: {},
  fixed: { table: undefined },
  check: (wanted) => refuse(!('table' in wanted), uapi.EINVAL, 'VRF table id is missing'),
}

const ENDS = ['local', 'remote', 'inputKey', 'outputKey', 'link'] as const

const sortOf = (remote: LinkSettings[string] | undefined): string => {
  if (typeof remote !== 'string') return 'none'
  return /^(22[4-9]|23\d)\./.test(remote) || /^ff/i.test(remote) ? 'many' : 'one'
}

/** Of ipip and gre: IFF_POINTOPOINT and IFF_BROADCAST come from it, and are for good. */
const keepsItsSort = (from: LinkSettings, wanted: LinkSettings): void =>
  refuse('remote' in wanted && sortOf(from['remote']) !== sortOf(wanted['remote']), uapi.EINVAL)

interface Tunnel {
  readonly hardwareType: number
  /** 20 bytes of IPv4, or 40 of IPv6 and 8 of the encapsulation limit. */
  readonly outer: number
  /** What comes between. */
  readonly inner: number
}

const tunnel = ({ hardwareType, outer, inner }: Tunnel, shows: LinkSettings): FakeLinkKind => {
  const ethernet = hardwareType === uapi.ARPHRD_ETHER
  const header = outer + inner + (ethernet ? 14 : 0)
  return {
    hardwareType,
    flags: ethernet ? ETHERNET.flags : uapi.IFF_POINTOPOINT | uapi.IFF_NOARP,
    mtuBytes: 1500 - header,
    overheadBytes: () => header,
    shows,
    ...(outer === 20 && !ethernet && { checkChange: keepsItsSort }),
    check: (wanted, others) => {
      const same = (settings: LinkSettings): boolean => ENDS.every((key) => wanted[key] === settings[key])
      // The link that the module makes for itself has neither end.
      const nobody = !('local' in wanted) && !('remote' in wanted)
      refuse(nobody || others.some(({ settings }) => same(settings)), uapi.EEXIST)
    },
  }
}

const IPV4_TUNNEL = { ttl: 0, tos: 0, pathMtuDiscovery: true }
const IPV6_TUNNEL = { ttl: 0, tos: 0, encapLimit: 0 }
const GRE_BYTES = 4

const KINDS: Readonly<Record<string, FakeLinkKind>> = {
  bridge: BRIDGE,
  dummy: { ...PLAIN, flags: uapi.IFF_BROADCAST | uapi.IFF_NOARP },
  gre: tunnel({ hardwareType: 778, outer: 20, inner: GRE_BYTES }, IPV4_TUNNEL),
  gretap: tunnel({ hardwareType: 1, outer: 20, inner: GRE_BYTES }, IPV4_TUNNEL),
  ifb: PLAIN,
  ip6gre: tunnel({ hardwareType: 823, outer: 48, inner: GRE_BYTES }, IPV6_TUNNEL),
  ip6gretap: tunnel({ hardwareType: 1, outer: 48, inner: GRE_BYTES }, IPV6_TUNNEL),
  ip6tnl: tunnel({ hardwareType: 769, outer: 48, inner: 0 }, IPV6_TUNNEL),
  ipip: tunnel({ hardwareType: 768, outer: 20, inner: 0 }, IPV4_TUNNEL),
  macvlan: MACVLAN,
  veth: PLAIN,
  vlan: VLAN,
  vrf: VRF,
  vxlan: VXLAN,
  wireguard: {
    ...PLAIN,
    hardwareType: uapi.ARPHRD_NONE,
    flags: uapi.IFF_POINTOPOINT | uapi.IFF_NOARP,
    mtuBytes: 1420,
  },
}

export const fakeLinkKind = (kind: string): FakeLinkKind => {
  const found = KINDS[kind]
  if (!found) throw new Refusal(uapi.EOPNOTSUPP, 'Unknown device type')
  return found
}

/** `others`: of the same kind, in the same namespace. */
export const newSettings = (kind: string, wanted: LinkSettings, others: readonly Link[]): LinkSettings => {
  const { shows, check } = fakeLinkKind(kind)
  check?.(wanted, others)
  return { ...shows, ...wanted }
}

export const changedSettings = (kind: string, from: LinkSettings, wanted: LinkSettings): LinkSettings => {
  const { shows, fixed = {}, checkChange } = fakeLinkKind(kind)
  const kept = Object.keys(wanted).filter((key) => key in fixed)
  for (const key of kept) {
    const text = fixed[key]
    // An unchanged VNI is the one thing that may be said again.
    if (text !== IGNORED && !(key === 'id' && wanted['id'] === from['id']))
      throw new Refusal(uapi.EOPNOTSUPP, text)
  }
  checkChange?.(from, wanted)
  const changed = Object.fromEntries(Object.entries(wanted).filter(([key]) => !kept.includes(key)))
  return { ...(linkKindTable(kind).changesWhole ? shows : from), ...changed }
}

export const newMtu = (kind: string, settings: LinkSettings, below: Link | undefined): number => {
  const { mtuBytes, overheadBytes } = fakeLinkKind(kind)
  return below && overheadBytes ? below.mtuBytes - overheadBytes(settings) : mtuBytes
}
