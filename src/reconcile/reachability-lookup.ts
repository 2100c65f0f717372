/**
 * Which route the kernel would take for a packet of this host, as fib_rules_lookup() does it: the rules by
 * priority, in each rule's table the longest prefix, among equals the lowest metric.
 *
 * A packet of the host's own comes from `lo` and has no output link yet; it has no mark unless the socket gave it
 * one, as a WireGuard device does. Rules by port, user or protocol are taken as if they asked for nothing more.
 */
import { containsAddress, parseAddress, parsePrefix } from '../model/index.ts'
import type { RoutingView, ViewRoute, ViewRule } from './reachability-view.ts'
import { familyOf, ROUTE } from './reachability-view.ts'

export interface Flow {
  readonly to: string
  /** Undefined: the kernel chooses, and rules that ask for a source do not match. */
  readonly from?: string
  readonly mark?: number
}

export type Found =
  | { readonly kind: 'route'; readonly route: ViewRoute }
  /** A rule or a route that says no. */
  | { readonly kind: 'refused'; readonly how: 'blackhole' | 'unreachable' | 'prohibit' }
  | { readonly kind: 'none' }

/** FR_ACT_* (<linux/fib_rules.h>). */
const TO_TABLE = 1
const REFUSALS: ReadonlyMap<number, 'blackhole' | 'unreachable' | 'prohibit'> = new Map([
  [ROUTE.blackhole, 'blackhole'],
  [ROUTE.unreachable, 'unreachable'],
  [ROUTE.prohibit, 'prohibit'],
])

export const lookUp = (view: RoutingView, flow: Flow): Found => {
  const family = familyOf(flow.to)
  const rules = view.rules.filter((r) => r.family === family).toSorted((a, b) => a.priority - b.priority)
  for (const rule of rules) {
    if (matches(rule, flow) === (rule.invert ?? false)) continue
    const refusal = REFUSALS.get(rule.action)
    if (refusal !== undefined) return { kind: 'refused', how: refusal }
    const route = rule.action === TO_TABLE ? longestMatch(view, flow.to, rule.table) : undefined
    if (route === undefined || route.type === ROUTE.throw || isSuppressed(route, rule)) continue
    const how = REFUSALS.get(route.type)
    return how === undefined ? { kind: 'route', route } : { kind: 'refused', how }
  }
  return { kind: 'none' }
}

/** `suppress_prefixlength N`: what is found counts only if it is more specific than that. */
const isSuppressed = (route: ViewRoute, { suppressPrefixLength }: ViewRule): boolean =>
  suppressPrefixLength !== undefined && lengthOf(route) <= suppressPrefixLength

const lengthOf = (route: ViewRoute): number => parsePrefix(route.destination)?.length ?? 0

/** The selectors alone; `not` turns all of them together round. */
const matches = (rule: ViewRule, { to, from, mark = 0 }: Flow): boolean => {
  const mask = rule.fwmask ?? (rule.fwmark === undefined ? 0 : 0xffffffff)
  if (((mark ^ (rule.fwmark ?? 0)) & mask) !== 0) return false
  if (rule.inputLink !== undefined && rule.inputLink !== 'lo') return false
  if (rule.outputLink !== undefined) return false
  return covers(rule.destination, to) && covers(rule.source, from)
}

const covers = (prefix: string | undefined, text: string | undefined): boolean => {
  if (prefix === undefined) return true
  const [outer, address] = [parsePrefix(prefix), parseAddress(text ?? '')]
  return outer !== undefined && address !== undefined && containsAddress(outer, address)
}

/** Routes of links that are down are not there: the kernel takes them away itself, but for addresses of IPv4. */
const longestMatch = (view: RoutingView, to: string, table: number): ViewRoute | undefined => {
  let best: ViewRoute | undefined
  for (const route of view.routes) {
    if (route.table !== table || !covers(route.destination, to) || isDown(view, route)) continue
    if (best === undefined || isBetter(route, best)) best = route
  }
  return best
}

const isDown = (view: RoutingView, { link, type }: ViewRoute): boolean =>
  type !== ROUTE.local && link !== undefined && !view.links.some((l) => l.name === link && l.up)

const isBetter = (a: ViewRoute, b: ViewRoute): boolean => {
  const [x, y] = [lengthOf(a), lengthOf(b)]
  return x === y ? a.metric < b.metric : x > y
}
