/**
 * warren: one binary, many commands. This is the only place that turns an outcome into an exit code:
 *
 *   0 done    1 differs, or a check failed    2 bad input    69 something is missing here    70 a bug
 *
 * Commands register a name, arguments and help; what they do is loaded only when they run, so that commands
 * about files start fast and load no native code.
 */
import { CommanderError } from 'commander'

import { buildCommandTree } from './command-tree.ts'
import { BadInput, CheckFailed, EXIT, MissingHere } from './exit.ts'

async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = await buildCommandTree(argv[0])
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? EXIT.ok)
  } catch (error) {
    return await report(error)
  }
}

async function report(error: unknown): Promise<number> {
  // Commander has printed its message already; its help, when nothing was asked, is an answer to bad input.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
  if (error instanceof BadInput) {
    const { formatProblems } = await import('./terminal/problems.ts')
    const { standardError } = await import('./terminal/terminal.ts')
    process.stderr.write(formatProblems(error.problems, standardError()))
    return EXIT.badInput
  }
  if (error instanceof CheckFailed) {
    if (error.message !== '') process.stderr.write(`warren: ${error.message}\n`)
    return EXIT.differs
  }
  if (error instanceof MissingHere) {
    process.stderr.write(`warren: ${error.message}\n`)
    return EXIT.missingHere
  }
  process.stderr.write(`warren: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT.bug
}

// A reader that goes away (`warren plan … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})
process.exitCode = await main(process.argv.slice(2))
