/** Policy rules (`ip rule`): one that leads to another table before the tunnel's own is asked. */
import { type LegCheck, lookupAt } from '../context.ts'
import type { LookupAnswer, NodeFacts, RuleFacts } from '../facts.ts'
import { findingsOf } from '../finding.ts'
import { longestMatch } from '../trace.ts'
import { destinationOf, isDiverted, tableText } from './route.ts'

export const rule: LegCheck = (context) => {
  const { near, facts } = context
  const own = facts.get(near.node)
  const to = destinationOf(context)
  const answer = lookupAt(own, to)?.answer
  if (own === undefined || answer === undefined || near.interface.container !== undefined) return undefined
  const { ok, fails } = findingsOf('rule', near.node)
  if (answer.kind === 'way' && answer.link === near.interface.name)
    return ok('no policy rule leads elsewhere')
  if (!isDiverted(context, answer)) return undefined
  const guilty = guiltyRule(own, to, answer)
  const words = guilty === undefined ? 'a policy rule' : `the rule ${guilty.priority}: ${guilty.text}`
  return fails({
    says: `at ${near.node} ${words} leads ${to} ${whither(answer)}, not into ${near.interface.name}`,
    because: 'rules are asked in order, and the first table with an answer decides',
    fix:
      guilty === undefined
        ? ['ip rule', `ip route get ${to}`]
        : [`ip rule delete ${guilty.text} priority ${guilty.priority}`],
  })
}

const whither = (answer: LookupAnswer): string =>
  answer.kind === 'refused'
    ? `nowhere (${answer.code})`
    : `out by ${answer.link ?? 'no link'}${tableText(answer.table)}`

const guiltyRule = ({ rules }: NodeFacts, to: string, answer: LookupAnswer): RuleFacts | undefined =>
  rules
    .filter((one) => one.family === (to.includes(':') ? 'inet6' : 'inet') && one.priority !== 0)
    .filter((one) => answer.kind === 'refused' || one.table === answer.table)
    .filter((one) => one.to === null || longestMatch([one.to], to) !== undefined)
    .filter((one) => one.inputLink === null || one.inputLink === 'lo')
    .toSorted((a, b) => a.priority - b.priority)[0]
