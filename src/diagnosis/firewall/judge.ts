/**
 * What a node's packet filters do to a packet: every base chain of the hooks it passes, in the order of their
 * priorities, until one of them drops it. A verdict is certain when no rule that may match could have changed it.
 */
import type { ChainFacts, RulesetFacts, VerdictFacts } from '../facts.ts'
import { matchRule, type RulePlace } from './match.ts'
import type { Packet } from './packet.ts'

export const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const
export type Hook = keyof typeof HOOKS

export interface Judgement {
  readonly verdict: 'accept' | 'drop'
  readonly certain: boolean
  /** Who drops it, or might. */
  readonly by?: RuleRef | undefined
}

export interface RuleRef {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly hook: Hook
  /** Undefined: the policy of the chain. */
  readonly handle: number | undefined
}

export interface Passage {
  readonly hooks: readonly Hook[]
  readonly packet: Packet
}

const MAX_DEPTH = 16

export const judge = (ruleset: RulesetFacts, { hooks, packet }: Passage): Judgement => {
  let doubt: RuleRef | undefined
  for (const hook of hooks) {
    for (const chain of baseChains(ruleset, hook, packet)) {
      const outcome = walk({ ruleset, chain, packet }, { hook, depth: 0 })
      const dropped =
        outcome.verdict === 'drop' || (outcome.verdict === 'continue' && chain.policy === 'drop')
      const by = outcome.by ?? refOf(chain, hook, undefined)
      if (dropped && outcome.doubts.every((one) => one.verdict === 'drop'))
        return { verdict: 'drop', certain: true, by }
      if (dropped) doubt ??= by
      else doubt ??= outcome.doubts.find((one) => one.verdict === 'drop')?.by
    }
  }
  return { verdict: 'accept', certain: doubt === undefined, by: doubt }
}

const baseChains = ({ chains }: RulesetFacts, hook: Hook, { family }: Packet): ChainFacts[] =>
  chains
    .filter(
      (chain) =>
        chain.hook === HOOKS[hook] &&
        chain.type !== 'nat' &&
        (chain.family === 'inet' || chain.family === (family === 4 ? 'ip' : 'ip6')),
    )
    .toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0))

interface Outcome {
  readonly verdict: 'accept' | 'drop' | 'continue'
  readonly by: RuleRef | undefined
  /** What rules that may match would have done. */
  readonly doubts: readonly { readonly verdict: 'accept' | 'drop'; readonly by: RuleRef }[]
}

interface Where {
  readonly hook: Hook
  readonly depth: number
}

const walk = (place: RulePlace, where: Where): Outcome => {
  const doubts: Outcome['doubts'][number][] = []
  for (const rule of place.chain.rules) {
    const { match, verdict } = matchRule(rule.expressions, place)
    if (match === 'no' || verdict === undefined) continue
    const by = refOf(place.chain, where.hook, rule.handle)
    if (verdict !== 'reject' && verdict.kind === 'return') {
      if (match === 'yes') break
      continue
    }
    const outcome = follow(verdict, { by, place, where })
    doubts.push(...outcome.doubts)
    if (outcome.verdict === 'continue') {
      if (match === 'yes' && verdict !== 'reject' && verdict.kind === 'goto') break
      continue
    }
    if (match === 'yes') return { ...outcome, doubts }
    doubts.push({ verdict: outcome.verdict, by: outcome.by ?? by })
  }
  return { verdict: 'continue', by: undefined, doubts }
}

const follow = (
  verdict: VerdictFacts | 'reject',
  { by, place, where }: { readonly by: RuleRef; readonly place: RulePlace; readonly where: Where },
): Outcome => {
  const nothing: Outcome = { verdict: 'continue', by: undefined, doubts: [] }
  if (verdict === 'reject') return { verdict: 'drop', by, doubts: [] }
  switch (verdict.kind) {
    case 'accept':
    case 'drop':
      return { verdict: verdict.kind, by, doubts: [] }
    case 'queue':
      // A program decides: nobody can say.
      return { verdict: 'accept', by, doubts: [{ verdict: 'drop', by }] }
    case 'jump':
    case 'goto': {
      const { family, table } = place.chain
      const chain = place.ruleset.chains.find(
        (one) => one.name === verdict.chain && one.table === table && one.family === family,
      )
      if (chain === undefined || where.depth >= MAX_DEPTH) return nothing
      return walk({ ...place, chain }, { ...where, depth: where.depth + 1 })
    }
    case 'continue':
    case 'return':
      return nothing
  }
}

const refOf = (chain: ChainFacts, hook: Hook, handle: number | undefined): RuleRef => ({
  family: chain.family,
  table: chain.table,
  chain: chain.name,
  hook,
  handle,
})
