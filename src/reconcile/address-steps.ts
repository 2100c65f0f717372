/**
 * Addresses, routes and rules, wanted against observed. On a link of ours the addresses are an exact set but
 * for the kernel's own; routes and rules are ours by protocol number, and an equal one of somebody else's
 * making satisfies us without becoming ours.
 */
import { WARREN_PROTOCOL } from '../model/index.ts'
import type {
  AddressIntent,
  ObservedRoute,
  ObservedRule,
  RouteIntent,
  RuleIntent,
  Step,
} from '../model/index.ts'
import { isKernelMade } from './ownership.ts'
import { stepIn } from './place.ts'
import type { Place } from './place.ts'
import type { Wanted } from './wanted.ts'

const addressKey = (a: AddressIntent): string => `${a.local} ${a.peer ?? ''}/${a.prefixLength}`

/**
 * Deletions first: the kernel takes a changed prefix length of the same address for a duplicate. The last first among
 * them: with the first of a prefix go all others of that prefix.
 */
export const staleAddresses = ({ name, place, intent }: Wanted): Step[] => {
  const wanted = new Set(intent.addresses.map(addressKey))
  const stale = (place.addresses.get(name) ?? []).filter(
    (a) => !wanted.has(addressKey(a)) && !isKernelMade(a),
  )
  return stale.toReversed().map(({ local, prefixLength, peer }) =>
    stepIn(place, {
      kind: 'address-delete',
      link: name,
      address: { local, prefixLength, ...(peer === undefined ? {} : { peer }) },
    }),
  )
}

export const missingAddresses = ({ name, place, intent }: Wanted): Step[] => {
  const have = new Set((place.addresses.get(name) ?? []).map(addressKey))
  return intent.addresses
    .filter((a) => !have.has(addressKey(a)))
    .map((address) => stepIn(place, { kind: 'address-add', link: name, address }))
}

/** An equal way to the same destination; what is left open is no difference. */
const routeIs = (have: ObservedRoute, want: RouteIntent): boolean =>
  have.destination === want.destination &&
  have.table === want.table &&
  have.gateway === want.gateway &&
  (want.metric === undefined || want.metric === have.metric)

const sameMtu = (have: ObservedRoute, want: RouteIntent): boolean => have.mtuBytes === want.mtuBytes

/**
 * Routes without a gateway first: others may lead through them. An MTU is not part of what makes two routes
 * different, so a route of ours with another one goes just before it comes back.
 */
export const missingRoutes = ({ name, place, intent }: Wanted): Step[] => {
  const present = place.routes.get(name) ?? []
  const wanted = intent.routes.toSorted(
    (a, b) => Number(a.gateway !== undefined) - Number(b.gateway !== undefined),
  )
  return wanted.flatMap((want) => {
    const have = present.find((r) => routeIs(r, want))
    const add = stepIn(place, { kind: 'route-add', link: name, route: want })
    if (have === undefined) return [add]
    return have.protocol !== WARREN_PROTOCOL || sameMtu(have, want) ? [] : [deletion(place, have), add]
  })
}

/** Routes with our protocol number that no link wants any more. */
export const staleRoutes = (place: Place, o: { readonly onlyWanted: boolean }): Step[] =>
  [...place.routes.keys()].toSorted().flatMap((link) => {
    const routes = place.routes.get(link) ?? []
    const wanted = place.wanted.get(link)
    if (place.left.has(link) || (o.onlyWanted && wanted === undefined)) return []
    const ours = routes.filter((have) => have.protocol === WARREN_PROTOCOL)
    return ours
      .filter((have) => wanted?.intent.routes.some((want) => routeIs(have, want)) !== true)
      .toSorted((a, b) => (a.destination < b.destination ? -1 : Number(a.destination > b.destination)))
      .map((have) => deletion(place, have))
  })

const deletion = (place: Place, have: ObservedRoute): Step =>
  stepIn(place, {
    kind: 'route-delete',
    link: have.link ?? '',
    route: {
      destination: have.destination,
      table: have.table,
      metric: have.metric,
      ...(have.gateway === undefined ? {} : { gateway: have.gateway }),
    },
  })

const ruleKey = (r: RuleIntent): string =>
  JSON.stringify([r.family, r.table, r.fwmark ?? 0, r.invert ?? false, r.suppressPrefixLength ?? -1])

const ruleIs = (have: ObservedRule, want: RuleIntent): boolean =>
  ruleKey(have) === ruleKey(want) && (want.priority === undefined || want.priority === have.priority)

/** One of ours each; the kernel allows equal rules many times over, so a second one is stale. */
export const ruleSteps = (place: Place): { readonly stale: Step[]; readonly missing: Step[] } => {
  const wanted = uniqueRules(
    [...place.wanted.values()].flatMap((w) => (w.kind === 'wireguard' ? w.intent.rules : [])),
  )
  const used = new Set<ObservedRule>()
  const missing: Step[] = []
  // Ours before somebody else's: then theirs never makes ours look superfluous.
  const candidates = place.rules.toSorted((a, b) => Number(isMarked(b)) - Number(isMarked(a)))
  for (const rule of wanted) {
    const found = candidates.find((have) => !used.has(have) && ruleIs(have, rule))
    if (found === undefined) missing.push(stepIn(place, { kind: 'rule-add', rule }))
    else used.add(found)
  }
  const stale = place.rules
    .filter((have) => isMarked(have) && !used.has(have))
    .map((have) => stepIn(place, { kind: 'rule-delete', rule: asIntent(have) }))
  return { stale, missing }
}

const isMarked = (rule: ObservedRule): boolean => rule.protocol === WARREN_PROTOCOL

const uniqueRules = (rules: readonly RuleIntent[]): RuleIntent[] => [
  ...new Map(rules.map((r) => [`${ruleKey(r)} ${r.priority ?? ''}`, r])).values(),
]

const asIntent = (have: ObservedRule): RuleIntent => {
  const { protocol, ...rule } = have
  void protocol
  return rule
}
