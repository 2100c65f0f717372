/**
 * Problems as text, all of them, the ones with a place in file order:
 *
 *   home.yaml:12:7: error: WireGuardNetworkPlan/home spec.nodes[2].endpoint: message
 *     hint
 */
import type { Problem } from '../../model/index.ts'
import { type Paint, paintFor } from './paint.ts'
import type { Terminal } from './terminal.ts'

export function formatProblems(problems: readonly Problem[], terminal: Pick<Terminal, 'colour'>): string {
  const paint = paintFor(terminal)
  const errors = problems.filter((problem) => problem.severity !== 'warning').length
  const warnings = problems.length - errors
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => text !== '')
  return `${problems.map((problem) => formatProblem(problem, paint)).join('')}${counts.join(', ')}\n`
}

function formatProblem(problem: Problem, paint: Paint): string {
  const place = problem.at ? `${problem.at.file}:${problem.at.line}:${problem.at.column}: ` : ''
  const word = problem.severity === 'warning' ? paint.yellow('warning') : paint.red('error')
  const path = problem.path === '' ? '' : `${paint.bold(problem.path)}: `
  const hint = problem.hint === undefined ? '' : `  ${paint.dim(problem.hint)}\n`
  return `${place}${word}: ${path}${problem.message} [${problem.code}]\n${hint}`
}

function count(number: number, word: string): string {
  return number === 0 ? '' : `${number} ${word}${number === 1 ? '' : 's'}`
}
