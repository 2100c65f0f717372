/** The kinds of links that netplan declares, as a table: keys, a dot going down one map, to fields of ours. */
import type { LinkType } from '../../model/index.ts'
import type { Fields } from './networkd-netdevs.ts'
import { address, end, flag, key, seconds, whole, wholeSeconds, word } from './values.ts'

export interface NetplanLink {
  readonly kind: 'link'
  readonly type: LinkType | 'wireguard'
  readonly fields: Fields
  readonly defaults?: Readonly<Record<string, string | number | boolean>>
  /** Keys that are seen to elsewhere. */
  readonly quiet: readonly string[]
}

export type NetplanType = NetplanLink | { readonly kind: 'tunnel'; readonly fields: Fields }

const BRIDGE: Fields = {
  'parameters.ageing-time': ['ageingTime', seconds],
  'parameters.aging-time': ['ageingTime', seconds],
  'parameters.priority': ['priority', whole],
  'parameters.forward-delay': ['forwardDelay', seconds],
  'parameters.hello-time': ['helloTime', seconds],
  'parameters.max-age': ['maxAge', seconds],
  'parameters.stp': ['stp', flag],
}

/** By section. netplan's bridges have the spanning tree protocol unless told otherwise. */
export const NETPLAN_TYPES: Readonly<Record<string, NetplanType>> = {
  bridges: { kind: 'link', type: 'bridge', fields: BRIDGE, defaults: { stp: true }, quiet: ['interfaces'] },
  vlans: { kind: 'link', type: 'vlan', fields: { id: ['id', whole], link: ['link', word] }, quiet: [] },
  vrfs: { kind: 'link', type: 'vrf', fields: { table: ['table', whole] }, quiet: ['interfaces'] },
  'dummy-devices': { kind: 'link', type: 'dummy', fields: {}, quiet: [] },
  'virtual-ethernets': { kind: 'link', type: 'veth', fields: {}, quiet: ['peer'] },
  tunnels: { kind: 'tunnel', fields: {} },
}

const ENDS: Fields = { local: ['local', end], remote: ['remote', end], ttl: ['ttl', whole] }
const KEYS: Fields = {
  key: ['key', key],
  'keys.input': ['inputKey', key],
  'keys.output': ['outputKey', key],
}

const VXLAN: Fields = {
  id: ['vni', whole],
  link: ['link', word],
  local: ['local', address],
  remote: ['remote', address],
  ttl: ['ttl', whole],
  port: ['port', whole],
  'type-of-service': ['tos', whole],
  'mac-learning': ['learning', flag],
  ageing: ['ageingSeconds', wholeSeconds],
  aging: ['ageingSeconds', wholeSeconds],
  limit: ['limit', whole],
  'arp-proxy': ['proxy', flag],
}

const tunnel = (
  type: NetplanLink['type'],
  fields: Fields,
  defaults: NetplanLink['defaults'] = {},
): NetplanLink => ({
  ...{ kind: 'link', type, fields, defaults, quiet: ['mode'] },
})

const MODES: Readonly<Record<string, NetplanLink>> = {
  ipip: tunnel('ipip', ENDS),
  ip6ip6: tunnel('ipip', ENDS),
  ipip6: tunnel('ipip', ENDS),
  gre: tunnel('gre', { ...ENDS, ...KEYS }),
  ip6gre: tunnel('gre', { ...ENDS, ...KEYS }),
  gretap: tunnel('gre', { ...ENDS, ...KEYS }, { ethernet: true }),
  ip6gretap: tunnel('gre', { ...ENDS, ...KEYS }, { ethernet: true }),
  // The kernel's port where none is written is the one from before there was a number for it.
  vxlan: tunnel('vxlan', VXLAN, { port: 8472, udpChecksum: false }),
  wireguard: tunnel('wireguard', {}),
}

export const typeOfTunnel = (mode: unknown): NetplanLink | undefined =>
  typeof mode === 'string' && Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
