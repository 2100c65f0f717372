/** How far a command over many nodes has come: one line per node that is through, on standard error. */
import { paintFor } from './paint.ts'
import { standardError } from './terminal.ts'

export interface Progress {
  /** Something about one node that went well. */
  done(node: string, words: string): void
  failed(node: string, reason: string): void
}

export function progressOf(total: number): Progress {
  const terminal = standardError()
  const paint = paintFor(terminal)
  let finished = 0
  const line = (sign: string, node: string, words: string): void => {
    finished += 1
    terminal.write(`${paint.dim(`[${finished}/${total}]`)} ${sign} ${paint.bold(node)}: ${words}\n`)
  }
  return {
    done: (node, words) => line(paint.green('ok'), node, words),
    failed: (node, reason) => line(paint.red('failed'), node, reason),
  }
}
