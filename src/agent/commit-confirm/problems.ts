/** Why a plan is refused as a whole. */
import type { Problem } from '../../model/index.ts'
import { render } from '../../reconcile/index.ts'
import type { Cut } from '../../reconcile/index.ts'
import { timeText } from './condition.ts'
import type { TakenBack } from './pending-change.ts'

export const wouldCutOff = ({ address, before, after, because }: Cut): Problem => ({
  code: 'WouldCutOff',
  path: address,
  message: `the new plan could cut this machine off from ${address}: it is reached ${before}; after \`${render(because).split('\n')[0]}\`: ${after}`,
  hint: 'Push it with confirmation (the default of `warren push`), or run `warren agent --once --confirm-within 60s` here.',
})

export const takenBackProblem = ({ why, atMs }: TakenBack): Problem => ({
  code: 'PlanTakenBack',
  path: '',
  message: `this plan was in force and was taken back at ${timeText(atMs)}: ${why}`,
  hint: 'Change it, or try it again with `warren push` or `warren agent --once --confirm-within 60s`.',
})
