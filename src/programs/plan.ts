/** `warren plan`: what each machine will have. */
import type { Command } from 'commander'

import { lockOption, outputOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('plan')
    .summary('show what each machine will have')
    .description('Shows what each machine will have: interfaces, addresses, ports, peers and keys.')
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .option('--node <name>', 'everything about one node')
    .option('--live', 'the steps that would make this machine so, as commands one could type')
    .option('--write', 'keep what was allocated in the lock')
    .addOption(lockOption())
    .addOption(outputOption('table', 'json', 'yaml'))
    .addHelpText(
      'after',
      `
Examples:
  warren plan home.yaml                       one line per interface
  warren plan home.yaml --node phy01          everything about one node
  warren plan home.yaml --write               keep addresses, ports and names in home.lock.yaml
  warren plan home.yaml --live --node phy01   what would be done here, if this machine is phy01
  warren plan home.yaml -o json | jq .nodes`,
    )
    .action(async (files: string[], options) => {
      const { runPlan } = await import('./planning/run-plan.ts')
      await runPlan(files, options)
    })
}
