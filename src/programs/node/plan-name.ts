/**
 * What a plan may be called on a node: its name becomes a file there and, on the way, a word that a remote shell
 * reads (ssh joins its arguments). Checked at both ends.
 */
import type { Problem } from '../../model/index.ts'

export function planArgumentProblems(
  name: string,
  { wait, confirmWithin = '60' }: { readonly wait: string; readonly confirmWithin?: string },
): Problem[] {
  const problems: Problem[] = []
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/i.test(name) || /\.lock$/i.test(name)) {
    problems.push({
      code: 'InvalidArgument',
      path: name,
      message: 'not a name for a plan',
      hint: 'Use letters, digits, ".", "_" and "-"; push takes another one from --name.',
    })
  }
  if (!/^\d{1,5}$/.test(wait))
    problems.push({ code: 'InvalidArgument', path: '--wait', message: 'not a number of seconds' })
  if (!/^[1-9]\d{0,4}$/.test(confirmWithin))
    problems.push({ code: 'InvalidArgument', path: '--confirm-within', message: 'not a number of seconds' })
  return problems
}
