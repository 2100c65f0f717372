/** How a command ends other than well. Thrown by commands, turned into exit codes by main.ts alone. */
import type { Problem } from '../model/index.ts'

export const EXIT = { ok: 0, differs: 1, badInput: 2, missingHere: 69, bug: 70 } as const

/** What the user gave us is wrong: every problem at once, nothing changed. */
export class BadInput extends Error {
  override readonly name = 'BadInput'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('; '))
    this.problems = problems
  }
}

/** Things differ, a check failed, or some of the nodes could not be reached. An empty message prints nothing. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed'
}

/** Something this machine does not have: a privilege, a kernel feature, a program. Says what to do about it. */
export class MissingHere extends Error {
  override readonly name = 'MissingHere'
}
