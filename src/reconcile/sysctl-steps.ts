/**
 * Forwarding, for our own interfaces only. IPv4 decides by the interface a packet came in on, so one switch per
 * interface does. IPv6 has such a switch since Linux 6.17 (`force_forwarding`); before, only
 * `conf/all/forwarding` forwards at all. That turns the host into a router, which stops taking router
 * advertisements where accept_ra is 1, so it needs consent and accept_ra becomes 2 there first.
 */
import type { Change, ObservedNamespace, Step, WireGuardIntent } from '../model/index.ts'
import { stepIn } from './place.ts'
import type { WantedWireGuard } from './wanted.ts'

const v4 = (link: string): string => `net/ipv4/conf/${link}/forwarding`
const v6 = (link: string): string => `net/ipv6/conf/${link}/force_forwarding`
const V4_ALL = 'net/ipv4/conf/all/forwarding'
const V6_ALL = 'net/ipv6/conf/all/forwarding'
/** There on every kernel that has the switch, whatever links there are. */
const V6_SWITCH = 'net/ipv6/conf/all/force_forwarding'
const SRC_VALID_MARK = 'net/ipv4/conf/all/src_valid_mark'

/** What has to be read before `sysctlSteps` can decide. */
export const sysctlsOf = (
  intents: readonly WireGuardIntent[],
  links: readonly { readonly name: string }[],
): string[] => {
  const paths = intents.flatMap((i) => [v4(i.name), v6(i.name)])
  if (intents.some((i) => i.forwards.inet6))
    paths.push(...links.map((l) => `net/ipv6/conf/${l.name}/accept_ra`))
  return intents.length === 0 ? [] : [...paths, V4_ALL, V6_ALL, V6_SWITCH, SRC_VALID_MARK]
}

export const sysctlSteps = (
  { intent, place }: WantedWireGuard,
  o: { readonly ipv6Consent: boolean },
): Step[] => {
  const value = (path: string): string | undefined => place.sysctls.get(path)
  const changes: Change[] = []
  const want = (path: string, wanted: string, why: string): void => {
    if (value(path) !== wanted) changes.push({ kind: 'sysctl-set', path, value: wanted, why })
  }
  if (intent.forwards.inet) want(v4(intent.name), '1', 'relays between its peers')
  // A link made while the host forwards everywhere inherits that; it is then the host's choice, not ours.
  else if (value(v4(intent.name)) === '1' && value(V4_ALL) === '0')
    want(v4(intent.name), '0', 'relays no longer')
  if (intent.forwards.inet6) changes.push(...ipv6Changes(intent, place.sysctls, o))
  else if (value(v6(intent.name)) === '1') want(v6(intent.name), '0', 'relays no longer')
  // As wg-quick does: without it reverse-path filtering drops the answers to marked packets.
  if (intent.rules.some((r) => r.family === 'inet' && r.fwmark !== undefined))
    want(SRC_VALID_MARK, '1', 'a default route through the tunnel')
  return changes.map((change) => stepIn(place, change))
}

const ipv6Changes = (
  intent: WireGuardIntent,
  sysctls: ReadonlyMap<string, string>,
  o: { readonly ipv6Consent: boolean },
): Change[] => {
  const path = v6(intent.name)
  const why = 'relays between its peers'
  if (sysctls.get(V6_ALL) === '1') return []
  if (sysctls.has(V6_SWITCH))
    return sysctls.get(path) === '1' ? [] : [{ kind: 'sysctl-set', path, value: '1', why }]
  if (!o.ipv6Consent) return []
  const listening = [...sysctls]
    .filter(([p, value]) => p.endsWith('/accept_ra') && value === '1')
    .map(([p]): Change => ({ kind: 'sysctl-set', path: p, value: '2', why: 'keeps router advertisements' }))
  return [...listening, { kind: 'sysctl-set', path: V6_ALL, value: '1', why }]
}

/** Relaying IPv6 would need consent that was not given. */
export const needsIpv6Consent = (intent: WireGuardIntent, observed: ObservedNamespace): boolean =>
  intent.forwards.inet6 && observed.sysctls[V6_SWITCH] === undefined && observed.sysctls[V6_ALL] !== '1'
