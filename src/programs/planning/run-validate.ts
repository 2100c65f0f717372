/** What `warren validate` does. */
import type { Problem } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { BadInput } from '../exit.ts'
import { hasErrors, type LockOption, readInputs } from '../files/inputs.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { warn } from './made-plan.ts'

export interface ValidateOptions extends LockOption {
  readonly output: 'text' | 'json'
}

export async function runValidate(files: readonly string[], options: ValidateOptions): Promise<void> {
  const found = await problemsOf(files, options)
  const wrong = hasErrors(found.problems)
  if (options.output === 'json') {
    standardOutput().write(`${JSON.stringify({ valid: !wrong, problems: found.problems }, undefined, 2)}\n`)
  } else if (!wrong) {
    warn(found.problems)
    standardOutput().write(`${found.summary}\n`)
  }
  if (wrong) throw new BadInput(found.problems)
}

async function problemsOf(
  files: readonly string[],
  options: LockOption,
): Promise<{ problems: readonly Problem[]; summary: string }> {
  try {
    const { objects, allocations } = await readInputs(files, options)
    const result = plan(objects, allocations)
    const count = `${objects.length} object${objects.length === 1 ? '' : 's'}`
    return {
      problems: result.problems,
      summary: `Valid: ${count}, ${result.intents.size} node${result.intents.size === 1 ? '' : 's'}.`,
    }
  } catch (error) {
    if (error instanceof BadInput) return { problems: error.problems, summary: '' }
    throw error
  }
}
