/**
 * Benchmark rows as a Markdown table: our figure, everybody else's with the ratio to ours, and the goal.
 */
import type { BenchRow } from './benchmark.ts'

export function renderBenchTable(rows: readonly BenchRow[]): string {
  const others = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))].filter(
    (name) => name !== 'warren',
  )
  const hasGoals = rows.some((row) => row.goal !== undefined)
  const head = ['', 'warren', ...others, ...(hasGoals ? ['goal'] : [])]
  // A row without figures is there for its note.
  const measured = rows.filter((row) => Object.keys(row.figures).length > 0)
  const body = measured.map((row) => [
    `${row.what}, ${row.unit}`,
    formatFigure(row.figures['warren']),
    ...others.map((name) => formatOther(row, name)),
    ...(hasGoals ? [formatGoal(row)] : []),
  ])
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  const lines = [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`)
  const notes = rows.flatMap((row) => (row.note === undefined ? [] : [`- ${row.what}: ${row.note}`]))
  return [...lines, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')
}

/** Our advantage, whatever direction is the better one: 2.0 times is good, 0.5 times is bad. */
export function ratioOf({ better, figures, ratios }: BenchRow, other: string): number | undefined {
  if (ratios !== undefined) return ratios[other]
  const [ours, theirs] = [figures['warren'], figures[other]]
  if (ours === undefined || theirs === undefined || ours === 0 || theirs === 0) return undefined
  return better === 'more' ? ours / theirs : theirs / ours
}

export function meetsGoal({ better, figures, goal }: BenchRow): boolean | undefined {
  const ours = figures['warren']
  if (goal === undefined || ours === undefined) return undefined
  return better === 'more' ? ours >= goal : ours <= goal
}

function formatOther(row: BenchRow, name: string): string {
  const ratio = ratioOf(row, name)
  const figure = formatFigure(row.figures[name])
  return ratio === undefined ? figure : `${figure} (warren ${formatRatio(ratio)})`
}

function formatRatio(ratio: number): string {
  return `${ratio.toPrecision(ratio >= 100 ? 3 : 2)}×`
}

function formatGoal(row: BenchRow): string {
  const met = meetsGoal(row)
  if (row.goal === undefined) return ''
  const bound = `${row.better === 'more' ? '≥' : '≤'} ${formatFigure(row.goal)}`
  return met === undefined ? bound : `${bound} ${met ? 'met' : '**missed**'}`
}

/** Three digits carry all that a benchmark knows. */
function formatFigure(figure: number | undefined): string {
  if (figure === undefined) return '–'
  if (figure === 0) return '0'
  return figure >= 1000 ? Math.round(figure).toLocaleString('en-US') : String(Number(figure.toPrecision(3)))
}
