/**
 * Where a command's words go. Colour only on a terminal and without NO_COLOR (https://no-color.org); questions
 * only when a person is there to answer.
 */
import type { WriteStream } from 'node:tty'

export interface Terminal {
  readonly colour: boolean
  /** A person reads this and, for `standardError`, can answer. */
  readonly interactive: boolean
  readonly columns: number
  write(text: string): void
}

export function standardOutput(): Terminal {
  return terminalOf(process.stdout, process.stdout.isTTY)
}

/** Progress, questions and problems: standard output stays clean for the result. */
export function standardError(): Terminal {
  return terminalOf(process.stderr, process.stderr.isTTY && process.stdin.isTTY)
}

function terminalOf(stream: WriteStream, interactive: boolean): Terminal {
  return {
    colour: stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    interactive,
    columns: stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY,
    write: (text) => void stream.write(text),
  }
}
