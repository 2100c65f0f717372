/** `warren confirm`: the change that waits on this machine stays. */
import type { Command } from 'commander'

import { env } from './options.ts'

export function register(program: Command): void {
  program
    .command('confirm')
    .summary('keep a change that would be taken back')
    .description(
      'Keeps the change that is in force for now on this machine. Without it, or without the confirmation that ' +
        '`warren push` gives by itself, the plan before comes back when the time of the change is over.',
    )
    .option('--take-back', 'do not keep it: the plan before comes back at once')
    .option(
      '--state-dir <dir>',
      'where the agent keeps what waits',
      env('WARREN_STATE_DIR', '/var/lib/warren'),
    )
    .addHelpText(
      'after',
      `
Examples:
  warren confirm
  warren confirm --take-back

Exit codes: 0 done, 1 nothing waits here (and how the last change ended), 69 this user may not.`,
    )
    .action(async (options) => {
      const { runConfirm } = await import('./node/run-confirm.ts')
      await runConfirm(options)
    })
}
