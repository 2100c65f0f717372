/** `warren doctor`: whether this host is fit, before anything is set up. */
import type { Command } from 'commander'

import { collected, lockOption, outputOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('say whether this machine is fit')
    .description(
      'Looks at this machine before anything is set up on it: kernel features (tried in a network namespace that is ' +
        'thrown away), privileges, clock, sysctls, uplink, programs that manage the network too, packet filters; ' +
        'and with -f whether the addresses, ports and names of the plan are free. Changes nothing. Exit code 1 when ' +
        'something has to be done first.',
    )
    .option('-f, --file <file>', 'YAML file with a plan, may be said several times', collected)
    .option('--node <name>', "which node this machine is (default: this machine's name)")
    .addOption(lockOption())
    .addOption(outputOption('table', 'json', 'yaml'))
    .addHelpText(
      'after',
      `
Examples:
  warren doctor
  warren doctor -f home.yaml --node rpi4
  ssh root@rpi4 warren doctor -o json`,
    )
    .action(async (options) => {
      const { runDoctor } = await import('./doctor/run-doctor.ts')
      await runDoctor(options)
    })
}
