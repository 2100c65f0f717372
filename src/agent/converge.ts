/**
 * One convergence: observe, diff, apply, and look again, until nothing differs; ten rounds at most. A round in
 * which the system refused something ends it, because repeating at once what was just refused helps nobody.
 */
import type { ObservedHost, Step } from '../model/index.ts'
import { diff, MAX_ROUNDS, recurringSteps } from '../reconcile/index.ts'
import type { DiffInput, LinkConflict, Waiting } from '../reconcile/index.ts'
import type { Host, ResolvedKeys, StepFailure } from './host.ts'

export interface ConvergeOptions {
  readonly host: Host
  readonly wanted: DiffInput['intent']
  readonly keys: ResolvedKeys
  /** Everything the decision needs beside the observation. */
  decide(observed: ObservedHost): Omit<DiffInput, 'observed' | 'intent'>
  onApplied(steps: readonly Step[]): void
}

export interface Convergence {
  readonly outcome: 'converged' | 'refused' | 'did-not-converge'
  readonly applied: readonly Step[]
  readonly rounds: number
  readonly observed: ObservedHost
  readonly conflicts: readonly LinkConflict[]
  /** What is held up: it is no failure, and an event ends it. */
  readonly waiting: readonly Waiting[]
  readonly failures: readonly StepFailure[]
  /** Commands that keep coming back. */
  readonly recurring: readonly string[]
}

export const converge = async (o: ConvergeOptions): Promise<Convergence> => {
  const rounds: (readonly Step[])[] = []
  for (;;) {
    const observed = await o.host.observe(o.wanted)
    const difference = diff({ ...o.decide(observed), intent: o.wanted, observed })
    const { conflicts, waiting } = difference
    const common = { observed, conflicts, waiting, failures: [], recurring: [] }
    // A mark on a link that is taken over as it is: nothing about the network changes, and nothing is reported.
    const steps = [...difference.adoptions, ...difference.steps]
    if (steps.length === 0)
      return { ...common, outcome: 'converged', applied: rounds.flat(), rounds: rounds.length }
    rounds.push(steps)
    if (rounds.length > MAX_ROUNDS)
      return {
        ...common,
        outcome: 'did-not-converge',
        applied: rounds.slice(0, -1).flat(),
        rounds: MAX_ROUNDS,
        recurring: recurringSteps(rounds),
      }
    const failures = await o.host.apply(steps, o.keys)
    o.onApplied(steps.filter((step) => !failures.some((f) => f.step === step)))
    if (failures.length > 0)
      return { ...common, outcome: 'refused', applied: rounds.flat(), rounds: rounds.length, failures }
  }
}
