/** `warren diff`: whether what is kept, or what runs, is what the files say. */
import type { Command } from 'commander'

import { lockOption, outputOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('diff')
    .summary('compare the plan with its lock, or with this machine')
    .description(
      'Compares the plan with its lock, or with --live with this machine. Exit code 1 when they differ.',
    )
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .option('--live', 'with this machine as it runs, as the commands that would make it so')
    .option('--node <name>', "with --live: which node this machine is (default: this machine's name)")
    .addOption(lockOption())
    .addOption(outputOption('text', 'json'))
    .addHelpText(
      'after',
      `
Examples:
  warren diff home.yaml                       is the lock up to date?
  warren diff home.yaml --live --node phy01   is this machine as planned?`,
    )
    .action(async (files: string[], options) => {
      const { runDiff } = await import('./planning/run-diff.ts')
      await runDiff(files, options)
    })
}
