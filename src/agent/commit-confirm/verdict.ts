/**
 * What is to become of a change that is in force for now: the decision, as a function of what is known.
 *
 *              ┌────────── rebooted, or its time is over ──────────▶ take back
 *   armed ──▶ application ──▶ checks ──▶ confirmation ──▶ keep
 *                          converged   whoever answered    `warren confirm`, or, when nobody was promised
 *                                      before answers      one, the checks alone
 *
 * A person's `warren confirm` does not come by here: it takes the record away, whatever the checks say.
 */
import type { TimeLeft } from './boot-clock.ts'

export interface Evidence {
  readonly left: TimeLeft
  readonly withinMs: number
  /** Every difference was applied without a refusal. */
  readonly applied: boolean
  /** Addresses that answered before the change. */
  readonly answered: readonly string[]
  /** Those of them that do not answer since. */
  readonly silent: readonly string[]
  /** Addresses that the change could cut off, as computed. */
  readonly cut: readonly string[]
  /** `confirmation`: somebody promised to come back and say so. `nothing`: whoever asked for it takes the risk. */
  readonly needs: 'confirmation' | 'checks' | 'nothing'
}

export type Awaited = 'application' | 'checks' | 'confirmation'

export type Verdict =
  | { readonly kind: 'take-back'; readonly why: string }
  | { readonly kind: 'wait'; readonly for: Awaited }
  | { readonly kind: 'keep'; readonly why: string }

export const verdict = (e: Evidence): Verdict => {
  if (e.needs === 'nothing')
    return e.applied
      ? { kind: 'keep', why: 'it was asked for whatever it cuts off' }
      : { kind: 'wait', for: 'application' }
  if (e.left === 'rebooted')
    return { kind: 'take-back', why: 'the machine was restarted before it was confirmed' }
  const awaited = awaitedBy(e)
  if (e.left === 'over') return { kind: 'take-back', why: whyTooLate(e, awaited) }
  if (awaited !== undefined) return { kind: 'wait', for: awaited }
  return { kind: 'keep', why: `every address that answered before answers: ${e.answered.join(', ')}` }
}

const awaitedBy = (e: Evidence): Awaited | undefined => {
  if (!e.applied) return 'application'
  if (e.silent.length > 0) return 'checks'
  return e.needs === 'checks' && areProof(e) ? undefined : 'confirmation'
}

/** Checks alone will do if there were any, and if every address in danger was among them. */
const areProof = ({ answered, cut }: Evidence): boolean =>
  answered.length > 0 && cut.every((address) => answered.includes(address))

const whyTooLate = ({ withinMs, silent }: Evidence, awaited: Awaited | undefined): string => {
  const within = `within ${withinMs / 1000} s`
  if (awaited === 'application') return `it could not be applied completely ${within}`
  if (awaited === 'checks') return `${silent.join(', ')} did not answer again ${within}`
  return `nobody confirmed it ${within}`
}
