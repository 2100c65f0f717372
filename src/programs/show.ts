/** `warren show`: every WireGuard interface of this machine, whatever it is made of, and what its agent keeps. */
import type { Command } from 'commander'

import { outputOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('show')
    .summary('show the interfaces of this machine')
    .description(
      'Shows every WireGuard interface of this machine, like `wg show`: those of the kernel, and those of processes with a UAPI socket. Keys that are secret are not shown. Where an agent runs, the other links that it keeps follow, those in containers too.',
    )
    .argument('[interface]', 'only this one')
    .addOption(outputOption('text', 'json'))
    .addHelpText('after', '\nExamples:\n  warren show\n  warren show wg0 -o json')
    .action(async (name: string | undefined, options) => {
      const { runShow } = await import('./host/run-show.ts')
      await runShow(name, options)
    })
}
