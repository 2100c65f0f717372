/** Five ways to make a word stand out (ECMA-48 SGR), or none of them. */
import type { Terminal } from './terminal.ts'

const SGR = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

export type Paint = Readonly<Record<keyof typeof SGR, (text: string) => string>>

export function paintFor(terminal: Pick<Terminal, 'colour'>): Paint {
  const painter =
    ([on, off]: readonly [number, number]) =>
    (text: string) =>
      terminal.colour ? `\u001B[${on}m${text}\u001B[${off}m` : text
  return {
    bold: painter(SGR.bold),
    dim: painter(SGR.dim),
    red: painter(SGR.red),
    green: painter(SGR.green),
    yellow: painter(SGR.yellow),
  }
}

/** Columns a text takes on a terminal: escape sequences take none. */
export function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape character is what we look for
  return Array.from(text.replaceAll(/\u001B\[[\d;]*m/g, '')).length
}
