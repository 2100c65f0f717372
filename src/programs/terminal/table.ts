/** Rows and columns as text: each column as wide as its widest cell, two spaces between, none at the end. */
import type { Paint } from './paint.ts'
import { widthOf } from './paint.ts'

export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const lines = [header.map((cell) => paint.dim(cell)), ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))))
  return lines.map((line) => `${formatLine(line, widths)}\n`).join('')
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
    .join('  ')
    .trimEnd()
}
