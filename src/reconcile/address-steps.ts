/**
 * Addresses, routes and rules, wanted against observed. On a link of ours the addresses are an exact set but
 * for the kernel's own; routes and rules are ours by protocol number, and an equal one of somebody else's
 * making satisfies us without becoming ours.
 */
import { WARREN_PROTOCOL } from '../model/index.ts'
import type {
  AddressIntent,
  ObservedHost,
  ObservedRoute,
  ObservedRule,
  RouteIntent,
  RuleIntent,
  Step,
  WireGuardIntent,
} from '../model/index.ts'
import { isKernelMade } from './ownership.ts'

const addressKey = (a: AddressIntent): string => `${a.local} ${a.peer ?? ''}/${a.prefixLength}`

/** Deletions first: the kernel takes a changed prefix length of the same address for a duplicate. */
export const addressSteps = (intent: WireGuardIntent, observed: ObservedHost): Step[] => {
  const present = observed.addresses.filter((a) => a.link === intent.name)
  const wanted = new Set(intent.addresses.map(addressKey))
  const have = new Set(present.map(addressKey))
  const stale = present.filter((a) => !wanted.has(addressKey(a)) && !isKernelMade(a))
  return [
    ...stale.map(
      (a): Step => ({
        kind: 'address-delete',
        link: intent.name,
        address: {
          local: a.local,
          prefixLength: a.prefixLength,
          ...(a.peer === undefined ? {} : { peer: a.peer }),
        },
      }),
    ),
    ...intent.addresses
      .filter((a) => !have.has(addressKey(a)))
      .map((address): Step => ({ kind: 'address-add', link: intent.name, address })),
  ]
}

const routeIs = (have: ObservedRoute, link: string, want: RouteIntent): boolean =>
  have.link === link &&
  have.destination === want.destination &&
  have.table === want.table &&
  (want.metric === undefined || want.metric === have.metric)

export const missingRoutes = (intent: WireGuardIntent, observed: ObservedHost): Step[] =>
  intent.routes
    .filter((want) => !observed.routes.some((have) => routeIs(have, intent.name, want)))
    .map((route): Step => ({ kind: 'route-add', link: intent.name, route }))

/** Routes with our protocol number that no interface wants any more. */
export const staleRoutes = (intents: readonly WireGuardIntent[], observed: ObservedHost): Step[] =>
  observed.routes
    .filter((have) => have.protocol === WARREN_PROTOCOL && have.link !== undefined)
    .filter(
      (have) => !intents.some((i) => i.name === have.link && i.routes.some((r) => routeIs(have, i.name, r))),
    )
    .map(
      (have): Step => ({
        kind: 'route-delete',
        link: have.link ?? '',
        route: { destination: have.destination, table: have.table, metric: have.metric },
      }),
    )

const ruleKey = (r: RuleIntent): string =>
  JSON.stringify([r.family, r.table, r.fwmark ?? 0, r.invert ?? false, r.suppressPrefixLength ?? -1])

const ruleIs = (have: ObservedRule, want: RuleIntent): boolean =>
  ruleKey(have) === ruleKey(want) && (want.priority === undefined || want.priority === have.priority)

/** One of ours each; the kernel allows equal rules many times over, so a second one is stale. */
export const ruleSteps = (
  intents: readonly WireGuardIntent[],
  observed: ObservedHost,
): { readonly stale: Step[]; readonly missing: Step[] } => {
  const wanted = uniqueRules(intents.flatMap((i) => i.rules))
  const used = new Set<ObservedRule>()
  const missing: Step[] = []
  // Ours before somebody else's: then theirs never makes ours look superfluous.
  const candidates = observed.rules.toSorted((a, b) => Number(isMarked(b)) - Number(isMarked(a)))
  for (const rule of wanted) {
    const found = candidates.find((have) => !used.has(have) && ruleIs(have, rule))
    if (found === undefined) missing.push({ kind: 'rule-add', rule })
    else used.add(found)
  }
  const stale = observed.rules
    .filter((have) => isMarked(have) && !used.has(have))
    .map((have): Step => ({ kind: 'rule-delete', rule: asIntent(have) }))
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
