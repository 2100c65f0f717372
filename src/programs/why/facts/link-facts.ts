/** rtnetlink's words in those of the facts: links by name, rules as `ip rule` prints them. */
import type { AddressFacts, LinkFacts, RouteFacts, RuleFacts } from '../../../diagnosis/index.ts'
import type { Address, Link, Route, Rule } from '../../../linux/index.ts'

const TABLE_NAMES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' }
const MAX_ROUTES = 1000

export function linkFacts({ name, index, kind, up, mtuBytes }: Link): LinkFacts {
  return { name, index, kind, up, mtuBytes }
}

export function addressFacts(
  { linkIndex, local, prefixLength }: Address,
  names: ReadonlyMap<number, string>,
): AddressFacts {
  return { link: names.get(linkIndex) ?? '', local, prefixLength }
}

export function routeFacts(
  routes: readonly Route[],
  { names, links }: { readonly names: ReadonlyMap<number, string>; readonly links: ReadonlySet<string> },
): RouteFacts[] {
  const found: RouteFacts[] = []
  for (const { destination, table, linkIndex } of routes) {
    const link = linkIndex === undefined ? undefined : names.get(linkIndex)
    if (link === undefined || !links.has(link) || table === 255) continue
    found.push({ destination, table, link, mtuBytes: null })
    if (found.length >= MAX_ROUTES) break
  }
  return found
}

export function ruleFacts(rule: Rule): RuleFacts {
  return {
    family: rule.family,
    priority: rule.priority,
    table: rule.table,
    text: ruleText(rule),
    from: rule.source ?? null,
    to: rule.destination ?? null,
    fwmark: rule.fwmark ?? null,
    inputLink: rule.inputLink ?? null,
  }
}

function ruleText(rule: Rule): string {
  return [
    ...(rule.invert === true ? ['not'] : []),
    `from ${rule.source ?? 'all'}`,
    ...(rule.destination === undefined ? [] : [`to ${rule.destination}`]),
    ...(rule.fwmark === undefined ? [] : [`fwmark 0x${rule.fwmark.toString(16)}`]),
    ...(rule.inputLink === undefined ? [] : [`iif ${rule.inputLink}`]),
    ...(rule.outputLink === undefined ? [] : [`oif ${rule.outputLink}`]),
    `lookup ${TABLE_NAMES[rule.table] ?? rule.table}`,
    ...(rule.suppressPrefixLength === undefined
      ? []
      : [`suppress_prefixlength ${rule.suppressPrefixLength}`]),
  ].join(' ')
}
