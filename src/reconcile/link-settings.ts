/**
 * Which settings of a link the kernel can change while it is there, by kind: what the `changelink` of each driver
 * takes (drivers/net/vxlan, macvlan.c, net/8021q, net/bridge, net/ipv4/ip_tunnel.c, net/ipv6/ip6_*.c), the same from
 * 6.1 to 6.12. Only settings that the intent names are compared.
 */
import type { LinkKind, LinkSettings } from '../model/index.ts'

type Value = LinkSettings[string]
type Rule = boolean | ((from: Value | undefined, to: Value) => boolean)

const family = (address: Value | undefined): string =>
  typeof address === 'string' && address.includes(':') ? 'inet6' : 'inet'

const sameFamily: Rule = (from, to) => family(from) === family(to)

/** Neither way: the mode decides how the link below is used. */
const notPassthru: Rule = (from, to) => from !== 'passthru' && to !== 'passthru'

const unset = (address: Value | undefined): boolean =>
  address === undefined || address === '' || address === '0.0.0.0' || address === '::'

const isMulticast = (address: Value | undefined): boolean =>
  typeof address === 'string' && (/^(?:22[4-9]|23\d)\./.test(address) || /^ff/i.test(address))

/** Over IPv4, IFF_POINTOPOINT and IFF_BROADCAST follow from it and are fixed: EINVAL (ip_tunnel_changelink). */
const sameSort: Rule = (from, to) => unset(from) === unset(to) && isMulticast(from) === isMulticast(to)

const ALL = new Proxy<Record<string, Rule>>({}, { get: () => true })
const NONE: Record<string, Rule> = {}

const VXLAN: Record<string, Rule> = {
  ...{ link: true, ttl: true, tos: true, learning: true, ageing: true },
  ...{ group: sameFamily, local: sameFamily },
}

const TUNNEL: Record<string, Rule> = {
  ...{ link: true, local: true, remote: sameSort, ttl: true, tos: true, pathMtuDiscovery: true },
  ...{ encapLimit: true, inputKey: true, outputKey: true },
}

const CHANGEABLE: Readonly<Record<LinkKind, Readonly<Record<string, Rule>>>> = {
  dummy: NONE,
  veth: NONE,
  vrf: NONE,
  bridge: ALL,
  vxlan: VXLAN,
  vlan: { reorderHeader: true },
  macvlan: { mode: notPassthru },
  ipip: TUNNEL,
  ip6tnl: { ...TUNNEL, remote: true },
  gre: TUNNEL,
  ip6gre: { ...TUNNEL, remote: true },
  gretap: { ...TUNNEL, remote: true },
  ip6gretap: { ...TUNNEL, remote: true },
}

/** A change of these replaces everything: what the request leaves out goes back to its default. */
const SET_AS_A_WHOLE: ReadonlySet<LinkKind> = new Set([
  ...(['ipip', 'ip6tnl', 'gre', 'ip6gre', 'gretap', 'ip6gretap'] as const),
])

/** What the kernel does not say is off, zero or unset. */
const same = (want: Value, have: Value | undefined): boolean =>
  have === want || (have === undefined && (want === false || want === 0 || unset(want)))

export const sameSettings = (want: LinkSettings, have: LinkSettings): boolean =>
  Object.entries(want).every(([key, value]) => same(value, have[key]))

export interface SettingsDifference {
  /** What to send; undefined when nothing is to be changed. */
  readonly change: LinkSettings | undefined
  /** Names of those that differ and that only a new link can have. */
  readonly fixed: readonly string[]
}

export const settingsDifference = (
  kind: LinkKind,
  want: LinkSettings,
  have: LinkSettings,
): SettingsDifference => {
  const different = Object.entries(want).filter(([key, value]) => !same(value, have[key]))
  if (different.length === 0) return { change: undefined, fixed: [] }
  const fixed = different.filter(([key, value]) => !canChange(kind, key, { from: have[key], to: value }))
  const names = fixed.map(([key]) => key)
  const rest = different.filter(([key]) => !names.includes(key))
  if (rest.length === 0) return { change: undefined, fixed: names }
  const change = Object.fromEntries(rest)
  return { change: SET_AS_A_WHOLE.has(kind) ? { ...have, ...change } : change, fixed: names }
}

const canChange = (
  kind: LinkKind,
  key: string,
  { from, to }: { readonly from: Value | undefined; readonly to: Value },
): boolean => {
  const rule = CHANGEABLE[kind][key] ?? false
  return typeof rule === 'function' ? rule(from, to) : rule
}
