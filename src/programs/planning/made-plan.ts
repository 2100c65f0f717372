/** Files → a plan that holds. What commands about plans begin with: everything wrong is told at once and stops them. */
import { type Problem, similarTo } from '../../model/index.ts'
import { plan, type PlanResult } from '../../plan/index.ts'
import { BadInput } from '../exit.ts'
import { hasErrors, type Inputs, type LockOption, readInputs } from '../files/inputs.ts'
import { formatProblems } from '../terminal/problems.ts'
import { someOf } from '../terminal/some-of.ts'
import { standardError } from '../terminal/terminal.ts'

export interface MadePlan extends Inputs {
  readonly result: PlanResult
}

export async function makePlan(files: readonly string[], options: LockOption): Promise<MadePlan> {
  const inputs = await readInputs(files, options)
  const result = plan(inputs.objects, inputs.allocations)
  if (hasErrors(result.problems)) throw new BadInput(result.problems)
  warn(result.problems)
  return { ...inputs, result }
}

/** Warnings are shown and change nothing. */
export function warn(problems: readonly Problem[]): void {
  if (problems.length > 0) standardError().write(formatProblems(problems, standardError()))
}

/** One node's part, or a problem that names those there are. */
export function intentOf(
  result: PlanResult,
  node: string,
): NonNullable<ReturnType<PlanResult['intents']['get']>> {
  const intent = result.intents.get(node)
  if (intent) return intent
  const known = [...result.intents.keys()]
  const meant = similarTo(node, known)
  throw new BadInput([
    {
      code: 'InvalidArgument',
      path: node,
      message: 'the plan has no such node',
      hint: meant === undefined ? `It has ${someOf(known)}.` : `Did you mean ${meant}?`,
    },
  ])
}
