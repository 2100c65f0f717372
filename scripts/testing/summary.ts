/**
 * The end of a test run as text: failures in full, why tests were skipped, one table of layers, and the plain line
 * `N passed, N failed` that closes everything.
 */
import { KERNEL_NAMES, type KernelName } from '../vm/kernels.ts'
import { countOf, type LayerResult, type TestResult } from './results.ts'

const FAILURE_LINES = 120

export function renderFailures(results: readonly TestResult[]): string {
  const failed = results.filter((result) => result.status === 'failed')
  return failed.map((test) => `\nFAILED ${titleOf(test)}\n${indent(bounded(test.reason ?? ''))}\n`).join('')
}

/** Reasons with the number of tests, the most frequent first, and the tests themselves when they are few. */
export function renderSkips(results: readonly TestResult[]): string {
  const byReason = new Map<string, TestResult[]>()
  for (const test of results.filter((result) => result.status === 'skipped')) {
    const reason = test.reason ?? 'no reason given'
    byReason.set(reason, [...(byReason.get(reason) ?? []), test])
  }
  const rows = [...byReason].sort(([, a], [, b]) => b.length - a.length)
  return rows.map(([reason, tests]) => `skipped ${tests.length}: ${reason}\n${namesOf(tests)}`).join('')
}

function namesOf(tests: readonly TestResult[]): string {
  return tests.length > 3 ? '' : tests.map((test) => `          ${titleOf(test)}\n`).join('')
}

export function renderTable(layers: readonly LayerResult[]): string {
  const head = [
    'layer',
    'files',
    'passed',
    'failed',
    'skipped',
    ...KERNEL_NAMES.map((name) => `on ${name}`),
    'seconds',
  ]
  const rows = layers.map(({ layer, files, results, durationMs }) => [
    layer,
    files,
    countOf(results, 'passed'),
    countOf(results, 'failed'),
    countOf(results, 'skipped'),
    ...KERNEL_NAMES.map((name) => onKernelText(results, name)),
    (durationMs / 1000).toFixed(1),
  ])
  const cells = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const render = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return `${cells.map(render).join('\n')}\n`
}

/** How many passed on that kernel, and how many did not: `12 (1!)`. */
function onKernelText(results: readonly TestResult[], kernel: KernelName): string {
  const count = (status: string) => results.filter((test) => test.kernels?.[kernel] === status).length
  return count('failed') > 0 ? `${count('passed')} (${count('failed')}!)` : `${count('passed')}`
}

/** Skips are named only where there are any. */
export function closingLine(results: readonly TestResult[]): string {
  const skipped = countOf(results, 'skipped')
  const end = skipped > 0 ? `, ${skipped} skipped` : ''
  return `${countOf(results, 'passed')} passed, ${countOf(results, 'failed')} failed${end}`
}

export function titleOf({ file, name, where }: TestResult): string {
  return `${file}: ${name}${where === 'host' ? '' : ` (on Linux ${where})`}`
}

/** In full, unless a comparison of two huge values would bury the other failures. */
function bounded(text: string): string {
  const lines = text.split('\n')
  if (lines.length <= FAILURE_LINES) return text
  const [head, tail] = [lines.slice(0, FAILURE_LINES / 2), lines.slice(-FAILURE_LINES / 2)]
  return [...head, `… ${lines.length - FAILURE_LINES} lines …`, ...tail].join('\n')
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
